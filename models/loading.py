"""One model is loaded at a time in a process.

While diffusers, transformers and peft build a module they change what every thread sees: parameters are made
without memory, and the default dtype is the model's. Whoever loads, or must not be disturbed by loading,
holds this lock.
"""

import threading

LOADING = threading.Lock()
