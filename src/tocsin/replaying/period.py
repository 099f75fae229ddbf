"""Which events were recorded in a period, and all of them in order."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Protocol

PAGE_EVENTS = 2_000
REMEMBERED = 8_192
"""Instants that are not read twice: events of one command share them."""
_FIELD = b'"recorded_at":"'


class Stopped(Exception):
    """Somebody wants no more of it."""


class Pages(Protocol):
    """What is read of the log."""

    def raw_page(self, after: int, limit: int) -> list[tuple[int, bytes]]: ...


class Torn(Exception):
    """The log has a gap: it cannot be played again. `tocsin verify` says more."""


Progress = Callable[[str, int, int], None]
"""Takes what is counted, how many are done, and how many there are."""


def silent(_what: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


def never() -> bool:
    """A stop that nobody asks for."""
    return False


@dataclass(frozen=True, kw_only=True)
class Period:
    """The events that were recorded from `since` on, and before `until`."""

    since: datetime | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise ValueError("The period ends before it begins: no event lies in it.")

    def holds(self, moment: datetime) -> bool:
        """Whether what was recorded then belongs to it."""
        return (self.since is None or moment >= self.since) and (
            self.until is None or moment < self.until
        )


def recorded_at(body: bytes) -> datetime:
    """When a stored event was recorded.

    Quotes inside texts are escaped and what follows the field are no texts but the last, so the
    last place that looks like the field is the field.
    """
    _, found, tail = body.rpartition(_FIELD)
    if not found:
        raise Torn(f"A stored event does not say when it was recorded: {body[:200]!r}.")
    return _instant(tail[: tail.index(b'"')])


@lru_cache(REMEMBERED)
def _instant(text: bytes) -> datetime:
    return datetime.fromisoformat(text.decode())


def events(
    log: Pages,
    until: int,
    *,
    after: int = 0,
    progress: Progress = silent,
    stop: Callable[[], bool] = never,
) -> Iterator[list[tuple[int, bytes]]]:
    """The stored bytes of every event with `after < position <= until`, page by page.

    Raises:
        Torn: a position is missing.
        Stopped: `stop` said so.
    """
    place = after
    while place < until:
        if stop():
            raise Stopped
        page = log.raw_page(place, min(PAGE_EVENTS, until - place))
        for expected, (position, _) in enumerate(page, place + 1):
            if position != expected:
                raise Torn(f"The log has no position {expected}: `tocsin verify` says more.")
        if not page:
            raise Torn(f"The log has no position {place + 1}: `tocsin verify` says more.")
        yield page
        place = page[-1][0]
        progress("events", place, until)
