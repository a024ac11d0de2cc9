"""The runs of campaigns, and their films."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

DIGEST = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "campaigns",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("bundle_id", DIGEST, sa.ForeignKey("artifacts.id"), nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("takes", sa.JSON, nullable=False),
        sa.Column("report_id", DIGEST, sa.ForeignKey("artifacts.id")),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT),
        sa.CheckConstraint("status IN ('running', 'done', 'failed', 'cancelled')", name="status_is_known"),
        sa.CheckConstraint("(status = 'running') = (finished_at IS NULL)", name="finished_when_not_running"),
    )
    for column in ("started_at", "bundle_id", "report_id"):
        op.create_index(f"ix_campaigns_{column}", "campaigns", [column])
    op.create_table(
        "campaign_films",
        sa.Column("campaign_id", sa.Text, sa.ForeignKey("campaigns.id"), primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("run_id", sa.Text),
        sa.Column("render_id", sa.Text, sa.ForeignKey("renders.id")),
        sa.Column("film_id", DIGEST, sa.ForeignKey("artifacts.id")),
        sa.Column("message", sa.Text, nullable=False),
        sa.CheckConstraint(
            "status IN ('waiting', 'running', 'done', 'failed', 'cancelled', 'left out')",
            name="status_is_known",
        ),
        sa.CheckConstraint("film_id IS NULL OR status = 'done'", name="film_when_done"),
    )
    for column in ("render_id", "film_id"):
        op.create_index(f"ix_campaign_films_{column}", "campaign_films", [column])


def downgrade() -> None:
    """Drop the tables; the films stay, and nobody knows their campaigns."""
    op.drop_table("campaign_films")
    op.drop_table("campaigns")
