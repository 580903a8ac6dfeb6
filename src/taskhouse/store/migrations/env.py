"""Alembic's entry: runs the steps on the connection that `migrations.upgrade` hands over, inside its transaction."""

from alembic import context

from taskhouse.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
