"""What people complain of elsewhere, as it comes out here: each section of the page, run.

Every number is worked out by hand. The policies are read from the page, and its tables must say
what the clocks answer.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from projections import incidents
from tests.clock.kit import MATRIX, Life, Stand, held, length, prioritised, published
from tests.clock.page import Section, section
from tests.docs.markdown import DOCS, blocks
from tests.domain.examples import (
    ACKNOWLEDGED,
    CLOSED,
    LOGGED,
    REOPENED,
    REPORTED,
    RESOLVED,
    RESUMED,
    UPDATED,
)
from tocsin.domain.incident.state import INCIDENT
from tocsin.domain.incident.values import HoldReason, Status
from tocsin.policies.publishing import read

EXPLANATION = DOCS / "explanation" / "clocks.md"
PAGE = DOCS / "explanation" / "worked-examples.md"
COMPLAINTS = {
    "GLPI #6902", "GLPI #15605", "GLPI #10594", "GLPI #22678", "Zammad #390", "Zammad #5177",
    "Zammad #3745", "Zammad #5158", "Zammad #534",
}  # fmt: skip
Test = Callable[[Any], None]
SHOWN: dict[str, Test] = {}
"""The test of each complaint."""


def shows(complaint: str) -> Callable[[Test], Test]:
    """The test is that of a complaint, and is given its section."""

    def register(test: Test) -> Test:
        SHOWN[complaint] = test
        given: Test = pytest.mark.parametrize("said", [section(PAGE, complaint)], ids=[complaint])(
            test
        )
        return given

    return register


def rows(stands: Sequence[Stand]) -> list[tuple[str, ...]]:
    """Timers as lines of a table."""
    return [tuple(map(str, each)) for each in stands]


def test_every_complaint_has_its_section_and_its_test() -> None:
    headings = set(re.findall(r"^## (.*)$", PAGE.read_text("utf-8"), re.MULTILINE))
    assert COMPLAINTS == headings == set(SHOWN)


def test_the_page_says_how_every_policy_begins() -> None:
    assert next(blocks(PAGE)).text == MATRIX


def test_the_drawn_example_of_the_other_page_is_true() -> None:
    """Two hours of the afternoon and the morning, two of the four that are left, and one more."""
    said = Section(EXPLANATION.read_text("utf-8").partition("## Asking")[0])
    life = (
        Life(published(said.document), ZoneInfo("Europe/Vienna"))
        .on("15:00", REPORTED, LOGGED, prioritised(2))
        .on("16:00", held())
        .on("2026-03-03 10:00", RESUMED)
        .on("2026-03-03 11:00", prioritised(1))
        .on("2026-03-03 14:00", RESOLVED)
    )
    (high,), (critical,) = (
        life.told("2026-03-04 00:00", f"Resolution: {name}") for name in ("high", "critical")
    )
    assert [(each.kind, each.by, length(each.spent_us)) for each in high.changes] == [
        ("activate", 1, "0m"),
        ("apply_sla", 3, "0m"),
        ("pause", 4, "1h 00m"),
        ("resume", 5, "1h 00m"),
        ("cancel", 6, "2h 00m"),
    ]
    assert [(each.kind, each.by, length(each.spent_us)) for each in critical.changes] == [
        ("apply_sla", 6, "2h 00m"),
        ("breach", None, "4h 00m"),
        ("fulfill", 7, "5h 00m"),
    ]
    began, came, *rest = (
        (life.shown(each.at), f"{told.timer.target[12:]}: {each.kind}", length(each.spent_us),
         "time itself" if each.by is None else f"{each.by}")
        for told in (high, critical) for each in told.changes
    )  # fmt: skip
    assert came[:1] == began[:1]
    begun = (began[0], f"{began[1]}, apply_sla", began[2], f"{began[3]}, {came[3]}")
    assert said.table == [begun, *rest]


@shows("GLPI #6902")
def test_another_target_takes_over_what_was_spent_and_goes_on_waiting(said: Section) -> None:
    """On hold, then critical: elsewhere its time counts from the opening and is over at 10:00,
    before it was critical. Here it has spent 20 minutes of its hour, and stands."""
    waiting = (
        Life(published(said.document))
        .on("09:00", REPORTED, LOGGED, prioritised(4))
        .on("09:20", held())
        .on("12:20", prioritised(1))
    )
    assert waiting.stands("12:25", "Resolution: critical") == [
        ("Resolution: critical", 1, "paused", "20m", "3h 05m", "")
    ]
    done = waiting.on("12:30", RESUMED).on("12:50", RESOLVED)
    stands = done.stands("18:00")
    assert stands == [
        ("Resolution: low", 1, "cancelled", "20m", "3h 00m", "Mon 2 Mar 12:20"),
        ("Resolution: critical", 1, "met", "40m", "3h 10m", "Mon 2 Mar 12:50"),
    ]
    assert said.table == rows(stands)


@shows("GLPI #15605")
def test_days_of_waiting_are_not_counted_by_the_next_target(said: Section) -> None:
    """Spent: Monday 10 to 12, Thursday 12 to 14. Of a day of eight hours four are left on Thursday
    at 14:00, so it is due on Friday at 10:00; elsewhere it was due on Tuesday at 10:00."""
    life = (
        Life(published(said.document), ZoneInfo("Europe/Madrid"))
        .on("10:00", REPORTED, LOGGED, prioritised(2))
        .on("12:00", held(HoldReason.AWAITING_VENDOR))
        .on("2026-03-05 12:00", RESUMED)
        .on("2026-03-05 14:00", prioritised(1))
    )
    stands = life.stands("2026-03-05 16:00")
    assert stands == [
        ("Resolution: high", 1, "cancelled", "4h 00m", "72h 00m", "Thu 5 Mar 14:00"),
        ("Resolution: critical", 1, "running", "6h 00m", "72h 00m", "Fri 6 Mar 10:00"),
    ]
    assert said.table == rows(stands)


@shows("GLPI #10594")
def test_a_wait_over_the_weekend_adds_nothing_to_a_due_time(said: Section) -> None:
    """Four hours on Friday, four are left on Monday at 11:00. Elsewhere 68 hours on the wall are
    added as working time."""
    life = (
        Life(published(said.document), ZoneInfo("Europe/Bratislava"))
        .on("2026-03-06 11:00", REPORTED, LOGGED)
        .on("2026-03-06 15:00", held())
        .on("2026-03-09 11:00", RESUMED)
    )
    stands = life.stands("2026-03-09 12:00")
    assert stands == [("Resolution", 1, "running", "5h 00m", "68h 00m", "Mon 9 Mar 15:00")]
    assert said.table == rows(stands)


@shows("GLPI #22678")
def test_an_escalation_before_the_end_keeps_the_calendar(said: Section) -> None:
    """Monday 17 to 18, then Tuesday from 8: three of four hours are spent at 10:00. Elsewhere the
    step comes on Tuesday at 00:00."""
    life = Life(published(said.document), ZoneInfo("Europe/Paris")).on("17:00", REPORTED, LOGGED)
    due = list(life.falls_due("17:00"))
    assert due == [
        ("Tue 3 Mar 10:00", "escalation An hour is left 1+0"),
        ("Tue 3 Mar 11:00", "first-response First response breach"),
    ]
    assert said.table == due
    same_day = Life(life.rules, life.zone).on("10:00", REPORTED, LOGGED)
    times = [at for at, _ in same_day.falls_due("10:00")]
    assert times == ["Mon 2 Mar 13:00", "Mon 2 Mar 14:00"]


@shows("Zammad #390")
def test_only_what_is_a_holiday_by_law_or_written_down_is_one(said: Section) -> None:
    """Reported at 23:00; twelve hours on each of the next four days. With the two days of the feed
    that it was about, it takes six."""
    begun = Life(published(said.document), ZoneInfo("Europe/Berlin")).on(
        "2016-11-09 23:00", REPORTED, LOGGED
    )
    stands = begun.stands("2016-11-10 09:00")
    assert stands == [("Resolution", 1, "running", "0m", "0m", "Sun 13 Nov 21:00")]
    assert said.table == rows(stands)
    feed = """closed = [
      { on = 2016-11-11, name = "St Martin" }, { on = 2016-11-13, name = "Volkstrauertag" },
    ]\n"""
    written = said.document.replace("[[sla]]", f"{feed}[[sla]]")
    again = Life(published(written), begun.zone, begun.history)
    assert again.stands("2016-11-10 09:00")[0].at == "Tue 15 Nov 21:00"
    added = read(written).policy.calendars["daily"].closed
    assert {each.name for each in added} - {
        each.name for each in read(said.document).policy.calendars["daily"].closed
    } == {"St Martin", "Volkstrauertag"}


@shows("Zammad #5177")
def test_no_clock_hides_another_one(said: Section) -> None:
    """Before the acknowledgement only the response is owed, due at 13:00, though updates have the
    shorter goal; after it only updates are."""
    waiting = Life(published(said.document)).on("09:00", REPORTED, LOGGED)
    assert waiting.stands("10:30") == [
        ("First response", 1, "running", "1h 30m", "0m", "Mon 2 Mar 13:00")
    ]
    life = waiting.on("11:00", ACKNOWLEDGED).on("11:40", UPDATED)
    stands = life.stands("12:00")
    assert stands == [
        ("First response", 1, "met", "2h 00m", "0m", "Mon 2 Mar 11:00"),
        ("Updates", 1, "met", "40m", "0m", "Mon 2 Mar 11:40"),
        ("Updates", 2, "running", "20m", "0m", "Mon 2 Mar 12:40"),
    ]
    assert said.table == rows(stands)


def test_clocks_that_run_together_are_due_each_by_itself() -> None:
    """Where updates begin with the log entry, they are broken at 10:00, and the response still has
    its four hours."""
    document = section(PAGE, "Zammad #5177").document.replace('start = "acknowledged"\n', "")
    life = Life(published(document)).on("09:00", REPORTED, LOGGED)
    assert life.stands("10:30") == [
        ("First response", 1, "running", "1h 30m", "0m", "Mon 2 Mar 13:00"),
        ("Updates", 1, "breached", "1h 30m", "0m", "Mon 2 Mar 10:00"),
    ]


def reopened() -> Life:
    """Resolved after two hours, closed, and open again on the next morning."""
    return (
        Life(published(section(PAGE, "Zammad #3745").document))
        .on("09:00", REPORTED, LOGGED)
        .on("11:00", RESOLVED)
        .on("12:00", CLOSED)
        .on("2026-03-03 09:00", REOPENED)
    )


@shows("Zammad #3745")
def test_what_is_open_again_is_not_closed_and_its_verdict_stands(said: Section) -> None:
    life = reopened()
    stands = life.stands("2026-03-03 10:00")
    assert stands == [
        ("Resolution", 1, "met", "2h 00m", "0m", "Mon 2 Mar 11:00"),
        ("Resolution", 2, "running", "1h 00m", "0m", "Tue 3 Mar 17:00"),
    ]
    assert said.table == rows(stands)
    incident = INCIDENT.fold(life.history[0].stream, life.history)
    assert (incident.status, incident.closed_at) == (Status.IN_PROGRESS, None)
    row = None
    for recorded in life.history:
        row = incidents.fold(row, recorded)
    assert row is not None
    assert (row.open, row.closed_at, row.reopen_count) == (True, None, 1)


@shows("Zammad #5158")
def test_the_first_attempt_the_last_one_and_all_together_are_told(said: Section) -> None:
    """Two hours, four hours, six together. The 22 hours in between it was resolved."""
    life = reopened().on("2026-03-03 13:00", RESOLVED).on("2026-03-03 14:00", CLOSED)
    stands = life.stands("2026-03-05 00:00")
    assert stands == [
        ("Resolution", 1, "met", "2h 00m", "0m", "Mon 2 Mar 11:00"),
        ("Resolution", 2, "met", "4h 00m", "0m", "Tue 3 Mar 13:00"),
    ]
    assert said.table == rows(stands)
    hour = 3_600_000_000
    assert [each.overall_us // hour for each in life.timers("2026-03-05 00:00")] == [2, 6]


@shows("Zammad #534")
def test_another_calendar_holds_for_what_comes_after_it(said: Section) -> None:
    """The first has until 17:00 and from 9:00 until 11:00; the second until 20:00 on the day
    itself. Nothing of what is published later moves either."""
    longer = said.document.replace("09:00-17:00", "09:00-20:00")
    berlin = ZoneInfo("Europe/Berlin")
    first = Life(published(said.document, longer, before=(1, 3)), berlin)
    second = Life(published(said.document, longer, before=(1, 1)), berlin)
    lives = (
        first.on("15:00", REPORTED, LOGGED).on("2026-03-03 12:00", RESOLVED),
        second.on("16:00", REPORTED, LOGGED).on("2026-03-03 12:00", RESOLVED),
    )
    found = []
    for life in lives:
        timer = life.timer("2026-03-04 00:00")
        target, _, *rest = life.stand(timer)
        found.append((target, str(timer.policy_version), *map(str, rest)))
    assert found == [
        ("Resolution", "2", "breached", "5h 00m", "0m", "Tue 3 Mar 11:00"),
        ("Resolution", "3", "breached", "7h 00m", "0m", "Mon 2 Mar 20:00"),
    ]
    assert said.table == found
