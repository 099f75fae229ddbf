"""What can happen to a review. This is the storage format: a name, a field and its meaning never
change. Add an event, or raise `schema` and write an upcaster with a fixture of the old bytes.

There is one review of an incident, on a stream of its own. Findings are called F1, F2 and so on,
factors C1, lessons L1, actions A1; a name is never given twice. Who acted is in the envelope.
"""

from datetime import datetime

from tocsin.domain.kernel import Event
from tocsin.domain.personal import Who, Words
from tocsin.domain.review.values import ActionKind, FactorKind, ReminderKind


class ReviewOpened(Event, name="review.opened"):
    """Somebody wants to know why it happened and what to do about it."""

    incident_id: str
    reference: str | None = None  # as it was when the review was opened, like the title
    title: Words
    reason: Words
    facilitator: Who | None = None
    due_at: datetime | None = None  # when it is to be published


class ReviewMadeMandatory(Event, name="review.made-mandatory"):
    """The policy wants this review. Without this event it is held by choice."""

    reason: str  # which of the incident's facts the policy goes by
    policy_version: int  # in force when the incident was resolved or closed


class FacilitatorNamed(Event, name="review.facilitator-named"):
    """Who leads the review from now on, in place of whoever did."""

    facilitator: Who


class ParticipantsNamed(Event, name="review.participants-named"):
    """These people take part as well."""

    participants: tuple[Who, ...]


class FindingRecorded(Event, name="review.finding-recorded"):
    """Something that was found out about what happened."""

    finding: str  # its name, F1 upwards
    text: Words
    evidence: Words = ""


class FindingWithdrawn(Event, name="review.finding-withdrawn"):
    """A finding does not hold after all."""

    finding: str
    reason: Words


class FactorRecorded(Event, name="review.factor-recorded"):
    """Something contributed to it: alone, it would have caused nothing, or less."""

    factor: str  # its name, C1 upwards
    text: Words
    kind: FactorKind


class FactorWithdrawn(Event, name="review.factor-withdrawn"):
    """Something did not contribute after all."""

    factor: str
    reason: Words


class RootCauseIdentified(Event, name="review.root-cause-identified"):
    """Why it happened, as far as is known; in place of whatever was held to be why before."""

    cause: Words


class LessonRecorded(Event, name="review.lesson-recorded"):
    """Something that others should know."""

    lesson: str  # its name, L1 upwards
    text: Words


class LessonWithdrawn(Event, name="review.lesson-withdrawn"):
    """Nobody should learn this after all."""

    lesson: str
    reason: Words


class ActionAgreed(Event, name="review.action-agreed"):
    """Somebody will do something about it, until then."""

    action: str  # its name, A1 upwards
    what: Words
    kind: ActionKind
    owner: Who
    due_at: datetime


class ActionReassigned(Event, name="review.action-reassigned"):
    """Somebody else will do it."""

    action: str
    owner: Who
    reason: Words


class ActionRescheduled(Event, name="review.action-rescheduled"):
    """It will be done until another time."""

    action: str
    due_at: datetime
    reason: Words


class ActionDone(Event, name="review.action-done"):
    """It is done, and this shows it."""

    action: str
    evidence: Words


class ActionDropped(Event, name="review.action-dropped"):
    """It will not be done."""

    action: str
    reason: Words


class ActionReminded(Event, name="review.action-reminded"):
    """An action is due soon, or is due and not done. Its time of occurrence is when that was so,
    also when nobody was there to see it."""

    action: str
    kind: ReminderKind
    owner: Who  # as of then
    due_at: datetime
    since: int  # version of the event of this review that set this due time


class ReviewPublished(Event, name="review.published"):
    """It is final, and others may read it. What was agreed on remains to be done."""

    edition: int  # 1, and one more each time that it was opened again
    summary: Words


class ReviewReopened(Event, name="review.reopened"):
    """What was published is not the last word."""

    reason: Words


# fmt: off
ReviewEvent = (
    ReviewOpened | ReviewMadeMandatory | FacilitatorNamed | ParticipantsNamed | FindingRecorded |
    FindingWithdrawn | FactorRecorded | FactorWithdrawn | RootCauseIdentified | LessonRecorded |
    LessonWithdrawn | ActionAgreed | ActionReassigned | ActionRescheduled | ActionDone |
    ActionDropped | ActionReminded | ReviewPublished | ReviewReopened
)
