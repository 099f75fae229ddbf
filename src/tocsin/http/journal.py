"""Who read what about people, over HTTP: marked as a request comes, written once a second.

A read never waits for the journal: it is added up in memory when its answer is out, and a crash
loses at most that second. What hands data over as a whole is recorded before the first byte.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic
from uuid import UUID

from starlette.requests import Request
from starlette.types import Scope

from tocsin.access import (
    Access,
    AccessTrouble,
    Journal,
    JournalUnavailable,
    Kind,
    Through,
    stated_purpose,
)
from tocsin.access.gathering import Gathered, Gathering, Reading
from tocsin.access.records import ASKED_LENGTH
from tocsin.http.access import Caller
from tocsin.http.headers import Headers
from tocsin.http.problems import BAD_HEADER, STORE_UNAVAILABLE, Problem, later
from tocsin.settings import Settings

READING = "tocsin.reading"
"""Under this name a request carries what is to be said of it."""
PAGING = frozenset({"limit", "after", "at_least", "wait"})
"""Parameters that say where in a list somebody is, and not what they ask for."""
SHOWN = frozenset({200, 304})
"""Whoever is told that nothing has changed looks at it again."""
EXPIRY_SECONDS = 3_600.0

logger = logging.getLogger(__name__)


class Mark:
    """What one request reads, as far as it is known."""

    __slots__ = ("named", "reading", "rows")

    def __init__(self, reading: Reading, named: str) -> None:
        self.reading, self.named, self.rows = reading, named, 0


def purpose_of(headers: Headers) -> str:
    """What the caller says that they need the data for.

    Raises:
        Problem: 400, it is too long or not legible.
    """
    stated = headers.get(b"x-purpose")
    if stated is None:
        return ""
    try:
        return stated_purpose(stated.decode())
    except (UnicodeDecodeError, AccessTrouble) as error:
        reason = "It is not UTF-8." if isinstance(error, UnicodeDecodeError) else str(error)
        raise Problem(BAD_HEADER, f"X-Purpose says what the data are for. {reason}") from error


def rows(request: Request, count: int) -> None:
    """Say how many rows the answer shows."""
    mark = request.scope.get(READING)
    if mark is not None:
        mark.rows = count


def taken(request: Request) -> Mark | None:
    """What is to be said of a request, for whoever says it page by page from now on."""
    mark: Mark | None = request.scope.pop(READING, None)
    return mark


class Readings:
    """What is read, on its way into the journal."""

    def __init__(
        self, journal: Journal | None, whose: Callable[[str], UUID | None], settings: Settings
    ) -> None:
        self.journal = journal
        self._whose = whose
        self._strict = settings.access_strict
        self._seconds = settings.access_seconds
        self._gathering = Gathering(settings.access_entries)
        self._unwritten: Sequence[Gathered] = ()
        self._broken = False
        self._task: asyncio.Task[None] | None = None

    def mark(self, request: Request, caller: Caller, kind: Kind) -> None:
        """Remember, with the request, what it reads and what for.

        Raises:
            Problem: 400, the purpose is not legible; 503, nobody could record it, and the settings
                want that it is.
        """
        if self.journal is None:
            return
        if self._strict and (self._broken or self._gathering.full):
            raise later(STORE_UNAVAILABLE, "The access journal cannot be written now.", 5)
        scope, asked = request.scope, request.query_params
        purpose = purpose_of(dict(scope["headers"]))
        parts = [f"{name}={text}" for name, text in request.path_params.items() if name != "id"]
        parts += sorted({name for name in asked if name not in PAGING})
        reading = Reading(
            caller.name,
            caller.key_id,
            purpose,
            scope["route"].path,
            kind,
            ", ".join(parts)[:ASKED_LENGTH],
        )
        named = request.path_params.get("id") or asked.get("incident_id") or ""
        scope[READING] = Mark(reading, named)

    def answered(self, scope: Scope, status: int) -> None:
        """A request was answered: if it showed what it read, that counts."""
        mark: Mark | None = scope.get(READING)
        if mark is not None and status in SHOWN:
            self.showed(mark, mark.rows)

    def showed(self, mark: Mark | None, rows: int) -> None:
        """So many rows were shown, unless nobody wants to know."""
        if mark is not None:
            self._gathering.add(mark.reading, mark.named, rows)

    async def hand_over(self, mark: Mark | None) -> None:
        """Write down what a request reads, durably, before it leaves: `taken` gave the mark.

        Raises:
            Problem: 503, it cannot be written: then nothing may leave.
        """
        if mark is not None:
            gathered = Gathered(
                Access(**mark.reading._asdict(), through=Through.HTTP, rows=mark.rows),
                (mark.named,) if mark.named else (),
            )
            await self.record(await asyncio.to_thread(gathered.about, self._whose))

    async def record(self, access: Access) -> None:
        """Write one access, durably, before what it is about leaves.

        Raises:
            Problem: 503, it cannot be written: then nothing may leave.
        """
        if self.journal is None:
            return
        try:
            await asyncio.to_thread(self.journal.note, access)
        except Exception as error:  # whatever it is: what is not recorded does not leave
            logger.exception("Nothing is handed over: the access journal cannot be written.")
            detail = "The access journal cannot be written now, so nothing is handed over."
            raise later(STORE_UNAVAILABLE, detail, 5) from error

    def start(self) -> None:
        """Begin to write."""
        if self.journal is not None:
            self._task = asyncio.create_task(self._follow(), name="tocsin-access")

    async def stop(self) -> None:
        """Write what is left, and end."""
        if self._task is None or self.journal is None:
            return
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        await self.write()
        await asyncio.to_thread(self.journal.close)

    async def _follow(self) -> None:
        expire = 0.0
        while True:
            await asyncio.sleep(self._seconds)
            await self.write()
            if monotonic() >= expire:
                expire = monotonic() + EXPIRY_SECONDS
                await self._expire()

    async def _expire(self) -> None:
        assert self.journal is not None
        try:
            await asyncio.to_thread(self.journal.expire)
        except JournalUnavailable as error:
            logger.warning("The access journal does not expire: %s", error)

    async def write(self) -> None:
        """Write what was gathered. What cannot be written is kept for the next time; written twice
        is better than not at all."""
        if not self._unwritten:
            self._unwritten = self._gathering.take()
        if not self._unwritten:
            return
        self._gathering.held = len(self._unwritten)
        # Shielded: the end of the service must not lose what is being written.
        written = asyncio.ensure_future(asyncio.to_thread(self._note, self._unwritten))
        try:
            await asyncio.shield(written)
        except asyncio.CancelledError:
            with suppress(Exception):
                await written
                self._written()
            raise
        except Exception:  # it is tried again, whatever it was
            if not self._broken:
                logger.exception("Reads cannot be recorded now; they are tried again.")
            self._broken = True
        else:
            self._written()

    def _written(self) -> None:
        self._unwritten, self._gathering.held, self._broken = (), 0, False

    def _note(self, gathered: Sequence[Gathered]) -> None:
        assert self.journal is not None
        self.journal.note(*(each.about(self._whose) for each in gathered))
