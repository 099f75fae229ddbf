"""A year of a real company: the log must give its figures, and tell its incidents, from events."""

import json
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.importers.figures import Figures, in_order, story
from tests.uci import FILE, Imported
from tocsin.domain.incident.state import INCIDENT
from tocsin.domain.incident.values import LinkKind, Status
from tocsin.importers.servicenow_audit import import_file
from tocsin.store.log import Log

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def answers(uci: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((uci / "answers.json").read_text())
    return dict(found["answers"])


@pytest.fixture(scope="module")
def golden(uci: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, Any] = json.loads((uci / "golden_incidents.json").read_text())
    return dict(found["incidents"])


@pytest.fixture(scope="module")
def figures(imported_uci: Imported) -> Figures:
    return Figures(imported_uci.log)


def test_every_row_is_read(imported_uci: Imported, answers: dict[str, Any]) -> None:
    report, size = imported_uci.report, answers["size"]
    assert report.complete
    assert (report.rows, report.incidents) == (size["rows"], size["incidents"])
    assert report.imported + report.without_event == report.rows
    assert report.events == imported_uci.log.head()


def test_the_golden_incidents_are_told_event_for_event(
    imported_uci: Imported, golden: dict[str, Any]
) -> None:
    assert len(golden) == 11
    for number, expected in golden.items():
        stream = imported_uci.log.holder("reference", number)
        assert stream is not None
        assert story(imported_uci.log.history(stream), number) == in_order(expected["events"])


def test_the_golden_incidents_end_as_they_did(
    imported_uci: Imported, golden: dict[str, Any]
) -> None:
    for number, expected in golden.items():
        stream = imported_uci.log.holder("foreign", f"servicenow:{number}")
        assert stream is not None
        incident = INCIDENT.fold(stream, imported_uci.log.history(stream))
        assert incident.status is Status.CLOSED
        assert incident.reference == number
        assert incident.reopen_count == expected["reopen_count"]
        assert incident.sla_marked_breached is not expected["made_sla"]


def test_the_counts_of_events_are_those_of_the_rows(
    imported_uci: Imported, figures: Figures, answers: dict[str, Any]
) -> None:
    count = figures.count
    waiting = sum(len(minutes) for minutes in figures.waits.values())
    assert waiting == count["held"] + count["reason changed"]
    assert {each["event"]: each["n"] for each in answers["derived_event_counts"]} == {
        "rows": imported_uci.report.rows,
        "reported_and_logged": len(figures.incidents),
        "first_row_already_beyond_new": count["beyond new"],
        "work_started (New->Active)": count["incident.acknowledged"],
        "put_on_hold (->Awaiting*)": count["held"],
        "hold_reason_changed": count["reason changed"],
        "resumed (Awaiting*->Active)": count["incident.resumed"],
        "resolved (->Resolved)": count["incident.resolved"],
        "closed (->Closed)": count["incident.closed"],
        "closed_without_resolved": count["closed unresolved"],
        "reopened": count["incident.reopened"],
        "unknown_state (-100) entered": count["incident.noted"],
        "recategorised": count["recategorised"],
        "priority_changed": count["priority changed"],
        "group_set_or_changed (incl. first row)": count["group"],
        "assignee_set_or_changed (incl. first row)": count["assignee"],
        "linked_to_problem (first time set or changed)": count[LinkKind.PROBLEM],
        "linked_to_change (rfc)": count[LinkKind.CHANGE],
        "sla_marked_breached": count["incident.sla-marked-breached"],
    }


def test_incidents_reopened_as_often_as_they_did(figures: Figures, answers: dict[str, Any]) -> None:
    often = [one.reopened for one in figures.incidents.values()]
    assert answers["reopens"] == {
        "reopen_transitions": sum(often),
        "from_resolved": figures.count["reopened from Resolved"],
        "from_closed": figures.count["reopened from Closed"],
        "incidents_reopened": sum(map(bool, often)),
        "sum_of_reopen_count_field": sum(often),
        "max_reopen": max(often),
    }
    distribution = Counter(often)
    assert {each["reopen"]: each["incidents"] for each in answers["reopen_distribution"]} == (
        dict(distribution)
    )


def test_incidents_waited_as_long_as_they_did(figures: Figures, answers: dict[str, Any]) -> None:
    assert figures.holds() == answers["hold_episodes"]


def test_escalations_are_told_apart(figures: Figures, answers: dict[str, Any]) -> None:
    count = figures.count
    assert answers["escalations"] == {
        "priority_raised": count["hierarchical"],
        "priority_lowered": count["priority lowered"],
        "incidents_priority_raised": len(figures.raised),
        "functional_group_to_group": count["functional"],
        "raised_to_critical": count["raised to critical"],
    }


def test_incidents_changed_hands_as_often_as_they_did(
    figures: Figures, answers: dict[str, Any]
) -> None:
    """The log's own counter of reassignments also counts what its rows do not show."""
    seen = answers["reassignments"]
    assert figures.count["group later"] == seen["observed_group_changes"]
    assert figures.count["functional"] == seen["group_to_group_changes"]
    assert figures.count["assignee later"] == seen["observed_assignee_changes"]


def test_service_levels_were_missed_as_often_as_they_say(
    figures: Figures, answers: dict[str, Any]
) -> None:
    """One incident had missed its own before it was first seen: an attribute, not an event."""
    missed = sum(one.breached for one in figures.incidents.values())
    assert missed == answers["sla_overall"]["breached"]


def test_links_lead_where_they_led(figures: Figures, answers: dict[str, Any]) -> None:
    linked = Counter(kind for one in figures.incidents.values() for kind in one.linked)
    assert answers["links"] == {
        "incidents_with_problem": linked[LinkKind.PROBLEM],
        "incidents_with_rfc": linked[LinkKind.CHANGE],
        "incidents_caused_by_change": linked[LinkKind.CAUSED_BY],
        "distinct_problems": len(figures.problems),
    }


def test_incidents_closed_with_the_codes_that_they_have(
    figures: Figures, answers: dict[str, Any]
) -> None:
    codes = Counter(one.code or "(none)" for one in figures.incidents.values())
    assert {each["closed_code"]: each["incidents"] for each in answers["closed_codes"]} == codes


def test_importing_it_again_adds_nothing(uci: Path, imported_uci: Imported) -> None:
    head = imported_uci.log.head()
    with closing(Log.open(imported_uci.settings, writer=True)) as log:
        report = import_file(uci / FILE, log)
    assert report.complete
    assert (report.imported, report.events, report.incidents) == (0, 0, 0)
    assert report.known == imported_uci.report.imported
    assert imported_uci.log.head() == head
