"""The catalogue in the metadata store: see `taskhouse.ports.catalogue_store` for what each verb means."""

from taskhouse.store.catalogue.lifecycle import LifecycleVerbs
from taskhouse.store.catalogue.objects import ObjectVerbs
from taskhouse.store.catalogue.partitions import PartitionVerbs
from taskhouse.store.catalogue.projects import ProjectVerbs
from taskhouse.store.catalogue.tables import TableVerbs


class SqlCatalogueStore(ProjectVerbs, TableVerbs, PartitionVerbs, LifecycleVerbs, ObjectVerbs):
    """`CatalogueStore` on a `Database`."""


__all__ = ["SqlCatalogueStore"]
