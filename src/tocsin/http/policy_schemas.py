"""What the OpenAPI document says of the routes about the policy."""

from typing import Any

from tocsin.domain.kernel import Command
from tocsin.http import openapi
from tocsin.keys import Scope

Json = dict[str, Any]
_TEXT, _WHOLE, _FLAG = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
_MAYBE_TEXT, _MAYBE_WHOLE = {"type": ["string", "null"]}, {"type": ["integer", "null"]}


def _record(**properties: Json) -> Json:
    return {"type": "object", "required": [*properties], "properties": properties}


def _list(items: Json) -> Json:
    return {"type": "array", "items": items}


_LINE: Json = {
    "version": {"type": "integer", "minimum": 1},
    "published_at": {
        "type": ["string", "null"],
        "format": "date-time",
        "description": "None for the one that was there from the beginning.",
    },
    "published_by": _MAYBE_TEXT,
    "position": {**_MAYBE_WHOLE, "description": "Decisions from here on are taken under it."},
    "note": _TEXT,
    "digest": {**_TEXT, "description": "SHA-256 of what it means."},
}
_FLAW = _record(line=_WHOLE, key=_TEXT, reason=_TEXT)
LINES = _record(items=_list(_record(**_LINE)), next=_MAYBE_WHOLE)
WHOLE = _record(
    **_LINE,
    document={**_TEXT, "description": "The TOML as it was written."},
    compiled={"type": "object", "description": "What it means, with holidays as dates."},
)
CHECKED = _record(
    ok=_FLAG,
    errors=_list(_FLAW),
    warnings=_list(_FLAW),
    differences=_list(_record(subject=_TEXT, aspect=_MAYBE_TEXT, was=_MAYBE_TEXT, now=_MAYBE_TEXT)),
    against={**_WHOLE, "description": "The version in force, which it was compared with."},
)
PUBLISHED = _record(
    version={**_WHOLE, "description": "Of the policy that is in force now."},
    position={**_WHOLE, "description": "Decisions after it are taken under it."},
    changed={**_FLAG, "description": "False when it meant the same already."},
    events=_list(_TEXT),
)
_DOCUMENT = {**_TEXT, "description": "The policy, in TOML: anything, to be told what is wrong."}
_CHECK_BODY: Json = {
    "application/json": {"schema": {**_record(document=_DOCUMENT), "additionalProperties": False}},
    "application/toml": {"schema": _DOCUMENT},
}


def operation(
    name: str, doc: str, schema: Json, right: Scope, command: type[Command[Any]]
) -> dict[str, Any]:
    """How a `POST` about the policy is documented; the one that publishes is a command."""
    publishes = name == command.path
    responses = openapi.answers(schema, *openapi.WITH_BODY)
    body, parameters = _CHECK_BODY, []
    if publishes:
        responses = openapi.answers(schema, *openapi.WITH_BODY, 409, 412)
        responses[201] = {**responses[200], "description": "It is in force."}
        responses[200] = {**responses[200], "description": "It meant the same already."}
        body = {"application/json": {"schema": openapi.ref(command.__name__)}}
        parameters = [openapi.IDEMPOTENCY_KEY, openapi.IF_MATCH]
    return {
        "operation_id": name,
        "summary": doc.partition(".")[0],
        "description": doc,
        "tags": ["policy"],
        "responses": responses,
        "openapi_extra": {
            **openapi.secured(right),
            "parameters": parameters,
            "requestBody": {"required": True, "content": body},
        },
    }
