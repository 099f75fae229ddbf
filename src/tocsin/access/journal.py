"""The journal: written durably, numbered without gaps, hashed as stored into a tree of its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, delete, desc, insert, select, update

from tocsin.access.checking import Checked, Leaf, checked
from tocsin.access.lines import BadEntry, entry, expired, line, preload
from tocsin.access.records import Access, Entry, JournalUnavailable
from tocsin.access.tables import AccessTables
from tocsin.ledger.merkle import Frontier, leaf_hash
from tocsin.settings import Settings
from tocsin.store.sealing import VEIL, Seals

PAGE = 1_000
SCANNED = 50_000
"""Entries that one question looks through for a person, at most: names are sealed."""


@dataclass(frozen=True)
class Asked:
    """Which entries are wanted."""

    since: datetime | None = None
    until: datetime | None = None
    """Before this."""
    who: str = ""
    """A person, by name, or by the pseudonym of one who was forgotten."""
    incident: UUID | None = None


class Journal:
    """The journal of one installation. Any number of processes may write it."""

    def __init__(self, tables: AccessTables, settings: Settings, seals: Seals) -> None:
        self._tables, self._days = tables, settings.access_days
        self.seals = seals

    @classmethod
    def open(cls, settings: Settings, seals: Seals = VEIL) -> "Journal":
        """Open the journal that belongs to the log, and make its tables if they are not there.

        Raises:
            JournalUnavailable: the file or database cannot be opened.
        """
        return cls(AccessTables.open(settings.access_file, settings.database), settings, seals)

    def close(self) -> None:
        """Let go of all connections."""
        self._tables.close()

    def note(self, *accesses: Access, at: datetime | None = None) -> range:
        """Write these, durably, and return their numbers.

        Raises:
            JournalUnavailable: it is not known whether they were written.
        """
        if not accesses:
            return range(0)
        if self.seals.sealing:
            for who in {access.who for access in accesses if access.who}:
                self.seals.person(who)  # made before the journal is locked
        tables = self._tables
        with self._tables.writing() as connection:
            frontier = self._frontier(connection)
            first, moment = frontier.size + 1, self._moment(connection, at)
            rows, about = [], []
            for number, access in enumerate(accesses, first):
                body = line(access, number, moment, self.seals)
                leaf = leaf_hash(body)
                frontier.append(leaf)
                rows.append({"number": number, "at": _stamp(moment), "leaf": leaf, "body": body})
                about += [
                    {"incident": str(each), "number": number} for each in set(access.incidents)
                ]
            connection.execute(insert(tables.entries), rows)
            if about:
                connection.execute(insert(tables.about), about)
            self._keep(connection, frontier)
        return range(first, first + len(rows))

    def entries(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        who: str = "",
        incident: UUID | None = None,
        after: int = 0,
    ) -> Iterator[Entry]:
        """The entries of a time, oldest first, opened as far as there are keys.

        Raises:
            JournalUnavailable: it cannot be read.
        """
        asked = Asked(since, until, who, incident)
        place: int | None = after
        while place is not None:
            found, place = self.page(asked, PAGE, place)
            yield from found

    def page(self, asked: Asked, limit: int, after: int = 0) -> tuple[list[Entry], int | None]:
        """Up to `limit` entries behind a number, and the number to go on behind, if there may be
        more. A page can be short of its limit where a person is looked for.

        Raises:
            JournalUnavailable: it cannot be read.
        """
        found: list[Entry] = []
        scanned = 0
        while scanned < SCANNED:
            rows = self._rows(asked, after, PAGE if asked.who else limit + 1)
            preload((body for _, _, body in rows if body is not None), self.seals)
            for number, at, body in rows:
                if len(found) == limit:
                    return found, after
                after, scanned = number, scanned + 1
                known = self._entry(number, at, body)
                if not asked.who or asked.who == known.who:
                    found.append(known)
            if not asked.who or len(rows) < PAGE:
                return found, None
        return found, after

    def _rows(self, asked: Asked, after: int, limit: int) -> list[tuple[int, str, bytes | None]]:
        column = self._tables.entries.c
        wanted = select(column.number, column.at, column.body).where(column.number > after)
        if asked.since is not None:
            wanted = wanted.where(column.at >= _stamp(asked.since))
        if asked.until is not None:
            wanted = wanted.where(column.at < _stamp(asked.until))
        if asked.incident is not None:
            about = self._tables.about.c
            numbers = select(about.number).where(about.incident == str(asked.incident))
            wanted = wanted.where(column.number.in_(numbers))
        with self._tables.reading() as connection:
            rows = connection.execute(wanted.order_by(column.number).limit(limit))
            return [(number, at, body) for number, at, body in rows]

    def _entry(self, number: int, at: str, body: bytes | None) -> Entry:
        if body is None:
            return expired(number, datetime.fromisoformat(at))
        try:
            return entry(body, self.seals)
        except BadEntry as error:
            raise JournalUnavailable(
                f"Entry {number} cannot be read: {error}. `tocsin access verify` says more."
            ) from error

    def head(self) -> tuple[int, str]:
        """How many entries there ever were, and the root hash of their tree in hexadecimal."""
        with self._tables.reading() as connection:
            frontier = self._frontier(connection)
        return frontier.size, frontier.root().hex()

    def verify(self, noted: tuple[int, str] | None = None) -> Checked:
        """Look whether the entries are those that were written.

        With `noted`, a size and a root that somebody wrote down elsewhere at some time, also
        whether they are still the same up to there: without it, whoever can write the database
        could have written all of it anew.

        Raises:
            JournalUnavailable: it cannot be read.
        """
        with self._tables.reading() as connection:
            return checked(self._leaves(connection), self._frontier(connection), noted)

    def _leaves(self, connection: Connection) -> Iterator[Leaf]:
        column = self._tables.entries.c
        wanted = select(column.number, column.body, column.leaf).order_by(column.number)
        after = -(2**62)
        while rows := connection.execute(wanted.where(column.number > after).limit(PAGE)).all():
            for number, body, leaf in rows:
                after = number
                yield number, body, leaf

    def expire(self, now: datetime | None = None, *, days: int | None = None) -> int:
        """Drop what is older than the settings keep; their hashes stay. Returns how many.

        Raises:
            JournalUnavailable: it cannot be written.
        """
        kept = self._days if days is None else days
        if not kept:
            return 0
        before = _stamp((now or datetime.now(UTC)) - timedelta(days=kept))
        entries, about = self._tables.entries, self._tables.about
        with self._tables.writing() as connection:
            old = entries.c.at < before
            gone = select(entries.c.number).where(old)
            connection.execute(delete(about).where(about.c.number.in_(gone)))
            dropped = connection.execute(
                update(entries).where(old, entries.c.body.is_not(None)).values(body=None)
            ).rowcount
        if dropped:
            with self._tables.reached():
                self._tables.rewrite()
        return dropped

    def _moment(self, connection: Connection, at: datetime | None) -> datetime:
        """Now, or when the last entry was written if the clock went back: what expires is always
        the beginning, so that a body that went before its time shows."""
        column = self._tables.entries.c
        last = connection.execute(
            select(column.at).order_by(desc(column.number)).limit(1)
        ).scalar_one_or_none()
        now = at or datetime.now(UTC)
        return max(now, datetime.fromisoformat(last)) if last else now

    def _frontier(self, connection: Connection) -> Frontier:
        head = self._tables.head
        row = connection.execute(select(head.c.size, head.c.frontier)).one_or_none()
        return Frontier.from_bytes(row.size, row.frontier) if row else Frontier()

    def _keep(self, connection: Connection, frontier: Frontier) -> None:
        head = self._tables.head
        values = {"size": frontier.size, "frontier": frontier.to_bytes()}
        if not connection.execute(update(head).values(values)).rowcount:
            connection.execute(insert(head).values(one=1, **values))


def _stamp(moment: datetime) -> str:
    """An instant as it is kept: in UTC, all of the same length, so that texts sort as times."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")
