"""One loop over the catalogue of commands: each is a route, with its schema and its problems.

The handler reads the bytes once, validates them once, and answers with bytes: it is an ordinary
route to FastAPI and to the OpenAPI document, but skips the machinery of dependencies and response
models, which costs more than the decision itself.
"""

import logging
from collections.abc import Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from tocsin import door
from tocsin.aggregates import collection
from tocsin.asks import CannotStore, Receipt, Told
from tocsin.domain.evidence.state import EVIDENCE
from tocsin.domain.kernel import COMMANDS, Command
from tocsin.domain.review.state import REVIEW
from tocsin.http import headers as said
from tocsin.http import openapi
from tocsin.http.access import Caller
from tocsin.http.answers import Answer
from tocsin.http.body import CallerGone, read_body
from tocsin.http.headers import Headers
from tocsin.http.problems import BAD_HEADER, EXPECTED, Problem, invalid, of
from tocsin.http.reviews import begun
from tocsin.http.service import Handle, Service
from tocsin.keys import Scope as Right
from tocsin.telemetry.context import COMMAND_ID, INCIDENT_ID, REQUEST_ID, of_request

logger = logging.getLogger(__name__)

RETRIED = (b"idempotency-replayed", b"true")


def mount(app: FastAPI, service: Service) -> None:
    """Serve every command on things of which there are many; the others have rooms of their own."""
    for (aggregate, path), command in sorted(COMMANDS.items()):
        if aggregate not in openapi.RECEIPTS:
            continue
        root = f"/{collection(aggregate)}"
        address = root if command.creates else f"{root}/{{id}}/{path}"
        app.router.routes.append(CommandRoute(address, command, service))


class CommandRoute(APIRoute):
    """`POST` of one command."""

    def __init__(self, path: str, command: type[Command[Any]], service: Service) -> None:
        super().__init__(path, _documented, methods=["POST"], **openapi.of_command(command))
        self.command, self.service = command, service
        self.right = openapi.RIGHTS.get(command, Right.WRITE)
        self.app = self.answer

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            answer = await self._answer(scope, receive)
        except CallerGone:
            return
        except (Problem, *EXPECTED) as error:
            answer = self.problem(error)
        await answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        service, settings = self.service, self.service.settings
        headers = dict(scope["headers"])
        caller = self._admit(headers, scope)
        limit = min(settings.command_bytes, settings.body_bytes)
        body = await read_body(scope, headers, receive, limit, settings.body_seconds)
        command, expected = self._understood(headers, body)
        if command.creates:
            command, stream = await begun(service, command)
        else:
            stream = await self._find(scope["path_params"]["id"])
            INCIDENT_ID.set(stream)
        handle: Handle = service.ways.get(self.command) or service.desk.handle
        how = _asking(caller, command, stream, headers, body)
        COMMAND_ID.set(how.get("command_id"))
        return self.receipt(await handle(command, expected_version=expected, **how))

    def put(self, stream: UUID | None, headers: Headers, body: bytes, told: Told) -> None:
        """Put the command to the desk that a whole request is, where nothing else is to be asked.

        Raises:
            Problem: and whatever else `EXPECTED` names: the desk was not asked.
        """
        caller = self._admit(headers)
        command, expected = self._understood(headers, body)
        how = _asking(caller, command, stream, headers, body)
        self.service.desk.put(command, told, expected_version=expected, **how)

    def _admit(self, headers: Headers, scope: Scope | None = None) -> Caller:
        caller = self.service.access.check(headers.get(b"authorization"), self.right)
        if scope is not None:
            no_query(scope)
        said.check_json(headers)
        return caller

    def _understood(self, headers: Headers, body: bytes) -> tuple[Command[Any], int | None]:
        """The command, and the version that its caller saw."""
        command = door.read(self.command, body, self.service.settings.json_depth)
        expected = said.expected_version(headers)
        if command.creates and expected is not None:
            kind = command.aggregate.name
            raise Problem(BAD_HEADER, f"If-Match says nothing about what is not there: no {kind}.")
        return command, expected

    async def _find(self, named: str) -> UUID:
        service = self.service
        if self.command.aggregate is EVIDENCE:
            return service.find_evidence(named)
        reviews = self.command.aggregate is REVIEW
        return await (service.find_review(named) if reviews else service.find(named))

    def problem(self, error: Exception, request_id: bytes | None = None) -> Answer:
        """Count a problem, and say it."""
        if isinstance(error, CannotStore):  # the caller is told to look for it
            about = of_request(request_id or REQUEST_ID.get())
            logger.error("A command failed: %s", error, extra=about)
        problem = of(error)
        self.service.metrics.commands[self.command.path, problem.kind.code] += 1
        return problem.answer(request_id)

    def receipt(self, receipt: Receipt) -> Answer:
        """Count what became of a command, and say it."""
        fields = receipt.fields
        note(self.service, self.command, receipt, fields)
        answered = [(b"etag", said.etag(fields["version"]))]
        answered.append((b"tocsin-position", b"%d" % fields["position"]))
        if self.command.creates:
            kind = self.command.aggregate.name
            place = f"/{collection(kind)}/{fields[f'{kind}_id']}"
            answered.append((b"location", place.encode()))
        if receipt.replayed:
            answered.append(RETRIED)
        return Answer(status(self.command, fields), receipt.body, answered)


