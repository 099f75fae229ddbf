"""HTTP/1.1 for those who mean well: whoever sends slowly, endlessly, or too much at once is let go.

uvicorn with its parser has no limit on the time and size of headers, on the time of a body that
nobody reads, or on idle connections that never asked anything.
"""

from asyncio import Transport
from asyncio.events import TimerHandle
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tocsin.http.body import ARRIVED, PATIENCE
from tocsin.http.feed import ABORT
from tocsin.http.problems import BUSY, MEDIA_TYPE, TOO_LARGE, TOO_SLOW, Kind, Problem
from tocsin.settings import Settings

GRACE_SECONDS = 1.0
"""The application answers a slow body itself, if somebody reads it; then there is no need here."""


def protocol(settings: Settings) -> type[HttpToolsProtocol]:
    """Return the protocol with the limits of these settings."""
    return type("LimitedProtocol", (Limited,), {"settings": settings})


class Limited(HttpToolsProtocol):
    """One connection."""

    settings: Settings

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._deadline: TimerHandle | None = None
        self._arriving = True
        """Whether the next thing to come is the rest of a request, the first one included."""
        self._in_headers = True
        self._header_bytes = 0

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request, unless there are too many already."""
        super().connection_made(transport)
        if len(self.connections) > self.settings.connections:
            self._end(BUSY, "There are too many connections: try again later.")
        else:
            self._allow(self.settings.header_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what has come. A request that comes as a whole never sees a timer."""
        if self._in_headers:
            self._header_bytes += len(data)
        was_arriving, was_in_headers = self._arriving, self._in_headers
        super().data_received(data)
        if self.transport.is_closing():
            return
        if not self._arriving:
            self._disarm()
        elif self._in_headers:
            if self._header_bytes > self.settings.header_bytes:
                self._end(TOO_LARGE, "The headers are too large.", 431)
            elif not was_arriving:
                self._allow(self.settings.header_seconds)
        elif was_in_headers or not was_arriving:
            self._allow(self.settings.body_seconds + GRACE_SECONDS)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self.scope[ABORT] = self.transport.abort  # type: ignore[literal-required]
        self.scope[PATIENCE] = self._be_patient  # type: ignore[literal-required]
        self._arriving = self._in_headers = True

    def on_headers_complete(self) -> None:
        """The body follows."""
        self._in_headers, self._header_bytes = False, 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request has come as a whole."""
        super().on_message_complete()
        self.scope[ARRIVED] = True  # type: ignore[literal-required]
        self._arriving, self._in_headers = False, False

    def _be_patient(self, seconds: float) -> None:
        """Wait longer for the rest of a body, for a route that takes large ones."""
        if self._arriving and not self._in_headers:
            self._allow(seconds + GRACE_SECONDS)

    def _allow(self, seconds: float) -> None:
        self._disarm()
        self._deadline = self.loop.call_later(seconds, self._late)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _late(self) -> None:
        if self.transport.is_closing():
            return
        idle = getattr(self.cycle, "response_complete", True)
        if self._in_headers and idle:
            self._end(TOO_SLOW, "The headers did not arrive in time.")
        else:
            self.transport.close()

    def _end(self, kind: Kind, detail: str, status: int | None = None) -> None:
        """Say why, and close."""
        answer = Problem(kind, detail).answer()
        head = (
            f"HTTP/1.1 {status or kind.status} Closing\r\ncontent-type: {MEDIA_TYPE}\r\n"
            f"content-length: {len(answer.body)}\r\nconnection: close\r\n\r\n"
        )
        self._disarm()
        self.transport.write(head.encode() + answer.body)
        self.transport.close()
