"""The tenant, projects and members in the metadata store."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from taskhouse.domain.definition.tenant import BusinessUnit, Organisation, Project, ProjectMode, Tenant
from taskhouse.domain.faults import Fault
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
    assert store.save(ORGANISATION, NOW, lambda: "published", expected=0) == "published"
    assert store.organisation() == (1, ORGANISATION)
    assert store.tenant() == TENANT and store.projects() == {"shop": SHOP}
    assert store.roles_of("ann") == {"shop": {ProjectRole.ANALYST, ProjectRole.OPERATOR}}
    assert store.roles_of("ola") == {"shop": {ProjectRole.PROJECT_ADMIN}}  # its owner
    assert store.is_super_admin("root") and not store.is_super_admin("ola")


def test_a_later_publication_replaces_it(store):
    store.save(ORGANISATION, NOW, lambda: None, expected=0)
    store.save(Organisation(TENANT), NOW, lambda: None, expected=1)
    assert store.organisation() == (2, Organisation(TENANT))
    assert store.roles_of("ann") == {}


def test_nothing_is_saved_when_publishing_fails(store):
    store.save(ORGANISATION, NOW, lambda: None, expected=0)

    def fails() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        store.save(Organisation(), NOW, fails, expected=1)
    assert store.organisation() == (1, ORGANISATION)


def test_what_changed_meanwhile_is_not_overwritten(store):
    store.save(ORGANISATION, NOW, lambda: None, expected=0)
    with pytest.raises(Fault, match="changed meanwhile; plan anew"):
        store.save(Organisation(), NOW, lambda: pytest.fail("must not publish"), expected=0)
    assert store.organisation() == (1, ORGANISATION)


def test_two_processes_on_one_file_see_the_same(tmp_path: Path):
    first, second = Database(tmp_path / "meta.db"), Database(tmp_path / "meta.db")
    migrate(first)
    ours, theirs = SqlWorkspaceStore(first), SqlWorkspaceStore(second)
    ours.save(ORGANISATION, NOW, lambda: None, expected=0)
    assert theirs.organisation() == (1, ORGANISATION)
    theirs.save(Organisation(TENANT), NOW, lambda: None, expected=1)
    assert ours.organisation() == (2, Organisation(TENANT))
    first.close()
    second.close()
