"""Every "no" of the HTTP service, as RFC 9457 problems: stable types, one sentence, the way out.

A type is `urn:tocsin:problem:<code>` and never changes. Those of the domain's refusals are made of
their codes; those of the service itself are listed here.
"""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from tocsin.asks import Busy, CannotStore, KeyReused, StaleVersion, UnknownStream
from tocsin.domain.kernel import REFUSALS, Refused
from tocsin.door import Invalid, Malformed
from tocsin.http.answers import Answer
from tocsin.keys import KeysUnavailable
from tocsin.store.entries import StoreUnavailable
from tocsin.telemetry.context import REQUEST_ID

URN = "urn:tocsin:problem:"
MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 1
TOLD, LISTED = 3, 50
"""Fields that a sentence names, and a list: whoever sends thousands of wrong ones gets no more."""


@dataclass(frozen=True)
class Kind:
    """One kind of problem: its code, its status, and what it means."""

    code: str
    status: int
    title: str


KINDS: dict[str, Kind] = {}


def _kind(code: str, status: int, title: str) -> Kind:
    KINDS[code] = kind = Kind(code, status, title)
    return kind


MALFORMED = _kind("malformed", 400, "The request cannot be read.")
BAD_HEADER = _kind("bad-header", 400, "A header of the request cannot be used.")
NO_KEY = _kind("no-key", 401, "The request carries no API key.")
BAD_KEY = _kind("bad-key", 401, "The API key does not open anything.")
SCOPE_MISSING = _kind("scope-missing", 403, "The API key does not reach so far.")
NOT_FOUND = _kind("not-found", 404, "There is nothing here.")
NO_SUCH_INCIDENT = _kind("no-such-incident", 404, "There is no such incident.")
NO_SUCH_REVIEW = _kind("no-such-review", 404, "There is no such review.")
NO_SUCH_EVIDENCE = _kind("no-such-evidence", 404, "There is no such evidence.")
NO_SUCH_SUBJECT = _kind("no-such-subject", 404, "There is no such person or incident.")
NO_CHECKPOINT = _kind("no-checkpoint", 404, "No checkpoint of the log has been signed yet.")
NOT_IN_TREE = _kind("not-in-tree", 404, "The log's tree has no such size or position.")
METHOD_NOT_ALLOWED = _kind("method-not-allowed", 405, "This cannot be done to what is here.")
TOO_SLOW = _kind("too-slow", 408, "The request did not arrive in time.")
REFUSED = 409
NOT_SIGNED = _kind("not-signed", 409, "No checkpoint can be signed.")
EVIDENCE_GONE = _kind("evidence-gone", 410, "Nobody can open the content any more.")
STALE = _kind("stale-version", 412, "It has changed since the caller looked.")
TOO_LARGE = _kind("too-large", 413, "The request is too large.")
NOT_JSON = _kind("not-json", 415, "The body must be JSON.")
KIND_REFUSED = _kind("media-type-refused", 415, "This is not kept as evidence.")
MISDIRECTED = _kind("misdirected", 421, "The service does not answer under this name.")
INVALID = _kind("invalid", 422, "The request does not make sense.")
KEY_REUSED = _kind("key-reused", 422, "The idempotency key stands for another request.")
DEPENDS = _kind("depends-on-failed", 424, "The command depends on one that failed.")
TOO_MANY = _kind("too-many-requests", 429, "The API key asks too often.")
BROKEN = _kind("broken", 500, "Something is wrong with the service.")
EVIDENCE_DAMAGED = _kind("evidence-damaged", 500, "What is stored is not what was attached.")
BUSY = _kind("busy", 503, "The service has too much to do.")
STORE_UNAVAILABLE = _kind("store-unavailable", 503, "The store cannot be used at the moment.")
BEHIND = _kind("read-model-behind", 503, "The read model has not come so far yet.")
STOPPING = _kind("stopping", 503, "The service is stopping.")


UNKNOWN = {"review": NO_SUCH_REVIEW, "evidence": NO_SUCH_EVIDENCE}
"""What it means that a stream is not there, by what was looked for; else an incident was."""


