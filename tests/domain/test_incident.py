"""What an incident comes to after its events: the fold, the names it holds, what it shows."""

from datetime import timedelta
from uuid import UUID

import pytest

from tests.domain import examples as x
from tests.domain.kit import MONDAY, Told, at, by, incident, recorded
from tocsin.domain.incident.events import (
    IncidentAssigned,
    IncidentCorrected,
    IncidentEvent,
    WorkaroundApplied,
)
from tocsin.domain.incident.state import INCIDENT, Incident, Related, Workaround
from tocsin.domain.incident.values import (
    Fact,
    HoldReason,
    Impact,
    LinkKind,
    Outcome,
    Risk,
    Source,
    Urgency,
    WorkaroundStatus,
)
from tocsin.domain.kernel import replace


def test_nothing_is_known_of_an_incident_at_first() -> None:
    fresh = INCIDENT.initial(UUID(int=1))
    assert fresh == Incident(incident_id=UUID(int=1))
    assert fresh.possible() == ("report",)
    assert fresh.earliest() is None


def test_the_times_of_its_life_are_those_of_its_events() -> None:
    minutes = [MONDAY + timedelta(minutes=n) for n in range(5)]
    closed = incident(*x.IS_CLOSED)
    assert (closed.reported_at, closed.acknowledged_at) == (minutes[0], minutes[2])
    assert (closed.mitigated_at, closed.resolved_at) == (minutes[3], minutes[3])
    assert (closed.closed_at, closed.detected_at) == (minutes[4], None)
    assert closed.impact_began_at == x.BEGAN
    assert closed.version == len(x.IS_CLOSED)


def test_it_began_with_the_first_that_is_known_of_it() -> None:
    detected = MONDAY - timedelta(hours=1)
    assert incident(*x.NEW).earliest() == x.BEGAN
    assert incident(replace(x.REPORTED, detected_at=detected)).earliest() == detected
    assert incident(replace(x.REPORTED, impact_began_at=None)).earliest() == MONDAY


def test_the_first_acknowledgement_counts() -> None:
    """Also when it was told out of order."""
    first = at(MONDAY + timedelta(hours=1), x.ACKNOWLEDGED)
    twice = incident(*x.NEW, first, x.ACKNOWLEDGED)
    assert twice.acknowledged_at == first.at


APPLIED_AT = MONDAY + timedelta(minutes=30)
AT_THE_RESOLUTION = MONDAY + timedelta(minutes=40)
APPLIED = at(APPLIED_AT, x.APPLIED)
LATER = at(MONDAY + timedelta(minutes=50), x.APPLIED)
RESOLVED = at(AT_THE_RESOLUTION, x.RESOLVED)
SECOND = replace(x.PROPOSED, workaround="W2")
SECOND_APPLIED = at(MONDAY + timedelta(minutes=35), WorkaroundApplied(workaround="W2"))


@pytest.mark.parametrize(
    ("history", "mitigated_at"),
    [
        ((), None),
        ((x.PROPOSED,), None),
        ((x.PROPOSED, APPLIED), APPLIED_AT),
        ((x.PROPOSED, APPLIED, LATER), APPLIED_AT),
        ((x.PROPOSED, APPLIED, RESOLVED), APPLIED_AT),
        ((RESOLVED,), AT_THE_RESOLUTION),
        ((x.PROPOSED, APPLIED, x.WITHDRAWN), None),
        ((x.PROPOSED, SECOND, APPLIED, SECOND_APPLIED, x.WITHDRAWN), APPLIED_AT),
        ((x.PROPOSED, APPLIED, RESOLVED, x.WITHDRAWN), APPLIED_AT),
        ((RESOLVED, x.REOPENED), None),
        ((x.PROPOSED, APPLIED, RESOLVED, x.REOPENED), APPLIED_AT),
        ((x.PROPOSED, APPLIED, RESOLVED, x.WITHDRAWN, x.REOPENED), None),
    ],
)
def test_users_can_work_since_a_workaround_or_the_resolution(
    history: tuple[IncidentEvent | Told, ...], mitigated_at: object
) -> None:
    """Until the last workaround in effect is withdrawn, or the resolution turns out to be none."""
    assert incident(*x.NEW, *history).mitigated_at == mitigated_at


