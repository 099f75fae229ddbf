"""How one target is measured: when it runs, stands, is met, broken or replaced."""

from zoneinfo import ZoneInfo

import pytest

from tests.clock.kit import MATRIX, Life, held, in_log, length, prioritised, published, sla
from tests.domain.examples import (
    ACKNOWLEDGED,
    CANCELLED,
    LOGGED,
    REPORTED,
    RESOLVED,
    RESUMED,
)
from tocsin.domain.clock import plan
from tocsin.domain.clock.plan import Kind, Rulebook, Rulebooks
from tocsin.domain.incident import events as e
from tocsin.domain.incident.values import Fact, HoldReason
from tocsin.domain.openings import instant
from tocsin.domain.policy import DEFAULT_POLICY
from tocsin.domain.policy.events import DefaultRecorded
from tocsin.policies.publishing import read

PAUSE = 'pause = ["awaiting-caller", "awaiting-vendor"]'
BOTH = MATRIX + sla("Slow", "8h", PAUSE, priority=[4]) + sla("Fast", "2h", PAUSE, priority=[1])
ONE = MATRIX + sla("Done", "4h", PAUSE)


def begun(*documents: str) -> Life:
    """Reported at nine."""
    return Life(published(*(documents or (ONE,)))).on("09:00", REPORTED, LOGGED)


def test_a_clock_runs_from_its_start_to_its_stop() -> None:
    life = begun()
    assert life.stands("11:00") == [("Done", 1, "running", "2h 00m", "0m", "Mon 2 Mar 13:00")]
    done = life.on("12:00", RESOLVED)
    assert done.stands("18:00") == [("Done", 1, "met", "3h 00m", "0m", "Mon 2 Mar 12:00")]


def test_before_it_begins_nothing_is_spent() -> None:
    """Asked about an earlier time, a clock that began later has not run backwards."""
    (timer,) = begun().timers("08:00")
    assert (timer.spent_us, timer.state) == (0, "running")


@pytest.mark.parametrize(
    ("resolved", "state"), [("12:59", "met"), ("13:00", "met"), ("13:01", "breached")]
)
def test_what_is_there_at_the_due_instant_is_there_in_time(resolved: str, state: str) -> None:
    assert begun().on(resolved, RESOLVED).timer("18:00").state == state


def test_a_promise_is_broken_at_the_due_instant_itself() -> None:
    life = begun()
    assert life.timer("12:59").state == "running"
    assert life.stands("13:00") == [("Done", 1, "breached", "4h 00m", "0m", "Mon 2 Mar 13:00")]


def test_what_was_broken_stays_broken_and_goes_on_counting() -> None:
    life = begun().on("15:00", RESOLVED)
    assert life.stands("18:00") == [("Done", 1, "breached", "6h 00m", "0m", "Mon 2 Mar 13:00")]
    assert life.timer("18:00").percent == 150


def test_a_clock_stands_while_the_incident_waits_for_a_reason_on_its_list() -> None:
    life = begun().on("10:00", held())
    assert life.stands("12:00") == [("Done", 1, "paused", "1h 00m", "2h 00m", "")]
    on = life.on("14:00", RESUMED)
    assert on.stands("15:00") == [("Done", 1, "running", "2h 00m", "4h 00m", "Mon 2 Mar 17:00")]


def test_a_clock_runs_while_the_incident_waits_for_another_reason() -> None:
    life = begun().on("10:00", held(HoldReason.AWAITING_CHANGE)).on("11:00", RESUMED)
    assert life.stands("12:00") == [("Done", 1, "running", "3h 00m", "0m", "Mon 2 Mar 13:00")]


def test_waiting_for_one_and_then_for_another_is_two_waits_without_a_gap() -> None:
    life = (
        begun()
        .on("10:00", held())
        .on("11:00", held(HoldReason.AWAITING_VENDOR))
        .on("12:00", held(HoldReason.AWAITING_CHANGE))
        .on("13:00", held())
    )
    assert life.stands("13:30") == [("Done", 1, "paused", "2h 00m", "2h 30m", "")]
    waits = [(life.shown(each.since), life.shown(each.until)) for each in life.course.holds]
    assert waits == [
        ("Mon 2 Mar 10:00", "Mon 2 Mar 11:00"),
        ("Mon 2 Mar 11:00", "Mon 2 Mar 12:00"),
        ("Mon 2 Mar 12:00", "Mon 2 Mar 13:00"),
        ("Mon 2 Mar 13:00", ""),
    ]


def test_resolved_while_it_waits_the_wait_is_over_with_it() -> None:
    life = begun().on("10:00", held()).on("12:00", RESOLVED)
    assert life.stands("18:00") == [("Done", 1, "met", "1h 00m", "2h 00m", "Mon 2 Mar 12:00")]


def test_held_at_the_due_instant_is_held_too_late() -> None:
    assert begun().on("13:00", held()).timer("14:00").state == "breached"
    assert begun().on("12:59", held()).timer("14:00").state == "paused"


def test_a_wait_that_was_told_later_takes_the_breach_back() -> None:
    life = begun()
    assert life.timer("14:00").state == "breached"
    told = life.on("10:00", held(), known="14:00").on("12:00", RESUMED, known="14:00")
    assert told.stands("14:00") == [("Done", 1, "running", "3h 00m", "2h 00m", "Mon 2 Mar 15:00")]


