"""The table of video engines: name → what it is, and where its code is.

A description is read without loading a model; the engine's own file is imported when it is first opened.
"""

import importlib
from collections.abc import Mapping
from types import MappingProxyType

from models.animatic.engine import SPEC as ANIMATIC
from models.engine import VideoEngine
from models.testcard import SPEC as TESTCARD
from reelhouse.capabilities import EngineSpec
from reelhouse.errors import InputError

ENGINES: Mapping[str, EngineSpec] = MappingProxyType({spec.name: spec for spec in (ANIMATIC, TESTCARD)})
_CLASSES = {
    "animatic": ("models.animatic.engine", "AnimaticEngine"),
    "testcard": ("models.testcard", "TestcardEngine"),
}


def engine_spec(name: str) -> EngineSpec:
    """The description of an engine.

    Raises:
        InputError: there is no engine of that name.
    """
    if name not in ENGINES:
        raise InputError(f'there is no engine "{name}": choose one of {", ".join(ENGINES)}')
    return ENGINES[name]


def open_engine(name: str) -> VideoEngine:
    """Load an engine's code; its weights are loaded with the first clip.

    Raises:
        InputError: there is no engine of that name.
    """
    module, class_name = _CLASSES[engine_spec(name).name]
    return getattr(importlib.import_module(module), class_name)()
