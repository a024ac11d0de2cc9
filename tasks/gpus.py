"""The NVIDIA GPUs of this machine and what others leave free of them, asked of the driver, without torch.

CUDA is not started: a plan that looks costs no memory of the GPU and a few milliseconds, also on a machine
without any.
"""

import os
from dataclasses import dataclass
from typing import Any

import pynvml

from reelhouse.memory import Card
from reelhouse.settings import Settings


def number_as_the_driver_does() -> None:
    """Let CUDA, which is started later, number this process's GPUs as the driver does, by their place.

    Its own order begins with the fastest: a number in CUDA_VISIBLE_DEVICES would be one GPU to the plan and
    another one to the render.
    """
    os.environ["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU.

    Attributes:
        name: as the driver says it.
        total_bytes: of its memory.
        others_bytes: of it, what is taken by the driver and by processes other than this one.
        own_bytes: of it, what this process has taken; 0 where the driver does not say: it is others' then.
    """

    name: str
    total_bytes: int
    others_bytes: int
    own_bytes: int = 0

    @property
    def card(self) -> Card:
        """What a film is planned for: what this process has loaded already is its own to use."""
        return Card(self.name, self.total_bytes - self.others_bytes)


def card_to_plan_for(settings: Settings) -> Card | None:
    """The card that the settings state, or else this machine's; None where models run on the CPU."""
    if settings.device == "cpu":
        return None
    if settings.gpu_memory is not None:
        return Card("the GPU stated by REELHOUSE_GPU_MEMORY", settings.gpu_memory)
    gpu = find_gpu()
    return gpu.card if gpu else None


def find_gpu() -> Gpu | None:
    """The GPU that models run on, the first that CUDA_VISIBLE_DEVICES leaves visible; None without one."""
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:  # no driver, or one that finds no GPU
        return None
    try:
        return _look(_first_visible(os.environ.get("CUDA_VISIBLE_DEVICES")))
    except pynvml.NVMLError:  # the one named is not there, and CUDA will not find it either
        return None
    finally:
        pynvml.nvmlShutdown()


def _first_visible(visible: str | None) -> Any:
    """The driver's handle; the variable names GPUs by number or by UUID, and "" or -1 hides them all."""
    first = "0" if visible is None else visible.partition(",")[0].strip()
    if first.startswith(("GPU-", "MIG-")):
        return pynvml.nvmlDeviceGetHandleByUUID(first)
    if not first.isdigit():
        raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_FOUND)
    return pynvml.nvmlDeviceGetHandleByIndex(int(first))


def _look(handle: Any) -> Gpu:
    memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
    processes = pynvml.nvmlDeviceGetComputeRunningProcesses(handle)
    # Some drivers do not say how much each process has; then all of it counts as others'.
    own = sum(process.usedGpuMemory or 0 for process in processes if process.pid == os.getpid())
    name = pynvml.nvmlDeviceGetName(handle)
    return Gpu(name, int(memory.total), max(0, int(memory.total) - int(memory.free) - own), own)
