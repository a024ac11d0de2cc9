"""Finding known words in a sentence, English with its endings and Chinese without spaces.

A lexicon is data: a meaning, its English words or phrases in their plain form, its Chinese words. At any
place the longest phrase wins, so that "look up" is not "look" and 跳舞 is not 跳.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Generic, TypeVar

Meaning = TypeVar("Meaning")

_TOKEN = re.compile(r"[a-z0-9]+(?:'[a-z]+)?|[\u3400-\u9fff]")
_IRREGULAR = {
    **dict.fromkeys(("ran",), "run"),
    **dict.fromkeys(("flew", "flown", "flies"), "fly"),
    **dict.fromkeys(("fell", "fallen"), "fall"),
    **dict.fromkeys(("leapt",), "leap"),
    **dict.fromkeys(("swam", "swum"), "swim"),
    **dict.fromkeys(("came",), "come"),
    **dict.fromkeys(("went", "gone", "goes"), "go"),
    **dict.fromkeys(("left",), "left"),
    **dict.fromkeys(("stood",), "stand"),
    **dict.fromkeys(("sat",), "sit"),
    **dict.fromkeys(("slept",), "sleep"),
    **dict.fromkeys(("spun",), "spin"),
    **dict.fromkeys(("rose", "risen"), "rise"),
    **dict.fromkeys(("rode", "ridden"), "ride"),
    **dict.fromkeys(("drove", "driven"), "drive"),
    **dict.fromkeys(("held",), "hold"),
    **dict.fromkeys(("blew", "blown"), "blow"),
    **dict.fromkeys(("drew", "drawn"), "draw"),
    **dict.fromkeys(("grew", "grown"), "grow"),
    **dict.fromkeys(("shook", "shaken"), "shake"),
    **dict.fromkeys(("hid", "hidden"), "hide"),
    **dict.fromkeys(("slid",), "slide"),
    **dict.fromkeys(("swung",), "swing"),
    **dict.fromkeys(("crept",), "creep"),
    **dict.fromkeys(("snuck",), "sneak"),
    **dict.fromkeys(("dove",), "dive"),
    **dict.fromkeys(("sank", "sunk"), "sink"),
    **dict.fromkeys(("leaves",), "leave"),
    **dict.fromkeys(("spring", "sprang", "sprung"), "spring"),
}


@dataclass(frozen=True, slots=True)
class Hit(Generic[Meaning]):
    """A meaning found in a sentence, from token `start` up to, not including, token `stop`."""

    start: int
    stop: int
    meaning: Meaning


def tokens(text: str) -> tuple[str, ...]:
    """Lower-case English words and single Chinese characters, in order."""
    return tuple(_TOKEN.findall(text.lower().replace("’", "'")))


@cache
def plain_forms(word: str) -> frozenset[str]:
    """Every plain form an English word may be an ending of: itself, and without s, es, ed, ing, er, y."""
    forms = {word, _IRREGULAR.get(word, word), word.removesuffix("'s")}
    for ending, instead in (
        ("ies", "y"),
        ("ied", "y"),
        ("es", ""),
        ("s", ""),
        ("ed", ""),
        ("ed", "e"),
        ("ing", ""),
        ("ing", "e"),
    ):
        if word.endswith(ending) and len(word) - len(ending) >= 2:
            stem = word.removesuffix(ending)
            forms.add(stem + instead)
            if not instead and len(stem) > 2 and stem[-1] == stem[-2]:
                forms.add(stem[:-1])
    return frozenset(forms)


class Lexicon(Generic[Meaning]):
    """Words and what they mean: meaning → "english words, two word phrases | 中文 词"."""

    def __init__(self, entries: Mapping[Meaning, str]) -> None:
        self._phrases: dict[str, list[tuple[tuple[str, ...], Meaning]]] = {}
        for meaning, words in entries.items():
            english, _, chinese = words.partition("|")
            for phrase in [*english.split(","), *chinese.split()]:
                if spelled := tokens(phrase):
                    self._phrases.setdefault(spelled[0], []).append((spelled, meaning))

    def find(self, words: tuple[str, ...]) -> list[Hit[Meaning]]:
        """Every meaning in a tokenised sentence, in order, none overlapping another."""
        found: list[Hit[Meaning]] = []
        at = 0
        while at < len(words):
            best = self._longest(words, at)
            if best is None:
                at += 1
            else:
                found.append(best)
                at = best.stop
        return found

    def first(self, words: tuple[str, ...]) -> Meaning | None:
        """The first meaning in a tokenised sentence, if there is any."""
        found = self.find(words)
        return found[0].meaning if found else None

    def _longest(self, words: tuple[str, ...], at: int) -> Hit[Meaning] | None:
        best: Hit[Meaning] | None = None
        for form in sorted(plain_forms(words[at])):
            for phrase, meaning in self._phrases.get(form, ()):
                stop = at + len(phrase)
                if best is not None and stop <= best.stop:
                    continue
                rest = zip(phrase[1:], words[at + 1 : stop], strict=False)
                if stop <= len(words) and all(want in plain_forms(word) for want, word in rest):
                    best = Hit(at, stop, meaning)
        return best
