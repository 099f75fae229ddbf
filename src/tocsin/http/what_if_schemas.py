"""What the OpenAPI document says of the routes about what-ifs."""

from typing import Any

from tocsin.http import openapi
from tocsin.keys import Scope
from tocsin.whatif.question import CONDITIONS, WHERE

Json = dict[str, Any]
_TEXT, _WHOLE = {"type": "string"}, {"type": "integer"}
_ID = {**_TEXT, "pattern": "^[0-9a-f]{64}$", "description": "The digest of the question."}
_STATES = ("waiting", "running", "finished", "failed", "interrupted")
_STATE = {"enum": [*_STATES], "description": "Interrupted: ask again, and it goes on."}


def _record(**properties: Json) -> Json:
    return {"type": "object", "required": [*properties], "properties": properties}


ASKED = _record(id=_ID, state=_STATE, position={**_WHOLE, "description": "So far history goes."})
CANCELLED = _record(id=_ID, state={"const": "cancelled"})
STANDING = _record(
    id=_ID,
    state=_STATE,
    progress=_record(
        done={**_WHOLE, "description": "Events that are replayed, about."}, total=_WHOLE
    ),
    reason={"type": ["string", "null"], "description": "Why it failed."},
    report={"type": ["object", "null"], "description": "Once it is finished."},
)
_MOMENT = {"type": ["string", "null"], "format": "date-time"}
_BODY: Json = {
    "type": "object",
    "required": ["policy"],
    "additionalProperties": False,
    "properties": {
        "policy": {**_TEXT, "description": "The other policy, in TOML."},
        "against": {
            "type": ["string", "integer", "null"],
            "description": "A version, or a policy in TOML, that it is compared with; without it,"
            " the policies that were in force.",
        },
        "since": {**_MOMENT, "description": "Incidents reported then or later."},
        "until": {**_MOMENT, "description": "Incidents reported before this."},
        "where": {
            "type": ["array", "null"],
            "maxItems": CONDITIONS,
            "items": {**_TEXT, "pattern": f"^({'|'.join(sorted(WHERE))})=.+$"},
            "description": "What holds of the incidents in the end, as in `priority=1`.",
        },
        "at": {
            "type": ["integer", "null"],
            "minimum": 0,
            "description": "History up to this position; without it, all of it.",
        },
    },
}


def asking(doc: str) -> Json:
    """How the question is documented."""
    content = {"application/json": {"schema": ASKED}}
    location = {"description": "Where the answer will be.", "schema": _TEXT}
    taken = {"description": doc, "headers": {"Location": location}, "content": content}
    return {
        "operation_id": "what-if",
        "summary": doc.partition(",")[0],
        "description": doc,
        "tags": ["policy"],
        "status_code": 202,
        "responses": {202: taken, **openapi.problems(*openapi.EVERYWHERE, *openapi.WITH_BODY)},
        "openapi_extra": {
            **openapi.secured(Scope.READ),
            "requestBody": {"required": True, "content": {"application/json": {"schema": _BODY}}},
        },
    }
