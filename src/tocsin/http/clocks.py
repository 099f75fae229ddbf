"""The clocks of one incident, straight from the log: how they stand, and why."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
from fastapi import FastAPI, Query, Response

from tocsin.clocks import sheet
from tocsin.domain.clock.happening import clock_stream
from tocsin.domain.clock.plan import Rulebooks
from tocsin.http import incidents
from tocsin.http.incidents import JSON, OPTIONS, AsOf, Named
from tocsin.http.needs import Endpoint, Moment, get
from tocsin.http.problems import NO_SUCH_INCIDENT, Problem
from tocsin.http.service import Service
from tocsin.keys import Scope

KnownAt = Annotated[Moment | None, Query(description="By what had been recorded by then.")]


def mount(app: FastAPI, service: Service) -> None:
    """Serve the clocks of an incident."""
    get(
        app,
        service,
        "/incidents/{id}/clocks",
        _clocks(service),
        scope=Scope.READ,
        statuses=(404,),
        schema=SHEET,
        tags=["incidents"],
    )


def _clocks(service: Service) -> Endpoint:
    rules, told = Rulebooks(), incidents.told(service)

    def read(stream: Any, as_of: datetime, known_at: datetime | None) -> dict[str, Any]:
        for recorded in service.log.history(rules.stream, rules.policies.seen):
            rules.add(recorded)
        history = service.log.history(stream)
        told.known(stream, history)
        struck = service.log.history(clock_stream(stream))
        if known_at is not None:
            history = [each for each in history if each.recorded_at <= known_at]
            struck = [each for each in struck if each.recorded_at <= known_at]
        if not history:
            raise Problem(NO_SUCH_INCIDENT, "Nothing of the incident was known then.")
        return sheet(history, struck, rules, as_of)

    async def clocks(named: Named, as_of: AsOf = None, known_at: KnownAt = None) -> Response:
        """Every clock of the incident, and each change of it with the event that caused it.

        With `as_of`, as they stood in the world then. With `known_at`, by what had been recorded
        then: what was believed at that moment, about that moment unless `as_of` names another.
        """
        stream = await service.find(named)
        moment = as_of or known_at or datetime.now(UTC)
        found = await asyncio.to_thread(read, stream, moment, known_at)
        return Response(orjson.dumps(found, option=OPTIONS), media_type=JSON)

    return clocks


_INSTANT = {"type": ["string", "null"], "format": "date-time"}
_TEXT, _WHOLE = {"type": "string"}, {"type": "integer"}
_MAYBE_TEXT, _MAYBE_WHOLE = {"type": ["string", "null"]}, {"type": ["integer", "null"]}
CAUSE: dict[str, Any] = {
    "type": ["object", "null"],
    "description": "The event that caused it; none where time itself did.",
    "properties": {"version": _WHOLE, "event": _TEXT, "actor": _TEXT, "words": _TEXT},
}
CHANGE: dict[str, Any] = {
    "type": "object",
    "required": ["kind", "at", "spent_seconds", "cause"],
    "properties": {
        "kind": {
            "enum": ["activate", "apply_sla", "pause", "resume", "breach", "fulfill", "cancel"]
        },
        "at": _INSTANT,
        "spent_seconds": _WHOLE,
        "reason": _MAYBE_TEXT,
        "cause": CAUSE,
    },
}
CLOCK: dict[str, Any] = {
    "type": "object",
    "required": ["measure", "target", "cycle", "state", "goal_seconds", "spent_seconds", "changes"],
    "properties": {
        **dict.fromkeys(("measure", "target", "state"), _TEXT),
        **dict.fromkeys(("cycle", "since", "policy_version", "percent"), _WHOLE),
        **dict.fromkeys(("goal_seconds", "spent_seconds", "paused_seconds"), _WHOLE),
        "overall_spent_seconds": _WHOLE,
        **dict.fromkeys(("priority", "remaining_seconds"), _MAYBE_WHOLE),
        "group": _MAYBE_TEXT,
        **dict.fromkeys(("began_at", "applied_at", "ended_at", "due_at", "breached_at"), _INSTANT),
        "running": {"type": "boolean"},
        "changes": {"type": "array", "items": CHANGE},
    },
}
_RECORDED = {"event": _TEXT, "occurred_at": _INSTANT, "words": _TEXT, "position": _WHOLE}
_UPCOMING = {"due_at": _INSTANT, **dict.fromkeys(("event", "kind", "name", "mark"), _TEXT)}
SHEET: dict[str, Any] = {
    "type": "object",
    "required": ["incident_id", "version", "as_of", "clocks", "recorded", "upcoming"],
    "properties": {
        "incident_id": {"type": "string", "format": "uuid"},
        "version": _WHOLE,
        "as_of": _INSTANT,
        "clocks": {"type": "array", "items": CLOCK},
        "recorded": {"type": "array", "items": {"type": "object", "properties": _RECORDED}},
        "upcoming": {"type": "array", "items": {"type": "object", "properties": _UPCOMING}},
    },
}
