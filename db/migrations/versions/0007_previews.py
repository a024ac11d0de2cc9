"""A look at what is being made, beside its progress."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the picture and the count of pictures; an older program at work leaves both alone."""
    op.add_column("claims", sa.Column("preview", sa.LargeBinary))
    op.add_column("claims", sa.Column("previews", sa.Integer, nullable=False, server_default="0"))


def downgrade() -> None:
    """Drop the columns."""
    op.drop_column("claims", "previews")
    op.drop_column("claims", "preview")
