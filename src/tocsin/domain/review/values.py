"""The words of reviews, one meaning each. Their values are stored: never change one."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID, uuid5

from annotated_types import Len, Predicate

from tocsin.domain.printing import printable

SOON = timedelta(days=3)
"""So long before an action is due, its owner is reminded; not of what was agreed later than that.
The policy says nothing about it."""
ENTRIES, PEOPLE = 100, 100
"""Most findings, factors, lessons and actions of one review, each; most people who take part."""

Statement = Annotated[str, Len(1, 4_000), Predicate(printable)]
"""What was found, learnt or agreed: a paragraph or two."""


def review_stream(incident_id: UUID) -> UUID:
    """The stream of the one review of an incident: every server finds the same."""
    return uuid5(incident_id, "tocsin:review")


class ReviewStatus(StrEnum):
    """Where a review stands."""

    UNOPENED = "unopened"
    OPEN = "open"
    PUBLISHED = "published"


class FactorKind(StrEnum):
    """Where a contributing factor lies: the four dimensions of service management of ITIL 4."""

    PEOPLE = "people"
    """Organisations and people."""
    TECHNOLOGY = "technology"
    """Information and technology."""
    PARTNERS = "partners"
    """Partners and suppliers."""
    PROCESSES = "processes"
    """Value streams and processes."""


class ActionKind(StrEnum):
    """What an action is to achieve, should the same begin again."""

    PREVENT = "prevent"
    """That it does not happen."""
    DETECT = "detect"
    """That it is noticed sooner."""
    MITIGATE = "mitigate"
    """That it does less harm, or is over sooner."""
    PROCESS = "process"
    """That people work together better."""


class ActionState(StrEnum):
    """How an action stands."""

    AGREED = "agreed"
    DONE = "done"
    DROPPED = "dropped"


class ReminderKind(StrEnum):
    """Why somebody is reminded of an action."""

    DUE_SOON = "due-soon"
    OVERDUE = "overdue"
