"""Who is making which step: one row a claimed step."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

DIGEST = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "claims",
        sa.Column("step_key", DIGEST, primary_key=True),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("owner", sa.Text),
        sa.Column("program", sa.Text, nullable=False),
        sa.Column("lease_ends_at", sa.Double, nullable=False),
        sa.Column("heard_at", sa.Double, nullable=False),
        sa.Column("progress", sa.Float, nullable=False),
        sa.Column("phase", sa.Text, nullable=False),
        sa.Column("cancel_requested", sa.Boolean, nullable=False),
        sa.Column("deaths", sa.Integer, nullable=False),
        sa.Column("last_error", sa.Text, nullable=False),
        sa.CheckConstraint("length(step_key) = 64", name="step_key_is_sha256"),
        sa.CheckConstraint("attempt >= 1 AND deaths >= 0 AND deaths <= attempt", name="counts_are_possible"),
        sa.CheckConstraint("progress >= 0 AND progress <= 1", name="progress_is_a_fraction"),
    )


def downgrade() -> None:
    """Drop the table; what was at work is forgotten."""
    op.drop_table("claims")
