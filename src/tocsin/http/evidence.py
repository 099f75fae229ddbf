"""Evidence over HTTP: what there is, who had it, and its content, which no browser opens."""

import asyncio
from contextlib import ExitStack
from string import ascii_letters, digits
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

import orjson
from fastapi import FastAPI, Path, Request, Response
from starlette.types import Receive, Scope, Send

from tocsin.access import Kind
from tocsin.domain.evidence.commands import Discard
from tocsin.domain.evidence.state import EVIDENCE, Evidence
from tocsin.domain.evidence.values import Condition, Custody
from tocsin.domain.evidence.words import words
from tocsin.domain.incident.state import INCIDENT
from tocsin.evidence import Content, Custodian, NotReadable, Storage
from tocsin.evidence.pieces import pieces
from tocsin.http import evidence_taking, histories, openapi
from tocsin.http import headers as said
from tocsin.http import journal as access
from tocsin.http.feed import ABORT
from tocsin.http.guard import HEAD
from tocsin.http.histories import JSON, OPTIONS, Told, tagged
from tocsin.http.incidents import NAMED as INCIDENT_NAMED
from tocsin.http.needs import Endpoint, get
from tocsin.http.problems import (
    BAD_HEADER,
    EVIDENCE_DAMAGED,
    EVIDENCE_GONE,
    Problem,
)
from tocsin.http.service import Service
from tocsin.keys import Scope as Right

NAMED = Path(alias="id", description="The UUID of the piece of evidence.", max_length=200)
SAFE = frozenset(f"{ascii_letters}{digits}-_.~ ")
"""Letters of a file name that need no escape."""
NEVER_INLINE = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "X-Download-Options": "noopen",
}


def mount(app: FastAPI, service: Service) -> None:
    """Serve evidence."""
    custodian = Custodian(service.desk, Storage.open(service.settings, service.log.seals))
    service.ways[Discard] = custodian.discard
    evidence_taking.mount(app, service, custodian)

    async def find(named: str) -> UUID:
        return service.find_evidence(named)

    told = Told(EVIDENCE, find, NAMED, words)
    known: dict[str, Any] = {"statuses": (404,), "tags": ["evidence"], "shows": Kind.READ}
    get(
        app,
        service,
        "/incidents/{id}/evidence",
        _of_incident(service),
        scope=Right.READ,
        schema=LIST,
        **known,
    )
    get(
        app,
        service,
        "/evidence/{id}",
        _piece(service, custodian),
        scope=Right.READ,
        schema=openapi.ref("Evidence"),
        parameters=(openapi.IF_NONE_MATCH,),
        **known,
    )
    get(
        app,
        service,
        "/evidence/{id}/content",
        _content(service, custodian),
        scope=Right.EVIDENCE,
        responses=CONTENT,
        **{**known, "statuses": (404, 409, 410), "shows": Kind.EVIDENCE},
    )
    histories.mount(app, service, told)


def _of_incident(service: Service) -> Endpoint:
    async def evidence_of_incident(
        request: Request, named: Annotated[str, INCIDENT_NAMED]
    ) -> Response:
        """All evidence of an incident as it stands, in the order in which it was attached."""
        stream = await service.find(named)
        await service.desk.state(stream, INCIDENT)
        found = await asyncio.to_thread(pieces, service.log, stream)
        access.rows(request, len(found))
        items = b",".join(map(shown, found))
        body = b'{"incident_id":"%b","items":[%b]}' % (str(stream).encode(), items)
        return Response(body, media_type=JSON)

    return evidence_of_incident


def _piece(service: Service, custodian: Custodian) -> Endpoint:
    async def evidence(request: Request, named: Annotated[str, NAMED]) -> Response:
        """A piece of evidence as it stands: what it is, and everybody who ever answered for it."""
        state = await custodian.state(service.find_evidence(named))
        return tagged(request, said.etag(state.version), shown(state))

    return evidence


