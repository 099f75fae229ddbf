"""What a generator of requests cannot know of ours: keys that are new, versions that are in quotes,
cursors that a page has given, moments that have come, incidents and reviews that are there, what a
policy looks like, and that we write whole numbers whole."""

import random
from typing import Any
from uuid import uuid4

import schemathesis

INCIDENTS = 20
UNLIKELY = ("against", "since", "until", "where")
"""Of a what-if: versions, times in order, words of a list. One position makes one question."""
MOMENTS = {"as_of", "known_at", "known_from", "known_to"}
"""None of them may lie in the future."""
PERIOD = {"from": "2000-01-01T00:00:00Z", "to": "2000-01-02T00:00:00Z"}
CONTENT = b"12:00 mx1 stopped answering.\n"
"""Of a kind that is kept, and some of it."""
POLICY = "[priorities]\n" + "".join(
    f"{impact} = {{ high = 1, medium = 2, low = 3 }}\n" for impact in ("high", "medium", "low")
)


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Make a request that is meant to be valid one that can be."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    headers = case.headers or {}
    if "Idempotency-Key" in headers:
        headers["Idempotency-Key"] = str(uuid4())
    if "If-Match" in headers:
        headers["If-Match"] = "*"
    if isinstance((case.query or {}).get("after"), str):
        del case.query["after"]
    moments = MOMENTS | ({"from", "to"} if case.path.endswith("/diff") else set())
    for name in moments & (case.query or {}).keys():
        case.query[name] = "2000-01-01T00:00:00Z"
    if "id" in (case.path_parameters or {}) and not case.path.startswith("/what-if"):
        case.path_parameters["id"] = f"INC{random.randint(1, INCIDENTS):07d}"
    if case.path == "/audit/report" and {"from", "to"} <= (case.query or {}).keys():
        case.query |= PERIOD
    if case.path.endswith("/evidence") and case.method == "POST":
        case.body, case.media_type = CONTENT, "text/plain"
        case.headers["Content-Type"] = case.media_type
    if isinstance(case.body, dict):
        case.body = _whole(case.body)
        if case.path == "/reviews":
            case.body["incident"] = f"INC{random.randint(1, INCIDENTS):07d}"
        if "document" in case.body:
            case.body["document"] = POLICY
        if case.path == "/what-if":
            case.body = {"policy": POLICY, **dict.fromkeys(UNLIKELY), "at": 1}
        for command in case.body.get("commands", ()):
            command.pop("id", None)


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _whole(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_whole(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
