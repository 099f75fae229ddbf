"""Every event reads as one sentence, with all that it says."""

from dataclasses import fields
from datetime import datetime

import pytest

from tests.domain import examples as x
from tocsin.domain.incident import events as e
from tocsin.domain.incident.values import (
    EscalationKind,
    HoldReason,
    LinkKind,
    Source,
)
from tocsin.domain.incident.words import words
from tocsin.domain.kernel import moment, replace

TOMORROW = "2026-03-03 09:00 UTC"
SENTENCES = [
    (x.REPORTED, "Reported by ann (user-report): E-mail is down"),
    (replace(x.REPORTED, reporter=None), "Reported (user-report): E-mail is down"),
    (x.LOGGED, "Logged as INC0000001."),
    (x.IMPORTED, "Taken over from servicenow, where it was INC0000045 and Active."),
    (x.VERIFIED, "Verified by a second source (monitoring): SMTP probe fails"),
    (e.IncidentVerified(source=Source.MONITORING), "Verified by a second source (monitoring)."),
    (x.DISMISSED, "Dismissed as a false positive: Ann's cable was unplugged."),
    (x.ACKNOWLEDGED, "Acknowledged."),
    (x.CATEGORISED, "Categorised as messaging / e-mail."),
    (e.IncidentCategorised(category="messaging"), "Categorised as messaging."),
    (e.IncidentCategorised(category=None), "Categorised as nothing in particular."),
    (x.PRIORITISED, "Priority set to 1: high impact, high urgency."),
    (e.IncidentPrioritised(priority=3), "Priority set to 3."),
    (replace(x.PRIORITISED, urgency=None), "Priority set to 1."),
    (x.OVERRIDDEN, "Priority set to 2 by hand: The board meets today."),
    (x.ASSIGNED, "Assigned to dana, Service Desk, level 1."),
    (e.IncidentAssigned(group="Network"), "Assigned to Network."),
    (e.IncidentAssigned(group=None), "Assigned to nobody."),
    (x.NOTED, "Noted (internal): Restarting Outlook does not help."),
    (
        x.DIAGNOSED,
        "Diagnosed after a look at mx1, mx2: The queue is full. Suspected: A full disk.",
    ),
    (e.IncidentDiagnosed(findings="All is well."), "Diagnosed: All is well."),
    (x.ASKED, "Asked ann: Which Outlook version?"),
    (e.InformationRequested(question="Since when?"), "Asked for information: Since when?"),
    (x.ANSWERED, "Answered: 2026."),
    (x.HELD, f"On hold until {TOMORROW}, awaiting vendor: Case 4711"),
    (e.IncidentHeld(reason=HoldReason.AWAITING_CALLER), "On hold, awaiting caller."),
    (x.RESUMED, "Resumed."),
    (x.TO_LEVEL_2, "Escalated to other skills (functional): Server Team, level 2. Needs root."),
    (
        e.IncidentEscalated(kind=EscalationKind.FUNCTIONAL),
        "Escalated to other skills (functional).",
    ),
    (x.TO_MANAGER, "Escalated up the management line (hierarchical): mia."),
    (x.MAJOR, "Declared a major incident, run by ivo; responders meet at Bridge 1."),
    (x.STOOD_DOWN, "No longer a major incident: Only one site."),
    (x.CAUSE, "Cause identified: The log partition was full."),
    (x.PROPOSED, "Workaround W1 proposed (low risk, cost 0): Use webmail."),
    (
        replace(x.RISKY, cost=5_000),
        "Workaround W1 proposed (high risk, cost 5,000, awaiting approval): Restart the cluster.",
    ),
    (x.APPROVED, "Workaround W1 approved: Go."),
    (e.WorkaroundApproved(workaround="W1"), "Workaround W1 approved."),
    (x.REJECTED, "Workaround W1 rejected: Too risky."),
    (x.APPLIED, f"Workaround W1 applied until {TOMORROW}: users can work."),
    (
        e.WorkaroundApplied(workaround="W1", known_error="KE1"),
        "Workaround W1 (known error KE1) applied: users can work.",
    ),
    (x.WITHDRAWN, "Workaround W1 withdrawn: No longer needed."),
    (x.RESOLVED, "Resolved (fixed): Cleared the partition."),
    (replace(x.RESOLVED, resolution_code=None), "Resolved: Cleared the partition."),
    (x.TESTED, "Tested in production, passed: Sent a mail. (It arrived.)"),
    (replace(x.TESTED, evidence=""), "Tested in production, passed: Sent a mail."),
    (x.CONFIRMED, "Resolution confirmed by ann (satisfaction 4 of 5): Thanks!"),
    (e.ResolutionConfirmed(confirmed_by="bob"), "Resolution confirmed by bob."),
    (x.REFUTED, "Resolution rejected: Still down."),
    (x.REOPENED, "Reopened: Still down."),
    (replace(x.CLOSED, detection=None, lessons=""), "Closed (solved). Steps taken: Cleared it."),
    (
        replace(x.CLOSED, steps_taken=""),
        "Closed (solved). Detected by monitoring. Lessons: Watch the disk.",
    ),
    (e.IncidentClosed(closure_code=None), "Closed."),
    (x.CANCELLED, "Cancelled: A duplicate."),
    (x.LINKED, "Linked to problem PRB0000001."),
    (
        e.IncidentLinked(kind=LinkKind.CAUSED_BY, target="CHG1"),
        "Linked to its cause, CHG1.",
    ),
    (x.UNLINKED, "No longer linked to problem PRB0000001."),
    (x.UPDATED, f"Told affected users: We work on it. (Next update due {TOMORROW}.)"),
    (replace(x.UPDATED, next_update_due=None), "Told affected users: We work on it."),
    (
        x.CORRECTED,
        "Corrected title from E-mail is down to Outlook is down: Webmail works.",
    ),
    (replace(x.CORRECTED, was=None), "Corrected title to Outlook is down: Webmail works."),
    (x.BREACHED, "Service level missed, by the verdict of servicenow."),
]

SAID_ELSEWHERE = {
    "schema": "of the envelope",
    **dict.fromkeys(("policy_version", "attributes", "status"), "for programs, not for readers"),
    **dict.fromkeys(("description", "services", "configuration_items", "users"), "on the record"),
    **dict.fromkeys(("impact_began_at", "detected_at", "dedup_key"), "on the record"),
    "approval_required": "in words of its own",
}


@pytest.mark.parametrize(("event", "sentence"), SENTENCES)
def test_an_event_reads_as_a_sentence(event: e.IncidentEvent, sentence: str) -> None:
    assert words(event) == sentence


@pytest.mark.parametrize("event", x.EVERY_EVENT, ids=lambda event: event.event_name)
def test_a_sentence_leaves_out_nothing_that_people_want_to_know(event: e.IncidentEvent) -> None:
    """Every field that says something is in the words, or stands on the record itself."""
    sentence = words(event)
    for field in fields(event):
        value = getattr(event, field.name)
        if field.name in SAID_ELSEWHERE or value is None:
            continue
        for part in value if isinstance(value, tuple) else (value,):
            text = moment(part) if isinstance(part, datetime) else str(part)
            spoken = (text, text.replace("-", " "), text.replace("_", " "))
            assert any(way in sentence for way in spoken), f"{text} is not in {sentence!r}"
