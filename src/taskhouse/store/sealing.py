"""Secrets at rest: sealed with a key that lies in a file of its own, readable by its owner only.

The metadata database can then be copied, backed up and read by tools without giving away any access key. Sealing is
AES-256-GCM with the name of what is sealed as associated data, so that a sealed secret cannot be moved to another row.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from taskhouse.ports.instance_store import StoreUnusableError

_NONCE = 12
_KEY = 32


class SealBrokenError(StoreUnusableError):
    """A sealed secret does not belong to this key file or was changed."""


class Seal:
    """`key_file` is made with mode 0600 when missing."""

    def __init__(self, key_file: Path) -> None:
        self._key = _load(key_file)
        self._cipher = AESGCM(self._key)
        self._file = key_file

    def close_up(self, name: str, secret: str) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, secret.encode(), name.encode())

    def open(self, name: str, sealed: bytes) -> str:
        """Raises `SealBrokenError`."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], name.encode()).decode()
        except InvalidTag:
            raise SealBrokenError(
                f"the secret of access key '{name}' was not sealed with {self._file}; is it the home's own key file?"
            ) from None

    def derive(self, purpose: str) -> bytes:
        """A key for another purpose, 32 bytes."""
        return hmac.new(self._key, f"derive {purpose}".encode(), hashlib.sha256).digest()


def _load(path: Path) -> bytes:
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(os.urandom(_KEY))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, path)
        except FileExistsError:
            """Another process made it first; its key is the home's."""
        finally:
            fresh.unlink()
        key = path.read_bytes()
    if len(key) != _KEY:
        raise SealBrokenError(f"{path} is not a key file: {len(key)} bytes instead of {_KEY}")
    return key
