"""How a vault is found, made, and refused: never another in place of the one that is gone."""

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from uuid import uuid4

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, Row, insert, select

from tocsin.settings import Settings
from tocsin.vault.columns import VERSION
from tocsin.vault.locks import Locks
from tocsin.vault.masters import Master, Masters, masters, new_key, write
from tocsin.vault.records import VaultUnavailable
from tocsin.vault.rows import Rows, now, trouble
from tocsin.vault.tables import Tables

Tail: TypeAlias = Callable[[int], Collection[str]]
"""Takes a position of the log, and gives the subjects of the last event after it that holds sealed
values: none when there is no such event."""
BEGIN = "`tocsin vault begin-anew`"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Opened:
    """A vault whose master key is at hand."""

    id: str
    tables: Tables
    locks: Locks
    masters: Masters
    rows: Rows
    accepted: int
    """Up to this position of the log it is known that keys were lost."""


def tables_of(settings: Settings, *, make: bool = False) -> Tables | None:
    """Where the settings say that the vault is; nothing when its file is not there."""
    if settings.vault_address:
        return Tables.at_url(settings.vault_address)
    if make or settings.vault_file.exists():
        return Tables.at_file(settings.vault_file, make=make)
    return None


def opened(settings: Settings) -> Opened | None:
    """The vault, if there is one.

    Raises:
        VaultUnavailable: there is one, and it cannot be read or unlocked.
    """
    tables = tables_of(settings)
    if tables is None:
        return None
    try:
        with trouble(tables):
            if not tables.there():
                tables.close()
                return None
            return unlocked(tables, masters(settings))
    except BaseException:
        tables.close()
        raise


def unlocked(tables: Tables, at_hand: Masters) -> Opened:
    """A vault that is there, opened with a master key.

    Raises:
        VaultUnavailable: the key is not the right one, or the vault is damaged or too new.
    """
    with trouble(tables), tables.reading() as connection:
        row = _row(connection, tables)
        locks = Locks(tables, at_hand, row.id)
        secret = locks.unwrap(connection, row.lookup_lock, row.lookup, f"lookup|{row.id}")
        if row.lock != row.lookup_lock:
            locks.secret(connection, row.lock)
    return Opened(row.id, tables, locks, at_hand, Rows(tables, locks, secret), row.accepted)


def _row(connection: Connection, tables: Tables) -> Row[Any]:
    row = connection.execute(select(tables.vault)).one_or_none()
    if row is None:
        raise VaultUnavailable(f"The vault ({tables.place}) is empty: it is not a vault.")
    if row.version > VERSION:
        raise VaultUnavailable(
            f"The vault ({tables.place}) has version {row.version}; this program knows up to"
            f" {VERSION}. Use a newer one."
        )
    return row


def for_writing(settings: Settings, tail: Tail) -> Opened:
    """The vault of a log that is about to be written: made if there never was one.

    Raises:
        VaultUnavailable: it cannot be unlocked, or it is gone, or is older than the log.
    """
    found = opened(settings)
    if found is None:
        if tail(0):
            raise VaultUnavailable(
                f"The log holds sealed values, and their vault is gone ({_place(settings)})."
                f" Restore it from its backup. If it is lost for ever, {BEGIN} makes a new one:"
                " what was sealed stays unreadable."
            )
        return made(settings)
    last = tail(found.accepted)
    if lacking := set(last) - found.rows.known(last):
        found.tables.close()
        raise VaultUnavailable(
            f"The vault ({found.tables.place}) lacks {len(lacking)} of the keys of the log's last"
            " sealed event: it is another one's, or an old copy. Put the right one in its place."
            f" If that is lost for ever, {BEGIN} goes on with this one: what was sealed with the"
            " keys that it lacks stays unreadable."
        )
    return found


def made(settings: Settings, accepted: int = 0) -> Opened:
    """A new vault, and a new master key if its file is not there yet."""
    tables, at_hand = tables_of(settings, make=True), masters(settings)
    assert tables is not None
    try:
        with trouble(tables), tables.writing() as connection:
            tables.make(connection)
            if connection.execute(select(tables.vault.c.id)).first() is None:
                _begin(connection, tables, at_hand, accepted)
        return unlocked(tables, at_hand)
    except BaseException:
        tables.close()
        raise


def _begin(connection: Connection, tables: Tables, at_hand: Masters, accepted: int) -> None:
    master, vault_id = _first_master(at_hand), str(uuid4())
    locks = Locks(tables, at_hand, vault_id)
    number, secret = locks.make(connection, master), AESGCM.generate_key(256)
    values = {
        "id": vault_id,
        "version": VERSION,
        "created_at": now(),
        "generation": 1,
        "lock": number,
        "lookup": locks.wrap(connection, number, secret, f"lookup|{vault_id}"),
        "lookup_lock": number,
        "accepted": accepted,
    }
    connection.execute(insert(tables.vault).values(values))


def _first_master(at_hand: Masters) -> Master:
    if at_hand.file is not None and not at_hand.file.exists():
        write(at_hand.file, [new_key()])
        _log.info(
            "Made the vault's master key: %s. Keep a copy of it away from the vault's backups:"
            " without it, nothing that is sealed can ever be read.",
            at_hand.file,
        )
    return at_hand.current()


def _place(settings: Settings) -> str | Path:
    tables = tables_of(settings) if settings.vault_address else None
    if tables is None:
        return settings.vault_file
    tables.close()
    return tables.place
