"""New locks for old keys: what is sealed stays as it is, and only the keys are wrapped anew."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Connection, bindparam, func, select, update

from tocsin.vault.masters import new_key, read, wrapped_by, write
from tocsin.vault.opening import Opened
from tocsin.vault.records import VaultTrouble
from tocsin.vault.rows import Rows, bound, now

PAGE = 500
"""Keys that are wrapped anew in one transaction."""
Show: TypeAlias = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class Rotated:
    """What a rotation did."""

    lock: int
    keys: int
    continued: bool
    """It went on with a rotation that was interrupted, and made no lock of its own."""


def rotate(vault: Opened, show: Show = lambda done, total: None) -> Rotated:
    """Make a new lock and put every key under it; or finish what an earlier call began.

    The service may run meanwhile. Whatever interrupts this, asking again goes on from there.
    """
    rows = vault.rows
    with rows.writing() as connection:
        lock, waiting = _lock(rows, connection), _waiting(rows, connection)
        if not waiting:
            lock = vault.locks.make(connection, vault.masters.current())
            connection.execute(update(rows.tables.vault).values(lock=lock))
            total = _waiting(rows, connection)
        else:
            total = waiting
    done = 0
    show(done, total)
    while moved := _page(rows, lock):
        done += moved
        show(done, total)
    with rows.writing() as connection:
        _retire(rows, connection, lock)
    rows.tables.scrub()
    return Rotated(lock=lock, keys=done, continued=bool(waiting))


def change_master(vault: Opened, *, make: bool) -> None:
    """Lock the locks with the master key that the settings name, and with no other any more.

    Args:
        make: make it first, in the file where it is. It stands beside the old one until the locks
            have it, so that the vault opens wherever this is interrupted.

    Raises:
        VaultTrouble: it is in no file, so that only its keeper can make another.
    """
    rows, locks, at_hand = vault.rows, vault.rows.tables.locks, vault.masters
    file = at_hand.file if make else None
    if make and file is None:
        raise VaultTrouble(
            f"The master key is in {at_hand.source}: put its successor there, and say where the"
            " old one is with --master-from."
        )
    if file is not None:
        write(file, [new_key(), *read(file)])
        at_hand.reload()
    master = at_hand.current()
    with rows.writing() as connection:
        live = select(locks.c.number).where(locks.c.wrapped.is_not(None))
        for number in list(connection.execute(live).scalars()):
            plain = vault.locks.secret(connection, number)
            values = {"wrapped": wrapped_by(master, plain), "master": master.id}
            connection.execute(update(locks).where(locks.c.number == number).values(values))
    rows.tables.scrub()
    if file is not None:
        write(file, read(file)[:1])
        at_hand.reload()


def _page(rows: Rows, lock: int) -> int:
    """Wrap one page of keys anew; returns how many."""
    subjects = rows.tables.subjects
    question = (
        select(subjects.c.id, subjects.c.wrapped, subjects.c.lock)
        .where(subjects.c.lock < lock, subjects.c.wrapped.is_not(None))
        .order_by(subjects.c.lock, subjects.c.id)
        .limit(PAGE)
    )
    with rows.writing() as connection:
        values: list[dict[str, Any]] = []
        for row in connection.execute(question).all():
            secret = rows.locks.unwrap(connection, row.lock, row.wrapped, bound(row.id))
            wrapped = rows.locks.wrap(connection, lock, secret, bound(row.id))
            values.append({"subject": row.id, "anew": wrapped})
        if values:
            connection.execute(
                update(subjects)
                .where(subjects.c.id == bindparam("subject"))
                .values(wrapped=bindparam("anew"), lock=lock),
                values,
            )
    return len(values)


def _retire(rows: Rows, connection: Connection, lock: int) -> None:
    """Nothing is under an old lock any more: the secret of lookups moves too, and they go."""
    vault, locks = rows.tables.vault, rows.tables.locks
    row = connection.execute(select(vault)).one()
    if row.lookup_lock != lock:
        about = f"lookup|{row.id}"
        secret = rows.locks.unwrap(connection, row.lookup_lock, row.lookup, about)
        wrapped = rows.locks.wrap(connection, lock, secret, about)
        connection.execute(update(vault).values(lookup=wrapped, lookup_lock=lock))
    old = update(locks).where(locks.c.number < lock, locks.c.wrapped.is_not(None))
    connection.execute(old.values(wrapped=None, retired_at=now()))


def _lock(rows: Rows, connection: Connection) -> int:
    return int(connection.execute(select(rows.tables.vault.c.lock)).scalar_one())


def _waiting(rows: Rows, connection: Connection) -> int:
    """How many keys are not under the lock that is in use."""
    subjects, vault = rows.tables.subjects, rows.tables.vault
    question = (
        select(func.count())
        .select_from(subjects)
        .where(
            subjects.c.wrapped.is_not(None),
            subjects.c.lock < select(vault.c.lock).scalar_subquery(),
        )
    )
    return int(connection.execute(question).scalar_one())
