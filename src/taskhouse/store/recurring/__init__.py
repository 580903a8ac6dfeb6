"""Recurring instances in the metadata store: see `ports.recurring_store` for what each verb promises."""

from taskhouse.store.recurring.store import SqlRecurringStore

__all__ = ["SqlRecurringStore"]
