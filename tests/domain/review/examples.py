"""Events that tests begin with: what was learnt from an e-mail outage."""

from datetime import timedelta

from tests.domain.kit import NOW
from tests.domain.review.kit import INCIDENT_ID
from tocsin.domain.review import events as e
from tocsin.domain.review.values import ActionKind, FactorKind, ReminderKind

IN_A_WEEK, IN_TWO_WEEKS = NOW + timedelta(days=7), NOW + timedelta(days=14)

OPENED = e.ReviewOpened(
    incident_id=str(INCIDENT_ID),
    reference="INC0000001",
    title="E-mail is down",
    reason="Nobody could work for three hours.",
    facilitator="ivo",
    due_at=IN_A_WEEK,
)
MANDATORY = e.ReviewMadeMandatory(reason="It is to be reviewed: priority 1.", policy_version=1)
LED = e.FacilitatorNamed(facilitator="mia")
ATTENDED = e.ParticipantsNamed(participants=("ann", "bob"))
FOUND = e.FindingRecorded(
    finding="F1", text="The log partition was full for an hour.", evidence="Graph of mx1"
)
WITHDRAWN = e.FindingWithdrawn(finding="F1", reason="It was another disk.")
FACTOR = e.FactorRecorded(factor="C1", text="Debug logging was left on.", kind=FactorKind.PROCESSES)
NO_FACTOR = e.FactorWithdrawn(factor="C1", reason="It was off.")
CAUSE = e.RootCauseIdentified(cause="Nothing watches the log partition.")
LESSON = e.LessonRecorded(lesson="L1", text="Users noticed before we did.")
NO_LESSON = e.LessonWithdrawn(lesson="L1", reason="We did.")
AGREED = e.ActionAgreed(
    action="A1",
    what="Watch the log partition.",
    kind=ActionKind.DETECT,
    owner="ann",
    due_at=IN_TWO_WEEKS,
)
REASSIGNED = e.ActionReassigned(action="A1", owner="bob", reason="Ann is away.")
RESCHEDULED = e.ActionRescheduled(action="A1", due_at=IN_A_WEEK, reason="It happened again.")
DONE = e.ActionDone(action="A1", evidence="Alert 4711 fired in a test.")
DROPPED = e.ActionDropped(action="A1", reason="The server is retired.")
DUE_SOON = e.ActionReminded(
    action="A1", kind=ReminderKind.DUE_SOON, owner="ann", due_at=IN_TWO_WEEKS, since=2
)
OVERDUE = e.ActionReminded(
    action="A1", kind=ReminderKind.OVERDUE, owner="ann", due_at=IN_TWO_WEEKS, since=2
)
PUBLISHED = e.ReviewPublished(edition=1, summary="A full disk that nobody watched.")
REOPENED = e.ReviewReopened(reason="The vendor found another cause.")

IS_PUBLISHED = (OPENED, FOUND, AGREED, PUBLISHED)
EVERY_EVENT: tuple[e.ReviewEvent, ...] = (
    *(OPENED, MANDATORY, LED, ATTENDED, FOUND, WITHDRAWN, FACTOR, NO_FACTOR, CAUSE, LESSON),
    *(NO_LESSON, AGREED, REASSIGNED, RESCHEDULED, DONE, DROPPED, DUE_SOON, PUBLISHED, REOPENED),
)
"""One of each: a test holds it to the catalogue."""
