"""What was recorded about one thing, straight from the log: as it is stored, and in words."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import FastAPI, Query, Request, Response

from tocsin.asks import UnknownStream
from tocsin.domain.kernel import EVENTS, Aggregate, Recorded, aggregate_of
from tocsin.http import headers as said
from tocsin.http import openapi
from tocsin.http.needs import Endpoint, get, page_size
from tocsin.http.service import Service
from tocsin.keys import Scope

After = Annotated[int, Query(ge=0, le=2**53, description="The version to go on after.")]
JSON = "application/json"
OPTIONS = orjson.OPT_UTC_Z
PAGE = 50


@dataclass(frozen=True)
class Told:
    """How one kind of thing is asked about."""

    aggregate: Aggregate[Any]
    find: Callable[[str], Awaitable[UUID]]
    named: Any
    """What is said of the part of the address that names it."""
    words: Callable[[Any], str]

    @property
    def root(self) -> str:
        return f"/{self.aggregate.name}s"

    def known(self, stream: UUID, history: list[Recorded[Any]]) -> list[Recorded[Any]]:
        """The history, if it is one of such a thing.

        Raises:
            UnknownStream: it has none, or is of another kind.
        """
        if not history or aggregate_of(history[0].event) is not self.aggregate:
            raise UnknownStream(stream, self.aggregate.name)
        return history


def mount(app: FastAPI, service: Service, told: Told) -> None:
    """Serve what was recorded about such things."""
    for path, endpoint, item in (
        ("events", _events(service, told), STORED),
        ("timeline", _timeline(service, told), LINE),
    ):
        get(
            app,
            service,
            f"{told.root}/{{id}}/{path}",
            endpoint,
            schema=_page_of(told, item),
            scope=Scope.READ,
            statuses=(404,),
            parameters=(openapi.IF_NONE_MATCH,),
            tags=[f"{told.aggregate.name}s"],
            operation_id=f"{told.aggregate.name}.{path}",
        )


def _events(service: Service, told: Told) -> Endpoint:
    size = page_size(service.settings.page_rows)

    def stored(stream: UUID, after: int, limit: int) -> tuple[list[bytes], int]:
        _check(service, told, stream)
        version = service.log.version(stream)
        return service.log.raw_history(stream, after, after + limit), version

    async def events(
        request: Request,
        named: Annotated[str, told.named],
        after: After = 0,
        limit: Annotated[int, size] = PAGE,
    ) -> Response:
        """What was recorded about it, byte for byte as stored, in order."""
        stream = await told.find(named)
        found, version = await asyncio.to_thread(stored, stream, after, limit)
        return _paged(request, told, stream, found, after, version)

    return events


def _timeline(service: Service, told: Told) -> Endpoint:
    size = page_size(service.settings.page_rows)

    def lines(stream: UUID, after: int, limit: int) -> tuple[list[bytes], int]:
        _check(service, told, stream)
        version = service.log.version(stream)
        history = service.log.history(stream, after, after + limit)
        return [orjson.dumps(line(each, told.words), option=OPTIONS) for each in history], version

    async def timeline(
        request: Request,
        named: Annotated[str, told.named],
        after: After = 0,
        limit: Annotated[int, size] = PAGE,
    ) -> Response:
        """What happened to it, in words."""
        stream = await told.find(named)
        found, version = await asyncio.to_thread(lines, stream, after, limit)
        return _paged(request, told, stream, found, after, version)

    return timeline


def _check(service: Service, told: Told, stream: UUID) -> None:
    """Its first event says of which kind a stream is, also where nothing more can be read."""
    for body in service.log.raw_history(stream, 0, 1):
        event = EVENTS.get(orjson.loads(body)["event"])
        if event is not None and event.event_name.partition(".")[0] == told.aggregate.name:
            return
    raise UnknownStream(stream, told.aggregate.name)


def line(recorded: Recorded[Any], words: Callable[[Any], str]) -> dict[str, Any]:
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


def _paged(
    request: Request, told: Told, stream: UUID, items: list[bytes], after: int, version: int
) -> Response:
    last = after + len(items)
    body = b'{"%b_id":"%b","version":%d,"items":[%b],"next":%b}' % (
        told.aggregate.name.encode(),
        str(stream).encode(),
        version,
        b",".join(items),
        b"%d" % last if items and last < version else b"null",
    )
    return tagged(request, said.etag(version), body)


def tagged(request: Request, tag: bytes, body: bytes) -> Response:
    """An answer with its tag, or that the caller has it already."""
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


def _page_of(told: Told, item: dict[str, Any]) -> dict[str, Any]:
    name = f"{told.aggregate.name}_id"
    return {
        "type": "object",
        "required": [name, "version", "items", "next"],
        "properties": {
            name: {"type": "string", "format": "uuid"},
            "version": _WHOLE,
            "items": {"type": "array", "items": item},
            "next": {"type": ["integer", "null"], "description": "`after` of the next page."},
        },
    }
