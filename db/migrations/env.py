"""What alembic runs for every migration: on the connection it is given, inside the caller's transaction.

`db.upgrade` holds the lock and commits, so an interrupted migration leaves the schema as it was.
"""

from alembic import context

from db.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # alembic takes SQLite to be without; it is not
    render_as_batch=True,  # SQLite alters a table by copying it
)
with context.begin_transaction():
    context.run_migrations()
