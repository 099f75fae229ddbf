"""The real post-mortems, each figure worked out by hand from the text.

`BY_HAND` says of each document: the lines of the rows between which detection and recovery are
measured, how they come about, and what the engineers wrote. Clocks are those of the document.

| Document | Began | Known | Users could work | How the engineers counted |
| --- | --- | --- | --- | --- |
| PM2019-009 | 29th 12:00, the change before the warning | 30th 08:24 | 5th 07:00 | wrote none |
| PM2019-010 | 00:30 | no row says | 01:30; 01:00 says *most* only | wrote none |
| PM2019-011 | 12:00 | no row says | 12:40 | wrote none |
| PM2020-001 | 13:50 | no row says | no row says | wrote ? |
| PM2020-002 | 15:36 | 16:02, an alarm elsewhere | 18:04 | to the next alarm, 16:30: 54 |
| PM2020-003 | all five rows have a year of five digits | | | wrote ? |
| PM2020-004 | 11:21 | no row says | 11:52; 13:30 is for good | 31 |
| PM2020-005 | 12:20, the change before the alarm | 12:25 | 12:35; 13:13 is for good | 5, 15 |
| PM2020-006 | the first row knows already | 10:50 | no row says | wrote ? |
| PM2020-007 | 08:00 | 09:00, the beginning of a span | 12:00 | 60, 240 |
| PM2020-008 | 13:13 | 14:41 | none; 15:15 is to *see* whether | to 15:15: 122 |
| PM2020-009 | 17th 10:45~, a part of it | no row says | 23rd 14:41 | from 23rd 14:11: 0, 30 |
| PM2021-001 | 5th 11:25 | 6th 11:00 | 11:20; 15:26 is for good | 1415, 1435 |
| PM2021-002 | 06:05 | 06:45 | 07:00 | 40, 55 |
| PM2021-003 | 08:35 | 08:55 | 09:23 | 20, 48 |
| PM2021-004 | 12:06 | 12:11 | 13:18, of one account | to the last account, 13:30: 84 |
| PM2021-005 | 08:21, the change before the alarm | 08:29 | 08:46 | 8, 25 |
| PM2021-006 | 09:59, the change before | 10:00 | 10:04 | 1, 5 |
| PM2021-007 | 07:32 | 07:39, a user | 07:42 | to the alarm, 07:40: 8 |
| PM2021-008 | 08:22; 08:44 says that all is fine | 09:26 | 09:49 | 64, 87 |
| PM2021-009 | 6th 08:00; the 1st is the seed | 08:05 | 09:08 | 5, 68 |
| PM2021-010 | 08:00, the change before | 13:35 | 14:49, a user says | to the repair, 14:48: 408 |
| PM2021-011 | 10th, at no certain time | 15:40 | no row says | wrote N/A |
"""

from pathlib import Path
from typing import NamedTuple

import pytest

from tests.importers.audit import NOW, everything
from tests.importers.made_up import history, imported, state
from tocsin.domain.incident.values import Status
from tocsin.importers.post_mortem import read_folder
from tocsin.importers.post_mortem.course import course
from tocsin.importers.post_mortem.differences import Why, differences
from tocsin.importers.post_mortem.documents import Document
from tocsin.store.log import Log

SAME, NEITHER, UNWRITTEN = Why.SAME, Why.NEITHER, Why.NOT_WRITTEN
FROM_LATER, TO_EARLIER, TO_LATER = Why.FROM_A_ROW_AFTER, Why.TO_A_ROW_BEFORE, Why.TO_A_ROW_AFTER
UNCERTAIN = Why.NO_CERTAIN_ROW


class Told(NamedTuple):
    """One document: its rows, and detection and recovery as computed, as written, and why."""

    rows: int
    began: int | None
    inferred: bool
    detection: tuple[str, int | None, tuple[Why, ...]]
    recovery: tuple[str, int | None, tuple[Why, ...]]
    before: tuple[int, int] | None
    after: tuple[int, int] | None


