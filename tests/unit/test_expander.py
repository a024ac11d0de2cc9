"""The rule that approved descriptions stand verbatim, the negative prompt, and the doors."""

import hashlib
from dataclasses import dataclass

import pytest

from models.expander import (
    DEFAULT_NEGATIVE_PROMPT,
    EXPANDERS,
    RULES,
    ExpanderSpec,
    ExpansionRequest,
    Language,
    SubjectWords,
    expand_prompt,
    open_expander,
)
from reelhouse.clips import Role
from reelhouse.errors import EngineError, InputError

FOX = SubjectWords("red_fox", "a small red fox with a green scarf", Role.SUBJECT)
KITE = SubjectWords("kite", "a yellow diamond kite with a blue tail", Role.PRODUCT)
HILLS = SubjectWords("hills", "rolling hills full of heather", Role.BACKGROUND)


@dataclass
class Writer:
    """An expander that writes what it was told to."""

    text: str

    @property
    def spec(self) -> ExpanderSpec:
        return RULES

    def expand(self, request: ExpansionRequest) -> str:
        return self.text


def scene(*subjects: SubjectWords, language: Language = "en") -> ExpansionRequest:
    return ExpansionRequest("the fox runs", language, "", "", subjects, 5.0)


def test_the_default_negative_prompt_is_wans_own_to_the_character() -> None:
    digest = hashlib.sha256(DEFAULT_NEGATIVE_PROMPT.encode()).hexdigest()
    assert len(DEFAULT_NEGATIVE_PROMPT) == 137
    assert digest.startswith("ce96e032")
    assert digest.endswith("3c47e")


def test_a_description_that_is_there_is_left_alone() -> None:
    text = f"Dawn. {FOX.description[0].upper()}{FOX.description[1:]}, {FOX.description}, runs."
    expanded = expand_prompt(Writer(text), scene(FOX))
    assert expanded.prompt == text
    assert expanded.added == ()
    assert expanded.negative_prompt == DEFAULT_NEGATIVE_PROMPT


def test_descriptions_that_were_left_out_or_reworded_are_put_in_front() -> None:
    expanded = expand_prompt(Writer("A little red fox runs with a kite."), scene(FOX, KITE, HILLS))
    assert expanded.prompt == (
        "Red fox: a small red fox with a green scarf. Kite: a yellow diamond kite with a blue tail. "
        "The setting: rolling hills full of heather. A little red fox runs with a kite."
    )
    assert expanded.added == (FOX.description, KITE.description, HILLS.description)


def test_a_chinese_prompt_gets_them_in_chinese_punctuation() -> None:
    fox = SubjectWords("狐狸", "一只戴绿围巾的小红狐狸", Role.SUBJECT)
    expanded = expand_prompt(Writer("狐狸奔跑。"), scene(fox, HILLS, language="zh"))
    assert expanded.prompt == (
        "狐狸：一只戴绿围巾的小红狐狸。场景：rolling hills full of heather。狐狸奔跑。"
    )


def test_a_description_that_is_a_sentence_gets_no_second_full_stop() -> None:
    captain = SubjectWords("captain", "She wears a navy jacket. Her hair is silver.", Role.SUBJECT)
    assert expand_prompt(Writer("Waves."), scene(captain)).prompt == (
        "Captain: She wears a navy jacket. Her hair is silver. Waves."
    )


def test_letter_case_counts() -> None:
    expanded = expand_prompt(Writer("A SMALL RED FOX with a green scarf runs."), scene(FOX))
    assert expanded.added == (FOX.description,)


def test_a_subject_without_a_description_needs_none() -> None:
    style = SubjectWords("ink", "  ", Role.STYLE)
    assert expand_prompt(Writer("A fox runs."), scene(style)).prompt == "A fox runs."


def test_a_negative_prompt_that_was_given_is_kept() -> None:
    assert expand_prompt(Writer("A fox."), scene(), negative_prompt="blurry").negative_prompt == "blurry"


def test_an_expander_that_writes_nothing_is_an_error() -> None:
    with pytest.raises(EngineError, match="rules wrote nothing"):
        expand_prompt(Writer(" \n"), scene(FOX))


def test_a_scene_with_nothing_in_it_is_refused() -> None:
    with pytest.raises(InputError, match="needs a prompt or at least one subject"):
        ExpansionRequest(" ", "en", "", "", (), 5.0)
    with pytest.raises(InputError, match="more than 0 seconds"):
        ExpansionRequest("a fox", "en", "", "", (), 0.0)
    with pytest.raises(InputError, match="needs a name"):
        SubjectWords(" ", "a fox", Role.SUBJECT)


def test_the_tables_names_are_the_specs_own() -> None:
    assert list(EXPANDERS) == ["rules", "endpoint", "language-model"]
    assert all(name == spec.name for name, spec in EXPANDERS.items())


def test_an_unknown_expander_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(InputError, match="called 'gpt'; choose one of: rules, endpoint, language-model"):
        open_expander("gpt")


@pytest.mark.parametrize(
    ("name", "needs"), [("endpoint", "an endpoint .* and a model"), ("language-model", "the folder")]
)
def test_an_expander_says_what_it_needs(name: str, needs: str) -> None:
    with pytest.raises(InputError, match=needs):
        open_expander(name)
