"""Evidence taken in over HTTP: streamed, checked by what it begins with, never whole in memory."""

import asyncio
from collections.abc import Awaitable, Callable
from email.message import Message
from mimetypes import guess_extension
from typing import Any
from urllib.parse import parse_qsl

import orjson
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from tocsin import door
from tocsin.domain.evidence.commands import AttachEvidence
from tocsin.evidence import Custodian, Described, Incoming
from tocsin.evidence.kinds import HEAD_BYTES, NotThatKind, check, plain
from tocsin.http import headers as said
from tocsin.http.answers import Answer
from tocsin.http.body import PATIENCE, CallerGone, read_body
from tocsin.http.commands import RETRIED, no_query
from tocsin.http.evidence_schemas import ASKED, CHECKING, documented
from tocsin.http.problems import (
    BAD_HEADER,
    BUSY,
    EXPECTED,
    KIND_REFUSED,
    TOO_LARGE,
    TOO_SLOW,
    Problem,
    invalid,
    later,
    of,
)
from tocsin.http.service import Service
from tocsin.keys import Scope as Right
from tocsin.settings import Settings

WRITTEN_BYTES = 262_144
"""So much is collected before it is written."""
_CLOSE = {"Connection": "close"}


def mount(app: FastAPI, service: Service, custodian: Custodian) -> None:
    """Serve what takes evidence in, and what looks after it."""
    app.router.routes.append(Taking(service, custodian))
    app.router.routes.append(Checking(service, custodian))


class Acting(APIRoute):
    """A `POST` that answers with bytes, or says why not."""

    def __init__(self, path: str, service: Service, documented: dict[str, Any]) -> None:
        super().__init__(path, _documented, methods=["POST"], **documented)
        self.service = service
        self.app = self.answer

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            answer = await self.act(scope, receive)
        except CallerGone:
            return
        except (Problem, *EXPECTED) as error:
            problem = of(error)
            self.service.metrics.commands[self.operation_id or "", problem.kind.code] += 1
            answer = problem.answer()
        await answer(scope, receive, send)

    async def act(self, scope: Scope, receive: Receive) -> Answer:
        """What the answer is."""
        raise NotImplementedError


class Taking(Acting):
    """Attach a piece of evidence to an incident."""

    def __init__(self, service: Service, custodian: Custodian) -> None:
        super().__init__("/incidents/{id}/evidence", service, documented())
        self._custodian, self._count = custodian, 0

    async def act(self, scope: Scope, receive: Receive) -> Answer:
        service, settings = self.service, self.service.settings
        headers = dict(scope["headers"])
        caller = service.access.check(headers.get(b"authorization"), Right.WRITE)
        command = asked(scope, headers)
        limit = settings.evidence_bytes
        stated = headers.get(b"content-length", b"0")
        if not stated.isdigit():
            raise Problem(BAD_HEADER, "Content-Length must be a number.", _CLOSE)
        if int(stated) > limit:
            raise _too_large(limit)
        key = said.idempotency_key(headers)
        stream = await service.find(scope["path_params"]["id"])
        described = Described(
            command, stream, caller.name, said.command_id(caller.name, key) if key else None
        )
        if self._count >= settings.evidence_uploads:
            raise later(BUSY, f"{self._count} pieces of evidence are arriving: try again later.", 5)
        self._count += 1
        try:
            receipt = await self._custodian.attach(
                described, self._filling(scope, receive, command)
            )
        finally:
            self._count -= 1
        fields = receipt.fields
        outcome = "replayed" if receipt.replayed else "recorded"
        service.metrics.commands[command.path, outcome] += 1
        answered = [
            (b"etag", said.etag(fields["version"])),
            (b"tocsin-position", b"%d" % fields["position"]),
            (b"location", f"/evidence/{fields['evidence_id']}".encode()),
        ]
        if receipt.replayed:
            answered.append(RETRIED)
        return Answer(201, receipt.body, answered)

    def _filling(
        self, scope: Scope, receive: Receive, command: AttachEvidence
    ) -> Callable[[Incoming], Awaitable[None]]:
        settings = self.service.settings

        async def fill(incoming: Incoming) -> None:
            if (patience := scope.get(PATIENCE)) is not None:
                patience(settings.evidence_seconds)
            try:
                async with asyncio.timeout(settings.evidence_seconds):
                    await self._take(receive, incoming, command.media_type)
            except TimeoutError as error:
                seconds = settings.evidence_seconds
                detail = f"The content must arrive within {seconds:g} seconds."
                raise Problem(TOO_SLOW, detail, _CLOSE) from error

        return fill

    async def _take(self, receive: Receive, incoming: Incoming, media_type: str) -> None:
        settings = self.service.settings
        waiting, size, known, more = bytearray(), 0, False, True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                raise CallerGone
            more = message.get("more_body", False)
            waiting += message.get("body", b"")
            if size + len(waiting) > settings.evidence_bytes:
                raise _too_large(settings.evidence_bytes)
            if not known and (len(waiting) >= HEAD_BYTES or not more):
                _check(media_type, bytes(waiting[:HEAD_BYTES]), settings.evidence_types)
                known = True
            if known and (len(waiting) >= WRITTEN_BYTES or not more):
                size += len(waiting)
                await asyncio.to_thread(incoming.write, bytes(waiting))
                waiting.clear()


