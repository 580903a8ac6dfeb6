"""Faults: errors that are answers.

A `Fault` is raised wherever a request or a statement cannot be served for a reason that the caller can
understand. It carries a code from the closed table below, so that every protocol edge can print it in its own
form, and an HTTP status follows from the code alone. Anything else that escapes is a defect (500).

Source followed: the error classes of the PyODPS client and the ODPS-MMCCCCX code families.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class FaultCode(Enum):
    """`(name on the wire, HTTP status, ODPS number)`; the number is printed in front of the message text."""

    NO_SUCH_OBJECT = ("NoSuchObject", 404, "ODPS-0420111")
    NO_SUCH_PROJECT = ("NoSuchProject", 404, "ODPS-0420111")
    NO_SUCH_SCHEMA = ("NoSuchSchema", 404, "ODPS-0420111")
    NO_SUCH_TABLE = ("NoSuchTable", 404, "ODPS-0130131")
    NO_SUCH_PARTITION = ("NoSuchPartition", 404, "ODPS-0420111")
    INVALID_PARTITION = ("InvalidPartition", 400, "ODPS-0123031")
    """A partition value that rows cannot have, or too many partitions in one statement."""
    OBJECT_EXISTS = ("ObjectAlreadyExists", 409, "ODPS-0420114")
    TABLE_EXISTS = ("ObjectAlreadyExists", 409, "ODPS-0130211")
    """A table, view or partition that a statement was to create."""
    INVALID_ARGUMENT = ("InvalidArgument", 400, "ODPS-0420411")
    INVALID_PARAMETER = ("InvalidParameter", 400, "ODPS-0410042")
    METHOD_NOT_ALLOWED = ("MethodNotAllowed", 405, "ODPS-0410021")
    AUTHORIZATION_REQUIRED = ("AuthorizationRequired", 401, "ODPS-0410031")
    SIGNATURE_NOT_MATCH = ("SignatureNotMatch", 403, "ODPS-0410032")
    REQUEST_TIME_SKEWED = ("RequestTimeTooSkewed", 403, "ODPS-0410033")
    AUTHENTICATION_EXPIRED = ("AuthenticationRequestExpired", 401, "ODPS-0410034")
    """A temporary key or a token is past its time."""
    NO_PERMISSION = ("NoPermission", 403, "ODPS-0130013")
    INVALID_STATE = ("InvalidStateSetting", 409, "ODPS-0430071")
    NOT_TERMINATED = ("InstanceNotTerminate", 409, "ODPS-0430072")
    INSTANCE_TYPE = ("InstanceTypeNotSupported", 400, "ODPS-0430073")
    TABLE_MODIFIED = ("TableModified", 409, "ODPS-0430074")
    QUOTA_EXCEEDED = ("RequestQuotaExceeded", 413, "ODPS-0430075")
    FLOW_EXCEEDED = ("FlowExceeded", 429, "ODPS-0430076")
    PARSE_ERROR = ("ParseError", 400, "ODPS-0130161")
    SEMANTIC = ("SemanticError", 400, "ODPS-0130071")
    """A name, column or expression that cannot be resolved or does not type."""
    NOT_SUPPORTED = ("NotSupported", 400, "ODPS-0130121")
    """A feature of MaxCompute that Taskhouse does not have, or a forbidden statement."""
    RUNTIME = ("RuntimeError", 400, "ODPS-0121095")
    """A statement failed while it ran: cast, overflow, limit, full disk."""
    ILLEGAL_CAST = ("IllegalTypeCast", 400, "ODPS-0123091")
    """A value that is no value of the type it is cast to, in strict mode."""
    BAD_PARTITION = ("PartitionException", 400, "ODPS-0123031")
    """A row whose dynamic partition value is NULL or empty."""
    CONFLICT = ("CommitConflict", 409, "ODPS-0110061")
    """Another writer changed the table first."""
    SESSION_UNAVAILABLE = ("SQAServiceUnavailable", 400, "ODPS-1840001")
    """Interactive sessions, which Taskhouse does not have; clients fall back to ordinary instances."""
    CANCELLED = ("Cancelled", 400, "ODPS-0010001")
    INTERRUPTED = ("Interrupted", 500, "ODPS-0010000")
    """The server stopped while the attempt ran."""

    @property
    def wire_name(self) -> str:
        return self.value[0]

    @property
    def http_status(self) -> int:
        return self.value[1]

    @property
    def number(self) -> str:
        return self.value[2]


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a query's text: 1-based line and column."""

    line: int
    column: int


class Fault(Exception):
    """`str(fault)` is the full text, e.g. `ODPS-0130131:[1,15] Table not found - table p.t cannot be resolved`."""

    def __init__(self, code: FaultCode, message: str, place: Place | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.place = place

    def __str__(self) -> str:
        if self.place is not None:
            return f"{self.code.number}:[{self.place.line},{self.place.column}] {self.message}"
        return f"{self.code.number}: {self.message}"
