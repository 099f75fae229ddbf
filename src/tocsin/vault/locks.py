"""Key-encryption keys: each locks many keys of subjects, and is locked with the master key."""

import hmac
import os
from datetime import UTC, datetime
from threading import Lock as Mutex
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, func, insert, select

from tocsin.vault.masters import (
    KEY_BYTES,
    NONCE_BYTES,
    Master,
    Masters,
    unwrapped_by,
    wrapped_by,
)
from tocsin.vault.records import VaultUnavailable
from tocsin.vault.tables import Tables


class Locks:
    """The key-encryption keys of one vault, unwrapped once and then at hand."""

    def __init__(self, tables: Tables, masters: Masters, vault_id: str) -> None:
        self._tables, self._masters, self._vault_id = tables, masters, vault_id
        self._open: dict[int, AESGCM] = {}
        self._mutex = Mutex()

    def make(self, connection: Connection, master: Master) -> int:
        """Add a new one, locked with this master key, and return its number."""
        locks = self._tables.locks
        last = connection.execute(select(func.max(locks.c.number))).scalar_one()
        number = int(last or 0) + 1
        secret = AESGCM.generate_key(KEY_BYTES * 8)
        values = {
            "number": number,
            "master": master.id,
            "wrapped": wrapped_by(master, self.bound(number) + secret),
            "created_at": datetime.now(UTC).isoformat(),
        }
        connection.execute(insert(locks).values(values))
        return number

    def bound(self, number: int) -> bytes:
        """What stands before a key-encryption key when it is wrapped, so that no other passes."""
        return b"tocsin vault lock\0" + UUID(self._vault_id).bytes + number.to_bytes(8, "big")

    def secret(self, connection: Connection, number: int) -> bytes:
        """A key-encryption key itself, with what binds it to its place.

        Raises:
            VaultUnavailable: its master key is not at hand, or it is not what it should be.
        """
        locks, place = self._tables.locks, self._tables.place
        row = connection.execute(select(locks).where(locks.c.number == number)).one_or_none()
        if row is None or row.wrapped is None:
            raise VaultUnavailable(f"The vault ({place}) is damaged: it has no lock {number}.")
        plain = unwrapped_by(self._masters.of(row.master, place), row.wrapped, place)
        prefix = self.bound(number)
        if not hmac.compare_digest(plain[: len(prefix)], prefix):
            raise VaultUnavailable(f"The vault ({place}) is damaged: lock {number} is another's.")
        return plain

    def wrap(self, connection: Connection, number: int, plain: bytes, bound_to: str) -> bytes:
        """Lock a key away, bound to the row that holds it."""
        nonce = os.urandom(NONCE_BYTES)
        key = self._lock(connection, number)
        return nonce + key.encrypt(nonce, plain, bound_to.encode())

    def at_hand(self, number: int) -> bool:
        """Whether this one was unwrapped before, so that no connection is needed."""
        return number in self._open

    def unwrap(
        self, connection: Connection | None, number: int, wrapped: bytes, bound_to: str
    ) -> bytes:
        """A key that was locked away.

        Raises:
            VaultUnavailable: it is not what was locked away there.
        """
        key = self._lock(connection, number)
        try:
            return key.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], bound_to.encode())
        except (InvalidTag, ValueError) as error:
            raise VaultUnavailable(
                f"The vault ({self._tables.place}) is damaged: {bound_to} does not unlock."
            ) from error

    def _lock(self, connection: Connection | None, number: int) -> AESGCM:
        key = self._open.get(number)
        if key is None:
            assert connection is not None
            with self._mutex:
                secret = self.secret(connection, number)[len(self.bound(number)) :]
                key = self._open[number] = AESGCM(secret)
        return key

    def close(self) -> None:
        """Forget every key."""
        self._open = {}


def sealed_name(key: AESGCM, subject: str, name: str) -> bytes:
    """A name under its own key: who destroys the key destroys the name."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + key.encrypt(nonce, name.encode(), f"name|{subject}".encode())


def opened_name(key: AESGCM, subject: str, sealed: Any) -> str:
    """The name of a subject."""
    bound = f"name|{subject}".encode()
    return key.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound).decode()
