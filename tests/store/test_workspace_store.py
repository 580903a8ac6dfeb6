"""The tenant, projects and members in the metadata store."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from taskhouse.domain.definition.tenant import BusinessUnit, Organisation, Project, ProjectMode, Tenant
from taskhouse.domain.roles import ProjectRole
from taskhouse.services.definitions.memory_workspace import MemoryWorkspaceStore
from taskhouse.store.database import Database
from taskhouse.store.migrations import migrate
from taskhouse.store.workspace import SqlWorkspaceStore

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SHOP = Project(
    "shop",
    "商店",
    ProjectMode.DEV_PROD,
    "ola",
    "retail",
    {"ann": frozenset({ProjectRole.ANALYST, ProjectRole.OPERATOR})},
)
TENANT = Tenant("acme", "Asia/Shanghai", ("root",), {"shared": 20, "spark": 2})
ORGANISATION = Organisation(TENANT, {"retail": BusinessUnit("retail", "零售")}, {"shop": SHOP})


@pytest.fixture(params=["sqlite", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path):
    if request.param == "memory":
        yield MemoryWorkspaceStore()
        return
    database = Database(tmp_path / "meta.db")
    migrate(database)
    yield SqlWorkspaceStore(database)
    database.close()


def test_nothing_is_there_before_the_first_publication(store):
    assert store.organisation() == (0, Organisation())
    assert store.roles_of("ann") == {} and not store.is_super_admin("ann")


def test_what_is_saved_is_read_again_as_it_was(store):
    assert store.save(ORGANISATION, NOW, lambda: "published") == "published"
    assert store.organisation() == (1, ORGANISATION)
    assert store.tenant() == TENANT and store.projects() == {"shop": SHOP}
    assert store.roles_of("ann") == {"shop": {ProjectRole.ANALYST, ProjectRole.OPERATOR}}
    assert store.roles_of("ola") == {"shop": {ProjectRole.PROJECT_ADMIN}}  # its owner
    assert store.is_super_admin("root") and not store.is_super_admin("ola")


def test_a_later_publication_replaces_it(store):
    store.save(ORGANISATION, NOW, lambda: None)
    store.save(Organisation(TENANT), NOW, lambda: None)
    assert store.organisation() == (2, Organisation(TENANT))
    assert store.roles_of("ann") == {}


def test_nothing_is_saved_when_publishing_fails(store):
    store.save(ORGANISATION, NOW, lambda: None)

    def fails() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        store.save(Organisation(), NOW, fails)
    assert store.organisation() == (1, ORGANISATION)


def test_two_processes_on_one_file_see_the_same(tmp_path: Path):
    first, second = Database(tmp_path / "meta.db"), Database(tmp_path / "meta.db")
    migrate(first)
    ours, theirs = SqlWorkspaceStore(first), SqlWorkspaceStore(second)
    ours.save(ORGANISATION, NOW, lambda: None)
    assert theirs.organisation() == (1, ORGANISATION)
    theirs.save(Organisation(TENANT), NOW, lambda: None)
    assert ours.organisation() == (2, Organisation(TENANT))
    first.close()
    second.close()
