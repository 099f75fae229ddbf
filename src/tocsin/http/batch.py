"""Many commands in one request: each with a result of its own, all sharing transactions.

It is not one transaction: a refused command takes nobody with it. Only what is wrong around a
command, in the fields beside its body, turns the whole batch away before anything is done.
Commands on one incident keep their order; a deduplication key means the incident that is open under
it when the batch comes. A command may name the incident that an earlier one of
the batch begins: `"as": "a"` there, `"incident": "@a"` here.
"""

import asyncio
import logging
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from tocsin import door
from tocsin.asks import CannotStore, Receipt
from tocsin.domain.kernel import Command
from tocsin.http import headers as said
from tocsin.http import openapi
from tocsin.http.access import Caller
from tocsin.http.answers import Answer
from tocsin.http.body import CallerGone, read_body
from tocsin.http.commands import fingerprint, no_query, note, status
from tocsin.http.envelopes import Envelope, Item, envelopes, open_one, schema
from tocsin.http.problems import DEPENDS, EXPECTED, Problem, of
from tocsin.http.service import Service
from tocsin.keys import Scope as Right
from tocsin.telemetry.context import REQUEST_ID, of_request

logger = logging.getLogger(__name__)


@dataclass
class Done:
    """A command that was recorded, or was so already."""

    receipt: Receipt
    status: int
    incident_id: UUID


Outcome = Done | Problem


def mount(app: FastAPI, service: Service) -> None:
    """Serve batches."""
    app.router.routes.append(BatchRoute(service))


