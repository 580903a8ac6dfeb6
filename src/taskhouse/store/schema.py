"""The metadata store's tables, collected on one `MetaData`.

Each store module (`instances`, `access`, `catalogue`, `sessions`) defines its own tables on `metadata`; importing them all
gives the complete schema. Conventions: times are integer microseconds since 1970-01-01 UTC, structured values are
JSON text, and every index is named, so that migrations can refer to it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import MetaData

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_micros(time: datetime) -> int:
    """Microseconds since 1970-01-01 UTC of an aware time."""
    since = time - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def from_micros(micros: int) -> datetime:
    """The aware UTC time of `to_micros`."""
    return _EPOCH + timedelta(microseconds=micros)


def optional_micros(time: datetime | None) -> int | None:
    return None if time is None else to_micros(time)


def optional_time(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
