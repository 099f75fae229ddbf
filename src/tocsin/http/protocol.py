"""HTTP/1.1 for those who mean well: whoever sends slowly, endlessly, or too much at once is let go.

uvicorn with its parser has no limit on the time and size of headers, on the time of a body that
nobody reads, or on idle connections that never asked anything.
"""

import asyncio
from asyncio import Transport
from asyncio.events import TimerHandle
from functools import partial
from typing import Any

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from tocsin.http.body import ARRIVED, PATIENCE
from tocsin.http.feed import ABORT
from tocsin.http.guard import Header
from tocsin.http.pipeline import PIECE, Queued
from tocsin.http.problems import BUSY, TOO_LARGE, TOO_SLOW, Kind, Problem, later
from tocsin.http.straight import Exchange, Straight, Way
from tocsin.settings import Settings

GRACE_SECONDS = 1.0
"""The application answers a slow body itself, if somebody reads it; then there is no need here."""
HEADERS = Kind(TOO_LARGE.code, 431, TOO_LARGE.title)


def protocol(settings: Settings, straight: Straight | None = None) -> type[HttpToolsProtocol]:
    """Return the protocol with the limits of these settings, and a shorter way for commands."""
    return type("LimitedProtocol", (Limited,), {"settings": settings, "straight": straight})


