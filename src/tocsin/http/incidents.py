"""One incident, straight from the log: as it stands, as it stood, what happened to it, in words."""

import asyncio
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import FastAPI, Path, Query, Request, Response

from tocsin.asks import UnknownStream
from tocsin.domain.incident.state import INCIDENT, Incident
from tocsin.domain.incident.words import words
from tocsin.domain.kernel import Recorded
from tocsin.http import headers as said
from tocsin.http import openapi
from tocsin.http.needs import Endpoint, Moment, get, page_size
from tocsin.http.problems import NO_SUCH_INCIDENT, Problem
from tocsin.http.service import Service
from tocsin.keys import Scope

Named = Annotated[str, Path(alias="id", description="UUID or reference.", max_length=200)]
After = Annotated[int, Query(ge=0, le=2**53, description="The version to go on after.")]
JSON = "application/json"
OPTIONS = orjson.OPT_UTC_Z
PAGE = 50


Version = Annotated[int | None, Query(ge=1, le=2**31, description="After so many events.")]
AsOf = Annotated[Moment | None, Query(description="After what had occurred by then.")]


def mount(app: FastAPI, service: Service) -> None:
    """Serve what can be asked about one incident."""
    common: dict[str, Any] = {
        "scope": Scope.READ,
        "statuses": (404,),
        "parameters": (openapi.IF_NONE_MATCH,),
        "tags": ["incidents"],
    }
    shape = openapi.ref("Incident")
    get(app, service, "/incidents/{id}", _incident(service), schema=shape, **common)
    for path, endpoint, item in (
        ("events", _events(service), STORED),
        ("timeline", _timeline(service), LINE),
    ):
        get(app, service, f"/incidents/{{id}}/{path}", endpoint, schema=_page_of(item), **common)


def _incident(service: Service) -> Endpoint:
    async def incident(
        request: Request, named: Named, version: Version = None, as_of: AsOf = None
    ) -> Response:
        """The incident as it stands, or as it stood.

        With `version`, after that many of its events. With `as_of`, folded from the events that
        had occurred in the world by then, in the order in which they were recorded. With both,
        what was known at that version about that time.
        """
        stream = await service.find(named)
        if version is None and as_of is None:
            state = await service.desk.state(stream, INCIDENT)
            return _tagged(request, said.etag(state.version), shown(state))
        history = await asyncio.to_thread(service.log.history, stream, 0, version)
        state, events = stood(stream, history, version, as_of)
        # What had occurred by then can still grow by facts that are told late.
        tag = said.etag(state.version) if as_of is None else b'"%d.%d"' % (state.version, events)
        return _tagged(request, tag, shown(state))

    return incident


def _events(service: Service) -> Endpoint:
    size = page_size(service.settings.page_rows)

    async def events(
        request: Request, named: Named, after: After = 0, limit: Annotated[int, size] = PAGE
    ) -> Response:
        """What was recorded about it, byte for byte as stored, in order."""
        stream = await service.find(named)
        found, version = await asyncio.to_thread(_stored, service, stream, after, limit)
        return _paged(request, stream, found, after, version)

    return events


def _timeline(service: Service) -> Endpoint:
    size = page_size(service.settings.page_rows)

    async def timeline(
        request: Request, named: Named, after: After = 0, limit: Annotated[int, size] = PAGE
    ) -> Response:
        """What happened to it, in words."""
        stream = await service.find(named)
        found, version = await asyncio.to_thread(_told, service, stream, after, limit)
        return _paged(request, stream, found, after, version)

    return timeline


def stood(
    stream: UUID, history: list[Recorded[Any]], version: int | None, as_of: datetime | None
) -> tuple[Incident, int]:
    """How it stood then, and of how many events that is the fold.

    Raises:
        UnknownStream: it has no history.
        Problem: 404, there was no such version, or it had not begun.
    """
    if not history:
        raise UnknownStream(stream)
    if version is not None and history[-1].version != version:
        raise Problem(NO_SUCH_INCIDENT, f"The incident has {history[-1].version} versions so far.")
    kept = [each for each in history if as_of is None or each.occurred_at <= as_of]
    if not kept:
        raise Problem(NO_SUCH_INCIDENT, "The incident had not begun then.")
    return INCIDENT.fold(stream, kept), len(kept)


def shown(incident: Incident) -> bytes:
    """An incident as a reader sees it, with the commands that could be recorded now."""
    fields = {**vars(incident), "possible": incident.possible()}
    del fields["last_said"]
    return orjson.dumps(fields, option=OPTIONS)


def line(recorded: Recorded[Any]) -> dict[str, Any]:
    """One event as a line of a timeline."""
    return {
        "version": recorded.version,
        "position": recorded.position,
        "occurred_at": recorded.occurred_at,
        "recorded_at": recorded.recorded_at,
        "actor": recorded.actor,
        "via": recorded.via,
        "event": recorded.event.event_name,
        "words": words(recorded.event),
    }


def _stored(service: Service, stream: UUID, after: int, limit: int) -> tuple[list[bytes], int]:
    version = service.log.version(stream)
    return service.log.raw_history(stream, after, after + limit), version


def _told(service: Service, stream: UUID, after: int, limit: int) -> tuple[list[bytes], int]:
    version = service.log.version(stream)
    history = service.log.history(stream, after, after + limit)
    return [orjson.dumps(line(each), option=OPTIONS) for each in history], version


def _paged(
    request: Request, stream: UUID, items: list[bytes], after: int, version: int
) -> Response:
    if not version:
        raise UnknownStream(stream)
    last = after + len(items)
    body = b'{"incident_id":"%b","version":%d,"items":[%b],"next":%b}' % (
        str(stream).encode(),
        version,
        b",".join(items),
        b"%d" % last if items and last < version else b"null",
    )
    return _tagged(request, said.etag(version), body)


def _tagged(request: Request, tag: bytes, body: bytes) -> Response:
    sent = {"ETag": tag.decode(), "Cache-Control": "private, no-cache"}
    if said.unchanged(dict(request.scope["headers"]), tag):
        return Response(status_code=304, headers=sent)
    return Response(body, headers=sent, media_type=JSON)


_INSTANT = {"type": "string", "format": "date-time"}
_TEXT, _WHOLE = {"type": "string"}, {"type": "integer"}
LINE: dict[str, Any] = {
    "type": "object",
    "required": ["version", "position", "occurred_at", "recorded_at", "actor", "event", "words"],
    "properties": {
        "version": _WHOLE,
        "position": _WHOLE,
        "occurred_at": _INSTANT,
        "recorded_at": _INSTANT,
        "actor": _TEXT,
        "via": {"type": ["string", "null"]},
        "event": _TEXT,
        "words": _TEXT,
    },
}
STORED: dict[str, Any] = {
    "type": "object",
    "required": ["event", "data", "position", "stream", "version", "occurred_at", "recorded_at"],
    "properties": {
        **{name: LINE["properties"][name] for name in LINE["properties"] if name != "words"},
        "data": {"type": "object"},
        "schema": _WHOLE,
        "stream": {"type": "string", "format": "uuid"},
        "command_id": {"type": "string", "format": "uuid"},
        "causation": {"type": ["integer", "null"]},
    },
}


def _page_of(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["incident_id", "version", "items", "next"],
        "properties": {
            "incident_id": {"type": "string", "format": "uuid"},
            "version": _WHOLE,
            "items": {"type": "array", "items": item},
            "next": {"type": ["integer", "null"], "description": "`after` of the next page."},
        },
    }
