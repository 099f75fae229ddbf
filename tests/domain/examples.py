"""Events that tests begin with: an e-mail outage, as it was told."""

from datetime import timedelta

from tests.domain.kit import MONDAY
from tocsin.domain.incident import events as e
from tocsin.domain.incident.values import (
    Audience,
    EscalationKind,
    Fact,
    HoldReason,
    Impact,
    LinkKind,
    Outcome,
    Risk,
    Source,
    Stage,
    Status,
    Urgency,
    Visibility,
)

BEGAN = MONDAY - timedelta(minutes=20)
"""When the impact began: before anybody reported it."""
TOMORROW = MONDAY + timedelta(days=1)

REPORTED = e.IncidentReported(
    title="E-mail is down",
    description="Outlook does not connect.",
    source=Source.USER_REPORT,
    reporter="ann",
    services=("e-mail",),
    users=("ann", "bob"),
    impact_began_at=BEGAN,
    dedup_key="mail-down",
)
LOGGED = e.IncidentLogged(reference="INC0000001")
IMPORTED = e.IncidentImported(
    system="servicenow",
    foreign_id="INC0000045",
    foreign_status="Active",
    status=Status.IN_PROGRESS,
    attributes={"made_sla": "true"},
)
VERIFIED = e.IncidentVerified(source=Source.MONITORING, evidence="SMTP probe fails")
DISMISSED = e.IncidentDismissed(reason="Ann's cable was unplugged.")
ACKNOWLEDGED = e.IncidentAcknowledged()
CATEGORISED = e.IncidentCategorised(category="messaging", subcategory="e-mail")
PRIORITISED = e.IncidentPrioritised(
    priority=1, impact=Impact.HIGH, urgency=Urgency.HIGH, policy_version=1
)
OVERRIDDEN = e.IncidentPrioritised(priority=2, override_reason="The board meets today.")
ASSIGNED = e.IncidentAssigned(group="Service Desk", assignee="dana", level=1)
NOTED = e.IncidentNoted(text="Restarting Outlook does not help.", visibility=Visibility.INTERNAL)
DIAGNOSED = e.IncidentDiagnosed(
    findings="The queue is full.", hypothesis="A full disk.", examined=("mx1", "mx2")
)
ASKED = e.InformationRequested(question="Which Outlook version?", of="ann")
ANSWERED = e.InformationProvided(answer="2026.")
HELD = e.IncidentHeld(reason=HoldReason.AWAITING_VENDOR, until=TOMORROW, detail="Case 4711")
RESUMED = e.IncidentResumed()
TO_LEVEL_2 = e.IncidentEscalated(
    kind=EscalationKind.FUNCTIONAL, level=2, group="Server Team", reason="Needs root."
)
TO_MANAGER = e.IncidentEscalated(kind=EscalationKind.HIERARCHICAL, manager="mia")
MAJOR = e.MajorIncidentDeclared(incident_manager="ivo", meeting_place="Bridge 1")
STOOD_DOWN = e.MajorIncidentStoodDown(reason="Only one site.")
CAUSE = e.CauseIdentified(cause="The log partition was full.")
PROPOSED = e.WorkaroundProposed(
    workaround="W1",
    description="Use webmail.",
    cost=0,
    risk=Risk.LOW,
    approval_required=False,
    policy_version=1,
)
RISKY = e.WorkaroundProposed(
    workaround="W1",
    description="Restart the cluster.",
    cost=500,
    risk=Risk.HIGH,
    approval_required=True,
    policy_version=1,
)
APPROVED = e.WorkaroundApproved(workaround="W1", comment="Go.")
REJECTED = e.WorkaroundRejected(workaround="W1", reason="Too risky.")
APPLIED = e.WorkaroundApplied(workaround="W1", expires_at=TOMORROW)
WITHDRAWN = e.WorkaroundWithdrawn(workaround="W1", reason="No longer needed.")
RESOLVED = e.IncidentResolved(resolution_code="fixed", resolution="Cleared the partition.")
TESTED = e.ResolutionTested(
    tested="Sent a mail.", stage=Stage.PRODUCTION, outcome=Outcome.PASSED, evidence="It arrived."
)
CONFIRMED = e.ResolutionConfirmed(confirmed_by="ann", satisfaction=4, comment="Thanks!")
REFUTED = e.ResolutionRejected(reason="Still down.")
REOPENED = e.IncidentReopened(reason="Still down.")
CLOSED = e.IncidentClosed(
    closure_code="solved",
    detection=Source.MONITORING,
    steps_taken="Cleared it.",
    lessons="Watch the disk.",
)
CANCELLED = e.IncidentCancelled(reason="A duplicate.")
LINKED = e.IncidentLinked(kind=LinkKind.PROBLEM, target="PRB0000001")
UNLINKED = e.IncidentUnlinked(kind=LinkKind.PROBLEM, target="PRB0000001")
UPDATED = e.UpdatePosted(
    audience=Audience.AFFECTED_USERS, message="We work on it.", next_update_due=TOMORROW
)
CORRECTED = e.IncidentCorrected(
    fact=Fact.TITLE, was="E-mail is down", now="Outlook is down", reason="Webmail works."
)
BREACHED = e.SlaMarkedBreached(system="servicenow")

NEW = (REPORTED, LOGGED)
IN_PROGRESS = (*NEW, ACKNOWLEDGED)
IS_RESOLVED = (*IN_PROGRESS, RESOLVED)
IS_CLOSED = (*IS_RESOLVED, CLOSED)
EVERY_EVENT: tuple[e.IncidentEvent, ...] = (
    *(REPORTED, LOGGED, IMPORTED, VERIFIED, DISMISSED, ACKNOWLEDGED, CATEGORISED, PRIORITISED),
    *(ASSIGNED, NOTED, DIAGNOSED, ASKED, ANSWERED, HELD, RESUMED, TO_LEVEL_2, TO_MANAGER, MAJOR),
    *(STOOD_DOWN, CAUSE, PROPOSED, APPROVED, REJECTED, APPLIED, WITHDRAWN, RESOLVED, TESTED),
    *(CONFIRMED, REFUTED, REOPENED, CLOSED, CANCELLED, LINKED, UNLINKED, UPDATED, CORRECTED),
    BREACHED,
)
"""One of each: a test holds it to the catalogue."""
