"""What is asked of the log in one PostgreSQL database."""

from collections.abc import Sequence
from typing import LiteralString
from uuid import UUID

from tocsin.store.copies import Answer
from tocsin.store.postgres_batch import ANSWERS, VERSIONS
from tocsin.store.postgres_server import Server
from tocsin.store.recorder import IS_RARE, RARE, LogRecorder

COMMANDS: LiteralString = "SELECT command_id, fingerprint, answer FROM tocsin.commands"


class PostgresReading(LogRecorder):
    """The questions, each to whichever connection is free."""

    _server: Server

    def answers(self, command_ids: Sequence[UUID]) -> dict[UUID, tuple[bytes, bytes]]:
        """Fingerprint and first answer of each of these commands that was answered before."""
        rows = self._server.read(ANSWERS, (list(command_ids),)) if command_ids else ()
        return {command_id: (fingerprint, answer) for command_id, fingerprint, answer in rows}

    def answers_page(self, after: UUID | None, limit: int) -> list[Answer]:
        """All answers in the order of the commands' ids: the next ones behind one of them."""
        if after is None:
            return self._server.read(f"{COMMANDS} ORDER BY command_id LIMIT %b", (limit,))
        return self._server.read(
            f"{COMMANDS} WHERE command_id > %b ORDER BY command_id LIMIT %b", (after, limit)
        )

    def holder(self, kind: str, key: str) -> UUID | None:
        """The stream that holds this name."""
        rows = self._server.read(
            "SELECT stream FROM tocsin.claims WHERE kind = %b AND key = %b", (kind, key)
        )
        return rows[0][0] if rows else None

    def version(self, stream: UUID) -> int:
        """The number of events of a stream."""
        ((_, version),) = self._server.read(VERSIONS, ([stream],))
        return version or 0

    def bodies(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Positions and stored bytes of the events after a position, in order."""
        return self._server.read(
            "SELECT position, body FROM tocsin.events WHERE position > %b"
            " ORDER BY position LIMIT %b",
            (after, limit),
        )

    def named(
        self, names: Sequence[str], after: int, until: int, limit: int
    ) -> list[tuple[int, bytes]]:
        """The events of some names only."""
        rare: LiteralString = f" AND {IS_RARE}" if RARE.issuperset(names) else ""
        return self._server.read(
            "SELECT position, body FROM tocsin.events WHERE position > %b AND position <= %b"
            f" AND topic = ANY(%b){rare} ORDER BY position LIMIT %b",
            (after, until, list(names), limit),
        )

    def share(
        self, names: Sequence[str], part: range, after: int, until: int
    ) -> list[tuple[bytes, bytes]]:
        """Streams and stored bytes of the events of some names, of a part of all streams."""
        ends = [number.to_bytes(2, "big") for number in (part[0], part[-1])]
        return self._server.read(
            "SELECT uuid_send(stream), body FROM tocsin.events"
            " WHERE position > %b AND position <= %b AND topic = ANY(%b)"
            " AND substring(uuid_send(stream) FROM 15) BETWEEN %b AND %b ORDER BY position",
            (after, until, list(names), *ends),
        )

    def part(self, names: Sequence[str], part: range, after: int, until: int) -> list[bytes]:
        """The events of a part of all streams, and those of some names wherever they are."""
        ends = [number.to_bytes(2, "big") for number in (part[0], part[-1])]
        rows = self._server.read(
            "SELECT body FROM tocsin.events WHERE position > %b AND position <= %b"
            " AND (substring(uuid_send(stream) FROM 15) BETWEEN %b AND %b OR topic = ANY(%b))"
            " ORDER BY position",
            (after, until, *ends, list(names)),
        )
        return [body for (body,) in rows]

    def history(self, stream: UUID, after: int, until: int | None) -> list[bytes]:
        """Stored bytes of one stream's events with `after < version <= until`, in order."""
        rows = self._server.read(
            "SELECT body FROM tocsin.events WHERE stream = %b AND version > %b AND version <= %b"
            " ORDER BY version",
            (stream, after, until if until is not None else 2**62),
        )
        return [body for (body,) in rows]

    def histories(self, streams: Sequence[UUID]) -> list[tuple[UUID, bytes]]:
        """Stored bytes of the events of several streams, each stream's in order."""
        return self._server.read(
            "SELECT stream, body FROM tocsin.events WHERE stream = ANY(%b::uuid[])"
            " ORDER BY stream, version",
            (list(streams),),
        )

    def max_notification_id(self) -> int | None:
        """The position of the last event, or None."""
        ((position,),) = self._server.read("SELECT position FROM tocsin.head")
        return position or None
