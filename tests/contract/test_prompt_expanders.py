"""What every prompt expander promises, asked of the rules, a real endpoint and a tiny language model."""

from collections.abc import Iterator

import pytest

from models.expander import (
    EXPANDERS,
    ExpansionRequest,
    Language,
    PromptExpander,
    SubjectWords,
    expand_prompt,
    open_expander,
)
from reelhouse.clips import Role

from ..chat_server import chat_server, writes
from ..tiny_models import save_language_model

SUBJECTS: dict[Language, tuple[SubjectWords, ...]] = {
    "en": (
        SubjectWords("fox", "a small red fox with a green scarf", Role.SUBJECT),
        SubjectWords("kite", "a yellow diamond kite, blue tail, “Zephyr” in white letters", Role.PRODUCT),
        SubjectWords("hills", "rolling hills full of heather", Role.BACKGROUND),
        SubjectWords("captain", "She wears a navy jacket. Her hair is silver.", Role.SUBJECT),
    ),
    "zh": (
        SubjectWords("狐狸", "一只戴绿围巾的小红狐狸", Role.SUBJECT),
        SubjectWords("kite", "a yellow diamond kite", Role.PRODUCT),
    ),
}
ACTIONS: dict[Language, str] = {"en": "the fox flies the kite over the hills", "zh": "狐狸拉着风筝跑过草地"}


@pytest.fixture(params=list(EXPANDERS))
def expander(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[PromptExpander]:
    if request.param == "endpoint":
        with chat_server(writes("A little fox runs over the hills with a kite in the wind.")) as server:
            yield open_expander("endpoint", endpoint=server.url, model="m", api_key="key", timeout_s=5)
    elif request.param == "language-model":
        # A random model never ends by itself.
        monkeypatch.setattr("models.language_model_expander.MAX_NEW_TOKENS", 12)
        folder = save_language_model(tmp_path_factory.mktemp("language-model") / "tiny")
        yield open_expander("language-model", model=str(folder))
    else:
        yield open_expander(request.param)


def scene(language: Language) -> ExpansionRequest:
    return ExpansionRequest(
        ACTIONS[language], language, "warm watercolour", "tracking left", SUBJECTS[language], 5.0
    )


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_description_stands_in_the_prompt_word_for_word(
    expander: PromptExpander, language: Language
) -> None:
    expanded = expand_prompt(expander, scene(language))
    assert all(subject.description in expanded.prompt for subject in SUBJECTS[language])
    assert set(expanded.added) <= {subject.description for subject in SUBJECTS[language]}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_same_scene_gives_the_same_words(expander: PromptExpander, language: Language) -> None:
    assert expander.expand(scene(language)) == expander.expand(scene(language))


def test_the_expander_names_itself_and_its_model(expander: PromptExpander) -> None:
    assert expander.spec.name in EXPANDERS
    assert expander.spec.code_version
    assert expander.spec.weights_id not in ("", "a local folder", "the endpoint's model")
