"""What the read models need of the log: its head, its pages, and single streams, in order."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import orjson

from tocsin.domain.kernel import Recorded
from tocsin.store.entries import StoreUnavailable


class Source(Protocol):
    """The ordered log. Positions run from 1 without gaps, in commit order."""

    def head(self) -> int:
        """The last position, 0 while the log is empty."""
        ...

    def page(self, after: int, limit: int) -> Sequence[Recorded[Any]]:
        """Up to `limit` events with positions above `after`, in order."""
        ...

    def raw_page(self, after: int, limit: int) -> Sequence[tuple[int, bytes]]:
        """The same page as it is stored, for events that cannot be read."""
        ...

    def history(
        self, stream: UUID, after: int = 0, until: int | None = None
    ) -> Sequence[Recorded[Any]]:
        """One stream's events with `after < version <= until`, in order."""
        ...

    def raw_history(
        self, stream: UUID, after: int = 0, until: int | None = None
    ) -> Sequence[bytes]:
        """The same events as they are stored."""
        ...


def readable(
    source: Source, after: int, limit: int
) -> tuple[Sequence[Recorded[Any]], Exception | None]:
    """Return a page, cut before the first unreadable event, and why that one cannot be read.

    The fault is given only when it is the very next event, so that a reader first takes what
    comes before it. A store that cannot be read at all raises as it does, and so do keys that
    cannot be had now: the next attempt may find them.
    """
    try:
        return source.page(after, limit), None
    except StoreUnavailable:
        raise
    except Exception as fault:
        # If the bytes can be had, it is the event and not the store.
        source.raw_page(after, 1)
        if limit == 1:
            return (), fault
    return readable(source, after, limit // 2)


def envelope(source: Source, position: int) -> dict[str, Any]:
    """The stored envelope at a position, as far as its bytes can be understood at all."""
    for _, stored in source.raw_page(position - 1, 1):
        try:
            known = orjson.loads(stored)
        except ValueError:
            return {}
        return known if isinstance(known, dict) else {}
    return {}


def recorded_at(source: Source, position: int) -> datetime | None:
    """When the event at a position was recorded; none when there is no such event yet."""
    stamp = envelope(source, position).get("recorded_at")
    try:
        return datetime.fromisoformat(stamp) if isinstance(stamp, str) else None
    except ValueError:
        return None