class BatchRoute(APIRoute):
    """`POST /commands`."""

    def __init__(self, service: Service) -> None:
        super().__init__("/commands", _documented, methods=["POST"], **_operation(service))
        self.service = service
        self.app = self.answer

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one batch."""
        try:
            answer = await self._answer(scope, receive)
        except CallerGone:
            return
        except (Problem, *EXPECTED) as error:
            answer = of(error).answer()
        await answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        settings = self.service.settings
        headers = dict(scope["headers"])
        caller = self.service.access.check(headers.get(b"authorization"), Right.WRITE)
        no_query(scope)
        said.check_json(headers)
        body = await read_body(scope, headers, receive, settings.body_bytes, settings.body_seconds)
        commands = envelopes(door.parse(body, settings.json_depth), settings.batch_commands)
        results = await Batch(self.service, caller).run(commands)
        return Answer(200, b'{"results":[%b]}' % b",".join(results))


class Batch:
    """The commands of one request on their way through the desk."""

    def __init__(self, service: Service, caller: Caller) -> None:
        self._service, self._caller = service, caller
        self._named: dict[str, UUID | Problem] = {}
        self._begun: dict[str, asyncio.Future[Outcome]] = {}
        self._placed: asyncio.Future[None] | None = None
        """When the last command that has to wait is with the desk: nobody overtakes it."""

    async def run(self, commands: list[Envelope]) -> list[bytes]:
        """Put them all to the desk, in order, and return the result of each."""
        named = {each.get("incident", "@") for each in commands}
        await self._find({incident for incident in named if not _is_alias(incident)})
        outcomes = [self._begin(raw) for raw in commands]
        return [_result(await outcome) for outcome in outcomes]

    async def _find(self, incidents: set[str]) -> None:
        """Look all names up before the first command, so that none overtakes another."""
        for incident in incidents:
            try:
                self._named[incident] = await self._service.find(incident)
            except Problem as problem:
                self._named[incident] = problem

    def _begin(self, raw: Envelope) -> asyncio.Future[Outcome]:
        """Start one command: at once, or after that which begins its incident."""
        try:
            item = open_one(raw)
        except (Problem, *EXPECTED) as error:
            return self._not_put(raw["command"], error)
        named = item.incident
        if named is None:
            outcome = self._put(item, None)
        elif _is_alias(named):
            outcome = self._wait(item, named, self._begun.get(named.removeprefix("@")))
        elif isinstance(stream := self._named[named], Problem):
            return self._not_put(item.command.path, stream)
        elif self._placed is not None:
            outcome = self._wait(item, stream, None)
        else:
            outcome = self._put(item, stream)
        if item.alias is not None:
            self._begun[item.alias] = outcome
        return outcome

    def _not_put(self, path: str, error: Exception) -> asyncio.Future[Outcome]:
        outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        outcome.set_result(self._problem(path, error))
        return outcome

    def _wait(
        self, item: Item, named: UUID | str, depends: asyncio.Future[Outcome] | None
    ) -> asyncio.Future[Outcome]:
        before, placed = self._placed, asyncio.get_running_loop().create_future()
        self._placed = placed
        return asyncio.create_task(self._handle(item, named, depends, before, placed))

    async def _handle(
        self,
        item: Item,
        named: UUID | str,
        depends: asyncio.Future[Outcome] | None,
        before: asyncio.Future[None] | None,
        placed: asyncio.Future[None],
    ) -> Outcome:
        try:
            if before is not None:
                await asyncio.shield(before)
            stream = named if isinstance(named, UUID) else await _begun_by(named, depends)
            outcome = self._put(item, stream)
        except Problem as problem:
            return self._problem(item.command.path, problem)
        finally:
            placed.set_result(None)
        return await outcome

    def _put(self, item: Item, stream: UUID | None) -> asyncio.Future[Outcome]:
        """Put one command to the desk: no task has to wait for it."""
        done: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        command, caller, key = item.command, self._caller.name, item.key
        request = REQUEST_ID.get()

        def told(answer: Receipt | Exception) -> None:
            if done.done():  # nobody waits any more
                return
            if isinstance(answer, Receipt):
                done.set_result(self._done(command, answer))
                return
            if not isinstance(answer, (Problem, *EXPECTED)) or isinstance(answer, CannotStore):
                about = of_request(request)
                logger.error("A command of a batch failed.", exc_info=answer, extra=about)
            done.set_result(self._problem(command.path, answer))

        try:
            self._service.desk.put(
                command,
                told,
                stream=stream,
                caller=caller,
                command_id=said.command_id(caller, key) if key else None,
                fingerprint=fingerprint(command, stream, door.dump(item.body)) if key else b"",
                expected_version=item.if_match,
            )
        except Exception as error:
            told(error)
        return done

    def _done(self, command: Command[Any], receipt: Receipt) -> Done:
        fields = receipt.fields
        note(self._service, type(command), receipt, fields)
        return Done(receipt, status(type(command), fields), UUID(fields["incident_id"]))

    def _problem(self, path: str, error: Exception) -> Problem:
        problem = of(error)
        self._service.metrics.commands[path, problem.kind.code] += 1
        return problem


async def _begun_by(alias: str, depends: asyncio.Future[Outcome] | None) -> UUID:
    if depends is None:
        raise Problem(DEPENDS, f"No earlier command begins {alias[:60]}.")
    begun = await asyncio.shield(depends)
    if isinstance(begun, Problem):
        raise Problem(DEPENDS, f"The command that begins {alias[:60]} failed.")
    return begun.incident_id


def _is_alias(incident: str) -> bool:
    return incident.startswith("@")


def _result(outcome: Outcome) -> bytes:
    if isinstance(outcome, Problem):
        problem = orjson.dumps(outcome.fields(), default=str)
        return b'{"status":%d,"problem":%b}' % (outcome.status, problem)
    receipt = outcome.receipt
    replayed = b"true" if receipt.replayed else b"false"
    return b'{"status":%d,"replayed":%b,"receipt":%b}' % (outcome.status, replayed, receipt.body)


async def _documented() -> None:
    """Stands in for a handler where FastAPI wants to read parameters off one."""


def _operation(service: Service) -> dict[str, Any]:
    most = service.settings.batch_commands
    result = {
        "type": "object",
        "required": ["status"],
        "properties": {
            "status": {"type": "integer", "description": "As of the command alone."},
            "replayed": {"type": "boolean"},
            "receipt": openapi.ref("Receipt"),
            "problem": openapi.ref("Problem"),
        },
    }
    results = {
        "type": "object",
        "required": ["results"],
        "properties": {"results": {"type": "array", "items": result}},
    }
    responses = openapi.answers(
        results, *openapi.WITH_BODY, description="A result for each command, in order."
    )
    return {
        "operation_id": "commands",
        "summary": f"Up to {most} commands, with a result each",
        "description": __doc__,
        "tags": ["commands"],
        "responses": responses,
        "openapi_extra": {
            **openapi.secured(Right.WRITE),
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": schema(most)}},
            },
        },
    }
