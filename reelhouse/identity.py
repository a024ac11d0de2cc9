"""Identity: what a value or a file is called, so that the same thing has the same name everywhere.

A value's digest is the SHA-256 of a tag and its canonical JSON; the tag keeps a step and a storyboard
with equal content apart. A file's digest is the SHA-256 of its bytes, and that is its artifact id.
"""

import hashlib
import json
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


def canonical_json(value: object) -> str:
    """One spelling for a value: sorted keys, no white space, UTF-8, exact fractions as "n/d".

    Raises:
        TypeError: a type that has no single spelling (sets, paths, dates, bytes).
        ValueError: NaN or an infinity.
    """
    return json.dumps(
        _plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def digest(tag: str, value: object) -> str:
    """SHA-256 (64 hexadecimal digits) of `tag` and the canonical JSON of `value`."""
    return hashlib.sha256(f"{tag}\0{canonical_json(value)}".encode()).hexdigest()


def bytes_digest(data: bytes) -> str:
    """The artifact id of these bytes: their SHA-256, 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def file_digest(path: Path) -> str:
    """The artifact id of a file: the SHA-256 of its bytes, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _plain(value: object) -> Json:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"a canonical JSON key must be text, not {type(key).__name__}: {key!r}")
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no canonical JSON: {value!r}")
