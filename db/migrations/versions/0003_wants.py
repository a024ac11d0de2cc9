"""What renders want of the engine workers, and who those are."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

DIGEST = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "wants",
        sa.Column("step_key", DIGEST, primary_key=True),
        sa.Column("render_id", sa.Text, primary_key=True),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("engine", sa.Text, nullable=False),
        sa.Column("code_version", sa.Text, nullable=False),
        sa.Column("weights_id", sa.Text, nullable=False),
        sa.Column("gpu_bytes", sa.BigInteger, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("place", sa.BigInteger, nullable=False),
        sa.Column("wanted_at", sa.Double, nullable=False),
        sa.Column("wanted_until", sa.Double, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("error_kind", sa.Text, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.CheckConstraint("length(step_key) = 64", name="step_key_is_sha256"),
        sa.CheckConstraint("state IN ('wanted', 'made', 'found', 'failed')", name="state_is_known"),
        sa.CheckConstraint("(state = 'failed') = (error_kind <> '')", name="error_when_failed"),
        sa.CheckConstraint("gpu_bytes >= 0 AND place >= 0", name="measures_not_negative"),
    )
    op.create_index("ix_wants_render_id", "wants", ["render_id"])
    op.create_table(
        "workers",
        sa.Column("owner", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("program", sa.Text, nullable=False),
        sa.Column("offers", sa.JSON, nullable=False),
        sa.Column("gpu", sa.Text, nullable=False),
        sa.Column("gpu_bytes", sa.BigInteger),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("step_key", DIGEST),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("takes_made", sa.Integer, nullable=False),
        sa.Column("started_at", sa.Double, nullable=False),
        sa.Column("seen_at", sa.Double, nullable=False),
        sa.CheckConstraint("state IN ('idle', 'working', 'draining')", name="state_is_known"),
        sa.CheckConstraint("takes_made >= 0 AND gpu_bytes >= 0", name="measures_not_negative"),
    )


def downgrade() -> None:
    """Drop the tables; what was waited for is forgotten."""
    op.drop_table("workers")
    op.drop_table("wants")
