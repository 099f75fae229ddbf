"""The policy over HTTP: the one in force, every one there was, checking another, publishing it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from typing import Annotated, Any

import orjson
from fastapi import FastAPI, Path, Query, Request, Response
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from tocsin import door
from tocsin.access import Kind
from tocsin.asks import StaleVersion
from tocsin.domain.kernel import replace
from tocsin.domain.policy.commands import Publish
from tocsin.domain.policy.difference import differences
from tocsin.domain.policy.document import BadPolicy
from tocsin.domain.policy.reading import Flaw
from tocsin.domain.policy.state import POLICY_STREAM
from tocsin.door import Invalid, Malformed
from tocsin.http import headers as said
from tocsin.http import openapi
from tocsin.http.access import Caller
from tocsin.http.answers import Answer
from tocsin.http.body import CallerGone, read_body
from tocsin.http.commands import RETRIED, fingerprint, no_query
from tocsin.http.headers import Headers
from tocsin.http.needs import get
from tocsin.http.policy_schemas import CHECKED, LINES, PUBLISHED, WHOLE, operation
from tocsin.http.problems import EXPECTED, INVALID, LISTED, NOT_FOUND, Problem, of
from tocsin.http.service import Service
from tocsin.keys import Scope as Right
from tocsin.policies.publishing import read
from tocsin.policies.versions import Version, versions

TOML = (b"application/toml", b"text/plain")
JSON = "application/json"
OPTIONS = orjson.OPT_UTC_Z
PAGE = 50
Handler = Callable[[Caller, Headers, bytes], Awaitable[Answer]]


def mount(app: FastAPI, service: Service) -> None:
    """Serve what can be asked about the policy, and publishing another one."""
    _mount_versions(app, service)
    _mount_history(app, service)
    app.router.routes += [_checking(service), _publishing(service)]


def _mount_versions(app: FastAPI, service: Service) -> None:
    async def policy(request: Request) -> Response:
        """The policy in force, as it was written and as it is meant."""
        return _shown(request, (await _versions(service))[-1])

    async def version(
        request: Request,
        number: Annotated[int, Path(alias="version", ge=1, le=2**31, description="Its number.")],
    ) -> Response:
        """One version of the policy."""
        found = await _versions(service)
        if number > len(found):
            raise Problem(NOT_FOUND, f"The policy has {len(found)} versions so far.")
        return _shown(request, found[number - 1])

    known: dict[str, Any] = {"scope": Right.READ, "tags": ["policy"], "schema": WHOLE}
    known |= {"parameters": (openapi.IF_NONE_MATCH,), "shows": Kind.READ}
    get(app, service, "/policy", policy, **known)
    get(app, service, "/policy/versions/{version}", version, statuses=(404,), **known)


def _mount_history(app: FastAPI, service: Service) -> None:
    after = Annotated[int, Query(ge=0, le=2**31, description="The version to go on after.")]
    limit = Annotated[int, Query(ge=1, le=service.settings.page_rows, description="Page size.")]

    async def history(after: after = 0, limit: limit = PAGE) -> Response:
        """Every version that there was, the first one first."""
        found = await _versions(service)
        page = found[after : after + limit]
        more = page and page[-1].number < found[-1].number
        body = {
            "items": [each.line() for each in page],
            "next": page[-1].number if more else None,
        }
        return Response(orjson.dumps(body, option=OPTIONS), media_type=JSON)

    get(
        app,
        service,
        "/policy/versions",
        history,
        scope=Right.READ,
        shows=Kind.LIST,
        schema=LINES,
        tags=["policy"],
    )


async def _versions(service: Service) -> list[Version]:
    return versions(await asyncio.to_thread(service.log.history, POLICY_STREAM))


def _shown(request: Request, found: Version) -> Response:
    tag = said.etag(found.number)
    sent = {"ETag": tag.decode(), "Cache-Control": "private, no-cache"}
    if said.unchanged(dict(request.scope["headers"]), tag):
        return Response(status_code=304, headers=sent)
    body = {
        **found.line(),
        "document": found.document,
        "compiled": orjson.Fragment(found.policy.compiled),
    }
    return Response(orjson.dumps(body, option=OPTIONS), headers=sent, media_type=JSON)


class PolicyRoute(APIRoute):
    """A `POST` that is about the policy."""

    def __init__(
        self,
        path: str,
        service: Service,
        right: Right,
        handler: Handler,
        documented: dict[str, Any],
    ) -> None:
        super().__init__(path, _documented, methods=["POST"], **documented)
        self.service, self.right, self.handler = service, right, handler
        self.app = self.answer

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        settings, headers = self.service.settings, dict(scope["headers"])
        try:
            caller = self.service.access.check(headers.get(b"authorization"), self.right)
            no_query(scope)
            body = await read_body(
                scope, headers, receive, settings.body_bytes, settings.body_seconds
            )
            answer = await self.handler(caller, headers, body)
        except CallerGone:
            return
        except (Problem, *EXPECTED) as error:
            problem = of(error)
            if self.operation_id == Publish.path:
                self.service.metrics.commands[Publish.path, problem.kind.code] += 1
            answer = problem.answer()
        await answer(scope, receive, send)


async def _documented() -> None:
    """Stands in for a handler where FastAPI wants to read parameters off one."""


def _checking(service: Service) -> APIRoute:
    async def check(_: Caller, headers: Headers, body: bytes) -> Answer:
        """Say what is wrong with a policy, and what it would change."""
        document = _document(headers, body, service.settings.json_depth)
        current = (await _versions(service))[-1]
        found: dict[str, Any] = {"ok": True, "errors": [], "differences": []}
        try:
            checked = await asyncio.to_thread(read, document)
            warnings = checked.warnings
            changed = differences(current.policy, checked.policy)
            found["differences"] = [asdict(each) for each in changed]
        except BadPolicy as bad:
            found |= {"ok": False, "errors": _told(bad.flaws)}
            warnings = bad.warnings
        found |= {"warnings": _told(warnings), "against": current.number}
        return Answer(200, orjson.dumps(found), [])

    documented = operation("check-policy", check.__doc__ or "", CHECKED, Right.WRITE, Publish)
    return PolicyRoute("/policy/check", service, Right.WRITE, check, documented)


def _publishing(service: Service) -> APIRoute:
    async def publish(caller: Caller, headers: Headers, body: bytes) -> Answer:
        """Put other rules in force. The same rules in other words change nothing."""
        said.check_json(headers)
        asked = door.read(Publish, body, service.settings.json_depth)
        key, expected = said.idempotency_key(headers), said.expected_version(headers)
        try:
            checked = await asyncio.to_thread(read, asked.document)
        except BadPolicy as bad:
            raise no_policy(bad, "document") from None
        command = replace(asked, compiled=checked.policy.compiled)
        try:
            receipt = await service.desk.handle(
                command,
                stream=POLICY_STREAM,
                caller=caller.name,
                command_id=said.command_id(caller.name, key) if key else None,
                fingerprint=fingerprint(asked, None, door.canonical(body)) if key else b"",
                expected_version=_in_stream(expected),
            )
        except StaleVersion as stale:
            raise StaleVersion(expected or 0, max(1, stale.actual), "policy") from None
        return _receipt(service, receipt.fields, replayed=receipt.replayed)

    documented = operation("publish", publish.__doc__ or "", PUBLISHED, Right.ADMIN, Publish)
    return PolicyRoute("/policy", service, Right.ADMIN, publish, documented)


def _in_stream(version: int | None) -> int | None:
    """The version of the stream at which the policy is at a version.

    The first publication writes down what was there before it, so both count alike from 2 on; until
    then the stream is empty and the policy is at version 1. At version 0 it never is.
    """
    return {0: -1, 1: 0}.get(version, version) if version is not None else None


def _receipt(service: Service, fields: dict[str, Any], *, replayed: bool) -> Answer:
    changed, version = fields["changed"], max(1, fields["version"])
    outcome = "recorded" if changed else "unchanged"
    service.metrics.commands[Publish.path, "replayed" if replayed else outcome] += 1
    body = {
        "version": version,
        "position": fields["position"],
        "changed": changed,
        "events": fields["events"],
    }
    headers = [(b"etag", said.etag(version))]
    headers.append((b"tocsin-position", b"%d" % fields["position"]))
    if changed:
        headers.append((b"location", b"/policy/versions/%d" % version))
    if replayed:
        headers.append(RETRIED)
    return Answer(201 if changed else 200, orjson.dumps(body), headers)


def _document(headers: Headers, body: bytes, depth: int) -> str:
    """The document of a request, whether it comes as TOML or in JSON."""
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if kind in TOML:
        try:
            return body.decode()
        except UnicodeDecodeError as error:
            raise Malformed(f"Byte {error.start} of the body is not UTF-8.") from error
    said.check_json(headers)
    raw = door.parse(body, depth)
    if not isinstance(raw, dict) or not isinstance(document := raw.get("document"), str):
        raise Invalid([door.Flaw("document", "is the text of the policy, in TOML")])
    if unknown := sorted(raw.keys() - {"document"}):
        raise Invalid([door.Flaw(unknown[0][:60], "is no field here; document is the only one")])
    return document


def _told(flaws: Sequence[Flaw]) -> list[dict[str, Any]]:
    return [asdict(each) for each in flaws]


def no_policy(bad: BadPolicy, field: str) -> Problem:
    """All that is wrong with the document in a field, each with its line."""
    first = bad.flaws[0]
    more = f" {len(bad.flaws) - 1} more are in `errors`." if len(bad.flaws) > 1 else ""
    errors = [{"field": f"{field}.{f.key}", "line": f.line, "reason": f.reason} for f in bad.flaws]
    return Problem(INVALID, f"The {field} is no policy: {first}{more}", errors=errors[:LISTED])