class Switchboard:
    """Leads a command straight to its route, past what FastAPI does for routes of other kinds."""

    def __init__(self, app: ASGIApp, routes: Sequence[CommandRoute]) -> None:
        self._app = app
        self._routes = {route.path.rpartition("/")[2]: route for route in routes}
        assert len(self._routes) == len(routes), "two commands end in one word"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST" and not scope["root_path"]:
            route = self._routes.get(scope["path"].rpartition("/")[2])
            if route is not None and (match := route.path_regex.match(scope["path"])):
                scope["route"], scope["path_params"] = route, match.groupdict()
                await route.answer(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _asking(
    caller: Caller, command: Command[Any], stream: UUID | None, headers: Headers, body: bytes
) -> dict[str, Any]:
    """How the desk is asked."""
    key = said.idempotency_key(headers)
    if key is None:
        return {"stream": stream, "caller": caller.name}
    return {
        "stream": stream,
        "caller": caller.name,
        "command_id": said.command_id(caller.name, key),
        "fingerprint": fingerprint(command, stream, door.canonical(body)),
    }


def no_query(scope: Scope) -> None:
    """Let a command pass that says everything in its body.

    Raises:
        Problem: 422, something stands in the address that nobody would read.
    """
    if scope["query_string"]:
        raise invalid([{"field": "query", "reason": "is not read: say it in the body"}])


def status(command: type[Command[Any]], fields: dict[str, Any]) -> int:
    """201 for what has begun; 200 for all else, also where nothing had to be done."""
    return 201 if command.creates and fields["changed"] else 200


def note(
    service: Service, command: type[Command[Any]], receipt: Receipt, fields: dict[str, Any]
) -> None:
    """Count an answer, and remember whose reference that is."""
    outcome = "recorded" if fields["changed"] else "unchanged"
    service.metrics.commands[command.path, "replayed" if receipt.replayed else outcome] += 1
    if command.creates and fields["reference"]:
        service.remember(fields["reference"], UUID(fields["incident_id"]))


def fingerprint(command: Command[Any], stream: UUID | None, body: bytes) -> bytes:
    """What tells a request that is sent again from another under the same key.

    The incident counts, not how it was named; so does what the body says, not how it is spaced.
    """
    return sha256(
        b"\n".join((command.path.encode(), stream.bytes if stream else b"", body))
    ).digest()


async def _documented() -> None:
    """Stands in for a handler where FastAPI wants to read parameters off one."""
