"""What differs between two moments of one incident or review, and why each value is what it is."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import FastAPI, Query, Request, Response

from tocsin.clocks import sheet
from tocsin.domain.clock.plan import Rulebooks
from tocsin.domain.incident.state import INCIDENT
from tocsin.http import incidents, reviews
from tocsin.http.clocks import CAUSE
from tocsin.http.histories import LINE, OPTIONS, Told, answered, serve
from tocsin.http.moments import KnownAt, Version, checked, problem
from tocsin.http.needs import Endpoint, Moment
from tocsin.http.problems import NOT_FOUND, Problem
from tocsin.http.service import Service
from tocsin.past.moments import Moment as Then
from tocsin.past.moments import NotThen
from tocsin.past.reasons import NoSuchValue
from tocsin.past.telling import differing, explained, same_moment, verdicts

From = Annotated[Moment | None, Query(alias="from", description="As it was in the world then,")]
To = Annotated[Moment | None, Query(alias="to", description="and as it was then. Default: now.")]
KnownFrom = Annotated[Moment | None, Query(description="As it was believed then,")]
KnownTo = Annotated[Moment | None, Query(description="and as it was believed then.")]
VersionFrom = Annotated[int | None, Query(ge=0, le=2**31, description="After so many events,")]
VersionTo = Annotated[int | None, Query(ge=1, le=2**31, description="and after so many.")]
Field = Annotated[
    str | None, Query(max_length=200, description="One value, or all parts of one: `workarounds`.")
]


def mount(app: FastAPI, service: Service) -> None:
    """Serve differences and reasons."""
    for told in (incidents.told(service), reviews.told(service)):
        serve(app, service, told, "diff", _diff(service, told), DIFF)
        serve(app, service, told, "why", _why(service, told), WHY)


def _diff(service: Service, told: Told) -> Endpoint:
    async def diff(
        request: Request,
        named: Annotated[str, told.named],
        since: From = None,
        until: To = None,
        known_from: KnownFrom = None,
        known_to: KnownTo = None,
        version_from: VersionFrom = None,
        version_to: VersionTo = None,
    ) -> Response:
        """What differs between two moments, value by value, and the events that make it.

        Each end is a moment in the world (`from`, `to`), a moment of what was known (`known_from`,
        `known_to`), a version, or all together: with one `to` and two times of knowing, it is what
        was learnt in between about that moment. Without a beginning it is from before everything.
        """
        first = checked(service, since, known_from, version_from or None)
        last = same_moment(first, checked(service, until, known_to, version_to))
        beginning = first if since or known_from or version_from else None
        stream = await told.find(named)

        def read() -> dict[str, Any]:
            history = told.known(stream, service.log.history(stream))
            return differing(told.aggregate, history, beginning, last, told.words)

        return answered(request, await _asked(told, read))

    return diff


def _why(service: Service, told: Told) -> Endpoint:
    rules = Rulebooks()

    def read(stream: UUID, moment: Then, field: str | None) -> dict[str, Any]:
        history = told.known(stream, service.log.history(stream))
        said = explained(told.aggregate, history, moment, field, told.words)
        if told.aggregate is INCIDENT and field is None:
            for recorded in service.log.history(rules.stream, rules.policies.seen):
                rules.add(recorded)
            as_of = moment.known_at or datetime.now(UTC)
            said["verdicts"] = verdicts(sheet(moment.known(history), (), rules, as_of)["clocks"])
        return said

    async def reasons(
        request: Request,
        named: Annotated[str, told.named],
        field: Field = None,
        version: Version = None,
        known_at: KnownAt = None,
    ) -> Response:
        """Why each value is what it is: the event that set it, who acted, when, and what it was
        before; of an incident, also which promises were kept or broken, and by what.

        With `version` or `known_at`, by what was known then.
        """
        moment = checked(service, None, known_at, version)
        stream = await told.find(named)
        try:
            return answered(request, await _asked(told, partial(read, stream, moment, field)))
        except NoSuchValue as error:
            raise Problem(NOT_FOUND, f"{error.field[:60]} {error.reason}.") from error

    return reasons


async def _asked(told: Told, read: Callable[[], dict[str, Any]]) -> bytes:
    try:
        said = await asyncio.to_thread(read)
    except NotThen as error:
        raise problem(error, told.aggregate.name) from error
    return orjson.dumps(said, option=OPTIONS)


_INSTANT = {"type": ["string", "null"], "format": "date-time"}
_LINES = {"type": "array", "items": LINE}
END: dict[str, Any] = {
    "type": "object",
    "description": "The moment, and the version that it comes to; 0 is nothing.",
    "required": ["version", "as_of", "known_at"],
    "properties": {"version": {"type": "integer"}, "as_of": _INSTANT, "known_at": _INSTANT},
}
DIFF: dict[str, Any] = {
    "type": "object",
    "required": ["from", "to", "changes", "events", "without"],
    "properties": {
        "from": END,
        "to": END,
        "changes": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "was", "now", "words"],
                "properties": {
                    "field": {"type": "string"},
                    "was": {},
                    "now": {},
                    "words": {"type": "string"},
                },
            },
        },
        "events": {**_LINES, "description": "What only the later moment is made of."},
        "without": {**_LINES, "description": "What only the earlier moment is made of."},
    },
}
SETTING: dict[str, Any] = {
    "type": "object",
    "required": ["value", "set"],
    "properties": {"value": {}, "set": LINE},
}
CAUSED: dict[str, Any] = {**CAUSE, "description": "None where time itself did it."}
VERDICT: dict[str, Any] = {
    "type": "object",
    "required": ["measure", "target", "verdict", "at", "cause", "promised_by"],
    "properties": {
        **{name: {"type": "string"} for name in ("measure", "target", "verdict")},
        **{name: {"type": "integer"} for name in ("cycle", "goal_seconds", "spent_seconds")},
        "group": {"type": ["string", "null"]},
        "at": _INSTANT,
        "cause": CAUSED,
        "promised_by": CAUSED,
    },
}
WHY: dict[str, Any] = {
    "type": "object",
    "required": ["version", "values"],
    "properties": {
        "version": {"type": "integer"},
        "values": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "value", "set", "earlier"],
                "properties": {
                    "field": {"type": "string"},
                    "value": {},
                    "set": {"oneOf": [LINE, {"type": "null"}]},
                    "earlier": {"type": "array", "items": SETTING},
                },
            },
        },
        "verdicts": {"type": "array", "items": VERDICT},
    },
}
