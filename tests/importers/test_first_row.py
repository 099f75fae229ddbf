"""What the first row of an incident says."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.importers.audit import (
    NUMBER,
    events,
    history,
    imported,
    row,
    state,
    written,
)
from tocsin.domain.incident.events import (
    IncidentAssigned,
    IncidentCategorised,
    IncidentClosed,
    IncidentEvent,
    IncidentHeld,
    IncidentImported,
    IncidentLinked,
    IncidentLogged,
    IncidentPrioritised,
    IncidentReported,
    IncidentResolved,
)
from tocsin.domain.incident.values import (
    HoldReason,
    Impact,
    LinkKind,
    Source,
    Status,
    Urgency,
)
from tocsin.importers.servicenow_audit import import_file
from tocsin.importers.servicenow_rows import COLUMNS
from tocsin.store.log import Log

RESOLVED = IncidentResolved(resolution_code=None, resolution="")
CLOSED = IncidentClosed(closure_code="code 6")
MODERATE = IncidentPrioritised(priority=3, impact=Impact.MEDIUM, urgency=Urgency.MEDIUM)


def test_the_first_row_tells_the_incident_as_it_was_found(log: Log, path: Path) -> None:
    """Reported when it was opened, on record since the first update, with all that is known."""
    imported(
        log,
        path,
        row(
            incident_state="Awaiting Vendor",
            category="Mail",
            subcategory="Delivery",
            u_symptom="Slow",
            cmdb_ci="mx1",
            assignment_group="Servers",
            assigned_to="Sam",
            problem_id="PRB1",
            location="Attic",
            vendor="Acme",
        ),
    )
    assert events(log) == [
        IncidentReported(
            title="Slow (Mail, Delivery)",
            source=Source.USER_REPORT,
            reporter="Ann",
            configuration_items=("mx1",),
        ),
        IncidentLogged(reference=NUMBER),
        IncidentImported(
            system="servicenow",
            foreign_id=NUMBER,
            foreign_status="Awaiting Vendor",
            status=Status.ON_HOLD,
            attributes={
                "active": "true",
                "reassignment_count": "0",
                "reopen_count": "0",
                "sys_mod_count": "0",
                "made_sla": "true",
                "contact_type": "Phone",
                "location": "Attic",
                "knowledge": "false",
                "u_priority_confirmation": "false",
                "notify": "Do Not Notify",
                "vendor": "Acme",
                "u_symptom": "Slow",
            },
        ),
        IncidentCategorised(category="Mail", subcategory="Delivery"),
        MODERATE,
        IncidentAssigned(group="Servers", assignee="Sam"),
        IncidentLinked(kind=LinkKind.PROBLEM, target="PRB1"),
        IncidentHeld(reason=HoldReason.AWAITING_VENDOR),
    ]


def test_both_actors_and_both_times_of_the_first_row_are_kept(log: Log, path: Path) -> None:
    imported(log, path, row())
    reported, logged, *_ = history(log)
    assert (reported.actor, reported.occurred_at) == (
        "Oda",
        datetime(2016, 2, 29, 23, 59, tzinfo=UTC),
    )
    assert (logged.actor, logged.occurred_at) == ("Uma", datetime(2016, 3, 1, 0, 5, tzinfo=UTC))
    assert {each.via for each in history(log)} == {"import:servicenow-audit"}


def test_final_values_on_the_first_row_are_not_read(log: Log, path: Path) -> None:
    """They are written on every row: whoever reads them early knows the future."""
    imported(log, path, row(resolved_by="Zoe", resolved_at="?", closed_code="code 99"))
    said = repr(events(log))
    assert not any(word in said for word in ("Zoe", "code 99", "closed_at", "8/3/2016"))


def test_nobody_is_invented_where_the_log_names_none(log: Log, path: Path) -> None:
    imported(log, path, row(opened_by="?", sys_updated_by="", caller_id="?"))
    assert {each.actor for each in history(log)} == {"unknown"}
    assert state(log).reporter is None


def test_an_incident_without_symptom_or_category_is_called_by_its_number(
    log: Log, path: Path
) -> None:
    imported(log, path, row(), row(number="INC0000002", category="Mail"))
    assert state(log).title == NUMBER
    assert state(log, "INC0000002").title == "Mail"


@pytest.mark.parametrize(
    ("contact", "source"),
    [
        ("Email", Source.USER_REPORT),
        ("Monitoring", Source.MONITORING),
        ("Self service", Source.HELP_DESK_TICKET),
        ("?", Source.HELP_DESK_TICKET),
    ],
)
def test_the_contact_type_says_the_source(
    log: Log, path: Path, contact: str, source: Source
) -> None:
    imported(log, path, row(contact_type=contact))
    assert state(log).source is source


@pytest.mark.parametrize(
    ("first", "status", "last"),
    [
        ("New", Status.NEW, MODERATE),
        ("Active", Status.IN_PROGRESS, MODERATE),
        ("Awaiting Evidence", Status.ON_HOLD, IncidentHeld(reason=HoldReason.AWAITING_EVIDENCE)),
        ("Resolved", Status.RESOLVED, RESOLVED),
        ("Closed", Status.CLOSED, CLOSED),
    ],
)
def test_an_incident_may_be_well_into_its_life_when_first_seen(
    log: Log, path: Path, first: str, status: Status, last: IncidentEvent
) -> None:
    """Nobody saw it acknowledged, so nothing says that it was."""
    imported(log, path, row(incident_state=first))
    assert state(log).status is status
    assert events(log)[-1] == last


def test_a_column_that_the_importer_does_not_know_is_kept_as_an_attribute(
    log: Log, path: Path
) -> None:
    header = f"u_floor,{','.join(reversed(COLUMNS))}"
    cells = ",".join(reversed(row().split(",")))
    import_file(written(path, [f"third,{cells}"], header), log)
    (found,) = (event for event in events(log) if isinstance(event, IncidentImported))
    assert found.attributes["u_floor"] == "third"
    assert found.attributes["contact_type"] == "Phone"


def test_times_are_read_day_first_in_the_time_zone_that_is_told(log: Log, path: Path) -> None:
    first = row(opened_at="4/3/2016 09:48", sys_updated_at="4/7/2016 09:48")
    imported(log, path, first, time_zone=ZoneInfo("America/Sao_Paulo"))
    reported, logged, *_ = history(log)
    assert reported.occurred_at == datetime(2016, 3, 4, 12, 48, tzinfo=UTC)
    assert logged.occurred_at == datetime(2016, 7, 4, 12, 48, tzinfo=UTC)
