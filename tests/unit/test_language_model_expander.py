"""The local language model, as a tiny random Llama: what it is told and what is made of its words."""

from pathlib import Path

import pytest
import torch

from models.expander import ExpansionRequest, SubjectWords
from models.language_model_expander import LanguageModelExpander
from reelhouse.clips import Role
from reelhouse.errors import EngineError

from ..tiny_models import save_language_model

SCENE = ExpansionRequest(
    "the fox runs", "en", "", "", (SubjectWords("fox", "a small red fox", Role.SUBJECT),), 5.0
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_language_model(tmp_path_factory.mktemp("language-model") / "tiny-llama")


def answering(folder: Path, words: str, monkeypatch: pytest.MonkeyPatch) -> LanguageModelExpander:
    """An expander whose model decodes to the given words."""
    expander = LanguageModelExpander(str(folder), device="cpu")
    monkeypatch.setattr(expander._tokenizer, "decode", lambda *_, **__: words)
    monkeypatch.setattr(expander._model, "generate", lambda **_: torch.zeros((1, 2), dtype=torch.int64))
    return expander


def test_the_model_is_named_by_its_weights(folder: Path) -> None:
    weights_id = LanguageModelExpander(str(folder)).spec.weights_id
    assert weights_id.startswith("tiny-llama@sha256:")


def test_a_chat_template_is_used_where_the_tokenizer_has_one(folder: Path) -> None:
    expander = LanguageModelExpander(str(folder), device="cpu")
    plain = expander._encoded("the fox runs")["input_ids"]
    expander._tokenizer.chat_template = "{% for m in messages %}fox {{ m.content }} hill{% endfor %}"
    chat = expander._encoded("the fox runs")["input_ids"]
    assert expander._tokenizer.decode(chat[0], skip_special_tokens=True) == "fox the fox runs hill"
    assert expander._tokenizer.decode(plain[0], skip_special_tokens=True) == "the fox runs"


@pytest.mark.parametrize(
    ("words", "paragraph"),
    [
        ("<think>Let me see.\n\nFox.</think>\n\nA fox runs.", "A fox runs."),
        ('"A fox runs."', "A fox runs."),
        ("A fox\n\nruns.", "A fox runs."),
    ],
)
def test_thoughts_quotes_and_line_breaks_are_removed(
    folder: Path, words: str, paragraph: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert answering(folder, words, monkeypatch).expand(SCENE) == paragraph


@pytest.mark.parametrize("words", ["", "<think>A thought that never ends"])
def test_a_model_that_writes_nothing_is_an_error(
    folder: Path, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(EngineError, match="wrote nothing; use an instruction-tuned model"):
        answering(folder, words, monkeypatch).expand(SCENE)


def test_a_folder_without_a_model_is_explained(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"could not be loaded .*give a folder"):
        LanguageModelExpander(str(tmp_path), device="cpu").expand(SCENE)
