"""YAML read defensively, with the line of every value.

Takes plain data only: text, numbers, true and false, null, lists and mappings (the YAML 1.2 core schema, so
that `9:16` and `no` stay text). Anchors, aliases and tags are refused, which leaves nothing to expand.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from reelhouse.errors import StoryboardError
from reelhouse.identity import Json
from reelhouse.storyboard import Key

MAX_BYTES = 2 << 20  # a storyboard of 5,000 scenes with three languages stays below it
MAX_DEPTH = 16
_INT = re.compile(r"[-+]?\d{1,18}", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\d+\.\d*|\.\d+|\d+)([eE][-+]?\d{1,3})?", re.ASCII)
_CONSTANTS = {"": None, "~": None, "null": None, "true": True, "false": False}
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml is some ten times faster, where built in


def read_yaml(file: Path) -> tuple[Json, dict[Key, int]]:
    """The file's one document, and the line on which each value stands, keyed by its path.

    Raises:
        StoryboardError: the file is missing, too large, not UTF-8, not YAML, or uses what is refused.
    """
    try:
        size_bytes = file.stat().st_size
        if size_bytes > MAX_BYTES:
            raise StoryboardError(
                f"a storyboard of at most {MAX_BYTES >> 20} MiB is read, this file has "
                f"{size_bytes / (1 << 20):.1f} MiB: pictures and music belong beside it, not inside",
                file=file,
            )
        text = file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise StoryboardError("there is no such file", file=file) from None
    except UnicodeDecodeError as error:
        raise StoryboardError(f"the file is not UTF-8 text (byte {error.start})", file=file) from error
    except OSError as error:
        raise StoryboardError(f"the file cannot be read: {error.strerror}", file=file) from error
    return parse_yaml(text, file)


def parse_yaml(text: str, file: Path) -> tuple[Json, dict[Key, int]]:
    """`read_yaml` for text already at hand; `file` only names it in errors."""
    lines: dict[Key, int] = {}
    try:
        _refuse_references(text, file)
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise StoryboardError(
            f"this is not YAML: {error.problem or error}", file=file, line=mark.line + 1 if mark else None
        ) from error
    except yaml.YAMLError as error:
        raise StoryboardError(f"this is not YAML: {' '.join(str(error).split())}", file=file) from error
    return (None if node is None else _value(node, (), lines, file)), lines


def _refuse_references(text: str, file: Path) -> None:
    depth = 0
    for event in _events(text):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        line = event.start_mark.line + 1 if event.start_mark else None
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise StoryboardError("YAML anchors and aliases are not read: write it out", file=file, line=line)
        if tag := getattr(event, "tag", None):
            raise StoryboardError(f"YAML tags are not read: remove {tag}", file=file, line=line)
        if depth > MAX_DEPTH:
            raise StoryboardError(f"nested more than {MAX_DEPTH} levels deep", file=file, line=line)


def _events(text: str) -> Iterator[yaml.Event]:
    return yaml.parse(text, Loader=_Loader)


def _value(node: yaml.Node, key: Key, lines: dict[Key, int], file: Path) -> Json:
    lines[key] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*key, index), lines, file) for index, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, key, lines, file)
    return _scalar(node) if isinstance(node, yaml.ScalarNode) else None


def _mapping(node: yaml.MappingNode, key: Key, lines: dict[Key, int], file: Path) -> Json:
    mapping: dict[str, Json] = {}
    for name_node, value_node in node.value:
        line = name_node.start_mark.line + 1
        if not isinstance(name_node, yaml.ScalarNode):
            raise StoryboardError("a key must be plain text", file=file, line=line)
        name = name_node.value
        if name in mapping:
            raise StoryboardError(f'the key "{name}" is written twice', file=file, line=line)
        mapping[name] = _value(value_node, (*key, name), lines, file)
        lines[(*key, name)] = line
    return mapping


def _scalar(node: yaml.ScalarNode) -> Json:
    text: str = node.value
    if node.style:  # quoted, or a block of text
        return text
    if text.lower() in _CONSTANTS:
        return _CONSTANTS[text.lower()]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
