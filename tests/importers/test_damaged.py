"""Rows that cannot be read: each is reported with where, what and what to do, and costs only itself
and what depends on it."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.importers.audit import (
    AS_IT_BEGINS,
    NOW,
    NUMBER,
    events,
    history,
    imported,
    row,
    rows,
    written,
)
from tocsin.importers import report as reports
from tocsin.importers import storing
from tocsin.importers.report import Report
from tocsin.importers.rows import MAX_ROW_BYTES
from tocsin.importers.servicenow_audit import import_file
from tocsin.importers.servicenow_rows import COLUMNS
from tocsin.store.log import Log

OTHER = "INC0000002"


@pytest.mark.parametrize(
    ("column", "value", "advice"),
    [
        ("number", "CHG0000001", "INC and 7 to 12 digits"),
        ("number", "?", "INC and 7 to 12 digits"),
        ("incident_state", "Awaiting Godot", "Known are New, Active"),
        ("incident_state", "?", "Known are New, Active"),
        ("made_sla", "maybe", "true or false"),
        ("reassignment_count", "-1", "A whole number"),
        ("reopen_count", "many", "A whole number"),
        ("sys_mod_count", "²", "A whole number"),
        ("sys_updated_at", "2016-03-01 09:00", "day first"),
        ("sys_updated_at", "3/31/2016 09:00", "day first"),
        ("sys_updated_at", "30/2/2016 09:00", "day first"),
        ("sys_updated_at", "1/3/2016 24:00", "day first"),
        ("sys_updated_at", "١/3/2016 09:00", "day first"),
        ("sys_updated_at", "1/1/0000 00:00", "day first"),
        ("sys_updated_at", "?", "day first"),
        ("sys_updated_at", "1/1/2027 00:00", "in the future"),
        ("opened_at", "?", "day first"),
        ("priority", "Urgent", "A rank from 1 to 5"),
        ("impact", "4 - None", "A rank from 1 to 3"),
        ("urgency", "1", "A rank from 1 to 3"),
        ("location", "At\x00tic", "control characters"),
        ("location", "At\u202etic", "control characters"),
    ],
)
def test_a_value_that_cannot_be_read_is_reported_and_never_guessed(
    log: Log, path: Path, column: str, value: str, advice: str
) -> None:
    report = imported(log, path, row(number=OTHER), row(**{column: value}))
    (told,) = report.reported
    assert (told.line, told.column, told.value) == (3, column, value)
    assert told.number == (None if column == "number" else NUMBER)
    assert advice in told.advice
    assert f"line 3{'' if column == 'number' else f' ({NUMBER})'}: {column} is" in str(told)
    assert (report.unreadable, report.imported, report.complete) == (1, 1, False)
    assert events(log) == []


def test_times_that_no_clock_showed_point_to_a_wrong_time_zone(log: Log, path: Path) -> None:
    """On 27 March 2016 the clocks of Berlin went from two to three."""
    spring = row(sys_updated_at="27/3/2016 02:30")
    report = imported(log, path, spring, time_zone=ZoneInfo("Europe/Berlin"))
    assert "never showed it" in report.reported[0].advice
    assert imported(log, path, spring).complete


def test_an_hour_that_the_clocks_showed_twice_is_taken_as_the_first(log: Log, path: Path) -> None:
    autumn = row(sys_updated_at="30/10/2016 02:30")
    imported(log, path, autumn, time_zone=ZoneInfo("Europe/Berlin"))
    assert history(log)[1].occurred_at.isoformat() == "2016-10-30T00:30:00+00:00"


@pytest.mark.parametrize(
    ("spoil", "advice"),
    [
        (lambda line: line.rpartition(",")[0], "35 cells, the header 36"),
        (lambda line: f"{line},more", "37 cells, the header 36"),
        (lambda line: line.replace("Ann", '"Ann'), "A quote is opened"),
        (lambda line: line.replace("Ann", '"An"n'), "A quote is opened"),
        (lambda line: line.replace("Ann", "A" * MAX_ROW_BYTES), "longer than"),
    ],
    ids=["too few", "too many", "open quote", "misplaced quote", "too long"],
)
def test_a_row_that_is_none_costs_no_other_incident(
    log: Log, path: Path, spoil: Callable[[str], str], advice: str
) -> None:
    """Its own incident waits from there on; before and behind, everything is read."""
    lines = rows({}, {"incident_state": "Active"}, {"incident_state": "Resolved"})
    lines[1] = spoil(lines[1])
    report = imported(log, path, *lines, row(number=OTHER))
    bad, waiting = report.reported
    assert (bad.line, bad.number, bad.problem) == (3, NUMBER, "unreadable")
    assert advice in bad.advice
    assert (waiting.line, waiting.problem) == (4, "waiting")
    assert "line 3" in waiting.advice
    assert len({each.command_id for each in history(log)}) == 1
    assert events(log, OTHER) != []
    assert (report.rows, report.imported) == (4, 2)


def test_bytes_that_are_not_utf8_are_reported_with_their_column(log: Log, path: Path) -> None:
    written(path, [row(caller_id="Zoë"), row(number=OTHER)])
    path.write_bytes(path.read_bytes().replace("Zoë".encode(), "Zoë".encode("latin-1")))
    report = import_file(path, log)
    (told,) = report.reported
    assert (told.line, told.number, told.column) == (2, NUMBER, "caller_id")
    assert "not UTF-8" in told.advice
    assert report.imported == 1


def test_a_row_that_does_not_say_its_incident_sets_its_neighbours_aside(
    log: Log, path: Path
) -> None:
    """It may be the last of the one or the first of the other."""
    before = rows({}, {"incident_state": "Active"}, number="INC0000005")
    behind = rows({}, {"incident_state": "Active"}, number="INC0000006")
    far = row(number="INC0000007")
    report = imported(log, path, *before, ",,,", *behind, *before[1:], far)
    assert [(each.line, each.problem) for each in report.reported] == [
        (4, "unreadable"),
        (5, "waiting"),
        (6, "waiting"),
        (7, "waiting"),
    ]
    assert len({each.command_id for each in history(log, "INC0000005")}) == 2
    assert events(log, "INC0000006") == []
    assert events(log, "INC0000007") != []


def test_a_number_behind_a_missing_cell_is_not_trusted(log: Log, path: Path) -> None:
    """A cell too few, and what stands in the number's place belongs to another column."""
    header = ",".join(reversed(COLUMNS))
    cells = list(reversed(row().split(",")))
    import_file(written(path, [",".join(cells[1:]), ",".join(cells)], header), log)
    assert events(log) == []


