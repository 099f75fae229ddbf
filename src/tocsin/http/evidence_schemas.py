"""How taking evidence in and looking after it stand in the OpenAPI document."""

from typing import Any

from tocsin.domain.evidence.commands import AttachEvidence
from tocsin.domain.evidence.values import Condition
from tocsin.http import openapi
from tocsin.keys import Scope as Right

ASKED = (
    "name", "description", "source", "collected_by", "collected_at", "occurred_at", "actor",
)  # fmt: skip
CHECKED: dict[str, Any] = {
    "type": "object",
    "required": ["condition", "evidence_id", "version"],
    "properties": {
        **openapi.EVIDENCE_RECEIPT["properties"],
        "condition": {"type": "string", "enum": [each.value for each in Condition]},
    },
}


def documented() -> dict[str, Any]:
    """How taking evidence in is documented."""
    said_of = {
        "name": "Of the file; else `Content-Disposition` names it.",
        "description": "What it shows.",
        "source": "Where it comes from.",
        "collected_by": "Who collected it, if not the owner of the key.",
        "collected_at": "When, if not now.",
        "occurred_at": "When it was attached, if not now.",
        "actor": "Who attached it, if not the owner of the key.",
    }
    query = [
        {"name": name, "in": "query", "description": said_of[name], "schema": _schema(name)}
        for name in ASKED
    ]
    disposition = openapi.header("Content-Disposition", "Names the file (RFC 6266).")
    content = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
    answers = openapi.answers(openapi.ref("EvidenceReceipt"), 404, 408, 409, 413, 415)
    done = {**answers.pop(200), "description": "The evidence is on record."}
    return {
        "operation_id": AttachEvidence.path,
        "summary": "Attach a piece of evidence",
        "description": "The body is the content, and `Content-Type` says what it is. It is sealed"
        " and stored outside the log, under the hash of what is stored. Only media types that the"
        " settings name are kept, and the content has to begin as its type does.",
        "tags": ["evidence"],
        "status_code": 201,
        "responses": {201: done, **answers},
        "openapi_extra": {
            **openapi.secured(Right.WRITE),
            "parameters": [openapi.ID, *query, disposition, openapi.IDEMPOTENCY_KEY],
            "requestBody": {"required": True, "content": content},
        },
    }


def _schema(name: str) -> dict[str, Any]:
    if name.endswith("_at"):
        return {"type": "string", "format": "date-time"}
    most = {"name": 255, "description": 4_000, "source": 500}.get(name, 200)
    least = 0 if name in ("description", "source") else 1
    text = {"type": "string", "minLength": least, "maxLength": most}
    return {**text, "pattern": openapi.PRINTABLE}


CHECKING: dict[str, Any] = {
    "operation_id": "check-evidence",
    "summary": "Compare what is stored with what was attached",
    "description": "Reads all of the stored content, and puts on record what that came to."
    " The body is `{}`, or there is none.",
    "tags": ["evidence"],
    "responses": openapi.answers(
        CHECKED, *openapi.WITH_BODY, 404, 409, description="What the look came to."
    ),
    "openapi_extra": {**openapi.secured(Right.WRITE), "parameters": [openapi.EVIDENCE_ID]},
}
