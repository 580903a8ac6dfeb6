"""What becomes of sessions that nobody ends: commits cut short are finished, forgotten sessions removed with their files."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from taskhouse.services.tunnel import upload
from taskhouse.services.world import World

_log = structlog.get_logger(__name__)
_BATCH = 200


def finish_commits(world: World) -> int:
    """Carry out every commit that had begun when the last server died. Called at the start; returns how many."""
    count = 0
    for each in world.sessions.unfinished_commits():
        try:
            upload.finish(world, each)
        except Exception:
            _log.exception("an upload's commit could not be finished", session=each.id)
        else:
            count += 1
    return count


def forget_sessions(world: World, now: datetime) -> int:
    """Remove sessions without a request for `session_hours`, and the blocks of uploads that never were committed."""
    before = now - timedelta(hours=world.limits.session_hours)
    count = 0
    while True:
        stale = world.sessions.stale_uploads(before, _BATCH)
        for each in stale:
            world.warehouse.discard(each.folder)
        world.sessions.forget_uploads([each.id for each in stale])
        downloads = world.sessions.forget_downloads(before, _BATCH)
        count += len(stale) + downloads
        if len(stale) < _BATCH and downloads < _BATCH:
            return count
