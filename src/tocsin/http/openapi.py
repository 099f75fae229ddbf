"""What the OpenAPI document says of routes that FastAPI does not read off a signature.

Every status that a route can answer with is there, and every problem has its media type.
"""

import inspect
from collections.abc import Callable, Iterable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter

from tocsin.domain.evidence.commands import Discard
from tocsin.domain.evidence.record import Evidence
from tocsin.domain.incident.state import Incident
from tocsin.domain.kernel import COMMANDS, Command
from tocsin.domain.review.record import Review
from tocsin.http.openapi_parameters import (
    EVIDENCE_ID,
    ID,
    IDEMPOTENCY_KEY,
    IDS,
    IF_MATCH,
    IF_NONE_MATCH,
    PURPOSE,
    REVIEW_ID,
    header,
)
from tocsin.http.problems import MEDIA_TYPE, URN
from tocsin.keys import Scope

__all__ = [
    "EVIDENCE_ID",
    "ID",
    "IDEMPOTENCY_KEY",
    "IDS",
    "IF_MATCH",
    "IF_NONE_MATCH",
    "PURPOSE",
    "REVIEW_ID",
    "header",
]
"""From the parameters."""

Json = dict[str, Any]
REFS = "#/components/schemas/{model}"
PRINTABLE = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]*$"
"""`printable` of the kernel, as a pattern of ECMA-262."""
SECURITY = "key"

EVERYWHERE = (400, 401, 403, 421, 422, 429, 503)
"""What any route but the open ones may answer."""
WITH_BODY = (408, 413, 415)
WHY: dict[int, str] = {
    400: "The request cannot be read.",
    401: "No API key, or none that opens anything.",
    403: "The key's scopes do not reach so far.",
    404: "There is no such thing.",
    408: "The body did not arrive in time.",
    409: "A rule says no; `possible` names the commands that could be recorded now.",
    410: "It was there, and is not any more.",
    412: "It is at another version than `If-Match` says; `current` names it.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    421: "The service does not answer under this host name.",
    422: "Fields do not fit (`errors` names each), or the idempotency key was used otherwise.",
    429: "The key asks too often.",
    503: "Not now: see `Retry-After`.",
}

_TEXT, _WHOLE = {"type": "string"}, {"type": "integer"}
PROBLEM: Json = {
    "title": "Problem",
    "description": "Why a request was not served (RFC 9457).",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "pattern": f"^{URN}[a-z-]+$"},
        "title": _TEXT,
        "status": _WHOLE,
        "detail": {"type": "string", "description": "What is wrong here, and the way out."},
        "code": {"type": "string", "description": "The last part of the type."},
        "request_id": {"type": "string", "description": "What logs call the request."},
        "errors": {
            "type": "array",
            "description": "The fields that do not fit.",
            "items": {
                "type": "object",
                "required": ["field", "reason"],
                "properties": {"field": _TEXT, "reason": _TEXT},
            },
        },
        "facts": {"type": "object", "description": "The particulars of a refusal."},
        "possible": {
            "type": "array",
            "items": _TEXT,
            "description": "The commands that could be recorded now.",
        },
    },
}
_OUTCOME: Json = {
    "version": {"type": "integer", "description": "Its version from here on."},
    "position": {"type": "integer", "description": "For `?at_least=` on the read models."},
    "changed": {"type": "boolean", "description": "False when it was so already."},
    "events": {"type": "array", "items": _TEXT, "description": "What was recorded."},
}


def receipt(title: str, **names: Json) -> Json:
    """The schema of a receipt, by what its thing is named."""
    return {
        "title": title,
        "description": "What a command came to. A retry under its key gets the same bytes.",
        "type": "object",
        "additionalProperties": False,
        "required": [*names, *_OUTCOME],
        "properties": {**names, **_OUTCOME},
    }


_UUID: Json = {"type": "string", "format": "uuid"}
_OF_INCIDENT: Json = {"incident_id": _UUID, "reference": {"type": ["string", "null"]}}
RECEIPT = receipt("Receipt", **_OF_INCIDENT)
REVIEW_RECEIPT = receipt("ReviewReceipt", review_id=_UUID, **_OF_INCIDENT)
EVIDENCE_RECEIPT = receipt(
    "EvidenceReceipt", evidence_id=_UUID, **_OF_INCIDENT, number={"type": "integer"}
)
RECEIPTS = {"incident": "Receipt", "review": "ReviewReceipt", "evidence": "EvidenceReceipt"}
"""The schema of the receipts of each aggregate whose commands are mounted by themselves."""


RIGHTS: dict[type[Command[Any]], Scope] = {Discard: Scope.ERASE}
"""What a command takes, if more than that its owner may write."""


def ref(name: str) -> Json:
    """A schema that stands under `components`."""
    return {"$ref": REFS.format(model=name)}


def problems(*statuses: int) -> dict[int | str, Json]:
    """The problems of these statuses, for a route's `responses`."""
    content = {MEDIA_TYPE: {"schema": ref("Problem")}}
    return {each: {"description": WHY[each], "content": content} for each in sorted(statuses)}