NO = "None"
BY_HAND = {
    "PM2019-009": Told(
        14, 29, True, ("1224", None, (UNWRITTEN,)), ("8340", None, (UNWRITTEN,)), (0, 0), (1, 300)
    ),
    "PM2019-010": Told(
        6, 13, False, (NO, None, (NEITHER,)), ("60", None, (UNWRITTEN,)), (0, 0), (0, 0)
    ),
    "PM2019-011": Told(
        11, 23, False, (NO, None, (NEITHER,)), ("40", None, (UNWRITTEN,)), (3, 480), (0, 0)
    ),
    "PM2020-001": Told(2, 17, False, (NO, None, (NEITHER,)), (NO, None, (NEITHER,)), (0, 0), None),
    "PM2020-002": Told(
        4, 15, False, ("26", 54, (TO_LATER,)), ("148", 148, (SAME,)), (0, 0), (0, 0)
    ),
    "PM2020-003": Told(0, None, False, (NO, None, (NEITHER,)), (NO, None, (NEITHER,)), None, None),
    "PM2020-004": Told(3, 19, False, (NO, None, (NEITHER,)), ("31", 31, (SAME,)), (0, 0), (1, 98)),
    "PM2020-005": Told(6, 16, True, ("5", 5, (SAME,)), ("15", 15, (SAME,)), (1, 80), (1, 38)),
    "PM2020-006": Told(5, None, False, (NO, None, (NEITHER,)), (NO, None, (NEITHER,)), None, None),
    "PM2020-007": Told(5, 16, False, ("60", 60, (SAME,)), ("240", 240, (SAME,)), (1, 60), (0, 0)),
    "PM2020-008": Told(6, 13, False, ("88", 88, (SAME,)), (NO, 122, (UNCERTAIN,)), (1, 13), None),
    "PM2020-009": Told(
        3, 21, False, (NO, 0, (FROM_LATER, UNCERTAIN)), ("~8876", 30, (FROM_LATER,)), (0, 0), (0, 0)
    ),
    "PM2021-001": Told(
        4, 15, False, ("1415", 1415, (SAME,)), ("1435", 1435, (SAME,)), (0, 0), (1, 246)
    ),
    "PM2021-002": Told(4, 13, False, ("40", 40, (SAME,)), ("55", 55, (SAME,)), (0, 0), (0, 0)),
    "PM2021-003": Told(7, 13, False, ("20", 20, (SAME,)), ("48", 48, (SAME,)), (0, 0), (0, 0)),
    "PM2021-004": Told(8, 13, False, ("5", 5, (SAME,)), ("72", 84, (TO_LATER,)), (0, 0), (1, 12)),
    "PM2021-005": Told(7, 15, True, ("8", 8, (SAME,)), ("25", 25, (SAME,)), (0, 0), (0, 0)),
    "PM2021-006": Told(5, 16, True, ("1", 1, (SAME,)), ("5", 5, (SAME,)), (1, 87), (1, 22)),
    "PM2021-007": Told(5, 19, False, ("7", 8, (TO_LATER,)), ("10", 10, (SAME,)), (0, 0), (0, 0)),
    "PM2021-008": Told(8, 13, True, ("64", 64, (SAME,)), ("87", 87, (SAME,)), (0, 0), (1, 11)),
    "PM2021-009": Told(13, 14, False, ("5", 5, (SAME,)), ("68", 68, (SAME,)), (2, 6986), (2, 12)),
    "PM2021-010": Told(
        10, 15, True, ("335", 335, (SAME,)), ("409", 408, (TO_EARLIER,)), (0, 0), (2, 30)
    ),
    "PM2021-011": Told(
        26, 15, True, ("0-940", None, (UNWRITTEN,)), (NO, None, (NEITHER,)), (0, 0), None
    ),
}
FROM_22 = "They count from line 22, 8846 min after ours (line 21)."
LINES = {
    "PM2020-002": ("They count to line 17, 28 min after ours (line 16).", ""),
    "PM2020-008": ("", "No row says the recovery for certain; they count to line 16."),
    "PM2020-009": (
        f"{FROM_22} No row says the detection for certain; they count to line 22.",
        FROM_22,
    ),
    "PM2021-004": ("", "They count to line 20, 12 min after ours (line 19)."),
    "PM2021-007": ("They count to line 22, 1 min after ours (line 21).", ""),
    "PM2021-010": ("", "They count to line 21, 1 min before ours (line 22)."),
}
"""The only documents in which the figures differ, and the rows that explain it."""
BROKEN = "PM2020-003"


