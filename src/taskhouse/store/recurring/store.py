"""The store of recurring instances, put together from its verbs."""

from __future__ import annotations

from taskhouse.store.database import Database
from taskhouse.store.recurring.exports import ExportVerbs
from taskhouse.store.recurring.generation import GenerationVerbs
from taskhouse.store.recurring.graph import GraphVerbs
from taskhouse.store.recurring.leases import LeaseVerbs
from taskhouse.store.recurring.lists import ListVerbs
from taskhouse.store.recurring.operations import OperationVerbs
from taskhouse.store.recurring.publications import Publications, PublicationVerbs
from taskhouse.store.recurring.retention import RetentionVerbs
from taskhouse.store.recurring.runs import RunVerbs
from taskhouse.store.recurring.tallies import TallyVerbs
from taskhouse.store.recurring.writes import WriteVerbs


class SqlRecurringStore(
    PublicationVerbs,
    GenerationVerbs,
    GraphVerbs,
    ListVerbs,
    ExportVerbs,
    TallyVerbs,
    RunVerbs,
    WriteVerbs,
    OperationVerbs,
    LeaseVerbs,
    RetentionVerbs,
):
    """`RecurringStore` on a `Database`. Safe from any thread."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._publications = Publications()
        self._current = {}
        self._keys = {}
