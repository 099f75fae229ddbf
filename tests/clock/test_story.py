"""Why does a clock say what it says? Each change of it, with the event that caused it."""

from tests.clock.kit import MATRIX, Life, held, prioritised, published, sla
from tests.domain.examples import CANCELLED, LOGGED, REOPENED, REPORTED, RESOLVED, RESUMED
from tocsin.domain.incident import events as e
from tocsin.domain.incident.values import HoldReason

PAUSE = 'pause = ["awaiting-caller"]'
DONE = sla("Done", "4h", PAUSE)
SLOW, FAST = sla("Slow", "8h", PAUSE, priority=[4]), sla("Fast", "2h", PAUSE, priority=[1])


def begun(*targets: str) -> Life:
    """Reported at nine, under these targets."""
    return Life(published(MATRIX + "".join(targets or (DONE,)))).on("09:00", REPORTED, LOGGED)


def test_a_clock_begins_with_its_target_and_is_done_with_its_end() -> None:
    assert begun().on("12:00", RESOLVED).changes("18:00", "Done") == [
        "Mon 2 Mar 09:00 activate v1 0m",
        "Mon 2 Mar 09:00 apply_sla v1 0m",
        "Mon 2 Mar 12:00 fulfill v3 3h 00m",
    ]


def test_a_breach_is_the_work_of_time_and_no_event() -> None:
    assert begun().on("15:00", RESOLVED).changes("18:00", "Done")[2:] == [
        "Mon 2 Mar 13:00 breach 4h 00m",
        "Mon 2 Mar 15:00 fulfill v3 6h 00m",
    ]


def test_waits_are_told_with_their_reasons_and_what_ended_them() -> None:
    life = (
        begun()
        .on("10:00", held())
        .on("11:00", RESUMED)
        .on("11:30", held(HoldReason.AWAITING_CHANGE))
        .on("12:00", held())
        .on("12:30", RESOLVED)
    )
    assert life.changes("18:00", "Done")[2:] == [
        "Mon 2 Mar 10:00 pause (awaiting-caller) v3 1h 00m",
        "Mon 2 Mar 11:00 resume v4 1h 00m",
        "Mon 2 Mar 12:00 pause (awaiting-caller) v6 2h 00m",
        "Mon 2 Mar 12:30 fulfill v7 2h 00m",
    ]


def test_nothing_is_told_of_what_had_not_happened_by_then() -> None:
    life = begun().on("10:00", held()).on("12:00", RESUMED).on("13:00", RESOLVED)
    assert life.until("11:00").changes("11:00", "Done")[2:] == [
        "Mon 2 Mar 10:00 pause (awaiting-caller) v3 1h 00m"
    ]
    assert [each.split()[4] for each in life.changes("11:00", "Done")] == [
        "activate", "apply_sla", "pause", "resume"
    ]  # fmt: skip


def test_another_target_takes_over_and_the_first_one_is_cancelled() -> None:
    life = begun(SLOW, FAST).on("09:00", prioritised(4)).on("10:00", held()).on("11:00", RESUMED)
    life = life.on("11:30", prioritised(1)).on("11:50", held()).on("12:00", RESUMED)
    assert life.changes("12:05", "Slow") == [
        "Mon 2 Mar 09:00 activate v1 0m",
        "Mon 2 Mar 09:00 apply_sla v3 0m",
        "Mon 2 Mar 10:00 pause (awaiting-caller) v4 1h 00m",
        "Mon 2 Mar 11:00 resume v5 1h 00m",
        "Mon 2 Mar 11:30 cancel v6 1h 30m",
    ]
    assert life.changes("12:05", "Fast") == [
        "Mon 2 Mar 11:30 apply_sla v6 1h 30m",
        "Mon 2 Mar 11:50 pause (awaiting-caller) v7 1h 50m",
        "Mon 2 Mar 12:00 resume v8 1h 50m",
    ]


