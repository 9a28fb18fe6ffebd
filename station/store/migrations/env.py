"""Alembic runs this; the connection comes from station.store.db.migrate."""

from alembic import context

from station.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
