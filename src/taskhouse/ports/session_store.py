"""Tunnel sessions and their blocks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from taskhouse.domain.transfer import Block, Download, ResultDownload, Upload, UploadStatus


class SessionStore(Protocol):
    """Verbs on the metadata store. Every method is synchronous, is one transaction, and takes the time as an argument.

    A session that is not touched for long enough is forgotten; whoever asks for it then gets None.
    """

    # uploads

    def create_upload(self, upload: Upload) -> None: ...

    def upload(self, session_id: str, now: datetime) -> Upload | None:
        """The session, touched now."""
        ...

    def put_block(self, session_id: str, block: Block, now: datetime, limit: int) -> str | None:
        """Record a complete block, replacing one with the same id; returns the path that nobody refers to any more, if any.

        Raises `Fault`: NO_SUCH_OBJECT when the session is gone, INVALID_STATE when it is not NORMAL, QUOTA_EXCEEDED beyond `limit` blocks.
        """
        ...

    def blocks(self, session_id: str) -> tuple[Block, ...]:
        """In the order of their ids."""
        ...

    def begin_commit(self, session_id: str, blocks: Sequence[int], now: datetime) -> Upload:
        """NORMAL becomes CLOSING, naming the blocks to commit; a session that is CLOSING or CLOSED already is returned as it is.

        Raises `Fault`: NO_SUCH_OBJECT, INVALID_STATE for a canceled one.
        """
        ...

    def end_upload(self, session_id: str, status: UploadStatus, now: datetime) -> None:
        """CLOSING becomes CLOSED or CANCELED; its blocks are forgotten."""
        ...

    def unfinished_commits(self) -> tuple[Upload, ...]:
        """Sessions left CLOSING."""
        ...

    def stale_uploads(self, before: datetime, limit: int) -> tuple[Upload, ...]:
        """Not touched since before that time, except those CLOSING."""
        ...

    # downloads

    def create_download(self, download: Download | ResultDownload) -> None: ...

    def download(self, session_id: str, now: datetime) -> Download | None: ...

    def result_download(self, session_id: str, now: datetime) -> ResultDownload | None: ...

    # forgetting

    def forget_uploads(self, session_ids: Sequence[str]) -> None: ...

    def forget_downloads(self, before: datetime, limit: int) -> int:
        """Forget at most `limit` download sessions that were not touched since before that time; returns how many."""
        ...
