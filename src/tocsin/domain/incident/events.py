"""What can happen to an incident. This is the storage format: a name, a field and its meaning never
change. Add an event, or raise `schema` and write an upcaster with a fixture of the old bytes.

`Who` is a person and `Words` is free text: both are stored so that they can be forgotten.
"""

from collections.abc import Mapping
from datetime import datetime

# isort: off
# fmt: off
from tocsin.domain.incident.values import (
    Audience, EscalationKind, Fact, HoldReason, Impact, LinkKind, Outcome, Risk, Source, Stage,
    Status, Urgency, Visibility,
)
# fmt: on
from tocsin.domain.kernel import Event
from tocsin.domain.personal import Personal, Terms, Who, Words


class IncidentReported(Event, name="incident.reported"):
    """Somebody or something says that a service is not as it should be."""

    title: Words
    description: Words = ""
    source: Source
    reporter: Who | None = None
    services: tuple[str, ...] = ()
    configuration_items: tuple[str, ...] = ()
    users: tuple[Who, ...] = ()
    impact_began_at: datetime | None = None
    detected_at: datetime | None = None
    dedup_key: str | None = None


class IncidentLogged(Event, name="incident.logged"):
    """The report is on record, under the reference that people use from now on."""

    reference: str


class IncidentImported(Event, name="incident.imported"):
    """The record was taken over from another system, in the state in which it stood there."""

    system: str
    foreign_id: str
    foreign_status: str
    status: Status
    attributes: Terms  # what no event here has a place for, by its own field names


class IncidentVerified(Event, name="incident.verified"):
    """A second source confirms that it is real."""

    source: Source
    evidence: Words = ""


class IncidentDismissed(Event, name="incident.dismissed"):
    """A false positive: nothing was wrong."""

    reason: Words


class IncidentAcknowledged(Event, name="incident.acknowledged"):
    """Somebody has seen it and takes it on."""


class IncidentCategorised(Event, name="incident.categorised"):
    """What kind of trouble it is."""

    category: str | None
    subcategory: str | None = None


class IncidentPrioritised(Event, name="incident.prioritised"):
    """What comes first: impact times urgency, or a priority set by hand with a reason."""

    priority: int
    impact: Impact | None = None
    urgency: Urgency | None = None
    override_reason: Words | None = None
    policy_version: int | None = None  # whose matrix it was; none for a priority from elsewhere


class IncidentAssigned(Event, name="incident.assigned"):
    """Who holds it from now on. The three fields together replace what was before."""

    group: str | None
    assignee: Who | None = None
    level: int | None = None  # of support, from 1


class IncidentNoted(Event, name="incident.noted"):
    """Something worth keeping."""

    text: Words
    visibility: Visibility


class IncidentDiagnosed(Event, name="incident.diagnosed"):
    """What an investigation found, what it suspects, and where it looked."""

    findings: Words
    hypothesis: Words = ""
    examined: tuple[Words, ...] = ()


class InformationRequested(Event, name="incident.information-requested"):
    """Work needs an answer from somebody."""

    question: Words
    of: Who | None = None


class InformationProvided(Event, name="incident.information-provided"):
    """The answer came."""

    answer: Words


class IncidentHeld(Event, name="incident.held"):
    """Work waits for somebody else. Held again with another reason, it waits for that."""

    reason: HoldReason
    until: datetime | None = None
    detail: Words = ""


class IncidentResumed(Event, name="incident.resumed"):
    """Work goes on."""


class IncidentEscalated(Event, name="incident.escalated"):
    """Help from elsewhere: functional names a level or a group, hierarchical a manager."""

    kind: EscalationKind
    level: int | None = None
    group: str | None = None
    manager: Who | None = None
    reason: Words = ""


class MajorIncidentDeclared(Event, name="incident.major-declared"):
    """It is run as a major incident: one manager, one meeting place."""

    incident_manager: Who
    meeting_place: Words


class MajorIncidentStoodDown(Event, name="incident.major-stood-down"):
    """It is an ordinary incident again."""

    reason: Words


class CauseIdentified(Event, name="incident.cause-identified"):
    """Why it happened."""

    cause: Words


