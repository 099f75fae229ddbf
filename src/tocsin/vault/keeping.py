"""What who looks after a vault asks of it: how much there is, and a new one in place of a lost."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, func, select, update

from tocsin.settings import Settings
from tocsin.vault.masters import masters, new_key, source, write
from tocsin.vault.opening import Opened, made, opened, tables_of, unlocked
from tocsin.vault.records import Counts, Kind, Lock, VaultTrouble, VaultUnavailable
from tocsin.vault.rows import Rows


@contextmanager
def standing(settings: Settings, old_master: str = "") -> Iterator[Opened]:
    """The vault that is there, for who looks after it.

    Args:
        old_master: where the master key is that still locks it, if the settings name its successor.

    Raises:
        VaultTrouble: there is none.
        VaultUnavailable: it cannot be opened.
    """
    at_hand = masters(settings)
    if old_master:
        others = source(old_master)
        others.reload()
        if at_hand.file is not None and not at_hand.file.exists():
            write(at_hand.file, [new_key()])
        at_hand = at_hand.with_others(others)
    tables = tables_of(settings)
    try:
        if tables is None or not tables.there():
            raise VaultTrouble("There is no vault yet: `tocsin serve` makes it.")
        yield unlocked(tables, at_hand)
    finally:
        if tables is not None:
            tables.close()


def counts(vault: Opened) -> Counts:
    """How much there is of everything."""
    tables = vault.tables
    subjects = tables.subjects.c
    live, case = subjects.wrapped.is_not(None), subjects.kind == Kind.CASE
    bound, current = subjects.stream.is_not(None), select(tables.vault.c.lock).scalar_subquery()
    question = select(
        func.count().filter(live, subjects.kind == Kind.PERSON),
        func.count().filter(live, case, bound),
        func.count().filter(live, case, ~bound),
        func.count().filter(live, subjects.retired_at.is_not(None)),
        func.count().filter(subjects.forgotten_at.is_not(None)),
        func.count().filter(live, subjects.lock < current),
    )
    with vault.rows.reading() as connection:
        people, cases, spare, retired, forgotten, waiting = connection.execute(question).one()
        generation = connection.execute(select(tables.vault.c.generation)).scalar_one()
    return Counts(
        people=people,
        cases=cases,
        spare=spare,
        retired=retired,
        forgotten=forgotten,
        generation=generation,
        waiting=waiting,
    )


def locks(vault: Opened) -> list[Lock]:
    """Every lock that there ever was, and how many keys are under it."""
    table = vault.tables.locks
    with vault.rows.reading() as connection:
        under = _under(connection, vault.rows)
        rows = connection.execute(select(table).order_by(table.c.number)).all()
    return [
        Lock(
            number=row.number,
            master=row.master,
            created_at=datetime.fromisoformat(row.created_at),
            retired_at=datetime.fromisoformat(row.retired_at) if row.retired_at else None,
            keys=under.get(row.number, 0),
        )
        for row in rows
    ]


def _under(connection: Connection, rows: Rows) -> dict[int, int]:
    columns = rows.tables.subjects.c
    question = select(columns.lock, func.count()).where(columns.lock.is_not(None))
    rows_of_counts = connection.execute(question.group_by(columns.lock)).all()
    return {lock: count for lock, count in rows_of_counts if count}


def state(settings: Settings) -> str:
    """Whether there is a vault that opens, or why not."""
    try:
        found = opened(settings)
    except VaultUnavailable as error:
        return str(error)
    if found is None:
        return "There is no vault."
    found.tables.close()
    return f"The vault ({found.tables.place}) opens."


def begin_anew(settings: Settings, head: int) -> str:
    """Go on without keys that are lost: whatever the log says up to `head` counts as known of.

    A vault that opens stays, with the keys that it has. One that does not open is moved aside, for
    its master key may turn up again. Returns where it was moved to, if it was.

    Raises:
        VaultUnavailable: the store cannot be reached.
    """
    try:
        found = opened(settings)
    except VaultUnavailable:
        at_hand = masters(settings)
        if at_hand.file is None or at_hand.file.exists():
            at_hand.current()
        aside = _aside(settings)
    else:
        aside = ""
        if found is not None:
            with found.rows.writing() as connection:
                connection.execute(update(found.tables.vault).values(accepted=head))
            found.tables.close()
            return aside
    made(settings, accepted=head).tables.close()
    return aside


def _aside(settings: Settings) -> str:
    name = f"lost_{datetime.now(UTC):%Y%m%d_%H%M%S}"
    tables = tables_of(settings)
    assert tables is not None
    try:
        if tables.file is None:
            return tables.rename(name)
        return str(_moved(tables.file, name))
    finally:
        tables.close()


def _moved(file: Path, name: str) -> Path:
    new = file.with_name(f"{file.name}.{name}")
    for end in ("-wal", "-shm", ""):
        part = file.with_name(file.name + end)
        if part.exists():
            part.rename(new.with_name(new.name + end))
    return new
