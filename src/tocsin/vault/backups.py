"""Copies of the vault: made while it is used, put back, and looked at before they are needed."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, Row, Table, func, insert, select

from tocsin.settings import Settings
from tocsin.vault.locks import opened_name
from tocsin.vault.masters import masters
from tocsin.vault.masters import source as source_of
from tocsin.vault.opening import Opened, tables_of, unlocked
from tocsin.vault.records import VaultTrouble, VaultUnavailable
from tocsin.vault.rotation import Show
from tocsin.vault.rows import bound, trouble
from tocsin.vault.tables import Tables

PAGE = 1_000
NAMED = 20
"""Subjects that a report names; it counts all."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a copy of the vault is worth."""

    keys: int
    """Keys in it that unlock."""
    damaged: tuple[str, ...]
    """Subjects whose keys or names in it do not unlock."""
    missing: int
    """Keys of the vault that it lacks: made after it, as a rule."""
    destroyed: tuple[str, ...]
    """Subjects whose keys are in it although the vault has destroyed them."""
    strange: int
    """Keys in it of which the vault knows nothing."""


def back_up(vault: Opened, file: Path, show: Show = lambda done, total: None) -> int:
    """Copy the vault, as it is at one moment, into a SQLite file; returns the number of subjects.

    Raises:
        VaultTrouble: there is something at that place already.
        VaultUnavailable: it cannot be written.
    """
    if file.exists():
        raise VaultTrouble(f"There is a {file} already: it is not overwritten.")
    new = file.with_name(f"{file.name}.new")
    new.unlink(missing_ok=True)
    try:
        with closing(Tables.at_file(new, make=True)) as copy:
            count = _copied(vault.tables, copy, show)
            copy.settle()
        new.rename(file)
    except OSError as error:
        raise VaultUnavailable(f"{file} cannot be written: {error}.") from error
    finally:
        new.unlink(missing_ok=True)
    return count


def restore(
    settings: Settings,
    file: Path,
    show: Show = lambda done, total: None,
    *,
    old_master: str = "",
) -> int:
    """Put a copy in the place of a vault that is gone; returns the number of subjects.

    Args:
        old_master: where the master key is that locks the copy, if the settings name another.

    Raises:
        VaultTrouble: there is a vault.
        VaultUnavailable: the copy cannot be read or unlocked.
    """
    with closing(_copy(file)) as source:
        _unlock(source, settings, old_master)
        tables = tables_of(settings, make=True)
        assert tables is not None
        with closing(tables):
            if tables.there():
                raise VaultTrouble(f"There is a vault already ({tables.place}): move it away.")
            return _copied(source, tables, show)


def unlockable(settings: Settings, file: Path, old_master: str = "") -> None:
    """Make sure that a copy could be restored with the master key at hand; it changes nothing.

    Raises:
        VaultUnavailable: the copy cannot be read or unlocked.
    """
    with closing(_copy(file)) as source:
        _unlock(source, settings, old_master)


def _unlock(copy: Tables, settings: Settings, old_master: str) -> None:
    at_hand = masters(settings)
    unlocked(copy, at_hand.with_others(source_of(old_master)) if old_master else at_hand)


def verify(vault: Opened, file: Path, show: Show = lambda done, total: None) -> Report:
    """Unlock everything in a copy, and compare it with the vault.

    Raises:
        VaultTrouble: it is a copy of another vault.
        VaultUnavailable: it cannot be read, or unlocked with the master key at hand.
    """
    with closing(_copy(file)) as tables:
        copy = unlocked(tables, vault.masters)
        if copy.id != vault.id:
            raise VaultTrouble(f"{file} is a copy of another vault.")
        damaged, destroyed = list[str](), list[str]()
        keys = strange = both = 0
        with copy.rows.reading() as there, vault.rows.reading() as here:
            total = _live(tables.subjects, there)
            for page in _pages(tables.subjects, there):
                known = _states(vault.tables.subjects, here, [row.id for row in page])
                for row in page:
                    sound = _sound(copy, there, row)
                    keys += sound
                    both += known.get(row.id) is True
                    strange += row.id not in known
                    if not sound:
                        damaged.append(row.id)
                    if known.get(row.id) is False:
                        destroyed.append(row.id)
                show(keys, total)
            missing = _live(vault.tables.subjects, here) - both
    return Report(
        keys=keys,
        damaged=tuple(damaged),
        missing=missing,
        destroyed=tuple(destroyed),
        strange=strange,
    )


def _copy(file: Path) -> Tables:
    if not file.is_file():
        raise VaultUnavailable(f"There is no file {file}.")
    if file.with_name(f"{file.name}-wal").exists():
        raise VaultUnavailable(
            f"{file} was copied while it was written: a part of it is in {file.name}-wal."
            " `tocsin vault backup` makes copies that are whole."
        )
    tables = Tables.at_copy(file)
    with trouble(tables):
        if not tables.there():
            raise VaultUnavailable(f"{file} is no copy of a vault.")
    return tables


def _copied(source: Tables, target: Tables, show: Show) -> int:
    """All rows, as they are at one moment, into new tables, all or nothing."""
    done = 0
    with trouble(source), source.reading() as reading, trouble(target), target.writing() as writing:
        target.make(writing)
        total = reading.execute(select(func.count()).select_from(source.subjects)).scalar_one()
        for kind in ("vault", "locks"):
            rows = reading.execute(select(getattr(source, kind))).mappings().all()
            writing.execute(insert(getattr(target, kind)), [dict(row) for row in rows])
        for page in _pages(source.subjects, reading, live=False):
            writing.execute(insert(target.subjects), [dict(row._mapping) for row in page])
            done += len(page)
            show(done, total)
    return done


def _pages(
    subjects: Table, connection: Connection, *, live: bool = True
) -> Iterator[list[Row[Any]]]:
    after = ""
    while True:
        question = select(subjects).where(subjects.c.id > after)
        if live:
            question = question.where(subjects.c.wrapped.is_not(None))
        page = list(connection.execute(question.order_by(subjects.c.id).limit(PAGE)).all())
        if not page:
            return
        yield page
        after = page[-1].id


def _live(subjects: Table, connection: Connection) -> int:
    question = select(func.count()).select_from(subjects).where(subjects.c.wrapped.is_not(None))
    return int(connection.execute(question).scalar_one())


def _states(subjects: Table, connection: Connection, ids: list[str]) -> dict[str, bool]:
    """Of each of these ids that there is, whether its key is there."""
    question = select(subjects.c.id, subjects.c.wrapped.is_not(None)).where(subjects.c.id.in_(ids))
    return {subject: bool(there) for subject, there in connection.execute(question)}


def _sound(copy: Opened, connection: Connection, row: Row[Any]) -> bool:
    try:
        secret = copy.locks.unwrap(connection, row.lock, row.wrapped, bound(row.id))
        if row.name is not None:
            opened_name(AESGCM(secret), row.id, row.name)
    except (VaultUnavailable, InvalidTag, ValueError):
        return False
    return True
