"""Every limit of a server, in one place. A configuration file may set any of them; docs/limits.md is generated from here."""

from __future__ import annotations

from dataclasses import dataclass

MAY_BE_ZERO = frozenset(
    (
        "queued_instances",
        "long_poll_s",
        "clock_skew_s",
        "retention_hours",
        "memory_bytes",
        "engine_threads",
        "stop_grace_s",
        "recurring_days",
    )
)
"""Limits that mean something at 0. With any other at 0 a server could do nothing."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, times in seconds unless the name says otherwise."""

    running_tasks: int = 4
    """Task instances that run at once; others wait as Suspended, in priority order."""
    queued_instances: int = 100_000
    """Instances that may wait for a slot; submitting one more is refused with FlowExceeded."""
    xml_body_bytes: int = 8 * 1024 * 1024
    """Body of a request that is read whole: a job, a policy, a definition."""
    query_bytes: int = 2 * 1024 * 1024
    """Text of one task: a query, a merge, a note attached to a task."""
    tasks_per_job: int = 64
    """Tasks of one submitted job."""
    resource_bytes: int = 2 * 1024 * 1024 * 1024
    """One resource."""
    block_bytes: int = 16 * 1024 * 1024 * 1024
    """One uploaded block of a tunnel session."""
    field_bytes: int = 8 * 1024 * 1024
    """One text or binary value sent through the tunnel."""
    record_bytes: int = 256 * 1024 * 1024
    """One record of an upload, all its values together."""
    batch_bytes: int = 1024 * 1024 * 1024
    """One Arrow record batch of an upload."""
    blocks_per_session: int = 20_000
    """Blocks of one upload session."""
    result_rows: int = 10_000
    """Rows of a SELECT shown as CSV by `?result`; the instance tunnel gives all."""
    preview_rows: int = 10_000
    """Rows of a table preview (`head`)."""
    long_poll_s: float = 5.0
    """How long a blocking status request waits before it answers."""
    clock_skew_s: float = 900.0
    """How far a client's clock may be from the server's before its signature is refused."""
    token_hours: int = 24 * 30
    """Longest life of a bearer token."""
    session_hours: int = 24
    """Life of a tunnel session without a request."""
    sign_in_hours: int = 24
    """Life of a console session without a request; none lives longer than a week."""
    result_days: int = 30
    """How long results and instances are kept."""
    recurring_days: int = 0
    """How long recurring instances are kept after their data timestamp, with their runs and operations; 0 means for ever."""
    retention_hours: int = 24
    """How long files that a table no longer refers to stay readable for running readers."""
    dynamic_partitions: int = 60_000
    """Partitions that one statement may write to."""
    memory_bytes: int = 0
    """Memory of the embedded engine; 0 means 60 % of the machine's."""
    engine_threads: int = 0
    """Threads of the embedded engine; 0 means one a core."""
    log_bytes: int = 256 * 1024
    """Output of a script that is kept, half of it from the beginning and half from the end."""
    stop_grace_s: float = 5.0
    """How long a script that is stopped has to end by itself before it is killed."""
    page_items: int = 1_000
    """Items of one page of any list."""
