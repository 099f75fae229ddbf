"""Spans of the way of a command: its request, itself, and the batch that it shared.

A span is made when its work is done, for only then is it known which trace it belongs to: that of
the caller, or else the one whose id is made of the command's id.
"""

import logging
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from time import perf_counter
from typing import Any
from uuid import UUID

from tocsin.telemetry.ids import command_span
from tocsin.telemetry.settling import Settled
from tocsin.telemetry.spans import Parent, Place, Span, Value, new_span, new_trace, parent

logger = logging.getLogger(__name__)

Sampled = Callable[[int, Parent | None, str], bool]
"""Whether a trace of this id, of that caller's, that begins with such a span is kept."""
FAILURE = 500
"""The status from which on it is our fault."""


class Request:
    """One request on its way."""

    __slots__ = ("facts", "parent", "sampled", "span_id", "started", "trace_id")

    def __init__(self, caller: Parent | None) -> None:
        self.started = perf_counter()
        self.parent, self.span_id = caller, new_span()
        self.trace_id = caller.place.trace_id if caller else 0
        """0 until it is known."""
        self.sampled: bool | None = None
        self.facts: dict[str, Value] = {}

    @property
    def place(self) -> Place:
        """Where others find it."""
        return Place(self.trace_id, self.span_id)


REQUEST: ContextVar[Request | None] = ContextVar("tocsin_traced_request", default=None)


class Traces:
    """The spans of a service's process."""

    def __init__(self, put: Callable[[Span], None], sampled: Sampled) -> None:
        self._put, self._sampled = put, sampled
        self.origin = REQUEST.get

    def arrived(self, scope: Mapping[str, Any]) -> Request:
        """A request begins."""
        traceparent = tracestate = None
        for name, value in scope["headers"]:
            if name == b"traceparent":
                traceparent = value
            elif name == b"tracestate":
                tracestate = value
        request = Request(parent(traceparent, tracestate))
        REQUEST.set(request)
        return request

    def answered(self, request: Request, method: str, route: str, status: int) -> None:
        """A request has its answer."""
        if not self._kept(request, new_trace):
            return
        caller = request.parent
        facts: dict[str, Value] = {
            "http.request.method": method,
            "http.route": route,
            "http.response.status_code": status,
            **request.facts,
        }
        self._put(
            Span(
                f"{method} {route}",
                request.place,
                request.started,
                perf_counter(),
                facts,
                caller.place if caller else None,
                remote=caller is not None,
                serves=True,
                failed=status >= FAILURE,
                state=caller.state if caller else "",
            )
        )

    def settled(self, batch: Settled) -> None:
        """A batch went through the desk. Whatever is wrong here, its commands are answered."""
        try:
            self._tell(batch)
        except Exception:
            logger.exception("A batch of commands could not be traced.")

    def _tell(self, batch: Settled) -> None:
        whole = Place(new_trace(), new_span())
        commands = []
        for decision, outcome in zip(batch.decisions, batch.outcomes, strict=True):
            positions = getattr(outcome, "positions", range(0))
            facts: dict[str, Value] = {"tocsin.outcome": _outcome(decision, outcome)}
            if positions:
                facts["tocsin.position"] = positions[-1]
            if (place := self._command(decision.ask, facts, whole, batch)) is not None:
                commands.append(place)
        if commands:
            self._whole(whole, batch, tuple(commands))

    def _command(
        self, ask: Any, facts: dict[str, Value], whole: Place, batch: Settled
    ) -> Place | None:
        """The span of a command, under its request; in its own trace there is one in any case."""
        known: UUID = ask.command_id
        own = Place(*command_span(known))
        request = ask.origin
        if not self._kept(request, lambda: own.trace_id):
            return None
        facts = {
            "tocsin.command": ask.command.path,
            "tocsin.command_id": str(known),
            "tocsin.incident_id": str(ask.stream),
            **facts,
        }
        recorded = "tocsin.position" in facts
        above = request.place if request is not None else None
        at_home = above is None or above.trace_id == own.trace_id
        trace_id = own.trace_id if above is None else above.trace_id
        place = own if at_home and recorded else Place(trace_id, new_span())
        if request is not None and not request.facts:
            request.facts = {k: v for k, v in facts.items() if k != "tocsin.outcome"}
        times = (ask.asked_at, batch.committed)
        name = f"command {ask.command.path}"
        self._put(Span(name, place, *times, facts, above, links=(whole,)))
        if recorded and not at_home:
            self._put(Span(name, own, *times, facts, links=(place,)))
        return place

    def _whole(self, whole: Place, batch: Settled, commands: tuple[Place, ...]) -> None:
        """The span of a batch, and those of its parts."""
        facts: dict[str, Value] = {
            "tocsin.commands": len(batch.decisions),
            "tocsin.waiting": batch.waiting,
        }
        places = [p for each in batch.outcomes for p in getattr(each, "positions", ())]
        if places:
            facts |= {"tocsin.position.first": places[0], "tocsin.position.last": places[-1]}
        self._put(Span("batch", whole, batch.began, batch.committed, facts, links=commands))
        moments = (batch.began, batch.prepared, batch.decided, batch.committed)
        for name, start, end in zip(
            ("prepare", "decide", "commit"), moments, moments[1:], strict=False
        ):
            place = Place(whole.trace_id, new_span())
            self._put(Span(name, place, start, end, {}, whole))

    def _kept(self, request: Request | None, made: Callable[[], int]) -> bool:
        """Whether a way is traced. It is asked once for each request, when its trace is known."""
        if request is None:
            return self._sampled(made(), None, "command")
        if request.sampled is None:
            request.trace_id = request.trace_id or made()
            request.sampled = self._sampled(request.trace_id, request.parent, "request")
        return request.sampled


def _outcome(decision: Any, outcome: Any) -> str:
    """In one word, what became of a command: the code of a refusal, or what the log said."""
    if type(outcome).__name__ != "Stored":
        return type(outcome).__name__.lower()
    if decision.refusal is not None:
        return str(getattr(decision.refusal, "code", type(decision.refusal).__name__))
    return "recorded" if outcome.positions else "unchanged"
