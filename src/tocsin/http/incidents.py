"""One incident, straight from the log: as it stands, as it stood, what happened to it, in words."""

import asyncio
from typing import Annotated

import orjson
from fastapi import FastAPI, Path, Request, Response

from tocsin.access import Kind
from tocsin.domain.incident.state import INCIDENT, Incident
from tocsin.domain.incident.words import words
from tocsin.http import headers as said
from tocsin.http import histories, openapi
from tocsin.http.histories import JSON, OPTIONS, Told, answered, tagged
from tocsin.http.moments import AsOf, KnownAt, Version, checked
from tocsin.http.needs import Endpoint, get
from tocsin.http.service import Service
from tocsin.keys import Scope

__all__ = ["JSON", "OPTIONS", "Named", "mount", "shown", "told"]

NAMED = Path(alias="id", description="UUID or reference.", max_length=200)
Named = Annotated[str, NAMED]


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
        shows=Kind.READ,
        statuses=(404,),
        parameters=(openapi.IF_NONE_MATCH,),
        tags=["incidents"],
    )
    histories.mount(app, service, told(service))


def _incident(service: Service, told: Told) -> Endpoint:
    async def incident(
        request: Request,
        named: Named,
        version: Version = None,
        as_of: AsOf = None,
        known_at: KnownAt = None,
    ) -> Response:
        """The incident as it stands, or as it stood.

        With `as_of`, as it was in the world then by all that is known now: what was told late
        counts from when it happened, and a correction from when the fact held. With `known_at`, or
        `version`, as it was believed: by what had been recorded by then, or by so many events. With
        both, what was believed at the one moment about the other.
        """
        stream = await service.find(named)
        if version is None and as_of is None and known_at is None:
            state = await service.desk.state(stream, INCIDENT)
            return tagged(request, said.etag(state.version), shown(state))
        moment = checked(service, as_of, known_at, version)
        state = (await asyncio.to_thread(told.then, service, stream, moment)).state
        if as_of is None:
            return tagged(request, said.etag(state.version), shown(state))
        return answered(request, shown(state))

    return incident


def shown(incident: Incident) -> bytes:
    """An incident as a reader sees it, with the commands that could be recorded now."""
    fields = {**vars(incident), "possible": incident.possible()}
    del fields["last_said"]
    return orjson.dumps(fields, option=OPTIONS)
