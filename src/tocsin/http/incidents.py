"""One incident, straight from the log: as it stands, as it stood, what happened to it, in words."""

import asyncio
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import FastAPI, Path, Query, Request, Response

from tocsin.domain.incident.state import INCIDENT, Incident
from tocsin.domain.incident.words import words
from tocsin.domain.kernel import Recorded
from tocsin.http import headers as said
from tocsin.http import histories, openapi
from tocsin.http.histories import JSON, OPTIONS, Told, tagged
from tocsin.http.needs import Endpoint, Moment, get
from tocsin.http.problems import NO_SUCH_INCIDENT, Problem
from tocsin.http.service import Service
from tocsin.keys import Scope

__all__ = ["JSON", "OPTIONS", "AsOf", "Named", "Version", "mount", "shown", "stood", "told"]

NAMED = Path(alias="id", description="UUID or reference.", max_length=200)
Named = Annotated[str, NAMED]
Version = Annotated[int | None, Query(ge=1, le=2**31, description="After so many events.")]
AsOf = Annotated[Moment | None, Query(description="After what had occurred by then.")]


def told(service: Service) -> Told:
    """How incidents are asked about."""
    return Told(INCIDENT, service.find, NAMED, words)


def mount(app: FastAPI, service: Service) -> None:
    """Serve what can be asked about one incident."""
    get(
        app,
        service,
        "/incidents/{id}",
        _incident(service, told(service)),
        schema=openapi.ref("Incident"),
        scope=Scope.READ,
        statuses=(404,),
        parameters=(openapi.IF_NONE_MATCH,),
        tags=["incidents"],
    )
    histories.mount(app, service, told(service))


def _incident(service: Service, told: Told) -> Endpoint:
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
            return tagged(request, said.etag(state.version), shown(state))
        history = await asyncio.to_thread(service.log.history, stream, 0, version)
        state, events = stood(stream, told.known(stream, history), version, as_of)
        # What had occurred by then can still grow by facts that are told late.
        tag = said.etag(state.version) if as_of is None else b'"%d.%d"' % (state.version, events)
        return tagged(request, tag, shown(state))

    return incident


def stood(
    stream: UUID, history: list[Recorded[Any]], version: int | None, as_of: datetime | None
) -> tuple[Incident, int]:
    """How it stood then, and of how many events that is the fold.

    Raises:
        Problem: 404, there was no such version, or it had not begun.
    """
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
