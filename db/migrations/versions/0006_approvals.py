"""Renders that wait for a person, and an index to the latest steps of a stage."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

DIGEST = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
STATUS = "status IN ('running', 'done', 'failed', 'cancelled')"
MORE_STATUS = "status IN ('running', 'waiting', 'done', 'failed', 'cancelled', 'rejected')"
FINISHED = "(status = 'running') = (finished_at IS NULL)"
FINISHED_NOT_WAITING = "(status IN ('running', 'waiting')) = (finished_at IS NULL)"


def upgrade() -> None:
    """Make table and index, and let renders wait and be rejected."""
    _change_check("status_is_known", STATUS, MORE_STATUS)
    _change_check("finished_when_not_running", FINISHED, FINISHED_NOT_WAITING)
    op.create_table(
        "approvals",
        sa.Column("render_id", sa.Text, sa.ForeignKey("renders.id"), primary_key=True),
        sa.Column("sheet_key", DIGEST, nullable=False),
        sa.Column("flow_run_id", sa.Text),
        sa.Column("asked_at", sa.Double, nullable=False),
        sa.Column("deadline_at", sa.Double, nullable=False),
        sa.Column("default", sa.Text, nullable=False),
        sa.Column("decision", sa.Text),
        sa.Column("decided_at", sa.Double),
        sa.Column("decided_by", sa.Text, nullable=False, server_default=""),
        sa.Column("note", sa.Text, nullable=False, server_default=""),
        sa.CheckConstraint("length(sheet_key) = 64", name="sheet_key_is_sha256"),
        sa.CheckConstraint("\"default\" IN ('approved', 'rejected')", name="default_is_known"),
        sa.CheckConstraint("decision IN ('approved', 'rejected')", name="decision_is_known"),
        sa.CheckConstraint("(decision IS NULL) = (decided_at IS NULL)", name="decision_is_dated"),
    )
    op.create_index("ix_approvals_sheet_key", "approvals", ["sheet_key"])
    op.create_index("ix_steps_stage", "steps", ["stage", "started_at"])


def downgrade() -> None:
    """Drop what was made; a render that waits counts as cancelled, a rejected one as well."""
    op.drop_index("ix_steps_stage", "steps")
    op.drop_table("approvals")
    op.execute(
        "UPDATE renders SET status = 'cancelled', finished_at = coalesce(finished_at, started_at) "
        "WHERE status IN ('waiting', 'rejected')"
    )
    _change_check("finished_when_not_running", FINISHED_NOT_WAITING, FINISHED)
    _change_check("status_is_known", MORE_STATUS, STATUS)


def _change_check(name: str, old: str, new: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f(f"ck_renders_{name}"), "renders", type_="check")
        op.create_check_constraint(op.f(f"ck_renders_{name}"), "renders", new)
        return
    # SQLite changes a check only by copying the table, which other tables refer to, or in the schema's own
    # text. Source: https://sqlite.org/lang_altertable.html, "Making Other Kinds Of Table Schema Changes".
    connection = op.get_bind()
    version = connection.scalar(sa.text("PRAGMA schema_version"))
    connection.execute(sa.text("PRAGMA writable_schema = ON"))
    changed = connection.execute(
        sa.text(
            "UPDATE sqlite_schema SET sql = replace(sql, :old, :new) "
            "WHERE type = 'table' AND name = 'renders' AND instr(sql, :old)"
        ),
        {"old": old, "new": new},
    )
    connection.execute(sa.text(f"PRAGMA schema_version = {version + 1}"))
    connection.execute(sa.text("PRAGMA writable_schema = OFF"))
    if changed.rowcount != 1:
        raise RuntimeError(f"the table renders has no check {old!r}: its schema was changed by hand")
