"""What is kept of people, and forgetting them, over HTTP. Each answer that shows it is recorded
before it leaves."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from fastapi import FastAPI, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from tocsin.access import Access, Kind
from tocsin.access.records import INCIDENTS, Through
from tocsin.domain.incident.state import INCIDENT
from tocsin.domain.kernel import aggregate_of
from tocsin.domain.subject.state import SUBJECT
from tocsin.domain.subject.values import NAMES, SubjectKind, texts_stream
from tocsin.erasure.asking import Looked, look
from tocsin.erasure.elsewhere import accesses_of, keys_of
from tocsin.erasure.handing import FORMS, MEDIA, Dossier, gathered
from tocsin.erasure.names import SHORTEST, BadName, Names
from tocsin.erasure.planning import TooMuch
from tocsin.erasure.purging import Purge
from tocsin.http import headers as said
from tocsin.http import openapi
from tocsin.http.histories import JSON, OPTIONS, tagged
from tocsin.http.journal import taken
from tocsin.http.needs import Endpoint, get
from tocsin.http.problems import BUSY, NO_SUCH_SUBJECT, Problem, invalid, later
from tocsin.http.service import Service
from tocsin.http.subjects_schemas import FOUND, STANDING
from tocsin.keys import Scope

NAMED = Path(
    alias="id",
    description="The person's id in the log; or, for its texts, an incident's UUID or reference.",
    max_length=200,
)
_NAME = Annotated[str, Query(min_length=SHORTEST, max_length=200, pattern=r"^\S(.*\S)$")]
By = Annotated[
    list[_NAME],
    Query(
        alias="name",
        description="A name of the person; say all there are.",
        min_length=1,
        max_length=NAMES,
    ),
]
Others = Annotated[
    list[_NAME] | None,
    Query(alias="name", description="Other names of the person.", max_length=NAMES),
]
Form = Annotated[Literal["json", "markdown"], Query(alias="format", description="Of the answer.")]


class Subjects:
    """Looks subjects up. One look over the whole log at a time."""

    def __init__(self, service: Service, purge: Purge) -> None:
        self.service, self.purge = service, purge
        self._looking = False

    async def find(self, named: str) -> tuple[UUID, SubjectKind, UUID | None]:
        """The stream of what is meant, what it stands for, and of which incident it is.

        Raises:
            Problem: 404, nothing and nobody has that name.
        """
        stream = await self.service.find(named)
        return await asyncio.to_thread(self._kind, stream, named)

    def _kind(self, stream: UUID, named: str) -> tuple[UUID, SubjectKind, UUID | None]:
        log = self.service.log
        history = log.history(stream, 0, 1)
        kind = aggregate_of(history[0].event) if history else None
        if kind is INCIDENT:
            return texts_stream(stream), SubjectKind.TEXTS, stream
        if kind is SUBJECT and (about := history[0].event.incident_id):
            return stream, SubjectKind.TEXTS, UUID(about)
        if kind is SUBJECT or (kind is None and log.vault.whose(str(stream))):
            return stream, SubjectKind.PERSON, None
        raise Problem(NO_SUCH_SUBJECT, f"Nobody and no incident is called {named[:60]}.")

    def check(self) -> None:
        """Let somebody look over the whole log.

        Raises:
            Problem: 503, somebody does.
        """
        if self._looking:
            raise later(BUSY, "Another search over the whole log is under way.", 5)

    @contextmanager
    def looking(self) -> Iterator[None]:
        """While somebody looks, others wait."""
        self._looking = True
        try:
            yield
        finally:
            self._looking = False

    async def look(self, names: Names, subjects: dict[str, str] | None = None) -> Looked:
        """Who has these names, or what is there of these subjects.

        Raises:
            Problem: 503, somebody else looks; 422, there is too much.
        """
        self.check()
        with self.looking():
            try:
                return await asyncio.to_thread(look, self.service.log, names, subjects)
            except TooMuch as much:
                raise invalid([{"field": "name", "reason": str(much).rstrip(".")}]) from much


def names_of(names: Sequence[str]) -> Names:
    """The names that somebody has.

    Raises:
        Problem: 422, they cannot be looked for.
    """
    try:
        return Names(names)
    except BadName as bad:
        raise invalid([{"field": "name", "reason": str(bad).rstrip(".")}]) from bad


async def recorded(service: Service, request: Request, about: Sequence[UUID] = ()) -> None:
    """Write down who sees it, before they do.

    Raises:
        Problem: 503, it cannot be written.
    """
    mark = taken(request)
    if mark is not None:
        reading = mark.reading._asdict()
        incidents = tuple(about[:INCIDENTS])
        await service.readings.record(Access(**reading, through=Through.HTTP, incidents=incidents))


def mount(app: FastAPI, service: Service, subjects: Subjects) -> None:
    """Serve what can be asked about subjects."""
    known: dict[str, Any] = {"scope": Scope.ERASE, "shows": Kind.SUBJECT, "tags": ["subjects"]}
    get(app, service, "/subjects", _found(subjects), schema=FOUND, **known)
    get(app, service, "/subjects/{id}", _standing(subjects), schema=STANDING, statuses=(404,),
        parameters=(openapi.IF_NONE_MATCH,), **known)  # fmt: skip
    get(
        app,
        service,
        "/subjects/{id}/export",
        _export(subjects),
        statuses=(404,),
        responses=EXPORTED,
        **known,
    )


EXPORTED = {
    200: {
        "description": "All that is kept of the person, as it is found.",
        "content": {
            media.partition(";")[0]: {"schema": {"type": "object" if name == "json" else "string"}}
            for name, media in MEDIA.items()
        },
    }
}


def _found(subjects: Subjects) -> Endpoint:
    service = subjects.service

    async def found(request: Request, name: By) -> Response:
        """Who has these names, how much is kept of them, and what forgetting them would close.

        It looks over the whole log, which takes a while. Names in an address can stand in the logs
        of proxies: ask over a connection that ends here, or with `tocsin subjects find`.
        """
        looked = await subjects.look(names_of(name))
        await recorded(service, request, list(looked.seen.involved))
        return Response(orjson.dumps(looked.told(), option=OPTIONS), media_type=JSON)

    return found


def _standing(subjects: Subjects) -> Endpoint:
    service = subjects.service

    async def subject(request: Request, named: Annotated[str, NAMED]) -> Response:
        """How a subject stands: held, forgotten, and how far purging it has come."""
        stream, kind, incident = await subjects.find(named)
        state = await service.desk.state(stream, SUBJECT)

        def told() -> bytes:
            person = service.log.vault.whose(str(stream))
            waiting = None
            if state.forgotten and state.purged_at is None:
                at = service.log.history(stream, state.forgotten - 1, state.forgotten)[0].position
                waiting = subjects.purge.waiting(at)
            return orjson.dumps(
                {
                    **vars(state),
                    "kind": kind,
                    "incident_id": incident,
                    "name": person.name if person else None,
                    "standing": state.standing,
                    "waiting_for": waiting,
                    "possible": state.possible(),
                },
                option=OPTIONS,
            )

        body = await asyncio.to_thread(told)
        await recorded(service, request, [incident] if incident else [])
        return tagged(request, said.etag(state.version), body)

    return subject


def _export(subjects: Subjects) -> Endpoint:
    service = subjects.service

    async def export(
        request: Request, named: Annotated[str, NAMED], name: Others = None, form: Form = "json"
    ) -> Response:
        """All that is kept of a person (Art. 15 GDPR), with the texts that mention them by the name
        that the log has, or by these.
        """
        stream, kind, _ = await subjects.find(named)
        if kind is not SubjectKind.PERSON:
            raise Problem(NO_SUCH_SUBJECT, "That is an incident: GET /incidents/{id} shows it.")
        dossier = await asyncio.to_thread(_dossier, service, stream, name or ())
        subjects.check()
        await recorded(service, request)
        parts = gathered(FORMS[form](service.log, dossier))
        return StreamingResponse(_one_at_a_time(subjects, parts), media_type=MEDIA[form])

    return export


def _one_at_a_time(subjects: Subjects, parts: Iterator[bytes]) -> Iterator[bytes]:
    with subjects.looking():
        yield from parts


def _dossier(service: Service, stream: UUID, others: Sequence[str]) -> Dossier:
    person = service.log.vault.whose(str(stream))
    if person is None:
        raise Problem(NO_SUCH_SUBJECT, "The person is forgotten: nothing can be read any more.")
    names = names_of([person.name, *others])
    subjects = {str(stream): person.name}
    keys = keys_of(service.settings, names)
    accesses = accesses_of(service.readings.journal, names, subjects)
    return Dossier(names, subjects, keys, accesses)
