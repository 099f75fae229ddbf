"""One target takes over from another one: what holds from when, and what was spent by then."""

from tests.clock.kit import MATRIX, Life, held, prioritised, published, sla
from tests.domain.examples import (
    CATEGORISED,
    LOGGED,
    MAJOR,
    REPORTED,
    RESOLVED,
    RESUMED,
    STOOD_DOWN,
)
from tocsin.domain.incident import events as e

PAUSE = 'pause = ["awaiting-caller", "awaiting-vendor"]'
BOTH = MATRIX + sla("Slow", "8h", PAUSE, priority=[4]) + sla("Fast", "2h", PAUSE, priority=[1])
ONE = MATRIX + sla("Done", "4h", PAUSE)


def begun(*documents: str) -> Life:
    """Reported at nine."""
    return Life(published(*(documents or (ONE,)))).on("09:00", REPORTED, LOGGED)


def test_another_target_takes_over_what_was_spent_and_what_was_paused() -> None:
    life = (
        begun(BOTH)
        .on("09:00", prioritised(4))
        .on("10:00", held())
        .on("11:00", RESUMED)
        .on("11:30", prioritised(1))
    )
    assert life.stands("11:45") == [
        ("Slow", 1, "cancelled", "1h 30m", "1h 00m", "Mon 2 Mar 11:30"),
        ("Fast", 1, "running", "1h 45m", "1h 00m", "Mon 2 Mar 12:00"),
    ]


def test_a_target_whose_time_is_spent_when_it_comes_is_broken_as_it_comes() -> None:
    """Not earlier: nobody had promised it by then."""
    life = begun(BOTH).on("09:00", prioritised(4)).on("12:00", prioritised(1))
    assert life.stands("12:30") == [
        ("Slow", 1, "cancelled", "3h 00m", "0m", "Mon 2 Mar 12:00"),
        ("Fast", 1, "breached", "3h 30m", "0m", "Mon 2 Mar 12:00"),
    ]


def test_replacing_a_target_undoes_no_breach() -> None:
    """Down-grading what is late already makes nothing good."""
    life = begun(BOTH).on("09:00", prioritised(1)).on("12:00", prioritised(4))
    assert life.stands("13:00") == [
        ("Fast", 1, "breached", "3h 00m", "0m", "Mon 2 Mar 11:00"),
        ("Slow", 1, "running", "4h 00m", "0m", "Mon 2 Mar 17:00"),
    ]


def test_a_target_that_comes_back_is_one_timer() -> None:
    life = (
        begun(BOTH)
        .on("09:00", prioritised(4))
        .on("10:00", prioritised(1))
        .on("10:30", prioritised(4))
    )
    assert life.stands("11:00") == [
        ("Slow", 1, "running", "2h 00m", "0m", "Mon 2 Mar 17:00"),
        ("Fast", 1, "cancelled", "1h 30m", "0m", "Mon 2 Mar 10:30"),
    ]


def test_a_target_that_held_for_no_time_leaves_no_timer() -> None:
    life = begun(BOTH).on("09:00", prioritised(1), prioritised(4)).on("10:00", prioritised(1))
    assert [each.target for each in life.timers("11:00")] == ["Slow", "Fast"]
    typed = begun(BOTH).on("09:00", prioritised(1), prioritised(4))
    assert [each.target for each in typed.timers("11:00")] == ["Slow"]


def test_a_first_target_that_comes_late_holds_from_the_beginning() -> None:
    """Nobody gains time by looking at an incident late."""
    life = begun(BOTH).on("10:30", prioritised(1))
    assert life.stands("10:45") == [("Fast", 1, "running", "1h 45m", "0m", "Mon 2 Mar 11:00")]
    late = begun(BOTH).on("12:00", prioritised(1))
    assert late.stands("12:30") == [("Fast", 1, "breached", "3h 30m", "0m", "Mon 2 Mar 11:00")]
    assert late.timer("12:30").applied == late.us("12:00")


def test_a_target_that_comes_after_the_end_is_judged_by_what_was() -> None:
    """Resolved, and then categorised by whoever tidies up."""
    for resolved, state in (("10:00", "met"), ("12:00", "breached")):
        life = begun(BOTH).on(resolved, RESOLVED).on("15:00", prioritised(1))
        assert life.timer("18:00").state == state


