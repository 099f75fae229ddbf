"""Forgetting somebody, and keeping them from being forgotten: what is asked of subjects by `POST`.

The vault has its part in it, so these commands do not go straight to the desk.
"""

import asyncio
from dataclasses import replace
from uuid import UUID

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope

from tocsin import door
from tocsin.asks import Receipt
from tocsin.domain.subject.commands import ForgetSubject, LiftHold, PlaceHold, SubjectCommand
from tocsin.domain.subject.values import SubjectKind
from tocsin.erasure import planning
from tocsin.erasure.forgetting import Asking, forget
from tocsin.erasure.planning import Plan, Seen
from tocsin.http import headers as said
from tocsin.http.answers import Answer
from tocsin.http.body import read_body
from tocsin.http.commands import CommandRoute, fingerprint, no_query
from tocsin.http.service import Service
from tocsin.http.subjects import Subjects, names_of
from tocsin.http.subjects_schemas import operation
from tocsin.keys import Scope as Right

COMMANDS: tuple[type[SubjectCommand], ...] = (ForgetSubject, PlaceHold, LiftHold)


def mount(app: FastAPI, service: Service, subjects: Subjects) -> None:
    """Serve what can be asked of subjects."""
    app.router.routes += [SubjectRoute(command, service, subjects) for command in COMMANDS]


class SubjectRoute(CommandRoute):
    """`POST` of one command on a subject."""

    def __init__(self, command: type[SubjectCommand], service: Service, subjects: Subjects) -> None:
        address = f"/subjects/{{id}}/{command.path}"
        APIRoute.__init__(self, address, _documented, methods=["POST"], **operation(command))
        self.command, self.service, self._subjects = command, service, subjects
        self.app = self.answer

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        service, settings, headers = self.service, self.service.settings, dict(scope["headers"])
        caller = service.access.check(headers.get(b"authorization"), Right.ERASE)
        no_query(scope)
        said.check_json(headers)
        limit = min(settings.command_bytes, settings.body_bytes)
        body = await read_body(scope, headers, receive, limit, settings.body_seconds)
        command = door.read(self.command, body, settings.json_depth)
        stream, kind, incident = await self._subjects.find(scope["path_params"]["id"])
        key = said.idempotency_key(headers)
        by = Asking(
            caller=caller.name,
            command_id=said.command_id(caller.name, key) if key else None,
            fingerprint=fingerprint(command, stream, door.canonical(body)) if key else b"",
            expected_version=said.expected_version(headers),
        )
        assert isinstance(command, SubjectCommand)
        if isinstance(command, ForgetSubject):
            plan = await self._plan(command, stream, incident)
            receipts = await forget(service.log, service.desk, plan, command, by)
            return self.receipt(receipts[-1])
        return self.receipt(await self._ask(command, stream, kind, incident, by))

    async def _plan(self, command: ForgetSubject, stream: UUID, incident: UUID | None) -> Plan:
        """What goes: last of all what was named, so that its answer says that all is done."""
        log = self.service.log
        if incident is not None:
            target = await asyncio.to_thread(planning.texts, log, incident)
            return Plan((target,), Seen())
        known = await asyncio.to_thread(log.vault.whose, str(stream))
        if known is None:  # forgotten already, which is answered as it was then
            target = await asyncio.to_thread(planning.person, log, stream, Seen())
            return Plan((target,), Seen())
        subjects = {str(stream): known.name}
        names = names_of([known.name, *command.names])
        looked = await self._subjects.look(names, subjects)
        return await asyncio.to_thread(looked.plan, command.texts)

    async def _ask(
        self,
        command: SubjectCommand,
        stream: UUID,
        kind: SubjectKind,
        incident: UUID | None,
        by: Asking,
    ) -> Receipt:
        if isinstance(command, PlaceHold):
            about = str(incident) if incident else None
            command = replace(command, kind=kind, incident_id=about)
        return await self.service.desk.handle(
            command,
            stream=stream,
            caller=by.caller,
            command_id=by.command_id,
            fingerprint=by.fingerprint,
            expected_version=by.expected_version,
        )


async def _documented() -> None:
    """Stands in for a handler where FastAPI wants to read parameters off one."""
