"""What the OpenAPI document says of the parameters that many routes have."""

from typing import Any

from tocsin.access.records import PURPOSE_LENGTH
from tocsin.http.headers import KEY_LENGTH

Json = dict[str, Any]


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
REVIEW_ID = {
    **ID,
    "description": "The review's UUID, or the UUID or the reference of its incident.",
}
EVIDENCE_ID = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "The UUID of the piece of evidence.",
    "schema": {"type": "string", "format": "uuid"},
}
IDS = {"incident": ID, "review": REVIEW_ID, "evidence": EVIDENCE_ID}
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
PURPOSE = header(
    "X-Purpose",
    "What you need the data for: it is kept in the access journal, with your name.",
    pattern="^[ -~]*$",
    maxLength=PURPOSE_LENGTH,
)
IF_NONE_MATCH = header("If-None-Match", "The `ETag` of what you have: unchanged, it is not sent.")
