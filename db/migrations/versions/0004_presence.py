"""When each running render was last heard of."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; renders at work tell soon, the others have ended."""
    op.add_column("renders", sa.Column("heard_at", sa.Double, nullable=False, server_default="0"))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("renders", "heard_at")
