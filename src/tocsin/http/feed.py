"""The whole log, in order: as pages, as a long poll, and as a stream that can be resumed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from time import monotonic
from typing import Annotated, Any, NamedTuple

from fastapi import FastAPI, Query, Request, Response
from starlette.types import Receive, Scope, Send

from tocsin.access import Kind
from tocsin.http import headers as said
from tocsin.http import journal, openapi
from tocsin.http.histories import STORED, Stored
from tocsin.http.needs import Endpoint, get, page_size
from tocsin.http.problems import BAD_HEADER, BUSY, Problem, later
from tocsin.http.service import Service
from tocsin.http.tail import Event
from tocsin.keys import Scope as Right
from tocsin.store.sealing import MARK

STREAM = "text/event-stream"
RETRY_MILLISECONDS = 2_000
POSITIONS = 2**53
DIGITS = 16
"""Of the largest position."""
PAGE = 100
CHUNK_EVENTS = 100
"""Events that a stream sends at once: a reader that stalls keeps no more of them in memory."""
After = Annotated[int, Query(ge=0, le=POSITIONS, description="A position.")]
LAST_EVENT_ID = openapi.header(
    "Last-Event-ID", "Go on after this position, whatever `after` says.", pattern="^[0-9]{1,15}$"
)
ABORT = "tocsin.abort"
"""Under this name our protocol tells how to cut a connection off."""


def mount(app: FastAPI, service: Service) -> None:
    """Serve the feed."""
    streams = Streams(service)
    content = {
        "application/json": {"schema": PAGE_SCHEMA},
        STREAM: {"schema": {"type": "string"}},
    }
    get(
        app,
        service,
        "/events",
        _events(service, streams),
        scope=Right.AUDIT,
        shows=Kind.LIST,
        tags=["feed"],
        responses={
            200: {"description": "Events in order, and where to go on.", "content": content}
        },
        parameters=(LAST_EVENT_ID,),
    )
    service.metrics.own.append(
        lambda: [("streams", "Server-sent event streams.", {}, float(streams.count))]
    )


def _events(service: Service, streams: "Streams") -> Endpoint:
    settings, tail = service.settings, service.tail
    size = page_size(settings.feed_events)
    wait = Annotated[
        float, Query(ge=0, le=settings.wait_seconds, description="Seconds to wait for an event.")
    ]

    async def events(
        request: Request,
        after: After = 0,
        limit: Annotated[int, size] = PAGE,
        wait: wait = 0.0,
        stored: Stored = False,
    ) -> Response:
        """Every event after a position, in the order of the log.

        What is sealed is opened, as far as it is not forgotten; with `stored`, each event is byte
        for byte what is stored and hashed.

        With `wait`, a page that would be empty is held back until there is an event. With
        `Accept: text/event-stream`, events are sent as they come: their `id` is the position,
        and `Last-Event-ID` resumes after it, whatever `after` says.
        """
        headers = dict(request.scope["headers"])
        after = resumed(headers, after)
        if said.wants(headers, STREAM.encode()):
            return streams.open(Wanted(headers, after, stored, journal.taken(request)))
        found = await tail.after(after, limit)
        if not found and wait and await tail.wait(after, wait):
            found = await tail.after(after, limit)
        found = await streams.told(found, stored)
        journal.rows(request, len(found))
        last = found[-1][0] if found else after
        body = b'{"items":[%b],"next":%d}' % (b",".join(body for _, body in found), last)
        return Response(body, media_type="application/json", headers={"Tocsin-Position": str(last)})

    return events


PAGE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["items", "next"],
    "properties": {
        "items": {"type": "array", "items": STORED},
        "next": {"type": "integer", "description": "`after` of the next request."},
    },
}


def resumed(headers: said.Headers, after: int) -> int:
    """Where a stream begins.

    Raises:
        Problem: 400, `Last-Event-ID` is none of our positions.
    """
    last = headers.get(b"last-event-id")
    if last is None:
        return after
    if not last.isdigit() or len(last) > DIGITS or int(last) > POSITIONS:
        raise Problem(BAD_HEADER, "Last-Event-ID takes a position, as an event's id gave it.")
    return int(last)


class Wanted(NamedTuple):
    """What somebody wants of a stream."""

    headers: said.Headers
    after: int
    stored: bool
    mark: journal.Mark | None
    """What the journal is to say of each page."""


class Streams:
    """All streams of one service: no more than so many."""

    def __init__(self, service: Service) -> None:
        self.service, self.tail = service, service.tail
        self.count = 0

    async def told(self, page: list[Event], stored: bool) -> list[Event]:
        """Events as they are given: as stored, or with what is sealed opened."""
        if stored or not any(MARK in body for _, body in page):
            return page
        bodies = [body for _, body in page]
        shown = await asyncio.to_thread(self.service.log.shown, bodies)
        return [(position, body) for (position, _), body in zip(page, shown, strict=True)]

    def open(self, wanted: Wanted) -> Response:
        """Begin one more.

        Raises:
            Problem: 503, there are as many as there may be.
        """
        if self.count >= self.service.settings.streams:
            raise later(BUSY, f"There are {self.count} streams already: use pages, or wait.", 5)
        return Stream(self, wanted)

    async def frames(self, wanted: Wanted) -> AsyncIterator[bytes]:
        """What a stream sends: events, and a sign of life when there are none for a while."""
        settings, after = self.service.settings, wanted.after
        yield b"retry: %d\n\n" % RETRY_MILLISECONDS
        heard = monotonic()
        while not self.service.stopping:
            page = await self.tail.after(after, CHUNK_EVENTS)
            if page:
                told = await self.told(page, wanted.stored)
                self.service.readings.showed(wanted.mark, len(told))
                yield b"".join(map(frame, told))
                after = page[-1][0]
            elif await self.tail.wait(after, settings.heartbeat_seconds):
                continue
            elif not self.service.stopping:
                yield b": still here\n\n"
            if monotonic() - heard >= settings.heartbeat_seconds:
                heard = monotonic()
                # A key that was revoked meanwhile hears nothing more.
                self.service.access.check(wanted.headers.get(b"authorization"), Right.AUDIT)


def frame(event: Event) -> bytes:
    """One event in the format of a stream. Stored bytes have no line breaks."""
    position, body = event
    # Quotes inside texts are escaped and `data` comes before: the last such place is the field.
    name = body.rpartition(b'"event":"')[2].partition(b'"')[0]
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (position, name, body)


class Stream(Response):
    """One stream, until its reader goes, stalls, loses its key, or the service stops."""

    media_type = STREAM

    def __init__(self, streams: Streams, wanted: Wanted) -> None:
        super().__init__(headers={"X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._streams, self._wanted = streams, wanted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        streams = self._streams
        streams.count += 1
        gone = asyncio.create_task(_gone(receive))
        sending = asyncio.create_task(self._send(send, scope.get(ABORT)))
        try:
            await asyncio.wait({gone, sending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            streams.count -= 1
            for task in (gone, sending):
                task.cancel()
            await asyncio.gather(gone, sending, return_exceptions=True)

    async def _send(self, send: Send, abort: Callable[[], None] | None) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        seconds = self._streams.service.settings.slow_reader_seconds
        with suppress(Problem):
            async for chunk in self._streams.frames(self._wanted):
                try:
                    async with asyncio.timeout(seconds):
                        await send({"type": "http.response.body", "body": chunk, "more_body": True})
                except TimeoutError:
                    if abort is not None:
                        abort()
                    return
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _gone(receive: Receive) -> None:
    """Return when the reader has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass
