"""The seam every prompt expander fits, and the rule that no expander can break.

An expander writes a scene's few words out into the paragraph a video model understands best. Whatever it
writes, `expand_prompt` makes sure that each subject's approved description stands in it verbatim. Importing
this module loads no framework; `open_expander` imports the one file it needs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, Protocol, TypeAlias

from reelhouse.clips import Role
from reelhouse.errors import EngineError, InputError

Language: TypeAlias = Literal["en", "zh"]

# Wan2.1 and Phantom were tuned with these very characters; SHA-256 ce96e032…3c47e.
# Source: Wan-Video/Wan2.1 `wan/configs/shared_config.py`, `sample_neg_prompt`.
DEFAULT_NEGATIVE_PROMPT = (
    "色调艳丽，过曝，静态，细节模糊不清，字幕，风格，作品，画作，画面，静止，整体发灰，最差质量，低质量，JPEG压缩残留，"
    "丑陋的，残缺的，多余的手指，画得不好的手部，画得不好的脸部，畸形的，毁容的，形态畸形的肢体，手指融合，静止不动的画面，"
    "杂乱的背景，三条腿，背景人很多，倒着走"
)


@dataclass(frozen=True, slots=True)
class SubjectWords:
    """A subject in words: its name in the storyboard, its approved description, its role.

    Raises:
        InputError: there is no name.
    """

    name: str
    description: str
    role: Role

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise InputError(f"the subject described as “{self.description}” needs a name")
        # Space around approved words is how a file was typed, not part of what was approved.
        object.__setattr__(self, "description", self.description.strip())


@dataclass(frozen=True, slots=True)
class ExpansionRequest:
    """One scene to write out.

    Attributes:
        action: the scene's own words.
        language: of the prompt wanted.
        style: the film's style in words, or "".
        camera: the scene's camera in words, or "".
        subjects: those in the scene, in the storyboard's order.
        duration_s: the scene's length in seconds.

    Raises:
        InputError: there is neither an action nor a subject, or no duration.
    """

    action: str
    language: Language
    style: str
    camera: str
    subjects: tuple[SubjectWords, ...]
    duration_s: float

    def __post_init__(self) -> None:
        if not self.action.strip() and not self.subjects:
            raise InputError(
                "a scene needs a prompt or at least one subject; write in a few words what happens"
            )
        if not self.duration_s > 0:
            raise InputError(f"a scene's duration must be more than 0 seconds, not {self.duration_s}")


@dataclass(frozen=True, slots=True)
class ExpandedPrompt:
    """What the video model is told; `added` names the descriptions the expander had left out."""

    prompt: str
    negative_prompt: str
    added: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExpanderSpec:
    """What identifies an expander in the lineage; `weights_id` names the language model, or says "none"."""

    name: str
    code_version: str
    weights_id: str


class PromptExpander(Protocol):
    """Writes one paragraph for a scene. One instance serves many scenes."""

    @property
    def spec(self) -> ExpanderSpec:
        """What identifies this expander, with the language model it really asks."""
        ...

    def expand(self, request: ExpansionRequest) -> str:
        """Return the paragraph, in the language asked for.

        Raises:
            EngineError: no usable paragraph came; the scene's own words are never passed off as one.
            ServiceUnavailable: a language model behind an endpoint did not answer.
        """
        ...


RULES = ExpanderSpec(name="rules", code_version="1", weights_id="none")
ENDPOINT = ExpanderSpec(name="endpoint", code_version="1", weights_id="the endpoint's model")
LANGUAGE_MODEL = ExpanderSpec(name="language-model", code_version="1", weights_id="a local folder")
EXPANDERS: Mapping[str, ExpanderSpec] = MappingProxyType(
    {spec.name: spec for spec in (RULES, ENDPOINT, LANGUAGE_MODEL)}
)


def open_expander(
    name: str,
    *,
    endpoint: str | None = None,
    model: str | None = None,
    api_key: str | None = None,
    timeout_s: float = 60.0,
) -> PromptExpander:
    """Return the named expander; nothing is loaded or called before the first scene.

    Args:
        endpoint: base URL of an OpenAI-compatible API, as `http://localhost:11434/v1`; for "endpoint".
        model: the model's name at the endpoint, or the folder of a local model.

    Raises:
        InputError: no expander has that name, or what it needs was not given.
    """
    match name:
        case "rules":
            from models.rules_expander import RulesExpander

            return RulesExpander()
        case "endpoint":
            if not (endpoint and model):
                raise InputError(
                    "the endpoint expander needs an endpoint (http://host:port/v1) and a model's name"
                )
            from models.endpoint_expander import EndpointExpander

            return EndpointExpander(endpoint, model=model, api_key=api_key, timeout_s=timeout_s)
        case "language-model":
            if not model:
                raise InputError(
                    "the language-model expander needs a model: the folder of a transformers model"
                )
            from models.language_model_expander import LanguageModelExpander

            return LanguageModelExpander(model)
    raise InputError(f"there is no prompt expander called {name!r}; choose one of: {', '.join(EXPANDERS)}")


def expand_prompt(
    expander: PromptExpander, request: ExpansionRequest, *, negative_prompt: str | None = None
) -> ExpandedPrompt:
    """Expand a scene, then add, in front, each subject's description that is not there word for word.

    Raises:
        EngineError, ServiceUnavailable: as `PromptExpander.expand`.
    """
    prompt = expander.expand(request).strip()
    if not prompt:
        raise EngineError(f"the prompt expander {expander.spec.name} wrote nothing; try another expander")
    missing = [
        subject for subject in request.subjects if subject.description and subject.description not in prompt
    ]
    introductions = [introduce(subject, request.language) for subject in missing]
    separator = " " if request.language == "en" else ""
    return ExpandedPrompt(
        prompt=separator.join([*introductions, prompt]),
        negative_prompt=DEFAULT_NEGATIVE_PROMPT if negative_prompt is None else negative_prompt,
        added=tuple(subject.description for subject in missing),
    )


def spoken_name(subject: SubjectWords) -> str:
    """Return the name as people say it: `red_fox` is a red fox."""
    return " ".join(subject.name.replace("_", " ").replace("-", " ").split())


def introduce(subject: SubjectWords, language: Language) -> str:
    """Return a sentence that gives the subject's description verbatim."""
    description = subject.description
    if language == "zh":
        end = "" if description.endswith(("。", "！", "？", ".")) else "。"
        label = {Role.BACKGROUND: "场景", Role.STYLE: "画面风格"}.get(subject.role, spoken_name(subject))
        return f"{label}：{description}{end}"
    end = "" if description.endswith((".", "!", "?", "。")) else "."
    name = spoken_name(subject)
    label = {Role.BACKGROUND: "The setting", Role.STYLE: "The look"}.get(
        subject.role, name[0].upper() + name[1:]
    )
    return f"{label}: {description}{end}"
