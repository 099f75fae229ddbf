"""What the OpenAPI document says of the answers about subjects."""

import inspect
from typing import Any

from tocsin.domain.kernel import Command
from tocsin.domain.subject.values import Basis, SubjectKind
from tocsin.erasure.scan import How
from tocsin.http import openapi
from tocsin.keys import Scope

Json = dict[str, Any]
_TEXT, _WHOLE = {"type": "string"}, {"type": "integer"}
_MAYBE_TEXT = {"type": ["string", "null"]}
_UUID = {"type": "string", "format": "uuid"}
_MAYBE_UUID = {"type": ["string", "null"], "format": "uuid"}
_MAYBE_TIME = {"type": ["string", "null"], "format": "date-time"}
_TEXTS = {"type": "array", "items": _TEXT}


def _record(**properties: Json) -> Json:
    return {"type": "object", "required": [*properties], "properties": properties}


def _list(items: Json) -> Json:
    return {"type": "array", "items": items}


_INCIDENTS = _record(count=_WHOLE, first=_list(_record(incident_id=_UUID, reference=_MAYBE_TEXT)))
_VALUE = _record(
    how={"type": "string", "enum": [each.value for each in How]},
    position=_WHOLE,
    incident_id=_MAYBE_UUID,
    reference=_MAYBE_TEXT,
    event=_TEXT,
    field=_TEXT,
    occurred_at={"type": "string", "format": "date-time"},
    recorded_at={"type": "string", "format": "date-time"},
    value=_TEXT,
)
FOUND = _record(
    names=_TEXTS,
    position={**_WHOLE, "description": "Up to where the log was searched."},
    subjects=_list(_record(subject_id=_UUID, name=_TEXT, values=_WHOLE, holds=_TEXTS)),
    values={"type": "object", "description": "How many values name or mention them, and how."},
    events={"type": "object", "description": "In how many values of each kind of event."},
    involved={**_INCIDENTS, "description": "The incidents in which they have any part."},
    mentioning={**_INCIDENTS, "description": "Those in whose texts one of the names stands."},
    mentioned_apart={**_WHOLE, "description": "Texts that mention them, of no incident."},
    clear={**_list(_VALUE), "description": "What cannot be forgotten: it is legible for good."},
)
_HOLD = _record(
    hold=_TEXT,
    reason=_TEXT,
    placed_at={"type": "string", "format": "date-time"},
    placed_by=_TEXT,
    lifted_at=_MAYBE_TIME,
    lifted_by=_MAYBE_TEXT,
    lifted_because=_MAYBE_TEXT,
)
STANDING = _record(
    subject_id=_UUID,
    version=_WHOLE,
    kind={"type": "string", "enum": [each.value for each in SubjectKind]},
    incident_id=_MAYBE_UUID,
    name={**_MAYBE_TEXT, "description": "None once the person is forgotten, and for texts."},
    holds={"type": "object", "additionalProperties": _HOLD},
    standing={**_TEXTS, "description": "The legal holds that nobody has lifted."},
    forgotten={**_WHOLE, "description": "At which version; 0 while it is not."},
    forgotten_at=_MAYBE_TIME,
    forgotten_by=_MAYBE_TEXT,
    basis={"type": ["string", "null"], "enum": [*(each.value for each in Basis), None]},
    request=_MAYBE_TEXT,
    values={**_WHOLE, "description": "Stored values that nobody can open any more."},
    until={**_WHOLE, "description": "The position of the last of them."},
    purged_at=_MAYBE_TIME,
    places={**_TEXTS, "description": "What was purged."},
    waiting_for={
        "type": ["array", "null"],
        "description": "The read models that are still to be made again.",
        "items": _record(name=_TEXT, state=_TEXT, role=_TEXT, position=_WHOLE),
    },
    possible={**_TEXTS, "description": "The commands that could be recorded now."},
)
RECEIPT = openapi.receipt("SubjectReceipt", subject_id=_UUID, incident_id=_MAYBE_UUID)
_ID: Json = {
    **openapi.ID,
    "description": "The person's id in the log; or an incident, for its texts.",
}


def operation(command: type[Command[Any]]) -> Json:
    """How the route of a command on a subject is documented."""
    doc = inspect.getdoc(command) or ""
    statuses = (*openapi.EVERYWHERE, *openapi.WITH_BODY, 404, 409, 412)
    done = {"description": "It is so now.", "content": {"application/json": {"schema": RECEIPT}}}
    body = {"application/json": {"schema": openapi.ref(command.__name__)}}
    return {
        "operation_id": command.path,
        "summary": doc.partition("\n")[0].rstrip("."),
        "description": doc,
        "tags": ["subjects"],
        "responses": {200: done, **openapi.problems(*statuses)},
        "openapi_extra": {
            **openapi.secured(Scope.ERASE),
            "parameters": [openapi.IDEMPOTENCY_KEY, _ID, openapi.IF_MATCH],
            "requestBody": {"required": True, "content": body},
        },
    }
