"""Settings: where this installation keeps things and which services it uses.

Read once, at a door (`Settings()`), from REELHOUSE_* variables, and passed down; nothing below a door reads
the environment. Without any, everything lives in `./.reelhouse` and nothing needs a network.
"""

import os
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import unquote, urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ModelWrapValidatorHandler,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from reelhouse.errors import InputError
from reelhouse.memory import parse_memory


def _amount(value: object) -> object:
    return parse_memory(value) if isinstance(value, str) else value


def _password(address: str) -> str:
    try:
        return urlsplit(address).netloc.rpartition("@")[0].partition(":")[2]
    except ValueError:  # no URL: whoever needs one says so
        return ""


class Settings(BaseSettings):
    """Everything an installation may choose; docs/settings.md lists them with examples."""

    model_config = SettingsConfigDict(env_prefix="REELHOUSE_", frozen=True, extra="ignore")

    home: Annotated[Path, AfterValidator(Path.absolute)] = Field(
        default=Path(".reelhouse"),
        description="The folder that holds the database, the artifacts and the films.",
    )
    database_url: SecretStr = Field(
        default=SecretStr(""),
        description="postgresql+psycopg2://user:password@host/name; empty: SQLite in home.",
    )
    store: str = Field(
        default="", description="s3://bucket?endpoint=http://host:9000; empty: a folder in home."
    )
    store_access_key: str = Field(default="", description="The S3 access key.")
    store_secret_key: SecretStr = Field(default=SecretStr(""), description="The S3 secret key.")
    segmenter: str = Field(default="u2netp", description="What finds subjects in pictures.")
    expander: str = Field(
        default="rules", description="What expands prompts: rules, endpoint or language-model."
    )
    prompt_endpoint: str = Field(
        default="", description="An OpenAI-compatible base URL, such as a vLLM server's."
    )
    prompt_model: str = Field(
        default="", description="The model's name at the endpoint, or a local model folder."
    )
    prompt_api_key: SecretStr = Field(
        default=SecretStr(""), description="The endpoint's key, where it wants one."
    )
    prompt_timeout_s: float = Field(default=60, gt=0, description="How long one prompt expansion may take.")
    device: Literal["auto", "cpu", "cuda"] = Field(default="auto", description="Where models run.")
    gpu_memory: Annotated[int | None, BeforeValidator(_amount)] = Field(
        default=None, description="Free memory of the GPU to plan for, such as 24GB; else this machine's."
    )
    compile_blocks: bool = Field(
        default=False,
        description="Compile the transformer's blocks on a GPU: the first clip of a process waits minutes.",
    )
    engine_workers: int = Field(
        default=1, ge=1, le=64, description="How many engine workers `reelhouse up` keeps: one for each GPU."
    )
    scenes_at_once: int = Field(
        default_factory=lambda: min(4, os.cpu_count() or 1),
        ge=1,
        le=64,
        description="How many steps a render makes side by side; by default one a core, four at most.",
    )
    engines: Literal["here", "workers"] = Field(
        default="here", description="Who makes the takes: the render's own process, or engine workers."
    )
    lease_s: float = Field(
        default=30, ge=1, le=3600, description="After how long a silence a step is taken over by another."
    )

    library: Path | None = Field(
        default=None,
        description="The folder of storyboards and pictures that runs may name; by default in home.",
    )
    log: Literal["text", "json"] = Field(default="text", description="How log lines are written.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Of services and JSON logs, the least that is logged."
    )
    metrics_port: int | None = Field(
        default=None, ge=0, le=65535, description="Where services serve /metrics and /healthz; else nowhere."
    )
    metrics_host: str = Field(default="127.0.0.1", description="The address they serve it on.")
    openlineage: str = Field(
        default="", description="file:///path.jsonl or http://host:5000/api/v1/lineage; empty: no events."
    )
    openlineage_key: SecretStr = Field(
        default=SecretStr(""), description="The bearer token of the OpenLineage receiver, where it wants one."
    )
    webhook_url: SecretStr = Field(
        default=SecretStr(""), description="Where finished and failed films and campaigns are told of."
    )
    webhook_secret: SecretStr = Field(default=SecretStr(""), description="What signs what is told.")
    backups: Path | None = Field(
        default=None, description="The folder of backups whose newest is looked at every night."
    )
    backup_max_age_h: float = Field(default=26, gt=0, description="How old the newest backup may be.")
    weights: Path | None = Field(
        default=None, description="The folder with one folder of weights an engine; by default in home."
    )

    @model_validator(mode="wrap")
    @classmethod
    def _explained(cls, given: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Whoever set a variable wrong is told which, and what it takes; found values may be secret.

        Raises:
            InputError: a value cannot be used.
        """
        try:
            return handler(given)
        except ValidationError as error:
            wrong = "; ".join(f"REELHOUSE_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
            # Without the cause, which quotes the values.
            raise InputError(
                f"a setting cannot be used: {wrong}. Set it otherwise or unset it; docs/settings.md lists all"
            ) from None

    @property
    def weights_folder(self) -> Path:
        """The folder of weights in use."""
        return (self.weights or self.home / "weights").absolute()

    @property
    def library_folder(self) -> Path:
        """The library in use."""
        return (self.library or self.home / "library").absolute()

    @property
    def secrets(self) -> frozenset[str]:
        """What must not be logged or shown, as it is written in settings and in URLs."""
        given = [value for _, value in self if isinstance(value, SecretStr)]
        found = {value.get_secret_value() for value in given}
        for address in (self.database, self.openlineage, self.store, self.prompt_endpoint):
            password = _password(address)
            found |= {password, unquote(password)}
        return frozenset(found - {""})

    @property
    def database(self) -> str:
        """The database URL in use."""
        return self.database_url.get_secret_value() or f"sqlite:///{self.home / 'reelhouse.db'}"

    @property
    def artifact_store(self) -> str:
        """The artifact store's URL, or folder, in use."""
        return self.store or str(self.home / "artifacts")