def test_a_workaround_keeps_what_was_decided_about_it() -> None:
    after = incident(*x.NEW, by("eve", x.RISKY), x.APPROVED, x.APPLIED)
    assert after.workarounds == {
        "W1": Workaround(
            name="W1",
            description="Restart the cluster.",
            cost=500,
            risk=Risk.HIGH,
            approval_required=True,
            proposer="eve",
            status=WorkaroundStatus.APPLIED,
            expires_at=x.TOMORROW,
        )
    }


def test_a_workaround_from_elsewhere_may_have_been_proposed_nowhere() -> None:
    after = incident(*x.NEW, x.APPROVED, APPLIED, x.REJECTED)
    assert (after.workarounds, after.mitigated_at) == ({}, APPLIED_AT)


def test_what_was_reported_is_shown() -> None:
    after = incident(*x.NEW, x.VERIFIED, x.CATEGORISED, x.PRIORITISED, x.CAUSE)
    assert (after.reference, after.title) == ("INC0000001", "E-mail is down")
    assert (after.source, after.reporter) == (Source.USER_REPORT, "ann")
    assert (after.services, after.users) == (("e-mail",), ("ann", "bob"))
    assert (after.description, after.dedup_key) == ("Outlook does not connect.", "mail-down")
    assert (after.verified, after.category, after.subcategory) == (True, "messaging", "e-mail")
    assert (after.priority, after.impact, after.urgency) == (1, Impact.HIGH, Urgency.HIGH)
    assert after.cause == "The log partition was full."


def test_an_override_leaves_impact_and_urgency_as_they_were() -> None:
    after = incident(*x.NEW, x.PRIORITISED, x.OVERRIDDEN)
    assert (after.priority, after.impact, after.urgency) == (2, Impact.HIGH, Urgency.HIGH)
    assert after.override_reason == "The board meets today."
    assert incident(*x.NEW, x.OVERRIDDEN, x.PRIORITISED).override_reason is None


def test_going_from_group_to_group_is_counted() -> None:
    """The first group is no reassignment, nor is another person of the same group."""
    colleague = IncidentAssigned(group="Service Desk", assignee="eve", level=1)
    history = (*x.NEW, x.ASSIGNED, colleague)
    assert incident(*history).reassignment_count == 0
    assert incident(*history, x.TO_LEVEL_2).reassignment_count == 1
    assert incident(*history, x.TO_LEVEL_2, x.ASSIGNED).reassignment_count == 2


def test_escalating_to_a_group_takes_it_from_the_assignee() -> None:
    after = incident(*x.NEW, x.ASSIGNED, x.TO_LEVEL_2)
    assert (after.group, after.assignee, after.level) == ("Server Team", None, 2)
    higher = incident(*x.NEW, x.ASSIGNED, replace(x.TO_LEVEL_2, group=None, level=3))
    assert (higher.group, higher.assignee, higher.level) == ("Service Desk", "dana", 3)


def test_escalations_are_counted_by_kind() -> None:
    after = incident(*x.NEW, x.TO_LEVEL_2, x.TO_MANAGER, x.TO_LEVEL_2)
    assert (after.functional_escalations, after.hierarchical_escalations) == (2, 1)
    assert after.escalated_to == "mia"


def test_a_major_incident_has_a_manager_and_a_meeting_place() -> None:
    major = incident(*x.NEW, x.MAJOR)
    assert (major.major, major.incident_manager, major.meeting_place) == (True, "ivo", "Bridge 1")
    ordinary = incident(*x.NEW, x.MAJOR, x.STOOD_DOWN)
    assert ordinary.major is False
    assert (ordinary.incident_manager, ordinary.meeting_place) == (None, None)


WAITING = (*x.NEW, x.HELD, x.ASKED)


def test_what_it_waits_for_is_shown() -> None:
    held = incident(*WAITING)
    assert (held.hold_reason, held.hold_until) == (HoldReason.AWAITING_VENDOR, x.TOMORROW)
    assert (held.hold_detail, held.held_since) == ("Case 4711", MONDAY + timedelta(minutes=2))
    assert (held.open_question, held.question_of) == ("Which Outlook version?", "ann")