class Checking(Acting):
    """Compare what is stored of a piece with what was attached, and put that on record."""

    def __init__(self, service: Service, custodian: Custodian) -> None:
        super().__init__("/evidence/{id}/check", service, CHECKING)
        self._custodian = custodian

    async def act(self, scope: Scope, receive: Receive) -> Answer:
        headers = dict(scope["headers"])
        caller = self.service.access.check(headers.get(b"authorization"), Right.WRITE)
        no_query(scope)
        await _nothing_asked(scope, headers, receive, self.service.settings)
        stream = self.service.find_evidence(scope["path_params"]["id"])
        condition, receipt = await self._custodian.check(stream, caller.name)
        self.service.metrics.commands["record-check", "recorded"] += 1
        body = orjson.dumps({**receipt.fields, "condition": condition})
        return Answer(200, body, [(b"etag", said.etag(receipt.version))])


def asked(scope: Scope, headers: said.Headers) -> AttachEvidence:
    """What is to be attached, as the address and the headers say.

    Raises:
        Problem: 415 or 422, something cannot be meant so.
        Invalid: a field does not fit.
    """
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise Problem(KIND_REFUSED, "Send the content as it is, without Content-Encoding.")
    pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    fields = dict(pairs)
    if unknown := sorted(fields.keys() - set(ASKED)):
        reason = f"is not asked here; what is: {', '.join(ASKED)}"
        raise invalid([{"field": name[:60], "reason": reason} for name in unknown])
    if len(fields) != len(pairs):
        raise invalid([{"field": "query", "reason": "says something twice"}])
    media_type = plain(headers.get(b"content-type", b"").decode("latin-1"))
    if not media_type:
        raise Problem(KIND_REFUSED, "Say what the content is, in Content-Type.")
    if "name" not in fields:
        fields["name"] = file_name(headers) or f"unnamed{guess_extension(media_type) or ''}"
    return door.read_value(AttachEvidence, {**fields, "media_type": media_type})


async def _nothing_asked(
    scope: Scope, headers: said.Headers, receive: Receive, settings: Settings
) -> None:
    """Let a body pass that says nothing.

    Raises:
        Problem: 408, 413, 415 or 422, it says something, or cannot be read.
    """
    body = await read_body(scope, headers, receive, settings.command_bytes, settings.body_seconds)
    if body:
        said.check_json(headers)
        if door.parse(body, settings.json_depth) != {}:
            raise invalid([{"field": "body", "reason": "is not read: nothing is asked here"}])


def file_name(headers: said.Headers) -> str:
    """The name of the file, as `Content-Disposition` says (RFC 6266)."""
    stated = headers.get(b"content-disposition")
    if stated is None:
        return ""
    message = Message()
    try:
        message["content-disposition"] = stated.decode("latin-1")
        return message.get_filename("")
    except (ValueError, LookupError) as error:
        detail = 'Content-Disposition names the file: attachment; filename="name".'
        raise Problem(BAD_HEADER, detail) from error


def _check(media_type: str, head: bytes, allowed: tuple[str, ...]) -> None:
    if not head:
        raise invalid([{"field": "body", "reason": "is empty; it is the content"}])
    try:
        check(media_type, head, allowed)
    except NotThatKind as error:
        raise Problem(KIND_REFUSED, str(error), _CLOSE) from error


def _too_large(limit: int) -> Problem:
    detail = f"The content of a piece of evidence may have {limit} bytes at most."
    return Problem(TOO_LARGE, detail, _CLOSE, limit=limit)


async def _documented() -> None:
    """Stands in for a handler where FastAPI wants to read parameters off one."""
