"""What every request passes first and every answer last, as plain ASGI: no task, no copy of a body.

Host names (against DNS rebinding), a name for each request, headers that tell browsers to be
careful, and a stop watch. A `HEAD` is answered here for every route: as `GET`, less the content.
"""

import logging
import re
import secrets
from collections.abc import Callable, Iterable
from itertools import count
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tocsin.http.metrics import Metrics
from tocsin.http.problems import BAD_HEADER, MISDIRECTED, Problem, of
from tocsin.settings import Settings
from tocsin.telemetry.context import COMMAND_ID, INCIDENT_ID, REQUEST_ID

logger = logging.getLogger(__name__)

CAREFUL = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
Header = tuple[bytes, bytes]
HEAD = "tocsin.head"
"""By this a route knows that only the head of its answer is wanted."""
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class Guard:
    """Around the whole application."""

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        metrics: Metrics,
        answered: Callable[[Scope, int], None],
    ) -> None:
        self._app, self._metrics, self._answered = app, metrics, answered
        self._hosts = frozenset(host.lower().encode() for host in settings.allowed_hosts)
        self._prefix = secrets.token_hex(4).encode()
        self._numbers = count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, method = perf_counter(), scope["method"]
        host, request_id = self.said(scope["headers"])
        REQUEST_ID.set(request_id)
        INCIDENT_ID.set(None)  # those of the request before it on the connection
        COMMAND_ID.set(None)
        traces = self._metrics.traces
        traced = traces.arrived(scope) if traces is not None else None
        status = 0
        if method == "HEAD":
            scope, send = {**scope, "method": "GET", HEAD: True}, _head_only(send)

        async def careful(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": careful_headers(message["headers"], request_id)}
            await send(message)

        try:
            if problem := self.misdirected(host):
                await problem.answer()(scope, receive, careful)
            else:
                await self._app(scope, receive, careful)
        except Exception as error:
            logger.exception("Request %s failed.", request_id.decode())
            if not status:
                await of(error).answer(request_id)(scope, receive, careful)
        finally:
            route = getattr(scope.get("route"), "path", "-")
            self._metrics.answered(method, route, status, perf_counter() - started)
            if traces is not None and traced is not None:
                traces.answered(traced, method, route, status)
            if method == "GET":
                self._answered(scope, status)

    def said(self, headers: Iterable[Header]) -> tuple[bytes | None, bytes]:
        """The host name of a request, none of two, and its id: the caller's, or one made here."""
        host, request_id = None, None
        for name, value in headers:
            if name == b"host":
                host = value if host is None else b""
            elif name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
                request_id = value
        return host, request_id or b"%b-%x" % (self._prefix, next(self._numbers))

    def misdirected(self, host: bytes | None) -> Problem | None:
        """What to say to who asks another host than this one."""
        if host in self._hosts:
            return None
        if not host:
            return Problem(BAD_HEADER, "Say which host is asked, in the header Host.")
        name = host if host.endswith(b"]") else host.rpartition(b":")[0] or host
        if name.lower() in self._hosts:
            return None
        return Problem(
            MISDIRECTED,
            "The service does not answer under this host name; TOCSIN_ALLOWED_HOSTS lists those"
            " under which it does.",
        )


def careful_headers(headers: Iterable[Header], request_id: bytes) -> list[Header]:
    """The headers of an answer, with those that every answer carries."""
    found = [*headers, *CAREFUL, (b"x-request-id", request_id)]
    if not any(name == b"cache-control" for name, _ in found):
        found.append((b"cache-control", b"no-store"))
    return found


def _head_only(send: Send) -> Send:
    """Send the head of an answer, and end it there: also that of a stream, which has no end."""

    async def head(message: Message) -> None:
        if message["type"] == "http.response.start":
            await send(message)
            await send({"type": "http.response.body", "body": b""})

    return head