def test_every_row_ends_in_exactly_one_count(log: Log, path: Path) -> None:
    lines = rows({}, {"location": "Attic"}, {"made_sla": "?"}, {"incident_state": "Active"})
    report = imported(log, path, *lines, "", row(number=OTHER))
    assert report.rows == 5
    assert report.rows == sum(
        (
            report.imported,
            report.known,
            report.without_event,
            report.unreadable,
            report.waiting,
            report.refused,
        )
    )


def test_rows_beyond_the_limit_are_counted_only(
    log: Log, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "MAX_REPORTED", 3)
    report = imported(log, path, *rows({"made_sla": "?"}, *[{}] * 9))
    assert (len(report.reported), report.unreported) == (3, 7)
    assert report.to_dict()["unreported"] == 7


def test_a_long_value_is_quoted_in_part(log: Log, path: Path) -> None:
    report = imported(log, path, row(priority="x" * 5_000))
    assert report.reported[0].value == "x" * 199 + "…"


def test_an_incident_with_too_many_events_is_reported(
    log: Log, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storing, "MAX_EVENTS", 5)
    report = imported(
        log, path, *rows({}, {"incident_state": "Active"}, {"incident_state": "Resolved"})
    )
    assert [each.problem for each in report.reported] == ["not-stored"]
    assert "more than 5 events" in report.reported[0].advice
    assert len(events(log)) == 5


def test_a_row_that_the_log_cannot_take_costs_no_other(
    log: Log, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the store finds wrong with one entry, its neighbours are stored."""
    bad = storing._claims

    def broken(stream: object, found: list[object]) -> object:
        claims = bad(stream, found)  # type: ignore[arg-type]
        return claims if NUMBER not in str(claims) else (object(),)

    monkeypatch.setattr(storing, "_claims", broken)
    report = imported(log, path, *rows({}, {"incident_state": "Active"}), row(number=OTHER))
    assert [each.problem for each in report.reported] == ["not-stored", "waiting"]
    assert "cannot be stored" in report.reported[0].advice
    assert events(log, OTHER) != []


def test_times_up_to_the_import_itself_are_not_in_the_future(log: Log, path: Path) -> None:
    at = f"{NOW:%d/%m/%Y %H:%M}"
    assert imported(log, path, row(sys_updated_at=at)).complete
    early = imported(
        log, path, row(number=OTHER, sys_updated_at=at), clock=lambda: NOW - timedelta(minutes=1)
    )
    assert not early.complete


def test_the_report_reads_as_json(log: Log, path: Path) -> None:
    report: Report = imported(log, path, row(made_sla="?"))
    told = report.to_dict()
    assert told["reported"] == [
        {
            "line": 2,
            "problem": "unreadable",
            "number": AS_IT_BEGINS["number"],
            "column": "made_sla",
            "value": "?",
            "advice": "true or false is expected.",
        }
    ]
    assert (told["rows"], told["complete"], told["fault"]) == (1, False, None)