def shown(evidence: Evidence) -> bytes:
    """A piece as a reader sees it, with the commands that could be recorded now."""
    return orjson.dumps({**vars(evidence), "possible": evidence.possible()}, option=OPTIONS)


def _content(service: Service, custodian: Custodian) -> Endpoint:
    async def evidence_content(request: Request, named: Annotated[str, NAMED]) -> Response:
        """The content of a piece, to be saved, once it is on record who has it and what for.

        `X-Purpose` is required. What is stored is compared with what was attached before the first
        byte leaves.
        """
        stream = service.find_evidence(named)
        state = await custodian.state(stream)
        headers = {**NEVER_INLINE, "Content-Disposition": disposition(state.name)}
        headers |= {"Content-Length": str(state.size), "Content-Type": state.media_type}
        mark = access.taken(request)
        if HEAD in request.scope:
            return Response(headers=headers)
        purpose = access.purpose_of(dict(request.scope["headers"]))
        if not purpose:
            raise Problem(BAD_HEADER, "Say in X-Purpose what the content is needed for.")
        caller = service.access.check(
            dict(request.scope["headers"]).get(b"authorization"), Right.EVIDENCE
        )
        opened = ExitStack()
        try:
            if state.status is Custody.KEPT:
                found = await asyncio.to_thread(
                    opened.enter_context, custodian.storage.content(state.sha256)
                )
            await service.readings.hand_over(mark)
            await custodian.hand_over(stream, purpose, caller.name)
        except NotReadable as error:
            opened.close()
            await custodian.found(stream, error.condition, caller.name)
            raise unreadable(error.condition) from error
        except BaseException:
            opened.close()
            raise
        return Handed(found, opened, headers, service.settings.slow_reader_seconds)

    return evidence_content


def unreadable(condition: Condition) -> Problem:
    """Why content is not handed over."""
    if condition is Condition.FORGOTTEN:
        detail = "The texts of its incident were forgotten: nobody can open the content any more."
        return Problem(EVIDENCE_GONE, detail, condition=condition)
    detail = (
        f"The stored content is {condition}: it is not handed over, and that is on record."
        " Restore it from a backup; `tocsin evidence verify` says whether it fits."
    )
    return Problem(EVIDENCE_DAMAGED, detail, condition=condition)


def disposition(name: str) -> str:
    """How a browser is told to save it, under a name that cannot lead elsewhere (RFC 6266)."""
    plain = name.replace("/", "_").replace("\\", "_").lstrip(".") or "evidence"
    simple = "".join(each if each in SAFE else "_" for each in plain)
    return f"attachment; filename=\"{simple}\"; filename*=UTF-8''{quote(plain, safe='')}"


class Handed(Response):
    """Content on its way out, until it is there, or its reader stalls or goes."""

    def __init__(
        self, content: Content, opened: ExitStack, headers: dict[str, str], seconds: float
    ) -> None:
        super().__init__(headers=headers)
        self._content, self._opened, self._seconds = content, opened, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
            await send(start)
            try:
                while chunk := await asyncio.to_thread(next, self._content.chunks, b""):
                    async with asyncio.timeout(self._seconds):
                        body = {"type": "http.response.body", "body": chunk, "more_body": True}
                        await send(body)
            except (NotReadable, TimeoutError):
                # Cut off, so that nobody takes it for the whole.
                if (abort := scope.get(ABORT)) is not None:
                    abort()
                return
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            await asyncio.to_thread(self._opened.close)


LIST: dict[str, Any] = {
    "type": "object",
    "required": ["incident_id", "items"],
    "properties": {
        "incident_id": {"type": "string", "format": "uuid"},
        "items": {"type": "array", "items": openapi.ref("Evidence")},
    },
}
CONTENT: dict[int | str, Any] = {
    200: {
        "description": "The content, as it was attached.",
        "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
    }
}