@pytest.mark.parametrize(
    ("fact", "now", "stands"),
    [
        (Fact.RESOLVED_AT, "12:30", ("Done", 1, "met", "3h 30m", "0m", "Mon 2 Mar 12:30")),
        (Fact.REPORTED_AT, "10:30", ("Done", 1, "met", "3h 30m", "0m", "Mon 2 Mar 14:00")),
        (Fact.REPORTED_AT, "08:00", ("Done", 1, "breached", "6h 00m", "0m", "Mon 2 Mar 12:00")),
    ],
)
def test_a_corrected_time_is_measured_as_if_it_had_always_been_so(
    fact: Fact, now: str, stands: tuple[object, ...]
) -> None:
    life = begun().on("14:00", RESOLVED)
    assert life.timer("15:00").state == "breached"
    correction = e.IncidentCorrected(
        fact=fact, was=None, now=f"2026-03-02T{now}:00Z", reason="It was written down wrongly."
    )
    assert life.on("15:00", correction).stands("16:00") == [stands]


def test_cancelled_it_is_neither_met_nor_broken_from_then_on() -> None:
    life = begun().on("10:00", CANCELLED)
    assert life.stands("18:00") == [("Done", 1, "cancelled", "1h 00m", "0m", "Mon 2 Mar 10:00")]
    late = begun().on("14:00", CANCELLED)
    assert late.timer("18:00").state == "breached"


def test_a_clock_stands_still_outside_its_hours_and_is_due_as_a_day_closes() -> None:
    office = (
        '[calendars.office]\nzone = "Europe/Vienna"\nhours = { monday-friday = ["09:00-13:00"] }\n'
    )
    document = MATRIX + office + sla("Done", "4h", 'calendar = "office"')
    life = Life(published(document), ZoneInfo("Europe/Vienna")).on("09:00", REPORTED, LOGGED)
    assert life.stands("12:00") == [("Done", 1, "running", "3h 00m", "0m", "Mon 2 Mar 13:00")]
    assert life.timer("22:00").state == "breached"


def test_a_goal_that_no_calendar_reaches_is_never_due() -> None:
    """After the last year of all calendars clocks stand: they neither lie nor fall over."""
    life = Life(published(ONE)).on("2299-12-31 23:00", REPORTED, LOGGED)
    timer = life.timer("2299-12-31 23:30")
    assert (timer.state, timer.due, length(timer.spent_us)) == ("running", None, "30m")
    assert list(life.falls_due("2299-12-31 23:30")) == []
    assert length(life.timer("2400-01-01 00:00").spent_us) == "1h 00m"


def test_who_asks_under_another_matrix_gets_its_priorities() -> None:
    """What impact and urgency make, other rules make otherwise; what somebody set stays."""
    high = read(MATRIX.replace("high = 1", "high = 2")).policy
    book = Rulebook(high, by_matrix=True)
    assert book.priority(1, "high", "high", by_hand=False) == 2
    assert book.priority(1, "high", "high", by_hand=True) == 1
    assert book.priority(1, None, "high", by_hand=False) == 1
    assert book.priority(1, "high", None, by_hand=False) == 1
    assert Rulebook(high).priority(1, "high", "high", by_hand=False) == 1


def test_a_rulebook_that_has_seen_many_kinds_of_incident_answers_as_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It forgets, because services have free names, and works it out again."""
    ola = """
    [levels]\n1 = "Desk"
    [groups.desk]\nlevel = 1\nmembers = ["ann"]
    [[ola]]\nname = "Passed on"\ngroups = ["desk"]\ngoal = "2h"
    """
    monkeypatch.setattr(plan, "REMEMBERED", 2)
    book = Rulebook(read(BOTH + ola).policy)
    for _ in range(2):
        for priority in (1, 2, 3, 4, 5):
            kind = Kind(priority=priority)
            resolution = book.plans(kind).promises[2]
            group = book.of_group("desk", kind)
            assert (resolution and resolution.name) == {1: "Fast", 4: "Slow"}.get(priority)
            assert group is not None
            assert group.name == "Passed on"


def test_an_acknowledgement_ends_the_first_response_and_nothing_else() -> None:
    document = ONE + sla("Seen", "1h", measure="first-response")
    life = begun(document).on("09:30", ACKNOWLEDGED)
    assert life.stands("10:00") == [
        ("Seen", 1, "met", "30m", "0m", "Mon 2 Mar 09:30"),
        ("Done", 1, "running", "1h 00m", "0m", "Mon 2 Mar 13:00"),
    ]


def test_the_rules_of_the_first_version_are_those_that_the_log_has_written_down() -> None:
    """Also for who has asked before it was read."""
    rules = Rulebooks()
    assert rules(1).policy is DEFAULT_POLICY
    compiled = read(ONE).policy.compiled
    event = DefaultRecorded(version=1, document=ONE, compiled=compiled)
    rules.add(in_log(event, Rulebooks.stream, 1, 1, instant(0)))
    assert rules(1).policy.compiled == compiled


def test_a_promise_that_is_taken_back_in_the_same_instant_was_none() -> None:
    """Whether it had just begun, or came so late that it would have been broken at once."""
    only_low = MATRIX + sla("Slow", "1h", priority=[4])
    at_once = Life(published(only_low)).on("09:00", REPORTED, LOGGED)
    assert at_once.on("12:00", prioritised(4), prioritised(1)).stands("12:30") == []
    again = at_once.on("13:00", prioritised(4))
    assert [stand.state for stand in again.stands("13:30")] == ["breached"]
