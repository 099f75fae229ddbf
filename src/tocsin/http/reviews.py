"""The review of an incident, straight from the log: as it stands, as it stood, and its history."""

import asyncio
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import FastAPI, Path, Request, Response

from tocsin.access import Kind
from tocsin.domain.incident.state import INCIDENT
from tocsin.domain.kernel import Command, replace
from tocsin.domain.review.commands.opening import OpenReview
from tocsin.domain.review.state import REVIEW, Review, review_stream
from tocsin.domain.review.words import words
from tocsin.http import headers as said
from tocsin.http import histories, openapi
from tocsin.http.histories import OPTIONS, Told, answered, tagged
from tocsin.http.moments import AsOf, KnownAt, Version, checked
from tocsin.http.needs import Endpoint, get
from tocsin.http.service import Service
from tocsin.keys import Scope

NAMED = Path(
    alias="id",
    description="The review's UUID, or the UUID or the reference of its incident.",
    max_length=200,
)


def told(service: Service) -> Told:
    """How reviews are asked about."""
    return Told(REVIEW, service.find_review, NAMED, words)


def mount(app: FastAPI, service: Service) -> None:
    """Serve what can be asked about one review."""
    get(
        app,
        service,
        "/reviews/{id}",
        _review(service, told(service)),
        schema=openapi.ref("Review"),
        scope=Scope.READ,
        shows=Kind.READ,
        statuses=(404,),
        parameters=(openapi.IF_NONE_MATCH,),
        tags=["reviews"],
    )
    histories.mount(app, service, told(service))


def _review(service: Service, told: Told) -> Endpoint:
    async def review(
        request: Request,
        named: Annotated[str, NAMED],
        version: Version = None,
        as_of: AsOf = None,
        known_at: KnownAt = None,
    ) -> Response:
        """The whole review as it stands, or as it stood.

        With `as_of`, as it was in the world then; with `known_at`, by what had been recorded by
        then; with `version`, after that many events.
        """
        stream = await told.find(named)
        if version is None and as_of is None and known_at is None:
            state = await service.desk.state(stream, REVIEW)
            return tagged(request, said.etag(state.version), shown(state))
        moment = checked(service, as_of, known_at, version)
        state = (await asyncio.to_thread(told.then, service, stream, moment)).state
        if as_of is None:
            return tagged(request, said.etag(state.version), shown(state))
        return answered(request, shown(state))

    return review


def shown(review: Review) -> bytes:
    """A review as a reader sees it, with the commands that could be recorded now."""
    return orjson.dumps({**vars(review), "possible": review.possible()}, option=OPTIONS)


async def begun(service: Service, command: Command[Any]) -> tuple[Command[Any], UUID | None]:
    """What a command that begins something needs besides its body, and the stream that it begins;
    none where that is any new one.

    Raises:
        Problem: 404, there is no incident of that name.
        UnknownStream: there is no such incident.
    """
    if not isinstance(command, OpenReview):
        return command, None
    stream = await service.find(command.incident)
    # An incident that is there stays there, so nothing can come between this and the decision.
    incident = await service.desk.state(stream, INCIDENT)
    known_as, title = incident.reference, incident.title
    filled = replace(command, incident_id=str(stream), known_as=known_as, title=title)
    return filled, review_stream(stream)
