"""What operations look like in JSON when they are asked for."""

from __future__ import annotations

from typing import Annotated

import msgspec

from taskhouse.domain.operations.request import Target
from taskhouse.protocols.rest.routing import Id
from taskhouse.services.recurring.asking import NAMES, Options

_Name = Annotated[str, msgspec.Meta(max_length=256)]
_Names = Annotated[list[_Name], msgspec.Meta(max_length=10_000)]

SHOWN = 1000
"""Entries that each list of a preview shows, unless `limit` says otherwise."""


class TargetBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An instance, and the fields meant, by name; without `fields` the entire table, or the script."""

    instance: Id
    fields: _Names | None = None

    def target(self) -> Target:
        return Target(self.instance, None if self.fields is None else tuple(dict.fromkeys(self.fields)))


class OptionsBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What was chosen in the dialog. `code`: CURRENT or AS_RAN. `start_mode`: NORMAL or DRY_RUN. `scope`: of RERUN_DOWNSTREAM and
    FORCE_RERUN_DOWNSTREAM ALL_FAILED_INSTANCE, ALL_FINAL_INSTANCE, ALL_INSTANCE or CUSTOM (with `members`), of SET_SUCCESS
    FAILED_FIELDS, NOT_RUN_FIELDS, FAILED_AND_NOT_RUN_FIELDS or CUSTOM. `upstream`: ids of instances to cut, 0 is the root. `priority`:
    HIGHEST, HIGH, MIDDLE, LOW, LOWEST. `exclude_forbidden`: leave out members for which permission lacks, instead of refusing."""

    code: str | None = None
    start_mode: str | None = None
    scope: str | None = None
    members: Annotated[list[TargetBody], msgspec.Meta(max_length=10_000)] | None = None
    include_start: bool | None = None
    exclude_forbidden: bool | None = None
    upstream: Annotated[list[Id], msgspec.Meta(max_length=10_000)] | None = None
    priority: str | None = None

    def options(self) -> Options:
        return Options(
            self.code,
            self.start_mode,
            self.scope,
            None if self.members is None else tuple(member.target() for member in self.members),
            self.include_start,
            self.exclude_forbidden,
            None if self.upstream is None else tuple(self.upstream),
            self.priority,
        )


class OperationBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """`operation`: the name. Instances are given as `targets`, or chosen by a `selection` (`t0+3,status:failed`) in an `environment`
    (PROD, DEV) over `bizdates`; several of them, or the name of a batch, make a batch. `digest` is that of the preview, which operations
    that write data need. `perspective` (TABLE, FIELD, BATCH, DAG): from which page it comes, for the log. `limit`: how many entries each
    list of a preview shows."""

    operation: Annotated[str, msgspec.Meta(examples=list(NAMES), max_length=64)]
    targets: Annotated[list[TargetBody], msgspec.Meta(max_length=10_000)] = []
    options: OptionsBody = msgspec.field(default_factory=OptionsBody)
    digest: Annotated[str, msgspec.Meta(max_length=64)] = ""
    perspective: str | None = None
    selection: Annotated[str, msgspec.Meta(max_length=4096)] = ""
    environment: str = "PROD"
    bizdates: Annotated[list[Annotated[str, msgspec.Meta(max_length=16)]], msgspec.Meta(max_length=31)] = []
    limit: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = SHOWN