class Problem(Exception):
    """A request that cannot be served, and why."""

    def __init__(
        self, kind: Kind, detail: str, headers: Mapping[str, str] | None = None, **facts: Any
    ) -> None:
        super().__init__(detail)
        self.kind, self.detail, self.facts = kind, detail, facts
        self.headers = dict(headers or {})

    @property
    def status(self) -> int:
        return self.kind.status

    def fields(self) -> dict[str, Any]:
        """The problem as an object, for an answer or for a place in one."""
        kind = self.kind
        return {
            "type": URN + kind.code,
            "title": kind.title,
            "status": kind.status,
            "detail": self.detail,
            "code": kind.code,
            **self.facts,
        }

    def answer(self, request_id: bytes | None = None) -> Answer:
        """The problem as a whole answer, with the id of the request, by which logs are searched."""
        headers = [(name.lower().encode(), text.encode()) for name, text in self.headers.items()]
        fields = self.fields()
        if request := request_id or REQUEST_ID.get():
            fields["request_id"] = request.decode("ascii")
        body = orjson.dumps(fields, default=str)
        return Answer(self.kind.status, body, headers, MEDIA_TYPE.encode())


def refusal(refused: Refused) -> Problem:
    """A rule of the domain said no: with its facts, and with what is possible instead."""
    title = (inspect.getdoc(type(refused)) or "").partition("\n")[0]
    kind = Kind(refused.code, REFUSED, title)
    return Problem(kind, str(refused), facts=refused.facts(), possible=refused.possible)


def invalid(errors: list[dict[str, str]]) -> Problem:
    """Fields that do not fit, all at once: each with its name and its reason."""
    detail = "; ".join(f"{each['field']} {each['reason']}" for each in errors[:TOLD])
    more = f"; and {len(errors) - TOLD} more" if len(errors) > TOLD else ""
    return Problem(INVALID, f"{detail}{more}.", errors=errors[:LISTED])


def later(kind: Kind, detail: str, seconds: int = RETRY_SECONDS) -> Problem:
    """Something that may be asked again after a while."""
    return Problem(kind, detail, {"Retry-After": str(seconds)})


Expected = (
    Refused | Malformed | Invalid | StaleVersion | UnknownStream | KeyReused | Busy | CannotStore
    | StoreUnavailable | KeysUnavailable
)  # fmt: skip
EXPECTED = Expected.__args__
"""What the rooms behind the door may raise, that a caller is told in full."""


def of(error: Exception) -> Problem:
    """The problem that an exception is."""
    match error:
        case Problem():
            return error
        case Refused():
            return refusal(error)
        case Malformed():
            return Problem(MALFORMED, str(error))
        case Invalid():
            return invalid([{"field": f.field, "reason": f.reason} for f in error.flaws])
        case StaleVersion():
            known = {"expected": error.expected, "current": error.actual}
            return Problem(STALE, str(error), {"ETag": f'"{error.actual}"'}, **known)
        case UnknownStream():
            return Problem(UNKNOWN.get(error.what, NO_SUCH_INCIDENT), str(error))
        case KeyReused():
            return Problem(KEY_REUSED, str(error))
        case Busy():
            return later(BUSY, str(error) or "Too many commands are waiting: ask again later.")
        case StoreUnavailable() | KeysUnavailable():
            return later(STORE_UNAVAILABLE, "The store cannot be used now: ask again later.", 5)
        case _:
            return Problem(
                BROKEN, "An error was logged under the request's id, which the headers carry."
            )


def codes() -> dict[str, tuple[int, str]]:
    """Every code with its status and meaning: those of the service, then those of the domain."""
    own = {kind.code: (kind.status, kind.title) for kind in KINDS.values()}
    theirs = {
        code: (REFUSED, (inspect.getdoc(each) or "").partition("\n")[0])
        for code, each in sorted(REFUSALS.items())
    }
    assert not own.keys() & theirs.keys(), "one code, one meaning"
    return own | theirs
