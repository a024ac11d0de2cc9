"""Half-finished clips on disk: the latents and the sampler's memory, from which a killed scene goes on.

One safetensors file, whole or not there. What it belongs to is said by its name, which the caller derives
from the step's key, so a file can only meet the request, the weights and the code that wrote it.
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from reelhouse.media.atomic import written

State: TypeAlias = Mapping[str, Any]  # tensors, numbers, None, and lists of these
_log = logging.getLogger(__name__)
_FORMAT = "1"  # raised by hand whenever a state has other parts
_UNIPC = ("model_outputs", "timestep_list", "last_sample", "lower_order_nums", "this_order", "_step_index")


def save_state(path: Path, step: int, state: State) -> None:
    """Keep the state after `step` steps; the one before is replaced once the new one is whole."""
    tensors: dict[str, torch.Tensor] = {}
    plain = {name: _described(value, name, tensors) for name, value in state.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    with written(path) as part:
        save_file(tensors, part, metadata={"format": _FORMAT, "step": str(step), "plain": json.dumps(plain)})


def load_state(path: Path, resume: Callable[[State], None]) -> int:
    """Hand a kept state to `resume`; return how many steps are behind it, 0 where nothing usable is kept."""
    if not path.is_file():
        return 0
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata()
            if metadata["format"] != _FORMAT:
                raise ValueError(f"it is of format {metadata['format']}, not {_FORMAT}")
            plain = json.loads(metadata["plain"])
            state = {name: _restored(value, file.get_tensor) for name, value in plain.items()}
    except (OSError, SafetensorError, KeyError, ValueError, TypeError) as error:
        _log.warning("%s is no usable checkpoint (%s): the clip begins anew", path, error)
        return 0
    resume(state)
    step = int(metadata["step"])
    _log.info("going on after step %d, from %s", step, path)
    return step


def sampler_state(scheduler: Any) -> dict[str, Any]:
    """What a UniPC scheduler remembers of the steps behind it."""
    return {f"sampler.{name}": getattr(scheduler, name) for name in _UNIPC}


def restore_sampler(scheduler: Any, state: State, *, device: torch.device) -> None:
    """Give a UniPC scheduler, set to the same schedule, its memory back."""
    for name in _UNIPC:
        setattr(scheduler, name, to_device(state[f"sampler.{name}"], device))


def to_device(value: Any, device: torch.device) -> Any:
    """Return a value of a state with its tensors on a device."""
    if isinstance(value, torch.Tensor):
        return value.to(device)
    return [to_device(item, device) for item in value] if isinstance(value, list) else value


def _described(value: Any, name: str, tensors: dict[str, torch.Tensor]) -> Any:
    """The value as JSON; its tensors are put aside under names that it refers to."""
    if isinstance(value, torch.Tensor):
        tensors[name] = value.detach().contiguous().cpu()
        return {"tensor": name}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_described(item, f"{name}.{number}", tensors) for number, item in enumerate(value)]
    return value


def _restored(value: Any, tensor: Callable[[str], torch.Tensor]) -> Any:
    if isinstance(value, dict):
        return tensor(value["tensor"])
    return [_restored(item, tensor) for item in value] if isinstance(value, list) else value
