"""What was recorded about one thing, straight from the log: as it is stored, and in words."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import FastAPI, Query, Request, Response

from tocsin.access import Kind
from tocsin.aggregates import collection
from tocsin.asks import UnknownStream
from tocsin.domain.kernel import EVENTS, Aggregate, Recorded, aggregate_of
from tocsin.http import headers as said
from tocsin.http import openapi
from tocsin.http.moments import AsOf, KnownAt, checked, problem
from tocsin.http.needs import Endpoint, get, page_size
from tocsin.http.service import Service
from tocsin.keys import Scope
from tocsin.past.moments import Moment, NotThen, Then, then
from tocsin.past.telling import line

After = Annotated[int, Query(ge=0, le=2**53, description="The version to go on after.")]
Stored = Annotated[
    bool, Query(description="Byte for byte as stored: what is sealed there stays sealed.")
]
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
        return f"/{collection(self.aggregate.name)}"

    def known(self, stream: UUID, history: list[Recorded[Any]]) -> list[Recorded[Any]]:
        """The history, if it is one of such a thing.

        Raises:
            UnknownStream: it has none, or is of another kind.
        """
        if not history or aggregate_of(history[0].event) is not self.aggregate:
            raise UnknownStream(stream, self.aggregate.name)
        return history

    def then(self, service: Service, stream: UUID, moment: Moment) -> Then[Any]:
        """How one stood at a moment.

        Raises:
            Problem: 404, it was not there then, and why.
            UnknownStream: there is no such thing at all.
        """
        history = self.known(stream, service.log.history(stream))
        try:
            return then(self.aggregate, history, moment)
        except NotThen as error:
            raise problem(error, self.aggregate.name) from error


def mount(app: FastAPI, service: Service, told: Told) -> None:
    """Serve what was recorded about such things."""
    for path, endpoint, item in (
        ("events", _events(service, told), STORED),
        ("timeline", _timeline(service, told), LINE),
    ):
        serve(app, service, told, path, endpoint, _page_of(told, item))


def serve(
    app: FastAPI,
    service: Service,
    told: Told,
    path: str,
    endpoint: Endpoint,
    schema: dict[str, Any],
) -> None:
    """Serve what can be asked of one such thing, under its own address."""
    get(
        app,
        service,
        f"{told.root}/{{id}}/{path}",
        endpoint,
        schema=schema,
        scope=Scope.READ,
        shows=Kind.READ,
        statuses=(404,),
        parameters=(openapi.IF_NONE_MATCH,),
        tags=[collection(told.aggregate.name)],
        operation_id=f"{told.aggregate.name}.{path}",
    )


def _events(service: Service, told: Told) -> Endpoint:
    size = page_size(service.settings.page_rows)

    def read(stream: UUID, after: int, limit: int, stored: bool) -> tuple[list[bytes], int]:
        _check(service, told, stream)
        version = service.log.version(stream)
        bodies = service.log.raw_history(stream, after, after + limit)
        return bodies if stored else service.log.shown(bodies), version

    async def events(
        request: Request,
        named: Annotated[str, told.named],
        after: After = 0,
        limit: Annotated[int, size] = PAGE,
        stored: Stored = False,
    ) -> Response:
        """What was recorded about it, in order; with `stored`, byte for byte as it is hashed."""
        stream = await told.find(named)
        found, version = await asyncio.to_thread(read, stream, after, limit, stored)
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
        as_of: AsOf = None,
        known_at: KnownAt = None,
    ) -> Response:
        """What happened to it, in words.

        With `as_of`, what had happened in the world by then, with what was said of it later. With
        `known_at`, what had been recorded by then.
        """
        stream = await told.find(named)
        if as_of is not None or known_at is not None:
            moment = checked(service, as_of, known_at)
            past = (await asyncio.to_thread(told.then, service, stream, moment)).events
            return _part(request, told, past, after, limit)
        found, version = await asyncio.to_thread(lines, stream, after, limit)
        return _paged(request, told, stream, found, after, version)

    return timeline


def _part(
    request: Request, told: Told, past: Sequence[Recorded[Any]], after: int, limit: int
) -> Response:
    """A page of the events that a moment is made of, which need not follow one another."""
    rest = [each for each in past if each.version > after]
    items = [line(each, told.words) for each in rest[:limit]]
    body = {
        f"{told.aggregate.name}_id": past[0].stream,
        "version": past[-1].version,
        "items": items,
        "next": rest[limit - 1].version if len(rest) > limit else None,
    }
    return answered(request, orjson.dumps(body, option=OPTIONS))


def _check(service: Service, told: Told, stream: UUID) -> None:
    """Its first event says of which kind a stream is, also where nothing more can be read."""
    for body in service.log.raw_history(stream, 0, 1):
        event = EVENTS.get(orjson.loads(body)["event"])
        if event is not None and event.event_name.partition(".")[0] == told.aggregate.name:
            return
    raise UnknownStream(stream, told.aggregate.name)


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


def answered(request: Request, body: bytes) -> Response:
    """An answer whose tag is that of its bytes: what was so still changes by what is told."""
    return tagged(request, b'"%b"' % sha256(body).hexdigest()[:32].encode(), body)


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
        "actor": {"type": ["string", "object"], "description": "An object while it is sealed."},
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
