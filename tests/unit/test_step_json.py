"""A step that travels to another process comes back equal, or is refused."""

import json
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelhouse.capabilities import Cost, Measured
from reelhouse.errors import LineageError
from reelhouse.memory import Footprint, Placement
from reelhouse.stages import Stage
from reelhouse.step_json import step_from_json, step_to_json
from reelhouse.steps import Given, OutputOf, Step, step_key

DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NAMES = TEXT | st.sampled_from(["map", "tuple", "fraction"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
VALUES = st.recursive(
    SCALARS | st.fractions(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(NAMES, inner, max_size=3)
    ),
    max_leaves=8,
)
BYTES = st.integers(0, 2**50)
FOOTPRINTS = st.builds(Footprint, *[BYTES] * 6, st.none() | BYTES)
PLACEMENTS = st.builds(Placement, st.booleans(), st.booleans(), st.booleans())
MEASURED = st.builds(Measured, st.integers(1, 99), TEXT, TEXT, st.floats(0, 1e9))
COSTS = st.builds(
    Cost,
    tokens=st.integers(0, 2**40),
    seconds=st.floats(0, 1e9),
    memory_bytes=BYTES,
    footprint=st.none() | FOOTPRINTS,
    placement=st.none() | PLACEMENTS,
    measured=st.none() | MEASURED,
)


@st.composite
def steps(draw: st.DrawFn) -> Step:
    """Any step that could be planned."""
    keyed = {
        "stage": draw(st.sampled_from(Stage)),
        "code_version": draw(TEXT),
        "weights_id": draw(TEXT),
        "parameters": draw(st.dictionaries(NAMES, VALUES, max_size=4)),
        "inputs": draw(
            st.dictionaries(NAMES, st.builds(Given, DIGESTS) | st.builds(OutputOf, DIGESTS, TEXT), max_size=3)
        ),
    }
    key = step_key(**keyed)
    return Step(key=key, label=draw(TEXT), engine_calls=draw(st.integers(0, 1)), cost=draw(COSTS), **keyed)


def a_step() -> Step:
    """A take with a fraction among its parameters."""
    parameters = {"scene": "meadow", "frame_rate": Fraction(24000, 1001), "parameters": {"guidance": 5.0}}
    key = step_key(stage=Stage.TAKE, code_version="1+1", weights_id="w", parameters=parameters, inputs={})
    return Step(key, Stage.TAKE, "meadow", "1+1", "w", parameters, {}, engine_calls=1)


@given(steps())
def test_a_step_comes_back_equal_with_the_types_it_had(step: Step):
    back = step_from_json(json.loads(json.dumps(step_to_json(step), allow_nan=False)))

    assert back == step
    assert repr(back) == repr(step)  # 1 == 1.0 == True, and -0.0 == 0.0


@pytest.mark.parametrize(
    "change",
    [
        {"code_version": "2+1"},
        {"weights_id": "others"},
        {"parameters": {"scene": "hill"}},
        {"inputs": {"prompt": ["a" * 64]}},
        {"stage": "join"},
        {"key": "0" * 64},
    ],
)
def test_a_step_that_was_changed_on_its_way_is_refused(change: dict[str, object]):
    with pytest.raises(LineageError, match="its parts give"):
        step_from_json(step_to_json(a_step()) | change)


@pytest.mark.parametrize(
    "damage",
    [
        {"stage": "dance"},
        {"parameters": {"scene": {"fraction": "1/0"}}},
        {"parameters": {"scene": {"date": "today"}}},
        {"inputs": {"prompt": []}},
        {"cost": {}},
        {"label": None, "parameters": None},
    ],
)
def test_what_is_no_step_is_refused(damage: dict[str, object]):
    with pytest.raises(LineageError, match="is wanted"):
        step_from_json(step_to_json(a_step()) | damage)


def test_what_no_key_can_be_derived_from_is_not_written():
    with pytest.raises(TypeError, match="set"):
        step_to_json(replace(a_step(), parameters={"scenes": {"meadow"}}))
