"""Another moment than now: how a request names one, and what is wrong with one that was not."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import Query

from tocsin.http.needs import Moment as Instant
from tocsin.http.problems import KINDS, NOT_FOUND, Problem, invalid
from tocsin.http.service import Service
from tocsin.past.moments import Moment, NoSuchVersion, NothingKnown, NotThen, NotYet

Version = Annotated[int | None, Query(ge=1, le=2**31, description="After so many events.")]
AsOf = Annotated[
    Instant | None,
    Query(description="As it was in the world then: late facts and corrections are heeded."),
]
KnownAt = Annotated[
    Instant | None, Query(description="As it was believed then: by what had been recorded.")
]
Which = Annotated[
    Literal["log", "lake"] | None,
    Query(description="What says which incidents to look at. Default: the lake, if it can."),
]
ByLog = Annotated[
    Literal["log"] | None,
    Query(description="What says which incidents to look at: the lake knows too few of them."),
]


def checked(
    service: Service,
    as_of: datetime | None,
    known_at: datetime | None = None,
    version: int | None = None,
) -> Moment:
    """A moment that has come.

    Raises:
        Problem: 422, it lies in the future.
    """
    moment = Moment(version=version, as_of=as_of, known_at=known_at)
    try:
        return moment.check(datetime.now(UTC), service.settings.clock_skew_seconds)
    except NotYet as error:
        raise problem(error) from error


def problem(error: NotThen, kind: str = "incident") -> Problem:
    """Why there is nothing to see at a moment."""
    match error:
        case NotYet(field=field, reason=reason):
            return invalid([{"field": field, "reason": reason}])
        case NoSuchVersion(versions=versions):
            detail = f"The {kind} has {versions} versions so far."
        case NothingKnown():
            detail = f"Nothing of the {kind} was known then."
        case _:
            detail = f"The {kind} had not begun then."
    return Problem(KINDS.get(f"no-such-{kind}", NOT_FOUND), detail)
