"""What the OpenAPI document says of routes that FastAPI does not read off a signature.

Every status that a route can answer with is there, and every problem has its media type.
"""

import inspect
from collections.abc import Callable, Iterable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter

from tocsin.domain.incident.state import Incident
from tocsin.domain.kernel import COMMANDS, Command
from tocsin.http.headers import KEY_LENGTH
from tocsin.http.problems import MEDIA_TYPE, URN
from tocsin.keys import Scope

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
    404: "There is no such incident, or no such position.",
    408: "The body did not arrive in time.",
    409: "A rule says no; `possible` names the commands that could be recorded now.",
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
RECEIPT: Json = {
    "title": "Receipt",
    "description": "What a command came to. A retry under its key gets the same bytes.",
    "type": "object",
    "additionalProperties": False,
    "required": ["incident_id", "reference", "version", "position", "changed", "events"],
    "properties": {
        "incident_id": {"type": "string", "format": "uuid"},
        "reference": {"type": ["string", "null"]},
        "version": {"type": "integer", "description": "The incident's version from here on."},
        "position": {"type": "integer", "description": "For `?at_least=` on the read models."},
        "changed": {"type": "boolean", "description": "False when it was so already."},
        "events": {"type": "array", "items": _TEXT, "description": "What was recorded."},
    },
}


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


def header(name: str, description: str, **schema: Any) -> Json:
    """One optional header of a request."""
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": description,
        "schema": {"type": "string", **schema},
    }


ID = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "The incident's UUID, or its reference.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
    "examples": {"reference": {"value": "INC0000001"}},
}
IDEMPOTENCY_KEY = header(
    "Idempotency-Key",
    "Your name for this request: sent again under it, it has one effect and one answer.",
    pattern=r"^[\x21-\x7e]+$",
    minLength=1,
    maxLength=KEY_LENGTH,
)
IF_MATCH = header(
    "If-Match",
    "The version that you saw, as its `ETag` said.",
    pattern=r'^("(0|[1-9][0-9]{0,8})"|\*)$',
)
IF_NONE_MATCH = header("If-None-Match", "The `ETag` of what you have: unchanged, it is not sent.")


def of_command(command: type[Command[Any]]) -> Json:
    """How the route of a command is documented."""
    doc = inspect.getdoc(command) or ""
    said = {
        "ETag": {"description": "The version, for `If-Match`.", "schema": _TEXT},
        "Tocsin-Position": {"description": "For `?at_least=`.", "schema": _WHOLE},
        "Idempotency-Replayed": {"description": "It is the first answer again.", "schema": _TEXT},
    }
    content = {"application/json": {"schema": ref("Receipt")}}
    done = {"description": "It is so now.", "headers": said, "content": content}
    statuses: tuple[int, ...] = (*EVERYWHERE, *WITH_BODY, 409)
    responses: dict[int | str, Json] = {200: done}
    if command.creates:
        location = {"description": "Where the incident is.", "schema": _TEXT}
        created = {**done, "headers": {**said, "Location": location}}
        responses[201] = {**created, "description": "The incident is on record."}
        responses[200] = {**created, "description": "It was reported before."}
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
            **secured(Scope.WRITE),
            "parameters": [IDEMPOTENCY_KEY, *(() if command.creates else (ID, IF_MATCH))],
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


def incident_schemas() -> dict[str, Json]:
    """The schema of an incident as it is shown, and of its parts."""
    schema = TypeAdapter(Incident).json_schema(mode="serialization", ref_template=REFS)
    parts: dict[str, Json] = schema.pop("$defs")
    schema["properties"].pop("last_said")
    schema["properties"]["possible"] = PROBLEM["properties"]["possible"]
    schema["required"] = sorted(schema["properties"])
    return {**parts, "Incident": schema}


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
            own = {"Problem": PROBLEM, "Receipt": RECEIPT}
            for name, schema in (own | incident_schemas() | command_schemas()).items():
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