def test_a_wait_that_spans_two_targets_is_told_of_both() -> None:
    life = begun(SLOW, FAST).on("09:00", prioritised(4)).on("10:00", held())
    life = life.on("11:00", prioritised(1)).on("12:00", RESUMED)
    assert life.changes("12:10", "Slow")[2:] == [
        "Mon 2 Mar 10:00 pause (awaiting-caller) v4 1h 00m",
        "Mon 2 Mar 11:00 cancel v5 1h 00m",
    ]
    assert life.changes("12:10", "Fast") == [
        "Mon 2 Mar 11:00 apply_sla v5 1h 00m",
        "Mon 2 Mar 11:00 pause (awaiting-caller) v4 1h 00m",
        "Mon 2 Mar 12:00 resume v6 1h 00m",
    ]


def test_who_makes_a_promise_that_is_broken_already_has_broken_it() -> None:
    """Three hours are spent when somebody says that it must be done in two."""
    life = begun(SLOW, FAST).on("09:00", prioritised(4)).on("12:00", prioritised(1))
    assert life.changes("18:00", "Fast") == [
        "Mon 2 Mar 12:00 apply_sla v4 3h 00m",
        "Mon 2 Mar 12:00 breach v4 3h 00m",
    ]


def test_a_target_that_comes_just_then_is_broken_by_time_if_its_own_time_was_up() -> None:
    """It came at nine and again at eleven, the very instant at which its two hours were over."""
    life = begun(SLOW, FAST).on("09:00", prioritised(1)).on("10:00", prioritised(4))
    again = life.on("11:30", prioritised(1))
    assert again.changes("18:00", "Fast")[-2:] == [
        "Mon 2 Mar 11:30 apply_sla v5 2h 30m",
        "Mon 2 Mar 11:30 breach v5 2h 30m",
    ]


def test_what_is_broken_is_not_cancelled_by_being_replaced() -> None:
    life = begun(SLOW, FAST).on("09:00", prioritised(1)).on("12:00", prioritised(4))
    assert life.changes("18:00", "Fast")[2:] == ["Mon 2 Mar 11:00 breach 2h 00m"]


def test_cancelled_the_clock_is_cancelled_by_that() -> None:
    assert begun().on("10:00", CANCELLED).changes("18:00", "Done")[2:] == [
        "Mon 2 Mar 10:00 cancel v3 1h 00m"
    ]
    assert begun().on("14:00", CANCELLED).changes("18:00", "Done")[2:] == [
        "Mon 2 Mar 13:00 breach 4h 00m"
    ]


def test_each_cycle_has_a_story_of_its_own() -> None:
    life = begun().on("10:00", RESOLVED).on("12:00", REOPENED)
    first, second = life.told("13:00", "Done")
    assert [(each.kind, each.by) for each in first.changes] == [
        ("activate", 1), ("apply_sla", 1), ("fulfill", 3)
    ]  # fmt: skip
    assert [(each.kind, each.by) for each in second.changes] == [("activate", 4), ("apply_sla", 4)]


def test_a_late_target_holds_from_the_beginning_and_says_when_it_came() -> None:
    life = begun(FAST).on("10:30", prioritised(1))
    assert life.changes("10:45", "Fast") == [
        "Mon 2 Mar 09:00 activate v1 0m",
        "Mon 2 Mar 10:30 apply_sla v3 0m",
    ]


def test_a_story_tells_the_same_timers_as_are_measured() -> None:
    """Also who had the incident when the verdict fell."""
    life = (
        begun(SLOW, FAST)
        .on("09:10", e.IncidentAssigned(group="desk"))
        .on("09:20", prioritised(1))
        .on("12:00", e.IncidentAssigned(group="network"), prioritised(4))
        .on("13:00", RESOLVED)
    )
    told = [each.timer for target in ("Fast", "Slow") for each in life.told("18:00", target)]
    assert told == life.timers("18:00")
    assert [each.holder for each in told] == ["desk", "network"]
    running = begun().on("09:10", e.IncidentAssigned(group="desk"))
    assert running.told("10:00", "Done")[0].timer.holder == "desk"