def answers(schema: Json, *statuses: int, description: str = "") -> dict[int | str, Json]:
    """The responses of a protected route that reads: a schema for 200, and its problems."""
    content = {"application/json": {"schema": schema}}
    fine = {"description": description or "The answer.", "content": content}
    return {200: fine, **problems(*EVERYWHERE, *statuses)}


def secured(scope: Scope) -> Json:
    """What a protected route adds to its operation."""
    return {"security": [{SECURITY: [scope.value]}]}


def of_command(command: type[Command[Any]]) -> Json:
    """How the route of a command is documented."""
    doc = inspect.getdoc(command) or ""
    said = {
        "ETag": {"description": "The version, for `If-Match`.", "schema": _TEXT},
        "Tocsin-Position": {"description": "For `?at_least=`.", "schema": _WHOLE},
        "Idempotency-Replayed": {"description": "It is the first answer again.", "schema": _TEXT},
    }
    kind = command.aggregate.name
    content = {"application/json": {"schema": ref(RECEIPTS[kind])}}
    done = {"description": "It is so now.", "headers": said, "content": content}
    statuses: tuple[int, ...] = (*EVERYWHERE, *WITH_BODY, 409)
    responses: dict[int | str, Json] = {200: done}
    if command.creates:
        location = {"description": f"Where the {kind} is.", "schema": _TEXT}
        created = {**done, "headers": {**said, "Location": location}}
        responses[201] = {**created, "description": f"The {kind} is on record."}
        responses[200] = {**created, "description": "It was there before."}
        # What it is about has to be there.
        statuses = statuses if kind == "incident" else (*statuses, 404)
    else:
        statuses = (*statuses, 404, 412)
    return {
        "operation_id": command.path,
        "summary": doc.partition("\n")[0].rstrip("."),
        "description": doc,
        "tags": ["commands"],
        "status_code": 201 if command.creates else 200,
        "responses": {**responses, **problems(*statuses)},
        "openapi_extra": {
            **secured(RIGHTS.get(command, Scope.WRITE)),
            "parameters": [IDEMPOTENCY_KEY, *(() if command.creates else (IDS[kind], IF_MATCH))],
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": ref(command.__name__)}},
            },
        },
    }


def command_schemas() -> dict[str, Json]:
    """The schemas of all commands and of what they are made of, by name."""
    adapters = [(path, "validation", TypeAdapter(c)) for (_, path), c in COMMANDS.items()]
    _, found = TypeAdapter.json_schemas(adapters, ref_template=REFS)  # type: ignore[arg-type]
    schemas: dict[str, Json] = found["$defs"]
    for command in COMMANDS.values():
        schema = schemas[command.__name__]
        for name in command.filled_by_desk:
            schema["properties"].pop(name, None)
        schema["properties"] |= _common(schema["properties"])
    _strings(schemas)
    return schemas


def _common(properties: Json) -> Json:
    told = {
        "actor": "Who acted, if not the owner of the key.",
        "occurred_at": "When it happened in the world, if not now.",
    }
    return {n: {**properties[n], "description": told[n]} for n in told if n in properties}


def _strings(schema: Any) -> None:
    """Say in each schema of a text which characters it may hold."""
    if isinstance(schema, dict):
        if schema.get("type") == "string" and "maxLength" in schema:
            schema["pattern"] = PRINTABLE
        schema = schema.values()
    if isinstance(schema, Iterable) and not isinstance(schema, str):
        for part in schema:
            _strings(part)


def state_schemas() -> dict[str, Json]:
    """The schemas of what is shown as it stands: an incident, a review, a piece of evidence."""
    schemas: dict[str, Json] = {}
    for shown in (Incident, Review, Evidence):
        schema = TypeAdapter(shown).json_schema(mode="serialization", ref_template=REFS)
        schemas |= schema.pop("$defs")
        schema["properties"].pop("last_said", None)
        schema["properties"]["possible"] = PROBLEM["properties"]["possible"]
        schema["required"] = sorted(schema["properties"])
        schemas[shown.__name__] = schema
    return schemas


def document(app: FastAPI) -> Callable[[], Json]:
    """Return what makes the document, once."""

    def make() -> Json:
        if app.openapi_schema is None:
            made = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
                separate_input_output_schemas=False,
            )
            components = made.setdefault("components", {})
            known: dict[str, Json] = components.setdefault("schemas", {})
            own = {"Problem": PROBLEM, "Receipt": RECEIPT, "ReviewReceipt": REVIEW_RECEIPT}
            own["EvidenceReceipt"] = EVIDENCE_RECEIPT
            for name, schema in (own | state_schemas() | command_schemas()).items():
                assert known.setdefault(name, schema) == schema, f"two schemas are called {name}"
            components["schemas"] = dict(sorted(known.items()))
            components["securitySchemes"] = {
                SECURITY: {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key, as `tocsin keys issue` shows it once. "
                    + " ".join(f"`{scope}`" for scope in Scope),
                }
            }
            app.openapi_schema = made
        return app.openapi_schema

    return make
