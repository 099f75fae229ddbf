"""The keys as they are stored: made, found, bound to their streams, destroyed."""

import hashlib
import hmac
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeAlias
from uuid import uuid4

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from tocsin.ids import new_id
from tocsin.vault.locks import Locks, opened_name, sealed_name
from tocsin.vault.records import FORGOTTEN, LOST, Kind, Person, VaultUnavailable
from tocsin.vault.tables import Tables

KEY_BITS = 256
AT_ONCE = 500
"""Keys that are asked for with one question: older SQLites take no more than 999 parameters."""
Key: TypeAlias = tuple[str, AESGCM]


class Rows:
    """The subjects of one vault. Nothing is remembered here: every answer is the store's."""

    def __init__(self, tables: Tables, locks: Locks, lookup_secret: bytes) -> None:
        self.tables, self.locks, self._lookup_secret = tables, locks, lookup_secret
        columns = tables.subjects.c
        self._used = (
            select(columns.id, columns.wrapped, columns.lock)
            .where(
                columns.stream == bindparam("used_by"),
                columns.kind == Kind.CASE,
                columns.wrapped.is_not(None),
                columns.retired_at.is_(None),
            )
            .order_by(columns.id.desc())
            .limit(1)
        )

        self._binding = (
            update(tables.subjects)
            .where(columns.id == bindparam("subject"))
            .values(stream=bindparam("used_by"))
        )

    def lookup(self, name: str) -> bytes:
        """What a person is found by: it says nothing of the name to who has not the secret.

        Names that differ only in case, or in how their letters are encoded, are one person's.
        """
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
        return hmac.digest(self._lookup_secret, folded.encode(), hashlib.sha256)

    def generation(self) -> int:
        """Raised whenever a subject is retired or destroyed."""
        with trouble(self.tables):
            row = self.tables.ask(select(self.tables.vault.c.generation))
        assert row is not None
        return int(row.generation)

    def person(self, name: str) -> Key:
        """The key of a person: the one that there is, or a new one, durably."""
        lookup = self.lookup(name)
        with self.reading() as connection:
            row = self._current(connection, lookup)
            if row is not None:
                return row.id, self._key(connection, row)
        with self.writing() as connection:
            row = self._current(connection, lookup)
            if row is not None:  # another process was quicker
                return row.id, self._key(connection, row)
            subject, secret = str(uuid4()), AESGCM.generate_key(KEY_BITS)
            values = self._new(connection, Kind.PERSON, [(subject, secret)])
            key = AESGCM(secret)
            values[0] |= {"lookup": lookup, "name": sealed_name(key, subject, name)}
            connection.execute(insert(self.tables.subjects), values)
            return subject, key

    def add_cases(self, count: int, used: Mapping[str, str]) -> list[Key]:
        """New keys of free text, durable, for streams to come; notes who used which before."""
        secrets = [(str(new_id()), AESGCM.generate_key(KEY_BITS)) for _ in range(count)]
        with self.writing() as connection:
            connection.execute(
                insert(self.tables.subjects), self._new(connection, Kind.CASE, secrets)
            )
            self._bind(connection, used)
        return [(subject, AESGCM(secret)) for subject, secret in secrets]

    def bind(self, streams: Mapping[str, str]) -> None:
        """Note which stream uses which key."""
        with self.writing() as connection:
            self._bind(connection, streams)

    def _bind(self, connection: Connection, streams: Mapping[str, str]) -> None:
        if streams:
            values = [{"subject": key, "used_by": stream} for stream, key in streams.items()]
            connection.execute(self._binding, values)

    def drop(self, unused: Collection[str]) -> None:
        """Delete keys that were never used."""
        subjects = self.tables.subjects
        with self.writing() as connection:
            for some in parts(unused):
                connection.execute(delete(subjects).where(subjects.c.id.in_(some)))

    def case(self, stream: str) -> Key | None:
        """The key that a stream is known to use."""
        with trouble(self.tables):
            row = self.tables.ask(self._used, used_by=stream)
            if row is None or self.locks.at_hand(row.lock):
                return None if row is None else (row.id, self._key(None, row))
        with self.reading() as connection:  # its lock and itself, as they are at one moment
            again = connection.execute(self._used, {"used_by": stream}).first()
            return None if again is None else (again.id, self._key(connection, again))

    def bindings(self, stream: str) -> list[str]:
        """Every key that a stream is known to have used, destroyed ones included."""
        subjects = self.tables.subjects
        question = select(subjects.c.id).where(subjects.c.stream == stream)
        with self.reading() as connection:
            return list(connection.execute(question.order_by(subjects.c.id)).scalars())

    def keys(self, wanted: Collection[str]) -> dict[str, AESGCM | str]:
        """The keys of these ids, or what stands in place of a text that one of them sealed."""
        columns = self.tables.subjects.c
        found: dict[str, AESGCM | str] = dict.fromkeys(wanted, LOST)
        question = select(columns.id, columns.wrapped, columns.lock, columns.forgotten_at)
        with self.reading() as connection:
            for some in parts(wanted):
                for row in connection.execute(question.where(columns.id.in_(some))).all():
                    if row.wrapped is not None:
                        found[row.id] = self._key(connection, row)
                    elif row.forgotten_at:
                        found[row.id] = FORGOTTEN
        return found

    def known(self, wanted: Collection[str]) -> set[str]:
        """Which of these ids there are, or were."""
        columns, found = self.tables.subjects.c, set[str]()
        with self.reading() as connection:
            for some in parts(wanted):
                found |= set(
                    connection.execute(select(columns.id).where(columns.id.in_(some))).scalars()
                )
        return found

    def forgotten(self, subject: str) -> bool:
        """Whether the key of this id was destroyed."""
        return self.keys([subject])[subject] == FORGOTTEN

    def of_name(self, name: str) -> list[str]:
        """Everybody with this name whose key is there: who it is now first, then newest first."""
        columns = self.tables.subjects.c
        question = select(columns.id).where(columns.lookup == self.lookup(name))
        order = (columns.retired_at.is_not(None), columns.created_at.desc(), columns.id)
        with self.reading() as connection:
            return list(connection.execute(question.order_by(*order)).scalars())

    def people(self, after: str, limit: int) -> list[Person]:
        """Everybody whose key is there, in the order of their ids."""
        subjects = self.tables.subjects
        question = (
            select(subjects)
            .where(
                subjects.c.kind == Kind.PERSON,
                subjects.c.wrapped.is_not(None),
                subjects.c.id > after,
            )
            .order_by(subjects.c.id)
            .limit(limit)
        )
        with self.reading() as connection:
            rows = connection.execute(question).all()
            return [self._person(connection, row) for row in rows]

    def whose(self, subject: str) -> Person | None:
        """The person of a subject, if there is one whose key is there."""
        subjects = self.tables.subjects
        question = select(subjects).where(
            subjects.c.id == subject,
            subjects.c.kind == Kind.PERSON,
            subjects.c.wrapped.is_not(None),
        )
        with self.reading() as connection:
            row = connection.execute(question).one_or_none()
            return None if row is None else self._person(connection, row)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads."""
        with trouble(self.tables), self.tables.reading() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that may write."""
        with trouble(self.tables), self.tables.writing() as connection:
            yield connection

    def _current(self, connection: Connection, lookup: bytes) -> Row[Any] | None:
        subjects = self.tables.subjects
        question = select(subjects).where(
            subjects.c.lookup == lookup, subjects.c.retired_at.is_(None)
        )
        return connection.execute(question).one_or_none()

    def _new(
        self, connection: Connection, kind: Kind, secrets: Iterable[tuple[str, bytes]]
    ) -> list[dict[str, Any]]:
        """Rows of new keys, under the lock that is in use when this transaction has the vault."""
        lock, moment = connection.execute(select(self.tables.vault.c.lock)).scalar_one(), now()
        return [
            {
                "id": subject,
                "kind": kind,
                "wrapped": self.locks.wrap(connection, lock, secret, bound(subject)),
                "lock": lock,
                "created_at": moment,
            }
            for subject, secret in secrets
        ]

    def _key(self, connection: Connection | None, row: Any) -> AESGCM:
        return AESGCM(self.locks.unwrap(connection, row.lock, row.wrapped, bound(row.id)))

    def _person(self, connection: Connection, row: Row[Any]) -> Person:
        retired, key = row.retired_at, self._key(connection, row)
        try:
            name = opened_name(key, row.id, row.name)
        except InvalidTag as error:
            raise VaultUnavailable(
                f"The vault ({self.tables.place}) is damaged: the name of {row.id} does not open."
            ) from error
        return Person(
            subject=row.id,
            name=name,
            created_at=datetime.fromisoformat(row.created_at),
            retired_at=datetime.fromisoformat(retired) if retired else None,
        )


def bound(subject: str) -> str:
    """To what the key of a subject is bound when it is locked away."""
    return f"subject|{subject}"


def now() -> str:
    """The present moment, as it is stored."""
    return datetime.now(UTC).isoformat()


@contextmanager
def trouble(tables: Tables) -> Iterator[None]:
    """What a store calls trouble, in our words.

    Raises:
        VaultUnavailable: the store did not do what it was asked.
    """
    try:
        yield
    except SQLAlchemyError as error:
        reason = " ".join(str(getattr(error, "orig", None) or error).split())
        raise VaultUnavailable(
            f"The vault ({tables.place}) cannot be read or written: {reason}."
        ) from error


def parts(ids: Collection[str]) -> Iterator[list[str]]:
    waiting = list(ids)
    for start in range(0, len(waiting), AT_ONCE):
        yield waiting[start : start + AT_ONCE]
