import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelhouse.errors import StoryboardError
from reelhouse.yaml_lines import MAX_BYTES, parse_yaml, read_yaml

FILE = Path("board.yaml")


def test_values_keep_their_lines():
    data, lines = parse_yaml("title: Fox\nscenes:\n  - id: a\n    duration: 5\n", FILE)
    assert data == {"title": "Fox", "scenes": [{"id": "a", "duration": 5}]}
    assert lines[("scenes", 0, "duration")] == 4


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9:16", "9:16"),
        ("no", "no"),
        ("on", "on"),
        ("1_000", "1_000"),
        ("0o17", "0o17"),
        ("true", True),
        ("~", None),
        ("12", 12),
        ("-1.5", -1.5),
        ('"12"', "12"),
        ("2026-11-22", "2026-11-22"),
        (".inf", ".inf"),
    ],
)
def test_only_the_core_schema_is_read(text, value):
    assert parse_yaml(f"a: {text}", FILE)[0] == {"a": value}


def test_an_alias_is_refused_before_anything_is_expanded():
    bomb = "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(100))
    with pytest.raises(StoryboardError, match=r"board\.yaml:1: YAML anchors and aliases"):
        parse_yaml(bomb, FILE)


def test_a_tag_is_refused():
    with pytest.raises(StoryboardError, match="tags are not read"):
        parse_yaml("a: !!python/object/apply:os.system [id]", FILE)


def test_deep_nesting_is_refused():
    with pytest.raises(StoryboardError, match="levels deep"):
        parse_yaml("[" * 100_000, FILE)


def test_a_key_written_twice_is_refused_on_its_second_line():
    with pytest.raises(StoryboardError, match=r'board\.yaml:2: the key "title" is written twice'):
        parse_yaml("title: A\ntitle: B\n", FILE)


def test_broken_yaml_names_its_line():
    with pytest.raises(StoryboardError, match=r"board\.yaml:2: this is not YAML"):
        parse_yaml("title: A\nscenes: ]\n", FILE)


def test_a_huge_file_is_refused_unread(tmp_path):
    file = tmp_path / "huge.yaml"
    with file.open("wb") as out:
        out.truncate(50 << 20)
    with pytest.raises(StoryboardError, match=f"at most {MAX_BYTES >> 20} MiB"):
        read_yaml(file)


def test_a_missing_file_and_one_that_is_no_text_are_named(tmp_path):
    with pytest.raises(StoryboardError, match="no such file"):
        read_yaml(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"title: caf\xe9")
    with pytest.raises(StoryboardError, match="not UTF-8"):
        read_yaml(tmp_path / "latin.yaml")
    with pytest.raises(StoryboardError, match="cannot be read"):
        read_yaml(tmp_path)


@given(st.text(max_size=200))
def test_any_text_gives_data_or_a_storyboard_error(text):
    with contextlib.suppress(StoryboardError):
        parse_yaml(text, FILE)
