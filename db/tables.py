"""The tables of the lineage: what was asked, what was made, by which step, from what.

W3C PROV words: an artifact is an entity, a step an activity; step_inputs say `used`, step_outputs say
`wasGeneratedBy`. Rows are written once; only a render changes: it is heard of, and it ends. Times are UTC.
`claims` is no lineage: it says who is making a step, and its row goes when the step is recorded. Neither are
`wants`, the takes that renders wait for, and `workers`, who could make them. The migrations in db/migrations
make these tables; a test compares the two.
"""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    Double,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, aware on both sides; SQLite would drop the zone without this."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC. Raises ValueError for a time without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a recorded time needs a zone: {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class PlainText(TypeDecorator[str]):
    """Text that any database takes: ffmpeg's own words may hold a NUL or half a character."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Replace what cannot be stored."""
        if value is None:
            return None
        return value.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


# Compared byte by byte, so that a prefix search uses the index whatever the database's language.
Digest = String(64).with_variant(String(64, collation="C"), "postgresql")

artifacts = Table(
    "artifacts",
    metadata,
    Column("id", Digest, primary_key=True),
    Column("media_type", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("created_at", UtcDateTime, nullable=False, default=lambda: datetime.now(UTC)),
    CheckConstraint("length(id) = 64", name="id_is_sha256"),
    CheckConstraint("size_bytes >= 0", name="size_not_negative"),
)

storyboards = Table(
    "storyboards",
    metadata,
    Column("digest", Digest, primary_key=True),
    Column("title", PlainText, nullable=False),
    Column("source_id", ForeignKey("artifacts.id"), nullable=False),
    CheckConstraint("length(digest) = 64", name="digest_is_sha256"),
    Index(None, "source_id"),
)

renders = Table(
    "renders",
    metadata,
    Column("id", Text, primary_key=True),
    Column("storyboard_digest", ForeignKey("storyboards.digest"), nullable=False),
    Column("status", Text, nullable=False),
    Column("message", PlainText, nullable=False, default=""),
    Column("film_id", ForeignKey("artifacts.id")),
    # JSON, never JSONB: JSONB rewrites numbers (1e22, -0.0), and a key is derived from their spelling.
    Column("parameters", JSON, nullable=False),
    Column("started_at", UtcDateTime, nullable=False, default=lambda: datetime.now(UTC)),
    Column("finished_at", UtcDateTime),
    # Seconds since 1970 by the database's own clock, as in `claims`.
    Column("heard_at", Double, nullable=False, server_default="0"),
    CheckConstraint(
        "status IN ('running', 'waiting', 'done', 'failed', 'cancelled', 'rejected')", name="status_is_known"
    ),
    CheckConstraint(
        "(status IN ('running', 'waiting')) = (finished_at IS NULL)", name="finished_when_not_running"
    ),
    CheckConstraint("film_id IS NULL OR status = 'done'", name="film_when_done"),
    Index(None, "started_at"),
    Index(None, "film_id"),
    Index(None, "storyboard_digest"),
)

steps = Table(
    "steps",
    metadata,
    Column("key", Digest, primary_key=True),
    Column("stage", Text, nullable=False),
    Column("label", PlainText, nullable=False),
    Column("code_version", Text, nullable=False),
    Column("weights_id", Text, nullable=False),
    Column("parameters", JSON, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("engine_calls", Integer, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("seconds", Float, nullable=False),
    CheckConstraint("length(key) = 64", name="key_is_sha256"),
    CheckConstraint("engine_calls >= 0 AND seconds >= 0", name="measures_not_negative"),
    Index(None, "stage", "started_at"),
)

step_outputs = Table(
    "step_outputs",
    metadata,
    Column("step_key", ForeignKey("steps.key"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("artifact_id", ForeignKey("artifacts.id"), nullable=False),
    # What step_inputs refers to; it holds for (step_key, name) alone already.
    UniqueConstraint("step_key", "name", "artifact_id"),
    Index(None, "artifact_id"),
)

step_inputs = Table(
    "step_inputs",
    metadata,
    Column("step_key", ForeignKey("steps.key"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("artifact_id", ForeignKey("artifacts.id"), nullable=False),
    Column("from_step_key", Digest),
    Column("from_output", Text),
    CheckConstraint("(from_step_key IS NULL) = (from_output IS NULL)", name="source_is_whole"),
    # An input that another step made is an output of it, with the same bytes: the chain has no gap.
    ForeignKeyConstraint(
        ["from_step_key", "from_output", "artifact_id"],
        ["step_outputs.step_key", "step_outputs.name", "step_outputs.artifact_id"],
        name="fk_step_inputs_source_step_outputs",
    ),
    Index(None, "artifact_id"),
)

render_steps = Table(
    "render_steps",
    metadata,
    Column("render_id", ForeignKey("renders.id"), primary_key=True),
    Column("step_key", ForeignKey("steps.key"), primary_key=True),
    Column("label", PlainText, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("reused", Boolean, nullable=False),
)

claims = Table(
    "claims",
    metadata,
    Column("step_key", Digest, primary_key=True),
    Column("attempt", Integer, nullable=False),
    Column("owner", Text),
    Column("program", Text, nullable=False),
    # Seconds since 1970 by the database's own clock: no other clock is compared with these.
    Column("lease_ends_at", Double, nullable=False),
    Column("heard_at", Double, nullable=False),
    Column("progress", Float, nullable=False),
    Column("phase", PlainText, nullable=False),
    Column("cancel_requested", Boolean, nullable=False),
    Column("deaths", Integer, nullable=False),
    Column("last_error", PlainText, nullable=False),
    # A look at what is being made, and how many there were: whoever watches asks for a new one alone.
    Column("preview", LargeBinary),
    Column("previews", Integer, nullable=False, server_default="0"),
    CheckConstraint("length(step_key) = 64", name="step_key_is_sha256"),
    CheckConstraint("attempt >= 1 AND deaths >= 0 AND deaths <= attempt", name="counts_are_possible"),
    CheckConstraint("progress >= 0 AND progress <= 1", name="progress_is_a_fraction"),
)

wants = Table(
    "wants",
    metadata,
    Column("step_key", Digest, primary_key=True),
    # No foreign key: a want says what is waited for now, and its render's row stays behind it anyway.
    Column("render_id", Text, primary_key=True),
    # The step as reelhouse.step_json writes it, spelled as it came: its inputs have an order.
    Column("step", Text, nullable=False),
    Column("engine", Text, nullable=False),
    Column("code_version", Text, nullable=False),
    Column("weights_id", Text, nullable=False),
    Column("gpu_bytes", BigInteger, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("place", BigInteger, nullable=False),
    # Seconds since 1970 by the database's own clock, as in `claims`.
    Column("wanted_at", Double, nullable=False),
    Column("wanted_until", Double, nullable=False),
    Column("state", Text, nullable=False),
    Column("error_kind", Text, nullable=False),
    Column("error", PlainText, nullable=False),
    CheckConstraint("length(step_key) = 64", name="step_key_is_sha256"),
    CheckConstraint("state IN ('wanted', 'made', 'found', 'failed')", name="state_is_known"),
    CheckConstraint("(state = 'failed') = (error_kind <> '')", name="error_when_failed"),
    CheckConstraint("gpu_bytes >= 0 AND place >= 0", name="measures_not_negative"),
    Index(None, "render_id"),
)

workers = Table(
    "workers",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("name", PlainText, nullable=False),
    Column("program", Text, nullable=False),
    Column("offers", JSON, nullable=False),
    Column("gpu", Text, nullable=False),
    Column("gpu_bytes", BigInteger),
    Column("state", Text, nullable=False),
    Column("step_key", Digest),
    Column("label", PlainText, nullable=False),
    Column("takes_made", Integer, nullable=False),
    Column("started_at", Double, nullable=False),
    Column("seen_at", Double, nullable=False),
    CheckConstraint("state IN ('idle', 'working', 'draining')", name="state_is_known"),
    CheckConstraint("takes_made >= 0 AND gpu_bytes >= 0", name="measures_not_negative"),
)

campaigns = Table(
    "campaigns",
    metadata,
    # The Prefect run that makes it.
    Column("id", Text, primary_key=True),
    Column("name", PlainText, nullable=False),
    Column("bundle_id", ForeignKey("artifacts.id"), nullable=False),
    Column("status", Text, nullable=False),
    Column("message", PlainText, nullable=False),
    Column("takes", JSON, nullable=False),
    Column("report_id", ForeignKey("artifacts.id")),
    Column("started_at", UtcDateTime, nullable=False, default=lambda: datetime.now(UTC)),
    Column("finished_at", UtcDateTime),
    CheckConstraint("status IN ('running', 'done', 'failed', 'cancelled')", name="status_is_known"),
    CheckConstraint("(status = 'running') = (finished_at IS NULL)", name="finished_when_not_running"),
    Index(None, "started_at"),
    Index(None, "bundle_id"),
    Index(None, "report_id"),
)

campaign_films = Table(
    "campaign_films",
    metadata,
    Column("campaign_id", ForeignKey("campaigns.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("run_id", Text),
    Column("render_id", ForeignKey("renders.id")),
    Column("film_id", ForeignKey("artifacts.id")),
    Column("message", PlainText, nullable=False),
    CheckConstraint(
        "status IN ('waiting', 'running', 'done', 'failed', 'cancelled', 'left out')", name="status_is_known"
    ),
    CheckConstraint("film_id IS NULL OR status = 'done'", name="film_when_done"),
    Index(None, "render_id"),
    Index(None, "film_id"),
)

approvals = Table(
    "approvals",
    metadata,
    Column("render_id", ForeignKey("renders.id"), primary_key=True),
    Column("sheet_key", Digest, nullable=False),
    Column("flow_run_id", Text),
    # Seconds since 1970 by the database's own clock, as in `claims`.
    Column("asked_at", Double, nullable=False),
    Column("deadline_at", Double, nullable=False),
    Column("default", Text, nullable=False),
    Column("decision", Text),
    Column("decided_at", Double),
    Column("decided_by", PlainText, nullable=False, server_default=""),
    Column("note", PlainText, nullable=False, server_default=""),
    CheckConstraint("length(sheet_key) = 64", name="sheet_key_is_sha256"),
    CheckConstraint("\"default\" IN ('approved', 'rejected')", name="default_is_known"),
    CheckConstraint("decision IN ('approved', 'rejected')", name="decision_is_known"),
    CheckConstraint("(decision IS NULL) = (decided_at IS NULL)", name="decision_is_dated"),
    Index(None, "sheet_key"),
)
