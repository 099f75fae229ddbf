"""What is asked of the log in one SQLite file."""

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from tocsin.store.copies import Answer
from tocsin.store.recorder import IS_RARE, NUMBERS, RARE, LogRecorder
from tocsin.store.sqlite_batch import marks


class SQLiteReading(LogRecorder):
    """The questions; how they are put is for whoever has the connections."""

    @abstractmethod
    def _read(self, statement: str, parameters: Iterable[Any] = ()) -> list[Any]:
        """All rows of an answer."""

    def answers(self, command_ids: Sequence[UUID]) -> dict[UUID, tuple[bytes, bytes]]:
        """Fingerprint and first answer of each of these commands that was answered before."""
        ids = [command_id.bytes for command_id in command_ids]
        rows = self._read(
            "SELECT command_id, fingerprint, answer FROM commands"
            f" WHERE command_id IN ({marks(ids)})",
            ids,
        )
        return {UUID(bytes=key): (fingerprint, answer) for key, fingerprint, answer in rows}

    def answers_page(self, after: UUID | None, limit: int) -> list[Answer]:
        """All answers in the order of the commands' ids: the next ones behind one of them."""
        rows = self._read(
            "SELECT command_id, fingerprint, answer FROM commands WHERE command_id > ?"
            " ORDER BY command_id LIMIT ?",
            (after.bytes if after else b"", limit),
        )
        return [(UUID(bytes=key), fingerprint, answer) for key, fingerprint, answer in rows]

    def holder(self, kind: str, key: str) -> UUID | None:
        """The stream that holds this name."""
        rows = self._read("SELECT stream FROM claims WHERE kind = ? AND key = ?", (kind, key))
        return UUID(bytes=rows[0][0]) if rows else None

    def version(self, stream: UUID) -> int:
        """The number of events of a stream."""
        ((version,),) = self._read(
            "SELECT coalesce(max(version), 0) FROM events WHERE stream = ?", (stream.bytes,)
        )
        return int(version)

    def bodies(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Positions and stored bytes of the events after a position, in order."""
        return self._read(
            "SELECT position, body FROM events WHERE position > ? ORDER BY position LIMIT ?",
            (after, limit),
        )

    def named(
        self, names: Sequence[str], after: int, until: int, limit: int
    ) -> list[tuple[int, bytes]]:
        """The events of some names only."""
        rare = f" AND {IS_RARE}" if RARE.issuperset(names) else ""
        return self._read(
            "SELECT position, body FROM events WHERE position > ? AND position <= ?"
            f" AND topic IN ({marks(names)}){rare} ORDER BY position LIMIT ?",
            (after, until, *names, limit),
        )

    def share(
        self, names: Sequence[str], part: range, after: int, until: int
    ) -> list[tuple[bytes, bytes]]:
        """Streams and stored bytes of the events of some names, of a part of all streams."""
        ends = [number.to_bytes(2, "big") for number in (part[0], part[-1])]
        return self._read(
            "SELECT stream, body FROM events WHERE position > ? AND position <= ?"
            f" AND substr(stream, 15) BETWEEN ? AND ? AND topic IN ({marks(names)})"
            " ORDER BY position",
            (after, until, *ends, *names),
        )

    def part(self, names: Sequence[str], part: range, after: int, until: int) -> list[bytes]:
        """The events of a part of all streams, and those of some names wherever they are."""
        ours, ends = "", [number.to_bytes(2, "big") for number in (part[0], part[-1])]
        if len(part) < NUMBERS:
            ours = " AND (substr(stream, 15) BETWEEN ? AND ? OR topic IN ({}))"
        rows = self._read(
            "SELECT body FROM events WHERE position > ? AND position <= ?"
            f"{ours.format(marks(names))} ORDER BY position",
            (after, until, *ends, *names) if ours else (after, until),
        )
        return [body for (body,) in rows]

    def history(self, stream: UUID, after: int, until: int | None) -> list[bytes]:
        """Stored bytes of one stream's events with `after < version <= until`, in order."""
        rows = self._read(
            "SELECT body FROM events WHERE stream = ? AND version > ? AND version <= ?"
            " ORDER BY version",
            (stream.bytes, after, until if until is not None else 2**62),
        )
        return [body for (body,) in rows]

    def histories(self, streams: Sequence[UUID]) -> list[tuple[UUID, bytes]]:
        """Stored bytes of the events of several streams, each stream's in order."""
        rows = self._read(
            f"SELECT stream, body FROM events WHERE stream IN ({marks(streams)})"
            " ORDER BY stream, version",
            [stream.bytes for stream in streams],
        )
        return [(UUID(bytes=stream), body) for stream, body in rows]

    def max_notification_id(self) -> int | None:
        """The position of the last event, or None."""
        ((position,),) = self._read("SELECT position FROM head")
        return position or None
