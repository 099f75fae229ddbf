"""The access journal over HTTP: who read what about people. Asking is an access as well."""

import asyncio
from typing import Annotated, Any

import orjson
from fastapi import FastAPI, Query, Request, Response

from tocsin.access import Asked, Entry, JournalUnavailable, Kind
from tocsin.access.records import Through
from tocsin.http import journal
from tocsin.http.histories import JSON, OPTIONS
from tocsin.http.needs import Endpoint, Moment, get, page_size
from tocsin.http.problems import NOT_FOUND, STORE_UNAVAILABLE, Problem, later
from tocsin.http.service import Service
from tocsin.keys import Scope

PAGE = 50
Since = Annotated[Moment | None, Query(description="Accesses then or later.")]
Until = Annotated[Moment | None, Query(description="Accesses before this.")]
Who = Annotated[str, Query(max_length=200, description="Of this person.")]
Incident = Annotated[str, Query(max_length=200, description="To it: its UUID or reference.")]
After = Annotated[int, Query(ge=0, le=2**53, description="The number to go on after.")]


def mount(app: FastAPI, service: Service) -> None:
    """Serve the journal."""
    get(
        app,
        service,
        "/access",
        _access(service),
        scope=Scope.AUDIT,
        shows=Kind.AUDIT,
        schema=PAGE_SCHEMA,
        statuses=(404,),
        tags=["audit"],
    )


def _access(service: Service) -> Endpoint:
    size = page_size(service.settings.page_rows)

    async def access(
        request: Request,
        since: Since = None,
        until: Until = None,
        who: Who = "",
        incident: Incident = "",
        after: After = 0,
        limit: Annotated[int, size] = PAGE,
    ) -> Response:
        """Who read what about people and who took it away, oldest first.

        Reads of one second are one entry for each caller, route and purpose. What was read in the
        last second can still be missing. Of an entry that has expired only its number is left.
        """
        kept = service.readings.journal
        if kept is None:
            raise Problem(NOT_FOUND, "No access journal is kept here: TOCSIN_ACCESS is false.")
        stream = await service.find(incident) if incident else None
        asked = Asked(since=since, until=until, who=who, incident=stream)
        try:
            found, further = await asyncio.to_thread(kept.page, asked, limit, after)
        except JournalUnavailable as error:
            raise later(STORE_UNAVAILABLE, "The access journal cannot be read now.", 5) from error
        journal.rows(request, len(found))
        body = {"items": [shown(each) for each in found], "next": further}
        return Response(orjson.dumps(body, option=OPTIONS), media_type=JSON)

    return access


def shown(entry: Entry) -> dict[str, Any]:
    """An entry as a reader sees it."""
    if entry.expired:
        return {"number": entry.number, "at": entry.at, "expired": True}
    return {**vars(entry), "expired": False}


_TEXT, _WHOLE = {"type": "string"}, {"type": "integer"}
ENTRY: dict[str, Any] = {
    "type": "object",
    "required": ["number", "at", "expired"],
    "properties": {
        "number": _WHOLE,
        "at": {"type": "string", "format": "date-time"},
        "expired": {"type": "boolean", "description": "Only its number and its hash are left."},
        "who": {"type": "string", "description": "The owner of the key, or the user."},
        "key_id": _TEXT,
        "purpose": {"type": "string", "description": "As `X-Purpose` said."},
        "what": {"type": "string", "description": "The route, or the command."},
        "kind": {"type": "string", "enum": [each.value for each in Kind]},
        "through": {"type": "string", "enum": [each.value for each in Through]},
        "incidents": {"type": "array", "items": {"type": "string", "format": "uuid"}},
        "asked": {"type": "string", "description": "The parameters that a list was asked by."},
        "rows": _WHOLE,
        "times": _WHOLE,
        "lost": {"type": "integer", "description": "Reads before it that could not be kept."},
    },
}
PAGE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["items", "next"],
    "properties": {
        "items": {"type": "array", "items": ENTRY},
        "next": {"type": ["integer", "null"], "description": "`after` of the next page."},
    },
}
