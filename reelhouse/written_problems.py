"""What is wrong with a file that a person wrote: pydantic's findings as one message with file and line."""

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from reelhouse.clips import MAX_REFERENCES
from reelhouse.errors import StoryboardError
from reelhouse.storyboard import Key, nearest_line


def explain(
    error: ValidationError, written: type[BaseModel], lines: Mapping[Key, int], file: Path
) -> StoryboardError:
    """The first thing wrong with a file, as a person reads it; `written` is what may be written in it."""
    # An unknown key comes before a missing one: the one is often the other, misspelt.
    problems = sorted(
        error.errors(include_url=False), key=lambda problem: problem["type"] != "extra_forbidden"
    )
    first = min(problems, key=lambda problem: nearest_line(lines, problem["loc"]) or 0)
    key: Key = first["loc"]
    while key and key not in lines:  # the tail names pydantic's own union members and missing keys
        key = key[:-1]
    return StoryboardError(_message(first, key, written), file=file, line=nearest_line(lines, key))


def _message(problem: Any, key: Key, written: type[BaseModel]) -> str:
    name = _dotted(key)
    match problem["type"]:
        case "extra_forbidden":
            known = _known_keys(key[:-1], written)
            where = f" in {_dotted(key[:-1])}" if key[:-1] else ""
            hint = suggestion(str(key[-1]), known) or f" (known here: {', '.join(known)})"
            return f'unknown key "{key[-1]}"{where}{hint}'
        case "missing":
            return f'"{problem["loc"][-1]}" is missing' + (f" in {name}" if name else "")
        case "value_error":
            return f"{name}: {problem['ctx']['error']}"
        case "too_long" if key[-1] == "images":
            return f"{name}: at most {MAX_REFERENCES} reference images are used, not {len(problem['input'])}"
        case "too_short":
            return f"{name}: at least one is wanted"
        case "string_pattern_mismatch":
            return f'{name}: letters, digits, - and _ are allowed, 64 at most, not "{problem["input"]}"'
    found = problem["input"]
    shown = repr(found) if isinstance(found, str | int | float) else type(found).__name__
    wanted = problem["msg"].removeprefix("Input should be ").replace("a valid ", "")
    return f"{name}: wanted {wanted}, found {shown}"


def _known_keys(key: Key, written: type[BaseModel]) -> list[str]:
    """The keys that may be written at `key`, found by following it through the schema."""
    schema: Any = written.model_json_schema()
    section = schema
    for part in key:
        if isinstance(part, int):
            section = _option(section, "items", schema)["items"]
        else:
            section = _option(section, "properties", schema)
            named = section.get("properties") or section["patternProperties"]
            section = named[part] if part in named else next(iter(named.values()))
    return list(_option(section, "properties", schema)["properties"])


def _option(section: Any, wanted: str, schema: Any) -> Any:
    """Of the forms that a value may have, the one with `wanted` in it; patternProperties are properties."""
    forms = [section, *section.get("anyOf", [])]
    forms += [schema["$defs"][form["$ref"].rpartition("/")[2]] for form in forms if "$ref" in form]
    return next(
        form for form in forms if wanted in form or (wanted == "properties" and "patternProperties" in form)
    )


def _dotted(key: Key) -> str:
    text = ""
    for part in key:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def suggestion(name: str, known: Iterable[str]) -> str:
    """What was probably meant by `name`, as the end of a message; empty when nothing is close."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f': did you mean "{close[0]}"?' if close else ""
