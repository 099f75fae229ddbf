"""What the difference between two rows of an incident says happened."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.importers.audit import (
    events,
    history,
    imported,
    later,
    row,
    rows,
    state,
)
from tocsin.domain.incident.events import (
    IncidentAcknowledged,
    IncidentAssigned,
    IncidentCategorised,
    IncidentClosed,
    IncidentCorrected,
    IncidentEscalated,
    IncidentEvent,
    IncidentHeld,
    IncidentLinked,
    IncidentNoted,
    IncidentPrioritised,
    IncidentReopened,
    IncidentResolved,
    IncidentResumed,
    IncidentUnlinked,
    SlaMarkedBreached,
)
from tocsin.domain.incident.values import (
    EscalationKind,
    Fact,
    HoldReason,
    Impact,
    LinkKind,
    Status,
    Urgency,
    Visibility,
)
from tocsin.importers.servicenow_rows import COLUMNS, FINAL
from tocsin.store.log import Log

RESOLVED = IncidentResolved(resolution_code=None, resolution="")
CLOSED = IncidentClosed(closure_code="code 6")
MODERATE = IncidentPrioritised(priority=3, impact=Impact.MEDIUM, urgency=Urgency.MEDIUM)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("New", "Active", [IncidentAcknowledged()]),
        ("New", "Awaiting User Info", [IncidentHeld(reason=HoldReason.AWAITING_CALLER)]),
        ("New", "Closed", [CLOSED]),
        ("Active", "Awaiting Vendor", [IncidentHeld(reason=HoldReason.AWAITING_VENDOR)]),
        ("Active", "Awaiting Change", [IncidentHeld(reason=HoldReason.AWAITING_CHANGE)]),
        ("Active", "Resolved", [RESOLVED]),
        (
            "Awaiting User Info",
            "Awaiting Problem",
            [IncidentHeld(reason=HoldReason.AWAITING_PROBLEM)],
        ),
        ("Awaiting Problem", "Active", [IncidentResumed()]),
        ("Awaiting Problem", "Resolved", [RESOLVED]),
        ("Resolved", "Active", [IncidentReopened(reason="ServiceNow: Resolved to Active")]),
        ("Resolved", "New", [IncidentReopened(reason="ServiceNow: Resolved to New")]),
        (
            "Resolved",
            "Awaiting User Info",
            [
                IncidentReopened(reason="ServiceNow: Resolved to Awaiting User Info"),
                IncidentHeld(reason=HoldReason.AWAITING_CALLER),
            ],
        ),
        ("Resolved", "Closed", [CLOSED]),
        ("Closed", "Active", [IncidentReopened(reason="ServiceNow: Closed to Active")]),
        ("Closed", "Resolved", [RESOLVED]),
    ],
)
def test_a_change_of_state_is_a_step_of_the_lifecycle(
    log: Log, path: Path, before: str, after: str, expected: list[IncidentEvent]
) -> None:
    imported(log, path, *rows({"incident_state": before}, {"incident_state": after}))
    assert later(log) == expected


@pytest.mark.parametrize(
    ("state", "fact"), [("Resolved", Fact.RESOLVED_AT), ("Closed", Fact.CLOSED_AT)]
)
def test_what_is_over_once_more_was_over_later_than_thought(
    log: Log, path: Path, state: str, fact: Fact
) -> None:
    """ServiceNow's own columns tell the time of the last such row; the same minute adds nothing."""
    first, again = "1/3/2016 10:00", "1/3/2016 11:30"
    over = [
        {"incident_state": state, "sys_updated_at": each} for each in (first, first, again, again)
    ]
    imported(log, path, *rows({}, *over))
    assert later(log)[1:] == [
        IncidentCorrected(
            fact=fact,
            was="2016-03-01T10:00:00Z",
            now="2016-03-01T11:30:00Z",
            reason=f"ServiceNow set the state to {state} again.",
        )
    ]


def test_the_state_minus_100_is_kept_as_a_note_and_changes_nothing(log: Log, path: Path) -> None:
    """The row is kept as it came, but for the final values, and the next known state counts."""
    unknown = {"incident_state": "-100"}
    active = {"incident_state": "Active"}
    imported(log, path, *rows(active, unknown, unknown, active, {"incident_state": "Resolved"}))
    note, resolved = later(log)
    assert isinstance(note, IncidentNoted)
    assert note.visibility is Visibility.INTERNAL
    assert all(f"{column}=" in note.text for column in COLUMNS if column not in FINAL)
    assert not any(f"{column}=" in note.text for column in FINAL)
    assert resolved == RESOLVED


def test_an_incident_that_begins_in_an_unknown_state_is_new_with_a_note(
    log: Log, path: Path
) -> None:
    imported(log, path, *rows({"incident_state": "-100"}, {"incident_state": "Active"}))
    assert isinstance(events(log)[-2], IncidentNoted)
    assert later(log) == [IncidentAcknowledged()]


def test_back_to_new_has_no_event_and_is_kept_as_a_note(log: Log, path: Path) -> None:
    """Nothing un-acknowledges an incident, so it is in progress still."""
    states = ("Active", "New", "Active")
    imported(log, path, *rows(*({"incident_state": each} for each in states)))
    (note,) = later(log)
    assert isinstance(note, IncidentNoted)
    assert note.text.startswith("ServiceNow state went back from Active to New.")
    assert state(log).status is Status.IN_PROGRESS