class WorkaroundProposed(Event, name="incident.workaround-proposed"):
    """A way for users to work again, what it costs and what it risks."""

    workaround: str  # its name within the incident: W1, W2, ...
    description: Words
    cost: int  # in whole units of the organisation's currency
    risk: Risk
    approval_required: bool
    policy_version: int


class WorkaroundApproved(Event, name="incident.workaround-approved"):
    """Somebody entitled accepts the cost and the risk."""

    workaround: str
    comment: Words = ""


class WorkaroundRejected(Event, name="incident.workaround-rejected"):
    """Cost or risk are not accepted."""

    workaround: str
    reason: Words


class WorkaroundApplied(Event, name="incident.workaround-applied"):
    """Users can work again, though the cause is still there."""

    workaround: str
    known_error: str | None = None
    expires_at: datetime | None = None


class WorkaroundWithdrawn(Event, name="incident.workaround-withdrawn"):
    """It is no longer offered or in effect."""

    workaround: str
    reason: Words


class IncidentResolved(Event, name="incident.resolved"):
    """Service is restored."""

    resolution_code: str | None
    resolution: Words  # what was done


class ResolutionTested(Event, name="incident.resolution-tested"):
    """Somebody tried whether the resolution works."""

    tested: str
    stage: Stage
    outcome: Outcome
    evidence: Words = ""


class ResolutionConfirmed(Event, name="incident.confirmed"):
    """The person affected agrees that service is back."""

    confirmed_by: Who
    satisfaction: int | None = None  # from 1 (very dissatisfied) to 5 (very satisfied)
    comment: Words = ""


class ResolutionRejected(Event, name="incident.resolution-rejected"):
    """The person affected says that it is not solved."""

    reason: Words


class IncidentReopened(Event, name="incident.reopened"):
    """It is not over after all."""

    reason: Words


class IncidentClosed(Event, name="incident.closed"):
    """The record is final."""

    closure_code: str | None
    detection: Source | None = None  # how it was detected, in hindsight
    steps_taken: Words = ""
    lessons: Words = ""


class IncidentCancelled(Event, name="incident.cancelled"):
    """It will not be worked on."""

    reason: Words


class IncidentLinked(Event, name="incident.linked"):
    """It belongs together with another record."""

    kind: LinkKind
    target: str


class IncidentUnlinked(Event, name="incident.unlinked"):
    """It does not belong together with that record after all."""

    kind: LinkKind
    target: str


class UpdatePosted(Event, name="incident.update-posted"):
    """People were told how it stands, and when they will hear again."""

    audience: Audience
    message: Words
    next_update_due: datetime | None = None


class IncidentCorrected(Event, name="incident.corrected"):
    """A fact was recorded wrongly. Times are ISO 8601 in UTC."""

    fact: Fact
    was: Words | None
    now: Words
    reason: Words

    def personal(self) -> Mapping[str, Personal]:
        """A time or a source says nothing about people, and a reporter is one of them."""
        if self.fact in (Fact.TITLE, Fact.DESCRIPTION):
            return self.about_people
        if self.fact is Fact.REPORTER:
            return {"was": Personal.PERSON, "now": Personal.PERSON, "reason": Personal.TEXT}
        return {"reason": Personal.TEXT}


class SlaMarkedBreached(Event, name="incident.sla-marked-breached"):
    """Another system's verdict, taken over: its service level was missed. Says not when."""

    system: str


# fmt: off
IncidentEvent = (
    IncidentReported | IncidentLogged | IncidentImported | IncidentVerified | IncidentDismissed |
    IncidentAcknowledged | IncidentCategorised | IncidentPrioritised | IncidentAssigned |
    IncidentNoted | IncidentDiagnosed | InformationRequested | InformationProvided | IncidentHeld |
    IncidentResumed | IncidentEscalated | MajorIncidentDeclared | MajorIncidentStoodDown |
    CauseIdentified | WorkaroundProposed | WorkaroundApproved | WorkaroundRejected |
    WorkaroundApplied | WorkaroundWithdrawn | IncidentResolved | ResolutionTested |
    ResolutionConfirmed | ResolutionRejected | IncidentReopened | IncidentClosed |
    IncidentCancelled | IncidentLinked | IncidentUnlinked | UpdatePosted | IncidentCorrected |
    SlaMarkedBreached
)
