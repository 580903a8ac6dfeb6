"""Passwords and sessions of users in the metadata store."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Column, Connection, ForeignKey, Index, Table, Text, delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.ports.sign_in_store import SignedIn
from taskhouse.store.access_rows import find_user
from taskhouse.store.database import Database
from taskhouse.store.schema import from_micros, metadata, to_micros

passwords = Table(
    "passwords",
    metadata,
    Column("user", Text, ForeignKey("users.name", ondelete="CASCADE"), primary_key=True),
    Column("hash", Text, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

sign_ins = Table(
    "sign_ins",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("user", Text, ForeignKey("users.name", ondelete="CASCADE"), nullable=False),
    Column("begun_at", BigInteger, nullable=False),
    Column("used_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index(None, "user"),
    Index(None, "expires_at"),
    sqlite_with_rowid=False,
)


class SqlSignInStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    def put_password(self, user: str, hash: str, now: datetime) -> None:
        values = {"user": user, "hash": hash, "changed_at": to_micros(now)}
        put = upsert(passwords).values(values)
        put = put.on_conflict_do_update(index_elements=["user"], set_={"hash": hash, "changed_at": to_micros(now)})

        def write(connection: Connection) -> None:
            _require_user(connection, user)
            connection.execute(put)
            connection.execute(delete(sign_ins).where(sign_ins.c.user == user))

        self._database.write(write)

    def password(self, user: str) -> str | None:
        query = select(passwords.c.hash).where(passwords.c.user == user)
        return self._database.read(lambda connection: connection.execute(query).scalar())

    def renew_hash(self, user: str, old: str, new: str) -> None:
        change = update(passwords).where(passwords.c.user == user, passwords.c.hash == old).values(hash=new)
        self._database.write(lambda connection: connection.execute(change))

    def drop_password(self, user: str) -> bool:
        def write(connection: Connection) -> bool:
            connection.execute(delete(sign_ins).where(sign_ins.c.user == user))
            return bool(connection.execute(delete(passwords).where(passwords.c.user == user)).rowcount)

        return self._database.write(write)

    def has_passwords(self) -> bool:
        query = select(passwords.c.user).limit(1)
        return self._database.read(lambda connection: connection.execute(query).first()) is not None

    def begin(self, session: SignedIn) -> None:
        values = {
            "digest": session.digest,
            "user": session.user,
            "begun_at": to_micros(session.begun_at),
            "used_at": to_micros(session.used_at),
            "expires_at": to_micros(session.expires_at),
        }
        expired = delete(sign_ins).where(sign_ins.c.expires_at <= values["begun_at"])

        def write(connection: Connection) -> None:
            _require_user(connection, session.user)
            connection.execute(expired)
            connection.execute(insert(sign_ins).values(values))

        self._database.write(write)

    def session(self, digest: str) -> SignedIn | None:
        query = select(sign_ins).where(sign_ins.c.digest == digest)
        row = self._database.read(lambda connection: connection.execute(query).one_or_none())
        if row is None:
            return None
        return SignedIn(
            row.digest, row.user, from_micros(row.begun_at), from_micros(row.used_at), from_micros(row.expires_at)
        )

    def use(self, digest: str, used_at: datetime, expires_at: datetime) -> None:
        values = {"used_at": to_micros(used_at), "expires_at": to_micros(expires_at)}
        change = update(sign_ins).where(sign_ins.c.digest == digest).values(values)
        self._database.write(lambda connection: connection.execute(change))

    def end(self, digest: str) -> bool:
        gone = delete(sign_ins).where(sign_ins.c.digest == digest)
        return bool(self._database.write(lambda connection: connection.execute(gone).rowcount))


def _require_user(connection: Connection, user: str) -> None:
    if find_user(connection, user) is None:
        raise Fault(FaultCode.NO_SUCH_OBJECT, f"Object not found - user '{user}'")
