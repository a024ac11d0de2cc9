"""The table of video engines: name → what it is, and where its code is.

A description is read without loading a model; the engine's own file is imported when it is first opened. An
engine with weights finds them in a folder of its own name.
"""

import importlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from models.animatic.engine import SPEC as ANIMATIC
from models.cogvideox.spec import SPECS as COGVIDEOX
from models.engine import VideoEngine
from models.loras import spec_with_loras
from models.phantom.spec import PHANTOM_1_3B, PHANTOM_14B
from models.svd.spec import SPECS as SVD
from models.testcard import SPEC as TESTCARD
from models.tiny_marker import is_tiny, spec_with_weights
from models.wan.spec import SPECS as WAN
from models.weights_identity import file_digests, folder_identity
from reelhouse.capabilities import EngineSpec
from reelhouse.errors import EngineError, InputError

_CLASSES = {
    "animatic": ("models.animatic.engine", "AnimaticEngine"),
    "testcard": ("models.testcard", "TestcardEngine"),
    "phantom-1.3b": ("models.phantom.engine", "PhantomEngine"),
    "phantom-14b": ("models.phantom.engine", "PhantomEngine"),
    "wan-t2v-1.3b": ("models.wan.engine", "WanTextEngine"),
    "wan-t2v-14b": ("models.wan.engine", "WanTextEngine"),
    "wan-i2v-14b-480p": ("models.wan.engine", "WanPictureEngine"),
    "wan-i2v-14b-720p": ("models.wan.engine", "WanPictureEngine"),
    "wan-flf2v-14b-720p": ("models.wan.engine", "WanEndsEngine"),
    "cogvideox-2b": ("models.cogvideox.engine", "CogVideoXEngine"),
    "cogvideox-5b": ("models.cogvideox.engine", "CogVideoXEngine"),
    "cogvideox-1.5-5b": ("models.cogvideox.engine", "CogVideoXEngine"),
    "svd": ("models.svd.engine", "SvdEngine"),
    "svd-xt": ("models.svd.engine", "SvdEngine"),
}
_ALL = (ANIMATIC, TESTCARD, PHANTOM_1_3B, PHANTOM_14B, *WAN.values(), *COGVIDEOX.values(), *SVD.values())
ENGINES: Mapping[str, EngineSpec] = MappingProxyType({spec.name: spec for spec in _ALL})


def engine_spec(name: str, weights: Path) -> EngineSpec:
    """What an engine can make with the weights at hand; without any, what it could make.

    Args:
        weights: the folder that holds a folder of weights for each engine.

    Raises:
        InputError: there is no engine of that name.
        EngineError: its folder holds another engine's tiny checkpoint.
    """
    if name not in ENGINES:
        raise InputError(f'there is no engine "{name}": choose one of {", ".join(ENGINES)}')
    spec, folder = ENGINES[name], weights / name
    if not spec.weights_id or not folder.is_dir():
        return spec
    spec = spec_with_weights(spec, folder)
    digests = file_digests(folder)
    spec = spec_with_loras(spec, folder, digests)
    return replace(spec, weights_id=f"{spec.weights_id}@{folder_identity(folder, digests)}")


def open_engine(name: str, weights: Path, *, device: str, compiles: bool = False) -> VideoEngine:
    """Open an engine; its weights are loaded with the first clip.

    Raises:
        InputError: there is no engine of that name.
        EngineError: its weights are missing, incomplete or another engine's.
    """
    spec, folder = engine_spec(name, weights), weights / name
    module, class_name = _CLASSES[name]
    kind = getattr(importlib.import_module(module), class_name)
    if not spec.weights_id:
        return kind()
    if not folder.is_dir():
        raise EngineError(
            f"{name} needs its weights in {folder} ({ENGINES[name].weights_id}): put them there, point "
            f"REELHOUSE_WEIGHTS elsewhere, or try it on noise with: reelhouse weights tiny {name} {folder}"
        )
    where = "cpu" if is_tiny(folder) and device == "auto" else device
    return kind(folder, spec, device=where, compiles=compiles)