def test_time_without_a_target_counts_by_the_next_one() -> None:
    """Priority 3 has none here. The hour under it was an hour for those who waited."""
    life = (
        begun(BOTH)
        .on("09:00", prioritised(4))
        .on("10:00", prioritised(3))
        .on("11:00", prioritised(4))
    )
    assert life.stands("10:30") == life.stands("10:30", "Slow")
    assert life.stands("11:30") == [("Slow", 1, "running", "2h 30m", "0m", "Mon 2 Mar 17:00")]


def test_a_target_that_is_replaced_by_none_is_cancelled_then() -> None:
    life = begun(BOTH).on("09:00", prioritised(4)).on("10:00", prioritised(3))
    assert life.stands("12:00") == [("Slow", 1, "cancelled", "1h 00m", "0m", "Mon 2 Mar 10:00")]
    ended = life.on("12:00", RESOLVED)
    assert ended.stands("13:00") == life.stands("12:00"), "there is nothing to be met"


def test_a_target_that_goes_and_comes_at_one_instant_has_held_all_the_time() -> None:
    life = begun(BOTH).on("09:00", prioritised(4)).on("10:00", prioritised(3), prioritised(4))
    assert life.stands("12:00") == [("Slow", 1, "running", "3h 00m", "0m", "Mon 2 Mar 17:00")]


def test_with_no_target_at_the_very_beginning_the_clock_began_all_the_same() -> None:
    """The priority was wrong at first, and right in the same minute."""
    life = begun(ONE.replace('goal = "4h"', 'goal = "4h"\nwhen = { priority = [1] }'))
    life = life.on("09:00", prioritised(1), prioritised(3)).on("10:00", prioritised(1))
    assert life.stands("11:00") == [("Done", 1, "running", "2h 00m", "0m", "Mon 2 Mar 13:00")]


def test_each_condition_picks_its_target() -> None:
    """The first one that fits holds; what changes at any time changes it."""
    document = (
        MATRIX
        + '[categories]\nmessaging = ["e-mail"]\n'
        + sla("Major", "1h", "when = { major = true }")
        + sla("Mail", "3h", 'when = { category = ["messaging/e-mail"] }')
        + sla("Service", "5h", 'when = { service = ["e-mail"] }')
    )
    life = (
        begun(document)
        .on("09:10", CATEGORISED)
        .on("09:20", MAJOR)
        .on("09:30", STOOD_DOWN)
        .on("09:40", e.IncidentCategorised(category=None))
    )
    held_at = [("09:05", "Service"), ("09:15", "Mail"), ("09:25", "Major"), ("09:35", "Mail")]
    for at, target in (*held_at, ("09:45", "Service")):
        (running,) = [each for each in life.until(at).timers(at) if each.state == "running"]
        assert running.target == target


def test_a_policy_that_says_the_same_in_another_version_changes_nothing() -> None:
    """The timer goes on, and names the version under which it began."""
    other = f"{BOTH}[closing]\nauto_close_days = 3\n"
    life = Life(published(BOTH, other, before=(1, 4)))
    life = life.on("09:00", REPORTED, LOGGED, prioritised(4)).on("10:00", prioritised(4))
    assert life.stands("10:30") == [("Slow", 1, "running", "1h 30m", "0m", "Mon 2 Mar 17:00")]
    assert life.timer("10:30").policy_version == 2


def test_a_policy_holds_for_what_is_decided_under_it() -> None:
    """What ran when it was published goes on under its own; asked again, the new one holds, and
    goes on with what was spent."""
    shorter = BOTH.replace('"8h"', '"3h"')
    life = Life(published(BOTH, shorter, before=(1, 4))).on(
        "09:00", REPORTED, LOGGED, prioritised(4)
    )
    assert life.timer("10:00").goal_us // 3_600_000_000 == 8
    again = life.on("10:00", prioritised(4))
    assert again.stands("10:30") == [("Slow", 1, "running", "1h 30m", "0m", "Mon 2 Mar 12:00")]
    assert again.timer("10:30").policy_version == 3
