"""The keys of one installation, and every change to them for ever."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, desc, func, insert, or_, select, update

from tocsin.keys.records import RESERVED, Change, Key, KeyTrouble, Scope
from tocsin.keys.tables import KeyTables
from tocsin.keys.tokens import digest, new_token
from tocsin.settings import Settings

OWNER_LENGTH = 200


class Keys:
    """The keys of one installation, and what was ever done to them."""

    def __init__(self, tables: KeyTables) -> None:
        self._tables = tables

    @classmethod
    def open(cls, settings: Settings) -> "Keys":
        """Open the keys that belong to the log, and make their tables if they are not there.

        Raises:
            KeysUnavailable: the file or database cannot be opened.
        """
        return cls(KeyTables.open(settings.keys_file, settings.database))

    def close(self) -> None:
        """Let go of all connections."""
        self._tables.close()

    def all(self) -> list[Key]:
        """Every key there ever was, oldest first."""
        keys = self._tables.keys
        with self._reading(select(keys).order_by(keys.c.created_at, keys.c.key_id)) as rows:
            return [_key(row) for row in rows]

    def latest_change(self) -> int:
        """The number of the last change: as long as it stays, so do the keys."""
        with self._reading(select(func.max(self._tables.changes.c.number))) as rows:
            return next(iter(rows))[0] or 0

    def changes(self) -> list[Change]:
        """What was done to keys, in order."""
        changes = self._tables.changes
        with self._reading(select(changes).order_by(changes.c.number)) as rows:
            return [
                Change(**{**row._mapping, "at": datetime.fromisoformat(row.at)}) for row in rows
            ]

    def create(
        self, owner: str, scopes: Iterable[Scope], *, by: str, expires_at: datetime | None = None
    ) -> tuple[str, Key]:
        """Make a key and return its text, which nobody can see again, and its record.

        Raises:
            KeyTrouble: it would have no owner or no scopes, or would have expired already.
        """
        with self._tables.writing() as connection:
            return self._create(connection, owner, frozenset(scopes), by, expires_at)

    def create_first(self, owner: str = "admin", *, by: str) -> str | None:
        """Make an admin key if there has never been any key, whoever else tries the same."""
        with self._tables.writing() as connection:
            count = connection.execute(select(func.count()).select_from(self._tables.keys))
            if count.scalar_one():
                return None
            return self._create(connection, owner, frozenset({Scope.ADMIN}), by, None)[0]

    def rotate(self, key_id: str, *, by: str, overlap: timedelta) -> tuple[str, Key]:
        """Make a new key for the same owner and scopes; the old one ends after `overlap`.

        Raises:
            KeyTrouble: there is no such key, or it has ended already.
        """
        moment = _now()
        with self._tables.writing() as connection:
            old = self._find(connection, key_id)
            if old.revoked_at or (old.expires_at and old.expires_at <= moment):
                raise KeyTrouble(f"Key {key_id} has ended; create a new one instead.")
            life = old.expires_at - old.created_at if old.expires_at else None
            text, new = self._create(
                connection, old.owner, old.scopes, by, moment + life if life else None
            )
            end = min(filter(None, [moment + overlap, old.expires_at]))
            self._set(connection, key_id, expires_at=end.isoformat())
            self._note(connection, key_id, "rotated", by, f"to {new.key_id}, ends {_say(end)}")
        return text, new

    def revoke(self, key_id: str, *, by: str) -> Key:
        """End a key now, for ever. Revoking it again changes nothing.

        Raises:
            KeyTrouble: there is no such key.
        """
        moment = _now()
        with self._tables.writing() as connection:
            key = self._find(connection, key_id)
            if key.revoked_at:
                return key
            self._set(connection, key_id, revoked_at=moment.isoformat())
            self._note(connection, key_id, "revoked", by, "")
        return replace(key, revoked_at=moment)

    def note_use(self, uses: Mapping[str, datetime]) -> None:
        """Remember when keys were last used: other servers may know of a later time."""
        keys = self._tables.keys.c
        with self._tables.writing() as connection:
            for key_id, moment in uses.items():
                at = moment.isoformat()
                older = or_(keys.last_used_at.is_(None), keys.last_used_at < at)
                mine = update(self._tables.keys).where(keys.key_id == key_id, older)
                connection.execute(mine.values(last_used_at=at))

    def _create(
        self,
        connection: Connection,
        owner: str,
        scopes: frozenset[Scope],
        by: str,
        expires_at: datetime | None,
    ) -> tuple[str, Key]:
        moment = _now()
        if not (0 < len(owner) <= OWNER_LENGTH and owner.isprintable() and owner.strip() == owner):
            raise KeyTrouble(f"An owner has 1 to {OWNER_LENGTH} printable letters.")
        if owner.casefold() == RESERVED:
            raise KeyTrouble(f"{owner} is the name of what happens by itself: choose another one.")
        if not scopes:
            raise KeyTrouble(f"A key needs a scope: {', '.join(Scope)}.")
        if expires_at and expires_at <= moment:
            raise KeyTrouble(f"{_say(expires_at)} has passed: the key would never work.")
        key_id, text = new_token()
        values = {
            "key_id": key_id,
            "owner": owner,
            "scopes": " ".join(sorted(scopes)),
            "digest": digest(text).hex(),
            "created_at": moment.isoformat(),
            "expires_at": expires_at.astimezone(UTC).isoformat() if expires_at else None,
        }
        connection.execute(insert(self._tables.keys).values(values))
        ends = _say(expires_at) if expires_at else "never"
        detail = f"for {owner}: {values['scopes']}, ends {ends}"
        self._note(connection, key_id, "created", by, detail)
        return text, self._find(connection, key_id)

    def _find(self, connection: Connection, key_id: str) -> Key:
        keys = self._tables.keys
        row = connection.execute(select(keys).where(keys.c.key_id == key_id)).one_or_none()
        if row is None:
            raise KeyTrouble(f"There is no key {key_id}; `tocsin keys` lists them.")
        return _key(row)

    def _set(self, connection: Connection, key_id: str, **values: Any) -> None:
        keys = self._tables.keys
        connection.execute(update(keys).where(keys.c.key_id == key_id).values(values))

    def _note(self, connection: Connection, key_id: str, change: str, by: str, detail: str) -> None:
        changes = self._tables.changes
        last = connection.execute(
            select(changes.c.number).order_by(desc(changes.c.number)).limit(1)
        ).scalar_one_or_none()
        values = {"number": (last or 0) + 1, "key_id": key_id, "change": change}
        values |= {"at": _now().isoformat(), "by": by, "detail": detail}
        connection.execute(insert(changes).values(values))

    @contextmanager
    def _reading(self, question: Select[Any]) -> Iterator[Iterable[Row[Any]]]:
        with self._tables.reading() as connection:
            yield connection.execute(question).all()


def _key(row: Row[Any]) -> Key:
    values = dict(row._mapping)
    values["scopes"] = frozenset(Scope(scope) for scope in values["scopes"].split())
    values["digest"] = bytes.fromhex(values["digest"])
    for name in ("created_at", "expires_at", "revoked_at", "last_used_at"):
        values[name] = datetime.fromisoformat(values[name]) if values[name] else None
    return Key(**values)


def _now() -> datetime:
    return datetime.now(UTC)


def _say(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S %Z}"
