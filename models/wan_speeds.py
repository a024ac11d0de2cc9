"""What a speed changes in a parameter set of the Wan family. Imports no framework.

Steps, scales and thresholds are published ones; what they do to a subject was not measured here. `turbo` and
`draft` run a distilled model, whose LoRA lies in the engine's folder of weights as `loras/SPEED.safetensors`.
"""

from collections.abc import Mapping
from types import MappingProxyType

from reelhouse.clips import Parameter

_Changes = Mapping[str, Parameter]

EXACT: _Changes = MappingProxyType({"reuse_threshold": 0.0, "lora": ""})
# Zhou et al. 2025, arXiv:2507.02860: 2.5 times as fast on Wan 2.1 1.3B, at 25 dB of the exact clip.
FAST: _Changes = MappingProxyType({"reuse_threshold": 0.05})
# CausVid's LoRA at 12 steps and a scale of 2, the best subject for its time in drozbay.github.io/WanTests.
TURBO: _Changes = MappingProxyType({"lora": "turbo", "num_inference_steps": 12})
# LightX2V's step-distilled LoRA: four steps, and guidance must be off.
DRAFT: _Changes = MappingProxyType({"lora": "draft", "num_inference_steps": 4})
