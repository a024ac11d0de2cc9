import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelhouse.identity import bytes_digest, canonical_json, digest, file_digest

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=20,
)


@given(values)
def test_canonical_json_reads_back_as_the_same_value(value):
    assert json.loads(canonical_json(value)) == value


@given(st.dictionaries(st.text(), st.integers(), min_size=2))
def test_the_order_of_keys_does_not_matter(value):
    assert canonical_json(dict(reversed(value.items()))) == canonical_json(value)


@given(values)
def test_reading_back_and_writing_again_changes_nothing(value):
    text = canonical_json(value)
    assert canonical_json(json.loads(text)) == text


def test_a_fraction_has_one_spelling():
    assert canonical_json({"rate": Fraction(32, 2)}) == '{"rate":"16/1"}'


@pytest.mark.parametrize("value", [{1: "a"}, {"a": {1, 2}}, b"bytes"])
def test_what_has_no_single_spelling_is_refused(value):
    with pytest.raises(TypeError):
        canonical_json(value)


def test_nan_is_refused():
    with pytest.raises(ValueError, match="Out of range"):
        canonical_json(float("nan"))


def test_the_tag_keeps_equal_values_of_different_kinds_apart():
    assert digest("step", {}) != digest("storyboard", {})


def test_a_digest_never_changes():
    expected = "e7636a3d9504975cee6166a3b04687edac203e28ffe416b94770f1adcd6a53a0"
    assert digest("step", {"a": [1, "ü"]}) == expected


def test_a_file_is_called_by_the_digest_of_its_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"reel")
    assert file_digest(tmp_path / "a") == bytes_digest(b"reel")
