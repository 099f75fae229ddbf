"""The clocks of one incident, straight from the log: how they stand, and why."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import orjson
from fastapi import FastAPI, Response

from tocsin.access import Kind
from tocsin.clocks import sheet
from tocsin.domain.clock.happening import clock_stream
from tocsin.domain.clock.plan import Rulebooks
from tocsin.http import incidents
from tocsin.http.incidents import JSON, OPTIONS, Named
from tocsin.http.moments import AsOf, KnownAt, problem
from tocsin.http.needs import Endpoint, get
from tocsin.http.service import Service
from tocsin.keys import Scope
from tocsin.past.moments import Moment, NotThen


def mount(app: FastAPI, service: Service) -> None:
    """Serve the clocks of an incident."""
    get(
        app,
        service,
        "/incidents/{id}/clocks",
        _clocks(service),
        scope=Scope.READ,
        shows=Kind.READ,
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
            struck = [each for each in struck if each.recorded_at <= known_at]
        try:
            known = Moment(known_at=known_at).known(history)
        except NotThen as error:
            raise problem(error) from error
        return sheet(known, struck, rules, as_of)

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
