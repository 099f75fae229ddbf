"""A year of a real company under the default policy: what its clocks say, and whether they can.

The export knows no targets, so no verdict of it can be compared. What can be is everything that
goes into one: when each clock ran, and for how long it stood.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

import pytest

from tests.clock.export import Row, priority_at, resolution, response, rows_of
from tests.readmodels.figures import micros
from tests.uci import FILE, Imported, exported
from tocsin.domain.clock.course import Course, Hold
from tocsin.domain.clock.happening import Happening, happening, in_order
from tocsin.domain.clock.plan import Rulebooks
from tocsin.domain.clock.reckoning import Reckoning, reckon
from tocsin.domain.clock.timer import Timer
from tocsin.domain.clock.values import TimerState
from tocsin.domain.incident.events import IncidentLogged
from tocsin.domain.openings import MINUTE_US
from tocsin.domain.policy.values import Measure

pytestmark = pytest.mark.slow

HOUR_US = 60 * MINUTE_US
PAGE = 20_000
LATER = 4_000_000_000_000_000
"""Long after all is over, in 2096."""
RESOLUTION_HOURS = {1: 4, 2: 8, 3: 72, 4: 168, 5: 720}
NAMES = {1: "critical", 2: "high", 3: "moderate", 4: "low", 5: "planning"}
RESPONSE_MINUTES = {1: 15, 2: 30, 3: 240, 4: 1440, 5: 1440}
"""The goals of the default policy, by priority."""
REASONS = {
    "awaiting-caller": "Awaiting User Info",
    "awaiting-vendor": "Awaiting Vendor",
    "awaiting-problem": "Awaiting Problem",
    "awaiting-evidence": "Awaiting Evidence",
}
VERDICTS = {
    "First response: critical": {"met": 68, "breached": 138, "cancelled": 2},
    "First response: high": {"met": 76, "breached": 276, "cancelled": 3},
    "First response: low and planning": {"met": 484, "breached": 116, "cancelled": 4},
    "First response: moderate": {"met": 12478, "breached": 6386, "cancelled": 108},
    "First response: no priority yet": {"breached": 133, "cancelled": 10308},
    "Resolution: critical": {"met": 40, "breached": 215, "cancelled": 16},
    "Resolution: high": {"met": 107, "breached": 237, "cancelled": 26},
    "Resolution: low": {"met": 547, "breached": 73, "cancelled": 7},
    "Resolution: moderate": {"met": 14418, "breached": 4656, "cancelled": 177},
    "Updates: critical": {"met": 13, "breached": 250, "cancelled": 7},
    "Updates: high": {"met": 67, "breached": 278, "cancelled": 23},
}
"""How often each target of the default policy was met, broken and replaced."""


@dataclass(frozen=True)
class Year:
    """What clocks know and say of every incident, by the number that it had in the export."""

    happenings: dict[str, list[Happening]]
    reckoned: dict[str, Reckoning]

    def timer(self, number: str, target: str) -> Timer:
        """What became of a target at last."""
        return [each for each in self.reckoned[number].timers if each.target == target][-1]

    def resolutions(self, number: str) -> Iterator[tuple[Timer, list[Timer]]]:
        """Of each cycle the target that held at its end, and those that it replaced."""
        timers = [t for t in self.reckoned[number].timers if t.measure is Measure.RESOLUTION]
        for _, cycle in groupby(timers, key=lambda timer: timer.cycle):
            *replaced, last = sorted(cycle, key=lambda timer: timer.ended or LATER)
            yield last, replaced


@pytest.fixture(scope="module")
def year(imported_uci: Imported) -> Year:
    """Every clock, after everything was closed."""
    rules, after = Rulebooks(), 0
    known: dict[UUID, list[Happening]] = {}
    names: dict[UUID, str] = {}
    while page := imported_uci.log.page(after, PAGE):
        after = page[-1].position
        for recorded in page:
            if isinstance(recorded.event, IncidentLogged):
                names[recorded.stream] = recorded.event.reference
            told = happening(recorded, rules.in_force(recorded.position))
            if told is not None:
                known.setdefault(recorded.stream, []).append(told)
    happenings = {names[stream]: told for stream, told in known.items()}
    reckoned = {
        number: reckon(told, rules, LATER, escalations=False) for number, told in happenings.items()
    }
    return Year(happenings, reckoned)


@pytest.fixture(scope="module")
def export(uci: Path) -> dict[str, list[dict[str, str]]]:
    """The rows of each incident, in the order of the file."""
    return exported(uci / FILE)


@pytest.fixture(scope="module")
def answers(uci: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((uci / "answers.json").read_text())
    return dict(found["answers"])


def test_every_incident_has_its_clocks_and_they_come_out_as_before(year: Year) -> None:
    assert len(year.reckoned) == 19_941
    found: dict[str, Counter[str]] = {}
    for reckoned in year.reckoned.values():
        for timer in reckoned.timers:
            found.setdefault(timer.target, Counter())[timer.state.value] += 1
    assert {target: dict(counts) for target, counts in sorted(found.items())} == VERDICTS


def test_each_cycle_of_a_resolution_ends_with_one_verdict(
    year: Year, answers: dict[str, Any]
) -> None:
    """One cycle for each incident, and one more for each time that one was opened again. A target
    that was replaced may be broken, but never met."""
    cycles = 0
    for number in year.reckoned:
        for last, replaced in year.resolutions(number):
            assert last.state in (TimerState.MET, TimerState.BREACHED), number
            assert all(each.state is not TimerState.MET for each in replaced), number
            cycles += 1
    assert cycles == 19_941 + answers["reopens"]["reopen_transitions"]


def test_all_time_is_either_spent_or_paused(year: Year) -> None:
    """The default policy works around the clock, so that nothing else remains; and `overall` is
    what the cycles took together."""
    for number in year.reckoned:
        overall = 0
        for last, replaced in year.resolutions(number):
            for timer in (*replaced, last):
                assert timer.ended is not None
                assert timer.ended - timer.began == timer.spent_us + timer.paused_us, number
                assert timer.overall_us == overall + timer.spent_us, number
            overall = last.overall_us


def test_a_verdict_is_about_what_was_spent(year: Year) -> None:
    """Broken when the goal was spent, or if it was spent by then, when the target came."""
    for reckoned in year.reckoned.values():
        for timer in reckoned.timers:
            if timer.state is TimerState.MET:
                assert timer.spent_us <= timer.goal_us
            elif timer.state is TimerState.BREACHED:
                assert timer.breached is not None
                assert timer.breached >= timer.began + timer.goal_us
                assert timer.spent_us >= timer.goal_us


@pytest.fixture(scope="module")
def opened(
    export: dict[str, list[dict[str, str]]], answers: dict[str, Any]
) -> dict[str, tuple[int, list[Row]]]:
    """When each incident was opened, and its rows, but for where time goes back in them."""
    found = {
        number: (micros(lines[0]["opened_at"]), rows_of(lines)) for number, lines in export.items()
    }
    forward = {
        number: (began, rows)
        for number, (began, rows) in found.items()
        if rows == sorted(rows, key=lambda row: row.at)
    }
    assert len(found) - len(forward) == answers["data_quality"]["time_goes_back"] == 1
    return forward


def test_what_never_waited_was_resolved_in_time_or_not_as_the_export_itself_says(
    year: Year, opened: dict[str, tuple[int, list[Row]]]
) -> None:
    """From one time in the file to another, without any clock of ours."""
    compared = Counter[bool]()
    for number, (began, rows) in opened.items():
        if end := resolution(rows):
            priority = priority_at(rows, end.at)
            in_time = end.at - began <= RESOLUTION_HOURS[priority] * HOUR_US
            timer = year.timer(number, f"Resolution: {NAMES[priority]}")
            assert (timer.state is TimerState.MET) is in_time, number
            compared[in_time] += 1
    assert compared == {True: 11_960, False: 3_240}


def test_the_first_response_was_in_time_or_not_as_the_export_itself_says(
    year: Year, opened: dict[str, tuple[int, list[Row]]]
) -> None:
    """No reason to wait stops that clock, so all of them can be compared."""
    compared = Counter[bool]()
    for number, (began, rows) in opened.items():
        end = response(rows)
        priority = priority_at(rows, end.at)
        name = "low and planning" if priority > 3 else NAMES[priority]
        in_time = end.at - began <= RESPONSE_MINUTES[priority] * MINUTE_US
        timer = year.timer(number, f"First response: {name}")
        assert (timer.state is TimerState.MET) is in_time, number
        compared[in_time] += 1
    assert compared == {True: 13_106, False: 6_834}


def as_recorded(told: list[Happening]) -> list[Hold]:
    """Every wait of an incident, as it was recorded at first: before any correction."""
    course = Course(Rulebooks(), escalations=False)
    return course.follow(in_order(each for each in told if each.kind != "corrected")).holds


def minutes(hold: Hold) -> int:
    """How long somebody waited."""
    assert hold.until is not None
    whole, rest = divmod(hold.until - hold.since, MINUTE_US)
    assert rest == 0
    return whole


def test_the_waits_are_those_of_the_export(year: Year, answers: dict[str, Any]) -> None:
    """How many, of how many incidents, and how long: as the rows say that were written first."""
    waits: dict[str, list[tuple[str, int]]] = {}
    for number, told in year.happenings.items():
        for hold in as_recorded(told):
            waits.setdefault(hold.reason, []).append((number, minutes(hold)))
    found = {
        REASONS[reason]: {
            "episodes": len(those),
            "incidents": len({number for number, _ in those}),
            "total_minutes": sum(waited for _, waited in those),
            "median_h": round(median(waited for _, waited in those) / 60, 4),
        }
        for reason, those in waits.items()
    }
    assert found == {
        answer["st"]: {name: value for name, value in answer.items() if name != "st"}
        for answer in answers["hold_episodes"]
    }


def test_who_is_resolved_later_after_all_has_waited_longer(
    year: Year, answers: dict[str, Any]
) -> None:
    """Some rows say once more that an incident is resolved. ServiceNow takes the last of them for
    the end, and so do clocks, by a correction of it: until then it was not resolved, and where it
    waited before, it still did. Just that is what clocks say above the answers, hold by hold."""
    answered = {each["st"]: each["total_minutes"] for each in answers["hold_episodes"]}
    total, longer, moved = Counter[str](), Counter[str](), 0
    for number, told in year.happenings.items():
        before, after = as_recorded(told), year.reckoned[number].course.holds
        assert [hold[::2] for hold in before] == [hold[::2] for hold in after], "but for their ends"
        ends = {each.version: each for each in told if each.kind == "resolved"}
        for first, hold in zip(before, after, strict=True):
            total[REASONS[hold.reason]] += minutes(hold)
            if hold.until != first.until:
                assert hold.ended_by in ends
                assert hold.until in {e.value[1] for e in told if e.kind == "corrected"}
                longer[REASONS[hold.reason]] += minutes(hold) - minutes(first)
                moved += 1
    assert total == Counter(answered) + longer
    assert moved == 59
    assert longer == {
        "Awaiting User Info": 558_219, "Awaiting Vendor": 18, "Awaiting Problem": 1_156
    }  # fmt: skip


def test_a_resolution_stood_while_the_caller_was_to_answer_and_at_no_other_time(
    year: Year,
) -> None:
    """All pauses of all cycles together are all waits for the caller."""
    paused = waited = 0
    for number, reckoned in year.reckoned.items():
        paused += sum(last.paused_us for last, _ in year.resolutions(number))
        for hold in reckoned.course.holds:
            waited += minutes(hold) if hold.reason == "awaiting-caller" else 0
    assert paused == waited * MINUTE_US
    assert not any(
        timer.paused_us
        for reckoned in year.reckoned.values()
        for timer in reckoned.timers
        if timer.measure is not Measure.RESOLUTION
    )
