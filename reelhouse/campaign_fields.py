"""How single values are written in a campaign: spans of time, deadlines, cron lines, names."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from reelhouse.campaign import Deadline

ALTERNATIVE = r"^[^\W_][\w .:+×/-]{0,39}$"  # no comma: a film's name joins these by commas
_SPAN = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(s|sec|seconds?|m|min|minutes?|h|hours?|d|days?)?\s*", re.ASCII)
_UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_CRON_RANGES = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7))
_CRON_NAMES = {
    "month": ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    "weekday": ["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
}


def _span(value: object) -> float:
    match = None if isinstance(value, bool) else _SPAN.fullmatch(str(value))
    if match is None:
        raise ValueError(f"a span of time such as 90s, 30min, 8h or 2d is wanted, not {value!r}")
    span_s = float(match[1]) * _UNIT_S[(match[2] or "s")[0]]
    if not 0 < span_s < 10 * 366 * 86400:
        raise ValueError(f"a span longer than zero and shorter than ten years is wanted, not {value!r}")
    return span_s


def _deadline(value: object) -> Deadline:
    if not isinstance(value, str) or "-" not in value:
        return Deadline(within_s=_span(value))
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        raise ValueError(f"8h after the start, or 2027-03-01T09:00+01:00, is wanted, not {value!r}") from None
    if moment.tzinfo is None:
        raise ValueError(f"the moment {value} needs its zone, such as {value}+01:00 or {value}Z")
    return Deadline(at=moment.astimezone(UTC))


def _cron(value: object) -> str:
    fields = value.lower().split() if isinstance(value, str) else []
    if len(fields) != len(_CRON_RANGES):
        raise ValueError(
            'five cron fields such as "0 6 * * mon" (minute, hour, day, month, weekday) are wanted, '
            f"not {value!r}"
        )
    for text, (name, lowest, highest) in zip(fields, _CRON_RANGES, strict=True):
        if any(not lowest <= number <= highest for number in _cron_numbers(text, name)):
            raise ValueError(f"the cron field {text!r} is no {name} from {lowest} to {highest}")
    return " ".join(fields)


def _cron_numbers(field: str, name: str) -> Iterator[int]:
    """Every number a cron field names; -1 for what is no number."""
    names = _CRON_NAMES.get(name, [])
    offset = 1 if name == "month" else 0
    for item in field.split(","):
        wanted, slash, step = item.partition("/")
        if slash and not (step.isdecimal() and int(step)):
            yield -1
        if wanted == "*":
            continue
        ends = [
            names.index(end) + offset if end in names else int(end) if end.isdecimal() else -1
            for end in wanted.split("-")
        ]
        yield from ends if len(ends) <= 2 and ends == sorted(ends) else [-1]


def _timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"a time zone such as Europe/Berlin or UTC is wanted, not {value!r}") from None
    return value


def cron_alone(value: object) -> object:
    """A single text stands for a schedule in UTC."""
    return {"cron": value} if isinstance(value, str) else value


_SPAN_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {
            "type": "string",
            "pattern": r"^\s*\d+(\.\d+)?\s*(s|sec|seconds?|m|min|minutes?|h|hours?|d|days?)?\s*$",
        },
        {"type": "number", "exclusiveMinimum": 0},
    ]
}
SpanField = Annotated[float, BeforeValidator(_span), WithJsonSchema(_SPAN_SCHEMA)]
DeadlineField = Annotated[
    Deadline, BeforeValidator(_deadline), WithJsonSchema({"type": ["string", "number"]})
]
CronField = Annotated[
    str, BeforeValidator(_cron), WithJsonSchema({"type": "string", "pattern": r"^\s*(\S+\s+){4}\S+\s*$"})
]
ZoneField = Annotated[str, AfterValidator(_timezone)]
AlternativeName = Annotated[str, Field(pattern=ALTERNATIVE)]
