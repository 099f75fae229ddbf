"""The histories that belong to an incident: its own, its review's, and what time did to it."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from tocsin.cli.frame import Fault
from tocsin.cli.histories import find, missing, stood
from tocsin.domain.clock.happening import clock_stream
from tocsin.domain.kernel import Recorded, aggregate_of
from tocsin.domain.review.values import review_stream
from tocsin.past.moments import Moment, NotThen, then
from tocsin.store.log import Log

INCIDENT = "incident"
BESIDE: dict[str, Callable[[UUID], UUID]] = {"review": review_stream, "clocks": clock_stream}


def course(log: Log, name: str, at: Moment, of: str = INCIDENT) -> Sequence[Recorded[Any]]:
    """The events of an incident, or of what is beside it, as they are folded at a moment.

    Raises:
        Fault: there is no such incident, or nothing of it that early or that late.
    """
    if of == INCIDENT:
        return stood(log, name, at).course
    past = log.history(BESIDE[of](find(log, name)))
    said = f"The {of} of {name}"
    if not past:
        raise Fault(f"{said}: nothing is on record.")
    try:
        return then(aggregate_of(past[0].event), past, at).course
    except NotThen as error:
        raise missing(said, error) from error