@pytest.fixture(scope="module")
def found(postmortems: Path) -> dict[str, Document]:
    """The documents by their numbers."""
    return {each.number: each for each in read_folder(postmortems, clock=lambda: NOW)}


def test_all_documents_are_there(found: dict[str, Document]) -> None:
    assert set(found) == set(BY_HAND)
    assert sum(told.rows for told in BY_HAND.values()) == 162
    figures = [figure for told in BY_HAND.values() for figure in (told.detection, told.recovery)]
    written = [why for _, minutes, why in figures if minutes is not None]
    assert (len(written), written.count((SAME,))) == (31, 24)


@pytest.mark.parametrize("number", BY_HAND)
def test_the_figures_are_those_worked_out_by_hand(found: dict[str, Document], number: str) -> None:
    document = found[number]
    measured = course(document.course)
    detection, recovery = differences(measured, document.stats.detection, document.stats.recovery)
    before, after = measured.before, measured.after
    assert BY_HAND[number] == Told(
        rows=len(document.rows),
        began=measured.began.line if measured.began else None,
        inferred=measured.inferred,
        detection=(str(detection.computed), detection.written.minutes, detection.why),
        recovery=(str(recovery.computed), recovery.written.minutes, recovery.why),
        before=(before.rows, before.minutes) if before else None,
        after=(after.rows, after.minutes) if after else None,
    )
    assert LINES.get(number, ("", "")) == (detection.says, recovery.says)


def test_only_rows_with_a_year_of_five_digits_cannot_be_read(found: dict[str, Document]) -> None:
    faults = {number: document.faults for number, document in found.items() if document.faults}
    assert [*faults] == [BROKEN]
    assert [fault.line for fault in faults[BROKEN]] == [14, 15, 16, 17, 18]
    assert all("a year of four digits" in fault.advice for fault in faults[BROKEN])


def test_what_was_understood_by_a_rule_is_remarked(found: dict[str, Document]) -> None:
    """An unknown time, days without one, a span, a doubtful minute, a row out of order; and
    winter time in summer."""
    assert [
        (document.number, row.line, says.split(":")[0])
        for document in found.values()
        for row, says in document.remarks()
    ] == [
        ("PM2019-009", 34, "Its time is open"),
        ("PM2020-005", 15, "It says CET on a day of summer"),
        ("PM2020-007", 17, "It spans some time"),
        ("PM2020-007", 15, "It says CET on a day of summer"),
        ("PM2020-009", 21, "Its minute is not certain"),
        ("PM2021-011", 15, "Its time is open"),
        ("PM2021-011", 37, "Its time is open"),
        ("PM2021-011", 38, "Its time is open"),
        ("PM2021-011", 23, "It is earlier than the row above it"),
    ]


def test_all_but_the_broken_one_are_incidents_and_a_second_time_adds_nothing(
    log: Log, postmortems: Path, found: dict[str, Document]
) -> None:
    report = imported(log, postmortems)
    assert (report.rows, report.imported, report.unreadable, report.incidents) == (167, 162, 5, 22)
    assert history(log, BROKEN) == []
    for number in set(BY_HAND) - {BROKEN}:
        assert state(log, number).status is Status.CLOSED
        kept = [str(each.event) for each in history(log, number)]
        assert all(any(repr(row.text)[1:-1] in text for text in kept) for row in found[number].rows)
    before = everything(log)
    again = imported(log, postmortems)
    assert (again.imported, again.known, again.events) == (0, 162, 0)
    assert everything(log) == before


def test_the_log_knows_detection_and_recovery_where_the_rows_say_them(
    log: Log, postmortems: Path
) -> None:
    imported(log, postmortems)
    for number, told in BY_HAND.items():
        if number == BROKEN or told.inferred or told.began is None:
            continue
        incident = state(log, number)
        spans = (incident.detected_at, incident.mitigated_at)
        minutes = [
            str((until - incident.impact_began_at).total_seconds() // 60) if until else NO
            for until in spans
        ]
        wanted = [told.detection[0], told.recovery[0]]
        assert minutes == [each if each == NO else str(float(each.strip("~"))) for each in wanted]