class Limited(HttpToolsProtocol):
    """One connection."""

    settings: Settings
    straight: Straight | None = None

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._way: Way | None = None
        """Where the request that is arriving leads to, as soon as it is there as a whole."""
        self._whole = b""
        self._nobody = asyncio.Event()
        self._idle_since: float | None = None
        self._deadline: TimerHandle | None = None
        self._arriving = True
        """Whether the next thing to come is the rest of a request, the first one included."""
        self._in_headers = True
        self._beside_bytes = 0
        """What has come and is no body: headers, or what stands between the chunks and behind."""
        self._before: Any = None
        """The request before the newest, which may still wait for its answer."""
        self._turn: Any = None
        """The request that is being answered, or was last."""
        self._ending = False
        """Whether nothing that comes is looked at any more: the connection ends with an answer."""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request, unless there are too many already."""
        super().connection_made(transport)
        self.flow = self._line = Queued(transport, self.pipeline)
        if len(self.connections) > self.settings.connections:
            self._end(later(BUSY, "There are too many connections: try again later."))
        else:
            self._allow(self.settings.header_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more. Whose turn it is need not be the one who came last."""
        self._disarm()
        for each in (self._turn, *(cycle for cycle, _ in self.pipeline)):
            if each is not None and not each.response_complete:
                each.disconnected = True
                each.message_event.set()
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what has come. A request that comes as a whole never sees a timer."""
        if self._over():
            return
        self._beside_bytes += len(data)
        was_arriving, was_in_headers = self._arriving, self._in_headers
        for start in range(0, len(data), PIECE):
            if self.pipeline:
                self._line.later += data[start:]
                break
            super().data_received(data[start : start + PIECE])
            if self._over():
                return
        if self._way is not None:
            self._go_the_ordinary_way()
        if not self._arriving:
            self._beside_bytes = 0
            self._disarm()
        elif self._beside_bytes > self.settings.header_bytes:
            self._end(Problem(HEADERS, "The headers are too large."))
        elif self._in_headers:
            if not was_arriving:
                self._allow(self.settings.header_seconds)
        elif was_in_headers or not was_arriving:
            self._allow(self.settings.body_seconds + GRACE_SECONDS)

    def _over(self) -> bool:
        return self._ending or self.transport.is_closing()

    def _go_on(self) -> None:
        """Look at what came while others waited in line."""
        data, self._line.later = self._line.later, b""
        if not self._over():
            self.data_received(data)
            self.flow.resume_reading()

    def on_message_begin(self) -> None:
        """A request begins."""
        self.url, self.headers, self.expect_100_continue = b"", [], False
        self._arriving = self._in_headers = True
        self._idle_since = None

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header. What is said behind a body was not there when the request was let in."""
        if self._in_headers:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The body follows."""
        self._in_headers, self._beside_bytes, self._idle_since = False, 0, None
        self._way, self._whole = self._shorter(), b""
        if self._way is None:
            self._go_the_ordinary_way()

    def on_body(self, body: bytes) -> None:
        """A part of the body, or all of it."""
        self._beside_bytes = 0
        if self._way is None:
            super().on_body(body)
        else:
            self._whole += body

    def on_message_complete(self) -> None:
        """The request has come as a whole."""
        self._arriving, self._in_headers = False, False
        way, self._way = self._way, None
        if way is None:
            super().on_message_complete()
            self.scope[ARRIVED] = True  # type: ignore[literal-required]
            return
        assert self.straight is not None
        exchange = Exchange(keep_alive=self.parser.should_keep_alive(), message_event=self._nobody)
        self.cycle = self._turn = exchange  # type: ignore[assignment]
        self.straight.take(way, self.headers, self._whole, partial(self._send, exchange))

    def _shorter(self) -> Way | None:
        """The shorter way of the request whose headers are there, if there is one: for a command,
        on a connection that has nothing else to do and whose caller reads what it is sent."""
        if self.straight is None or self.parser.get_method() != b"POST":
            return None
        busy = not getattr(self.cycle, "response_complete", True)
        if busy or self.pipeline or self.flow.write_paused or self.expect_100_continue:
            return None
        if self.parser.should_upgrade() or self.parser.get_http_version() != "1.1":
            return None
        return self.straight.way(self.url, self.headers)

    def _go_the_ordinary_way(self) -> None:
        """Let the application have the request, with as much of its body as is there."""
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        self._before = self.cycle
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers.extend(headers)
        self.scope[ABORT] = self.transport.abort  # type: ignore[literal-required]
        self.scope[PATIENCE] = self._be_patient  # type: ignore[literal-required]
        self._way = None
        super().on_headers_complete()
        if self._whole:
            super().on_body(self._whole)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._turn = cycle
        super()._start_asgi_task(cycle, app)

    def _send(self, exchange: Exchange, status: int, headers: list[Header], body: bytes) -> None:
        """Send the answer to a request that went straight."""
        exchange.response_complete = True
        if exchange.disconnected or self.transport.is_closing():
            return
        said = [STATUS_LINE[status]]
        for name, value in (*self.server_state.default_headers, *headers):
            said += (name, b": ", value, b"\r\n")
            if name == b"connection":
                exchange.keep_alive = False
        if not exchange.keep_alive and (b"connection", b"close") not in headers:
            said.append(b"connection: close\r\n")
        said += (b"\r\n", body)
        self.transport.write(b"".join(said))
        if not exchange.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def on_response_complete(self) -> None:
        """An answer was sent: begin with what came meanwhile, or else count the time."""
        if self.pipeline:
            super().on_response_complete()
            if self._line.later and not self.pipeline:
                self.loop.call_soon(self._go_on)
            return
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            super().on_response_complete()
            self._idle_since = self.loop.time()
        else:
            self.server_state.total_requests += 1
            self.flow.resume_reading()

    def _unset_keepalive_if_required(self) -> None:
        """The timer stays: to stop and set one for each request is dear. And not all that comes is
        a request, which alone ends the time in which there is none."""

    def timeout_keep_alive_handler(self) -> None:
        """Look how long nothing has come, and close or look again when it will have been enough."""
        self.timeout_keep_alive_task = None
        if self._idle_since is None:
            return
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left <= 0:
            super().timeout_keep_alive_handler()
        else:
            self.timeout_keep_alive_task = self.loop.call_later(
                left, self.timeout_keep_alive_handler
            )

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
        if self.pipeline or self._line.later:  # it is we who do not read
            self._allow(self.settings.body_seconds + GRACE_SECONDS)
        elif self._in_headers:
            self._end(Problem(TOO_SLOW, "The headers did not arrive in time."))
        else:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request, or not one that can be read."""
        if not self._end_with_an_answer():
            super().send_400_response(msg)

    def _end(self, problem: Problem) -> None:
        """Say why, and close."""
        if self._end_with_an_answer():
            return
        answer = problem.answer()
        said = [f"HTTP/1.1 {answer.status} Closing\r\n".encode()]
        for name, value in (*answer.head, (b"connection", b"close")):
            said += (name, b": ", value, b"\r\n")
        self._disarm()
        self.transport.write(b"".join((*said, b"\r\n", answer.body)))
        self.transport.close()

    def _end_with_an_answer(self) -> bool:
        """Close as soon as all that came as a whole is answered, if something is to be: whoever
        gets another answer instead takes it for that, and for nothing done."""
        known = self.cycle is not self._before and self._way is None
        if self._arriving and not self._in_headers and known:
            # The newest is what cannot be read: it waits in line, or else nobody is before it.
            if not self.pipeline:
                if self.cycle.response_started:
                    self.transport.close()
                return self.cycle.response_started
            self.pipeline.popleft()
            self.cycle = self._before
        if getattr(self.cycle, "response_complete", True):
            return False
        self.cycle.keep_alive = False
        self._ending, self._line.later = True, b""
        self._disarm()
        return True
