"""How a key ends: used for nothing new, and then overwritten wherever it lies."""

from collections.abc import Collection

from sqlalchemy import Connection, insert, select, update

from tocsin.vault.records import Kind
from tocsin.vault.rows import Rows, now, parts


def retire(rows: Rows, wanted: Collection[str]) -> int:
    """Use these keys for nothing new; returns how many were in use."""
    subjects = rows.tables.subjects
    changed = 0
    with rows.writing() as connection:
        for some in parts(wanted):
            question = update(subjects).where(
                subjects.c.id.in_(some), subjects.c.retired_at.is_(None)
            )
            changed += connection.execute(question.values(retired_at=now())).rowcount
        if changed:
            _moved(rows, connection)
    return changed


def unretire(rows: Rows, subject: str) -> bool:
    """Use a person's or a stream's key again. Whoever took a person's place meanwhile retires.

    Returns whether there is such a key still.
    """
    subjects = rows.tables.subjects
    with rows.writing() as connection:
        row = connection.execute(
            select(subjects).where(subjects.c.id == subject, subjects.c.wrapped.is_not(None))
        ).one_or_none()
        if row is None:
            return False
        if row.lookup is not None:
            connection.execute(
                update(subjects)
                .where(subjects.c.lookup == row.lookup, subjects.c.retired_at.is_(None))
                .values(retired_at=now())
            )
        connection.execute(update(subjects).where(subjects.c.id == subject).values(retired_at=None))
        _moved(rows, connection)
    return True


def destroy(rows: Rows, wanted: Collection[str]) -> int:
    """Overwrite keys, names and what people are found by; returns how many keys there were.

    An id that is not here is noted as forgotten all the same.
    """
    subjects, moment, destroyed = rows.tables.subjects, now(), 0
    gone = {"wrapped": None, "name": None, "lookup": None, "lock": None}
    with rows.writing() as connection:
        for some in parts(wanted):
            there = select(subjects.c.id).where(subjects.c.id.in_(some))
            known = set(connection.execute(there).scalars())
            question = update(subjects).where(
                subjects.c.id.in_(some), subjects.c.forgotten_at.is_(None)
            )
            values = {**gone, "forgotten_at": moment, "retired_at": moment}
            destroyed += connection.execute(question.values(values)).rowcount
            if new := [
                {"id": subject, "kind": Kind.UNKNOWN, "created_at": moment}
                | {"retired_at": moment, "forgotten_at": moment}
                for subject in sorted(set(some) - known)
            ]:
                connection.execute(insert(subjects), new)
        _moved(rows, connection)
    return destroyed


def _moved(rows: Rows, connection: Connection) -> None:
    """Every process notices by this number that what it remembers may be wrong."""
    vault = rows.tables.vault
    connection.execute(update(vault).values(generation=vault.c.generation + 1))
