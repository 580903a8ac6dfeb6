"""Users, keys and rules in SQL: what is kept in memory is never older than it may be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import pytest

from taskhouse.domain.access import AccessKey, Grant, KeyKind, ResourceKind, Role, SecurityConfiguration
from taskhouse.domain.catalogue import Project
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.store import access
from taskhouse.store.access import SqlAccessStore
from taskhouse.store.catalogue import SqlCatalogueStore
from taskhouse.store.database import Database
from taskhouse.store.schema import metadata
from taskhouse.store.sealing import Seal, SealBrokenError

NOW = datetime(2026, 11, 20, tzinfo=UTC)
ADMIN, ALICE, BOB = "ALIYUN$admin", "ALIYUN$alice", "ALIYUN$bob"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "meta.db")
    opened.write(metadata.create_all)
    yield opened
    opened.close()


@pytest.fixture
def store(database: Database) -> SqlAccessStore:
    store = SqlAccessStore(database)
    store.add_user(ADMIN, NOW, is_admin=True)
    store.add_user(ALICE, NOW)
    SqlCatalogueStore(database).create_project(Project("p", ADMIN, "", NOW, NOW))
    return store


def key(access_id: str, user: str = ALICE, secret: str = "hidden") -> AccessKey:
    return AccessKey(access_id, user, secret, KeyKind.USER, NOW)


def code(caught: pytest.ExceptionInfo[Fault]) -> FaultCode:
    return caught.value.code


def test_users(store: SqlAccessStore) -> None:
    alice = store.user(ALICE)
    assert alice is not None
    assert store.user(alice.id) == alice
    assert store.user("ALIYUN$nobody") is None
    assert store.user("9" * 40) is None
    assert store.ensure_user(ALICE, NOW) == alice
    assert [user.name for user in store.users()] == [ADMIN, ALICE]
    with pytest.raises(Fault) as caught:
        store.add_user(ALICE, NOW)
    assert code(caught) is FaultCode.OBJECT_EXISTS
    with pytest.raises(Fault, match="last administrator"):
        store.drop_user(ADMIN)
    store.drop_user(ALICE)
    assert store.user(ALICE) is None
    again = store.add_user(ALICE, NOW)
    assert again.id != alice.id


def test_keys(store: SqlAccessStore) -> None:
    store.add_key(key("k1"))
    assert store.key("k1") == key("k1")
    assert store.keys() == (key("k1", secret=""),)
    for wrong, expected in ((key("k1"), FaultCode.OBJECT_EXISTS), (key("k2", BOB), FaultCode.NO_SUCH_OBJECT)):
        with pytest.raises(Fault) as caught:
            store.add_key(wrong)
        assert code(caught) is expected
    store.enable_key("k1", False)
    found = store.key("k1")
    assert found is not None and not found.enabled
    store.drop_user(ALICE)
    assert store.key("k1") is None
    for change in (lambda: store.drop_key("k1"), lambda: store.enable_key("k1", True)):
        with pytest.raises(Fault) as caught:
            change()
        assert code(caught) is FaultCode.NO_SUCH_OBJECT


def test_rules(store: SqlAccessStore) -> None:
    store.add_member("p", ALICE)
    store.create_role("p", Role("r", NOW, "readers"))
    store.assign_role("p", "r", ALICE)
    store.assign_role("p", "r", ALICE)
    grant = Grant(ResourceKind.TABLE, "t", "Select", True, "r")
    direct = Grant(ResourceKind.TABLE, "t", "Drop", False, ALICE)
    store.add_grants("p", (grant, grant, direct))
    store.put_role_policy("p", "r", '{ "Statement": [] }')
    store.put_policy("p", '{"Statement":[]}')
    store.put_configuration("p", SecurityConfiguration(label_security=True))
    rules = store.rules("p")
    assert rules.owner == ADMIN
    assert rules.members == {ALICE}
    assert rules.roles == {"r": Role("r", NOW, "readers", '{ "Statement": [] }')}
    assert rules.roles_of(ALICE) == ("r",)
    assert set(rules.grants) == {grant, direct}
    assert rules.policy_text == '{"Statement":[]}'
    assert rules.configuration.label_security and rules.configuration.check_permission_using_acl
    assert store.rules("p") is rules, "unchanged rules are answered from memory"
    store.remove_grants("p", (direct,))
    assert store.rules("p").grants == (grant,)
    store.forget_object("p", "tables", "t")
    assert store.rules("p").grants == ()
    store.withdraw_role("p", "r", ALICE)
    store.drop_role("p", "r")
    store.remove_member("p", ALICE)
    assert not store.rules("p").members
    assert store.rules("nowhere").owner == ""


def test_rules_go_with_their_project(store: SqlAccessStore) -> None:
    store.add_member("p", ALICE)
    store.create_role("p", Role("r", NOW))
    store.assign_role("p", "r", ALICE)
    store.add_grants("p", (Grant(ResourceKind.TABLE, "t", "All", False, ALICE),))
    store.put_policy("p", '{"Statement":[]}')
    store.forget_project("p")
    rules = store.rules("p")
    assert not (rules.members or rules.roles or rules.role_members or rules.grants or rules.policy_text)


@pytest.mark.parametrize(
    ("verb", "arguments", "expected"),
    [
        ("add_member", ("p", ADMIN), None),
        ("remove_member", ("p", ALICE), FaultCode.NO_SUCH_OBJECT),
        ("drop_role", ("p", "none"), FaultCode.NO_SUCH_OBJECT),
        ("put_role_policy", ("p", "none", "{}"), FaultCode.NO_SUCH_OBJECT),
        ("assign_role", ("p", "none", ALICE), FaultCode.NO_SUCH_OBJECT),
        ("assign_role", ("p", "admin", ALICE), FaultCode.NO_SUCH_OBJECT),
        ("withdraw_role", ("p", "admin", ALICE), FaultCode.NO_SUCH_OBJECT),
        ("add_grants", ("p", (Grant(ResourceKind.TABLE, "t", "All", False, BOB),)), FaultCode.NO_SUCH_OBJECT),
        ("add_grants", ("p", (Grant(ResourceKind.TABLE, "t", "All", True, "none"),)), FaultCode.NO_SUCH_OBJECT),
    ],
)
def test_refusals(store: SqlAccessStore, verb: str, arguments: tuple[object, ...], expected: FaultCode | None) -> None:
    if expected is None:
        getattr(store, verb)(*arguments)
        expected = FaultCode.OBJECT_EXISTS
    with pytest.raises(Fault) as caught:
        getattr(store, verb)(*arguments)
    assert code(caught) is expected


def test_changes_of_another_process_are_seen(
    database: Database, store: SqlAccessStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.add_key(key("k1"))
    assert store.key("k1") is not None
    assert store.rules("p").owner == ADMIN
    time = [monotonic()]
    monkeypatch.setattr(access, "monotonic", lambda: time[0])
    assert store.key("k1") is not None
    other = SqlAccessStore(Database(tmp_path / "meta.db"))
    other.drop_key("k1")
    other.add_key(key("k2"))
    assert store.key("k2") is not None, "what is unknown is always looked up"
    time[0] += 1.1
    assert store.key("k1") is None
    SqlCatalogueStore(database).change_project("p", datetime(2026, 11, 21, tzinfo=UTC), owner=ALICE)
    time[0] += 1.1
    assert store.rules("p").owner == ALICE
    other._database.close()


def test_secrets_belong_to_their_key_file_and_row(store: SqlAccessStore, database: Database, tmp_path: Path) -> None:
    store.add_key(key("k1"))
    with pytest.raises(SealBrokenError, match="k1"):
        SqlAccessStore(database, tmp_path / "other.key").key("k1")
    seal = Seal(tmp_path / "secret.key")
    sealed = seal.close_up("k1", "hidden")
    assert b"hidden" not in sealed
    assert seal.open("k1", sealed) == "hidden"
    with pytest.raises(SealBrokenError):
        seal.open("k2", sealed)
    assert store.token_key() == SqlAccessStore(database).token_key()
    (tmp_path / "broken.key").write_bytes(b"short")
    with pytest.raises(SealBrokenError, match="not a key file"):
        Seal(tmp_path / "broken.key")
