"""The first tables: artifacts, storyboards, renders, steps and how they hang together."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

DIGEST = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    _artifacts_and_storyboards()
    _renders()
    _steps()
    _step_inputs_and_outputs()
    op.create_table(
        "render_steps",
        sa.Column("render_id", sa.Text, sa.ForeignKey("renders.id"), primary_key=True),
        sa.Column("step_key", DIGEST, sa.ForeignKey("steps.key"), primary_key=True),
        sa.Column("label", sa.Text, primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("reused", sa.Boolean, nullable=False),
    )


def downgrade() -> None:
    """Drop the tables, and with them the whole record."""
    for table in (
        "render_steps",
        "step_inputs",
        "step_outputs",
        "steps",
        "renders",
        "storyboards",
        "artifacts",
    ):
        op.drop_table(table)


def _artifacts_and_storyboards() -> None:
    op.create_table(
        "artifacts",
        sa.Column("id", DIGEST, primary_key=True),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("length(id) = 64", name="id_is_sha256"),
        sa.CheckConstraint("size_bytes >= 0", name="size_not_negative"),
    )
    op.create_table(
        "storyboards",
        sa.Column("digest", DIGEST, primary_key=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("source_id", DIGEST, sa.ForeignKey("artifacts.id"), nullable=False),
        sa.CheckConstraint("length(digest) = 64", name="digest_is_sha256"),
    )
    op.create_index("ix_storyboards_source_id", "storyboards", ["source_id"])


def _renders() -> None:
    op.create_table(
        "renders",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("storyboard_digest", DIGEST, sa.ForeignKey("storyboards.digest"), nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("film_id", DIGEST, sa.ForeignKey("artifacts.id")),
        sa.Column("parameters", sa.JSON, nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT),
        sa.CheckConstraint("status IN ('running', 'done', 'failed', 'cancelled')", name="status_is_known"),
        sa.CheckConstraint("(status = 'running') = (finished_at IS NULL)", name="finished_when_not_running"),
        sa.CheckConstraint("film_id IS NULL OR status = 'done'", name="film_when_done"),
    )
    for column in ("started_at", "film_id", "storyboard_digest"):
        op.create_index(f"ix_renders_{column}", "renders", [column])


def _steps() -> None:
    op.create_table(
        "steps",
        sa.Column("key", DIGEST, primary_key=True),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("code_version", sa.Text, nullable=False),
        sa.Column("weights_id", sa.Text, nullable=False),
        sa.Column("parameters", sa.JSON, nullable=False),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.Column("engine_calls", sa.Integer, nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.CheckConstraint("length(key) = 64", name="key_is_sha256"),
        sa.CheckConstraint("engine_calls >= 0 AND seconds >= 0", name="measures_not_negative"),
    )


def _step_inputs_and_outputs() -> None:
    op.create_table(
        "step_outputs",
        sa.Column("step_key", DIGEST, sa.ForeignKey("steps.key"), primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("artifact_id", DIGEST, sa.ForeignKey("artifacts.id"), nullable=False),
        sa.UniqueConstraint("step_key", "name", "artifact_id"),
    )
    op.create_index("ix_step_outputs_artifact_id", "step_outputs", ["artifact_id"])
    op.create_table(
        "step_inputs",
        sa.Column("step_key", DIGEST, sa.ForeignKey("steps.key"), primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("artifact_id", DIGEST, sa.ForeignKey("artifacts.id"), nullable=False),
        sa.Column("from_step_key", DIGEST),
        sa.Column("from_output", sa.Text),
        sa.CheckConstraint("(from_step_key IS NULL) = (from_output IS NULL)", name="source_is_whole"),
        sa.ForeignKeyConstraint(
            ["from_step_key", "from_output", "artifact_id"],
            ["step_outputs.step_key", "step_outputs.name", "step_outputs.artifact_id"],
            name="fk_step_inputs_source_step_outputs",
        ),
    )
    op.create_index("ix_step_inputs_artifact_id", "step_inputs", ["artifact_id"])
