"""What the English and the Chinese rules share: tables of first matches, and a paragraph cut to length."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Table: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence; rank 0 is the storyboard's own, a higher rank is left out sooner."""

    text: str
    rank: int = 0


def first_match(table: Table, words: str) -> str | None:
    """Return the text beside the first pattern found in the words, letter case ignored."""
    return next((text for pattern, text in table if re.search(pattern, words, re.IGNORECASE)), None)


def within(sentences: Sequence[Sentence], limit: int, measure: Callable[[str], int]) -> list[str]:
    """Return the sentences in order, the highest ranks dropped until they measure no more than the limit."""
    kept = [sentence for sentence in sentences if sentence.text]
    while sum(measure(sentence.text) for sentence in kept) > limit:
        last = max(kept, key=lambda sentence: sentence.rank)
        if last.rank == 0:
            break
        kept.remove(last)
    return [sentence.text for sentence in kept]
