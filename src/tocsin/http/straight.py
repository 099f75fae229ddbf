"""Commands straight from the connection to the desk, and their answers straight back.

A command that came as a whole, on an incident that is known, waits for nothing but the desk. So it
needs no task, no message and no layer in between: the same route reads it, the same guard passes
it, and the answer has the same bytes. Whatever is in any way out of the ordinary goes the ordinary
way.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import perf_counter
from uuid import UUID

from tocsin.asks import Receipt
from tocsin.domain.incident.state import INCIDENT
from tocsin.http.answers import Answer
from tocsin.http.commands import CommandRoute
from tocsin.http.guard import Guard, Header, careful_headers
from tocsin.http.problems import EXPECTED, Problem, of
from tocsin.http.service import Service
from tocsin.telemetry.context import of_request

logger = logging.getLogger(__name__)

ROOT = b"/incidents"
STRANGE = b"%?#"
"""What may stand for something else in an address."""
LENGTH_DIGITS = 9
Send = Callable[[int, list[Header], bytes], None]
"""Sends status, headers and body."""
Way = tuple[CommandRoute, UUID | None]
"""A route, and the incident that is asked; none where one begins."""


class Exchange:
    """A request that went straight, and its answer: what uvicorn wants to know of it."""

    __slots__ = ("body", "disconnected", "keep_alive", "message_event", "response_complete")

    def __init__(self, *, keep_alive: bool, message_event: asyncio.Event) -> None:
        self.disconnected = self.response_complete = False
        self.keep_alive = keep_alive
        self.message_event = message_event
        self.body = bytearray()


class Straight:
    """All routes that have nothing else to ask than the desk."""

    def __init__(self, guard: Guard, service: Service, routes: Sequence[CommandRoute]) -> None:
        self._guard, self._service = guard, service
        self._most = min(service.settings.command_bytes, service.settings.body_bytes)
        self._routes = {
            route.path.rpartition("/")[2].encode(): route
            for route in routes
            if type(route) is CommandRoute
            and route.command.aggregate is INCIDENT
            and route.command not in service.ways
        }

    def way(self, url: bytes, headers: Sequence[Header]) -> Way | None:
        """The way of a request, if it may go straight; it counts nothing and refuses nothing."""
        start, _, word = url.rpartition(b"/")
        route = self._routes.get(word)
        if route is None or self._service.desk.origin is not None or not self._plain(headers):
            return None
        if route.command.creates:
            return (route, None) if url == ROOT else None
        root, _, named = start.rpartition(b"/")
        if root != ROOT or not named.isascii() or any(each in named for each in STRANGE):
            return None
        stream = self._service.known(named.decode())
        return (route, stream) if stream is not None else None

    def _plain(self, headers: Sequence[Header]) -> bool:
        """Whether no header is there twice, and the body's length is stated and may be so."""
        stated = dict(headers)
        length = stated.get(b"content-length", b"")
        return (
            len(stated) == len(headers)
            and b"transfer-encoding" not in stated
            and len(length) <= LENGTH_DIGITS
            and length.isdigit()
            and int(length) <= self._most
        )

    def take(self, way: Way, headers: Sequence[Header], body: bytes, send: Send) -> None:
        """Answer a request, at once or when the desk has answered. Nothing is ever raised."""
        started, (route, stream) = perf_counter(), way
        host, request_id = self._guard.said(headers)
        name = route.path

        def answer(answer: Answer) -> None:
            send(answer.status, careful_headers(answer.head, request_id), answer.body)
            seconds = perf_counter() - started
            self._service.metrics.answered("POST", name, answer.status, seconds)

        def told(outcome: Receipt | Exception) -> None:
            try:
                if isinstance(outcome, Receipt):
                    answer(route.receipt(outcome))
                elif isinstance(outcome, (Problem, *EXPECTED)):
                    answer(route.problem(outcome, request_id))
                else:
                    raise outcome
            except Exception as error:
                about = of_request(request_id)
                logger.exception("Request %s failed.", request_id.decode(), extra=about)
                with suppress(Exception):  # whatever it is, others wait for the desk to go on
                    answer(of(error).answer(request_id))

        if problem := self._guard.misdirected(host):
            name = "-"
            answer(problem.answer(request_id))
            return
        try:
            route.put(stream, dict(headers), body, told)
        except Exception as error:
            told(error)
