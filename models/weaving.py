"""Weaving: a subject's approved description put, letter for letter, where the scene first names it.

“the fox runs” becomes “a small red fox with a green scarf runs”, or where that would not read well “the fox,
a small red fox with a green scarf, runs” or “the fox (small, red, green scarf) runs”. Where none reads well
the subject is left for a sentence of its own.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from models.expander import Language, SubjectWords, spoken_name

CJK = re.compile(r"[\u3400-\u9fff]")
SENTENCE_END = re.compile(r"[.!?;。！？；\n]")
ARTICLE = re.compile(r"(a|an|the|one|two|three|four|some|several)\s", re.IGNORECASE)
# Words that may follow a whole noun phrase; anything else may be the second half of “kite string”.
AFTER_A_NOUN = re.compile(
    r"a|about|above|across|after|against|along|am|among|and|are|around|as|at|away|back|"
    r"be|before|behind|below|beneath|beside|between|but|by|can|could|did|do|does|down|"
    r"drove|fell|flew|for|forward|from|gave|had|has|have|he|held|her|high|his|home|if|"
    r"in|inside|into|is|it|its|just|kept|lay|leans|left|like|made|may|might|must|near|"
    r"never|next|nor|not|now|of|off|on|once|onto|or|our|out|outside|over|past|quickly|"
    r"quietly|ran|rose|sat|saw|shall|she|should|slowly|so|softly|spoke|stood|swam|than|"
    r"that|the|their|them|then|there|they|this|through|to|together|took|toward|towards|"
    r"turned|under|until|up|upon|was|went|were|when|where|which|while|who|whose|will|"
    r"with|within|without|would|yet"
)
VERB_ENDING = re.compile(r"(?!(?:str|spr|r|k|w|th)ing$).*(?:[^s]s|ing|ed|ly)")
# A noun phrase may begin after these; any other word before the name may be its adjective.
BEFORE_A_NOUN = re.compile(
    r"a|about|above|across|after|against|along|among|and|around|as|at|away|before|behind|"
    r"below|beneath|beside|between|beyond|but|by|carries|carrying|catches|catching|down|"
    r"drives|driving|follows|following|for|from|holding|holds|in|inside|into|lifting|lifts|"
    r"like|meets|meeting|near|of|off|on|onto|opening|opens|or|out|outside|over|past|"
    r"pulling|pulls|pushes|pushing|sees|seeing|than|through|throwing|throws|to|toward|"
    r"towards|under|until|up|upon|using|uses|via|wearing|wears|where|while|with|within|"
    r"without"
)
CHINESE_COUNT = re.compile(r"(?:[一这那两](?:[只个位名条头匹辆台件款把座朵棵双艘架]))$")
CHINESE_ADJECTIVES = frozenset("小大老红白黑蓝绿黄灰胖瘦新旧的")


@dataclass(frozen=True, slots=True)
class Woven:
    """A scene's words with descriptions woven in, and the subjects for which there was no place."""

    text: str
    left_over: tuple[SubjectWords, ...]


@dataclass(frozen=True, slots=True)
class _Patch:
    start: int
    end: int
    text: str


def weave(action: str, subjects: Sequence[SubjectWords], language: Language) -> Woven:
    """Put each subject's description at its first mention in the action, where that reads well."""
    patches: list[_Patch] = []
    left_over = []
    find = _chinese_patch if language == "zh" else _english_patch
    # Longer names first: “fox cub” is not a mention of the fox.
    by_length = sorted(subjects, key=lambda subject: -len(subject.name))
    taken: list[tuple[int, int]] = []
    for subject in by_length:
        patch = find(action, subject, taken)
        if patch is None:
            left_over.append(subject)
        else:
            patches.append(patch)
            taken.append((patch.start, patch.end))
    text = action
    for patch in sorted(patches, key=lambda patch: -patch.start):
        text = text[: patch.start] + patch.text + text[patch.end :]
    return Woven(text, tuple(subject for subject in subjects if subject in left_over))


def _english_patch(action: str, subject: SubjectWords, taken: Sequence[tuple[int, int]]) -> _Patch | None:
    name, description = spoken_name(subject), subject.description
    if not description or SENTENCE_END.search(description):
        return None
    pattern = re.compile(rf"(?<![\w-])((?:the|a|an)\s+)?({re.escape(name)})(?![\w'’-])", re.IGNORECASE)
    for match in pattern.finditer(action):
        if any(match.start() < end and start < match.end() for start, end in taken):
            continue
        rest = action[match.end() :]
        following = re.match(r"\s+([\w'’-]+)", rest)
        if following and not _ends_noun_phrase(following[1].lower()):
            return None
        return _english_phrase(action, match, rest, name, description)
    return None


def _ends_noun_phrase(next_word: str) -> bool:
    return bool(AFTER_A_NOUN.fullmatch(next_word) or VERB_ENDING.fullmatch(next_word))


def _english_phrase(action: str, match: re.Match[str], rest: str, name: str, description: str) -> _Patch:
    before = action[: match.start()].rstrip()
    previous = re.search(r"([\w'’-]+)$", before)
    starts_phrase = (
        previous is None or bool(BEFORE_A_NOUN.fullmatch(previous[1].lower())) or match[1] is not None
    )
    starts_sentence = bool(before) and bool(SENTENCE_END.match(before[-1]))
    is_plain = "," not in description and not CJK.search(description) and "(" not in description
    has_article = bool(ARTICLE.match(description))
    names_itself = re.search(rf"\b{re.escape(name)}\b", description, re.IGNORECASE) is not None
    if is_plain and names_itself and starts_phrase and not starts_sentence:
        if has_article:
            return _Patch(match.start(), match.end(), description)
        if description[0].islower() or description.lower().startswith(name.lower()):
            return _Patch(match.start(2), match.end(), description)
    if is_plain and has_article:
        closing = "" if not rest.strip() or rest.lstrip()[0] in ",.;:!?" else ","
        if starts_phrase and match[1] is None and match[2].islower():
            return _Patch(match.start(), match.end(), f"the {match[2]}, {description}{closing}")
        return _Patch(match.end(), match.end(), f", {description}{closing}")
    return _Patch(match.end(), match.end(), f" ({description})")


def _chinese_patch(action: str, subject: SubjectWords, taken: Sequence[tuple[int, int]]) -> _Patch | None:
    name, description = spoken_name(subject), subject.description
    if not description or SENTENCE_END.search(description):
        return None
    start = action.find(name)
    while start >= 0 and any(start < taken_end and begin < start + len(name) for begin, taken_end in taken):
        start = action.find(name, start + 1)
    if start < 0:
        return None
    end = start + len(name)
    count = CHINESE_COUNT.search(action[:start])
    is_plain = name in description and "，" not in description and "、" not in description
    if is_plain and not (start and count is None and action[start - 1] in CHINESE_ADJECTIVES):
        counts_itself = re.match(
            r"[一两三几](?:只|个|位|名|条|头|匹|辆|台|件|款|把|座|朵|棵|双|艘|架)", description
        )
        first = count.start() if count and counts_itself else start
        return _Patch(first, end, description)
    return _Patch(end, end, f"（{description}）")