@pytest.mark.parametrize("end", [x.RESOLVED, x.CLOSED, x.CANCELLED, x.DISMISSED, x.REOPENED])
def test_what_is_over_waits_for_nobody(end: IncidentEvent) -> None:
    after = incident(*WAITING, end)
    assert (after.hold_reason, after.hold_until, after.held_since) == (None, None, None)
    assert (after.hold_detail, after.open_question, after.question_of) == ("", None, None)


def test_resuming_ends_the_waiting_but_not_the_question() -> None:
    after = incident(*WAITING, x.RESUMED)
    assert (after.hold_reason, after.open_question) == (None, "Which Outlook version?")
    assert incident(*WAITING, x.ANSWERED).open_question is None


def test_what_was_resolved_is_shown_until_it_reopens() -> None:
    closed = incident(*x.IS_RESOLVED, x.TESTED, x.CONFIRMED, x.CLOSED)
    assert (closed.resolution_code, closed.resolution) == ("fixed", "Cleared the partition.")
    assert (closed.confirmed, closed.confirmed_by, closed.satisfaction) == (True, "ann", 4)
    assert (closed.tests, closed.last_test, closed.closure_code) == (1, Outcome.PASSED, "solved")
    again = incident(*x.IS_RESOLVED, x.TESTED, x.CONFIRMED, x.CLOSED, x.REOPENED)
    assert (again.resolution_code, again.resolution, again.closure_code) == (None, None, None)
    assert (again.confirmed, again.confirmed_by, again.satisfaction) == (False, None, None)
    assert (again.tests, again.last_test, again.reopen_count) == (1, None, 1)
    assert (again.resolved_at, again.closed_at) == (None, None)


def test_a_rejected_resolution_is_not_confirmed() -> None:
    assert incident(*x.IS_RESOLVED, x.CONFIRMED, x.REFUTED).confirmed is False


def test_links_updates_and_verdicts_are_shown() -> None:
    after = incident(*x.NEW, x.LINKED, x.LINKED, x.UPDATED, x.BREACHED)
    assert after.links == (Related(kind=LinkKind.PROBLEM, target="PRB0000001"),)
    assert (after.next_update_due, after.sla_marked_breached) == (x.TOMORROW, True)
    assert incident(*x.NEW, x.LINKED, x.UNLINKED).links == ()


def test_an_imported_incident_knows_where_it_is_from() -> None:
    assert incident(x.IMPORTED).imported_from == "servicenow:INC0000045"


@pytest.mark.parametrize(
    ("fact", "now", "value"),
    [
        (Fact.TITLE, "Outlook is down", "Outlook is down"),
        (Fact.SOURCE, "monitoring", Source.MONITORING),
        (Fact.RESOLVED_AT, "2026-03-02T10:00:00+01:00", MONDAY),
    ],
)
def test_a_correction_takes_the_place_of_the_fact(fact: Fact, now: str, value: object) -> None:
    correction = IncidentCorrected(fact=fact, was=None, now=now, reason="It was wrong.")
    assert getattr(incident(*x.IS_RESOLVED, correction), fact.value) == value


def test_a_correction_of_every_fact_has_a_place() -> None:
    shown = Incident.__dataclass_fields__
    assert {fact.value for fact in Fact} <= shown.keys()


def test_a_state_stays_small_however_much_is_said() -> None:
    """Ten thousand notes of twenty thousand characters do not stay in memory."""
    long = replace(x.NOTED, text="x" * 20_000)
    after = incident(*x.NEW, *([x.NOTED, long] * 50))
    assert len(repr(after)) < 5_000


def test_a_fold_can_go_on_where_it_stopped() -> None:
    history = [recorded(n, event) for n, event in enumerate(x.EVERY_EVENT, 1)]
    stream = history[0].stream
    half = INCIDENT.fold(stream, history[:18])
    assert INCIDENT.fold(stream, history[18:], start=half) == INCIDENT.fold(stream, history)