def test_a_raised_priority_is_a_hierarchical_escalation(log: Log, path: Path) -> None:
    imported(log, path, *rows({}, {"urgency": "1 - High", "priority": "2 - High"}))
    assert later(log) == [
        IncidentPrioritised(priority=2, impact=Impact.MEDIUM, urgency=Urgency.HIGH),
        IncidentEscalated(
            kind=EscalationKind.HIERARCHICAL,
            reason="Priority raised from 3 - Moderate to 2 - High",
        ),
    ]


def test_a_lowered_priority_escalates_nothing(log: Log, path: Path) -> None:
    imported(log, path, *rows({}, {"priority": "5 - Planning"}))
    assert later(log) == [
        IncidentPrioritised(priority=5, impact=Impact.MEDIUM, urgency=Urgency.MEDIUM)
    ]


def test_a_changed_impact_is_told_even_if_the_priority_stays(log: Log, path: Path) -> None:
    imported(log, path, *rows({}, {"impact": "3 - Low"}))
    assert later(log) == [
        IncidentPrioritised(priority=3, impact=Impact.LOW, urgency=Urgency.MEDIUM)
    ]


def test_from_one_group_to_another_is_a_functional_escalation(log: Log, path: Path) -> None:
    imported(
        log,
        path,
        *rows(
            {"assignment_group": "Desk", "assigned_to": "Dan"},
            {"assignment_group": "Servers", "assigned_to": "?"},
        ),
    )
    assert later(log) == [
        IncidentEscalated(kind=EscalationKind.FUNCTIONAL, group="Servers"),
        IncidentAssigned(group="Servers", assignee=None),
    ]


@pytest.mark.parametrize(
    ("before", "after"), [("?", "Desk"), ("Desk", "?")], ids=["given", "taken away"]
)
def test_to_or_from_no_group_is_no_escalation(
    log: Log, path: Path, before: str, after: str
) -> None:
    imported(log, path, *rows({"assignment_group": before}, {"assignment_group": after}))
    assert later(log) == [IncidentAssigned(group=None if after == "?" else after)]


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("problem_id", LinkKind.PROBLEM),
        ("rfc", LinkKind.CHANGE),
        ("caused_by", LinkKind.CAUSED_BY),
    ],
)
def test_links_are_made_changed_and_undone(
    log: Log, path: Path, column: str, kind: LinkKind
) -> None:
    imported(log, path, *rows({}, {column: "A"}, {column: "B"}, {column: "?"}))
    assert later(log) == [
        IncidentLinked(kind=kind, target="A"),
        IncidentUnlinked(kind=kind, target="A"),
        IncidentLinked(kind=kind, target="B"),
        IncidentUnlinked(kind=kind, target="B"),
    ]


def test_a_lost_category_is_told(log: Log, path: Path) -> None:
    first = {"category": "Mail", "subcategory": "Delivery"}
    imported(log, path, *rows(first, {"category": "?", "subcategory": "?"}))
    assert later(log) == [IncidentCategorised(category=None)]


def test_another_caller_is_a_correction(log: Log, path: Path) -> None:
    imported(log, path, *rows({}, {"caller_id": "Bea"}, {"caller_id": "?"}))
    assert later(log) == [
        IncidentCorrected(
            fact=Fact.REPORTER,
            was="Ann",
            now="Bea",
            reason="The caller was changed in ServiceNow.",
        )
    ]


def test_the_verdict_on_the_service_level_is_taken_over_when_it_falls(log: Log, path: Path) -> None:
    verdict = {"made_sla": "false"}
    imported(
        log, path, *rows({"incident_state": "Resolved"}, {"incident_state": "Closed", **verdict})
    )
    assert later(log) == [SlaMarkedBreached(system="servicenow"), CLOSED]


def test_within_a_row_the_way_opens_first_and_work_ends_last(log: Log, path: Path) -> None:
    before = {"incident_state": "Closed", "assignment_group": "Desk"}
    after = {
        "incident_state": "Awaiting Vendor",
        "assignment_group": "Servers",
        "priority": "1 - Critical",
        "category": "Mail",
        "rfc": "CHG1",
    }
    imported(log, path, *rows(before, after))
    assert [event.event_name for event in later(log)] == [
        "incident.reopened",
        "incident.categorised",
        "incident.prioritised",
        "incident.escalated",
        "incident.escalated",
        "incident.assigned",
        "incident.linked",
        "incident.held",
    ]


def test_changes_that_have_no_event_are_counted(log: Log, path: Path) -> None:
    report = imported(
        log, path, *rows({}, {"location": "Attic", "vendor": "Acme"}, {"vendor": "?"})
    )
    assert later(log) == []
    assert dict(report.silent_changes) == {"location": 1, "vendor": 2}
    assert (report.imported, report.without_event) == (1, 2)


def test_events_keep_the_order_of_the_file_where_a_clock_went_back(log: Log, path: Path) -> None:
    imported(
        log,
        path,
        row(sys_updated_at="1/3/2016 12:00"),
        row(sys_updated_at="1/3/2016 11:58", incident_state="Active"),
    )
    assert isinstance(events(log)[-1], IncidentAcknowledged)
    assert history(log)[-1].occurred_at == datetime(2016, 3, 1, 11, 58, tzinfo=UTC)
