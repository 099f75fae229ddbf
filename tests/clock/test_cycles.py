"""When the clocks of an incident begin and end: reopened, passed on, kept informed, taken over."""

import pytest

from tests.clock.kit import MATRIX, Life, held, prioritised, published, sla
from tests.domain.examples import (
    ACKNOWLEDGED,
    CANCELLED,
    CATEGORISED,
    CLOSED,
    CONFIRMED,
    DISMISSED,
    IMPORTED,
    LOGGED,
    MAJOR,
    NOTED,
    REOPENED,
    REPORTED,
    RESOLVED,
    STOOD_DOWN,
    UPDATED,
    VERIFIED,
)
from tocsin.domain.incident import events as e
from tocsin.domain.incident.values import Audience, Status, Visibility
from tocsin.domain.kernel import replace

DONE = sla("Done", "4h", 'pause = ["awaiting-caller"]')
SEEN = sla("Seen", "1h", measure="first-response")
TOLD = sla("Told", "1h", measure="update-cadence")


def begun(*targets: str) -> Life:
    """Reported at nine, under these targets."""
    return Life(published(MATRIX + "".join(targets))).on("09:00", REPORTED, LOGGED)


def to(group: str | None) -> e.IncidentAssigned:
    """Assigned to a group."""
    return e.IncidentAssigned(group=group)


# Reopened


def test_reopened_a_resolution_is_owed_again_and_a_response_is_not() -> None:
    life = (
        begun(SEEN, DONE)
        .on("09:30", ACKNOWLEDGED)
        .on("11:00", RESOLVED)
        .on("14:00", REOPENED)
        .on("15:00", ACKNOWLEDGED)
    )
    assert life.stands("16:00") == [
        ("Seen", 1, "met", "30m", "0m", "Mon 2 Mar 09:30"),
        ("Done", 1, "met", "2h 00m", "0m", "Mon 2 Mar 11:00"),
        ("Done", 2, "running", "2h 00m", "0m", "Mon 2 Mar 18:00"),
    ]


def test_all_cycles_together_are_counted_without_the_time_between() -> None:
    life = begun(DONE).on("11:00", RESOLVED).on("14:00", REOPENED).on("15:00", RESOLVED)
    life = life.on("16:00", REOPENED)
    minutes = [each.overall_us // 60_000_000 for each in life.timers("16:30")]
    assert minutes == [120, 180, 210]


def test_a_wait_does_not_go_on_behind_a_reopening() -> None:
    """Whatever it waited for, it was resolved meanwhile."""
    life = begun(DONE).on("10:00", held()).on("11:00", RESOLVED).on("12:00", REOPENED)
    assert life.timers("13:00")[1].state == "running"


def test_closed_without_being_resolved_it_was_resolved_by_that() -> None:
    assert begun(DONE).on("12:00", CLOSED).stands("13:00") == [
        ("Done", 1, "met", "3h 00m", "0m", "Mon 2 Mar 12:00")
    ]


def test_cancelled_and_open_again_everything_is_owed_anew() -> None:
    """Nobody had responded, so a response is owed as well."""
    life = begun(SEEN, DONE).on("09:30", CANCELLED).on("12:00", REOPENED)
    assert life.stands("12:30") == [
        ("Seen", 1, "cancelled", "30m", "0m", "Mon 2 Mar 09:30"),
        ("Seen", 2, "running", "30m", "0m", "Mon 2 Mar 13:00"),
        ("Done", 1, "cancelled", "30m", "0m", "Mon 2 Mar 09:30"),
        ("Done", 2, "running", "30m", "0m", "Mon 2 Mar 16:00"),
    ]


def test_a_response_given_before_it_was_cancelled_need_not_be_given_again() -> None:
    life = begun(SEEN).on("09:20", ACKNOWLEDGED).on("09:30", CANCELLED).on("12:00", REOPENED)
    assert life.stands("12:30") == [("Seen", 1, "met", "20m", "0m", "Mon 2 Mar 09:20")]


def test_a_false_alarm_has_no_verdict() -> None:
    assert begun(DONE).on("09:30", DISMISSED).timer("18:00").state == "cancelled"


def test_what_is_over_is_owed_nothing_more_whoever_still_works_on_it() -> None:
    """A priority that is set after it was cancelled begins no clock."""
    first = sla("First", "4h", priority=[1])
    life = begun(first).on("10:00", CANCELLED).on("11:00", prioritised(1))
    assert life.timers("12:00") == []


def test_reopened_while_it_is_open_nothing_changes() -> None:
    """Histories from elsewhere do such things."""
    life = begun(DONE).on("10:00", REOPENED)
    assert life.stands("11:00") == [("Done", 1, "running", "2h 00m", "0m", "Mon 2 Mar 13:00")]


def test_reopened_under_another_policy_it_is_owed_what_that_one_says() -> None:
    shorter = DONE.replace("4h", "1h")
    life = Life(published(MATRIX + DONE, MATRIX + shorter, before=(1, 4)))
    life = life.on("09:00", REPORTED, LOGGED).on("10:00", RESOLVED).on("12:00", REOPENED)
    assert life.stands("12:30")[1] == ("Done", 2, "running", "30m", "0m", "Mon 2 Mar 13:00")


# Starts and stops


@pytest.mark.parametrize(
    ("start", "stop", "began", "ended"),
    [
        ("logged", "verified", "09:00", "09:10"),
        ("verified", "categorised", "09:10", "09:20"),
        ("categorised", "prioritised", "09:20", "09:30"),
        ("prioritised", "assigned", "09:30", "09:40"),
        ("assigned", "mitigated", "09:40", "10:00"),
        ("mitigated", "resolved", "10:00", "10:10"),
        ("resolved", "confirmed", "10:10", "10:20"),
        ("resolved", "closed", "10:10", "10:30"),
        ("assigned", "passed-on", "09:40", "09:50"),
        ("reported", "updated", "09:00", "09:05"),
    ],
)
def test_a_target_may_begin_and_end_with_any_moment(
    start: str, stop: str, began: str, ended: str
) -> None:
    target = sla("Step", "2h", f'start = "{start}"\nstop = ["{stop}"]')
    life = (
        begun(target)
        .on("09:05", replace(NOTED, visibility=Visibility.PUBLIC))
        .on("09:10", VERIFIED)
        .on("09:20", CATEGORISED)
        .on("09:30", prioritised(1))
        .on("09:40", to("desk"))
        .on("09:50", to("network"))
        .on("10:00", e.WorkaroundApplied(workaround="W1"))
        .on("10:10", RESOLVED)
        .on("10:20", CONFIRMED)
        .on("10:30", CLOSED)
    )
    timer = life.timer("12:00")
    assert (timer.state, timer.began, timer.ended) == ("met", life.us(began), life.us(ended))


def test_a_clock_whose_stop_came_before_its_start_is_over_as_it_begins() -> None:
    """Seen by somebody on the telephone, and logged afterwards."""
    target = sla(
        "Seen", "1h", 'start = "logged"\nstop = ["acknowledged"]', measure="first-response"
    )
    life = Life(published(MATRIX + target)).on("09:00", REPORTED)
    life = life.on("09:10", ACKNOWLEDGED).on("09:30", LOGGED)
    assert life.stands("12:00") == [("Seen", 1, "met", "0m", "0m", "Mon 2 Mar 09:30")]


def test_what_starts_a_clock_twice_starts_it_once() -> None:
    target = sla("Step", "2h", 'start = "assigned"\nstop = ["mitigated"]')
    life = begun(target).on("09:30", to("desk")).on("10:00", to("network"))
    life = life.on("11:00", RESOLVED).on("11:10", to("desk"))
    assert life.stands("12:00") == [("Step", 1, "met", "1h 30m", "0m", "Mon 2 Mar 11:00")]


# Updates


def test_every_update_ends_one_wait_and_begins_the_next() -> None:
    life = begun(TOLD).on("09:40", UPDATED).on("11:00", UPDATED).on("11:30", RESOLVED)
    assert life.stands("12:00") == [
        ("Told", 1, "met", "40m", "0m", "Mon 2 Mar 09:40"),
        ("Told", 2, "breached", "1h 20m", "0m", "Mon 2 Mar 10:40"),
        ("Told", 3, "met", "30m", "0m", "Mon 2 Mar 11:30"),
    ]


def test_a_public_note_is_an_update_and_what_responders_tell_each_other_is_none() -> None:
    among_us = e.UpdatePosted(audience=Audience.RESPONDERS, message="Look there.")
    quiet = begun(TOLD).on("09:30", NOTED, among_us)
    assert quiet.timer("09:40").cycle == 1
    told = quiet.on("09:45", replace(NOTED, visibility=Visibility.PUBLIC))
    assert [each.cycle for each in told.timers("09:50")] == [1, 2]


def test_how_often_people_are_told_is_promised_from_when_it_is() -> None:
    """Declared major at noon: the hour begins then, not in the morning."""
    major = sla("Told", "1h", "when = { major = true }", measure="update-cadence")
    life = begun(major).on("12:00", MAJOR)
    assert life.stands("12:30") == [("Told", 1, "running", "30m", "0m", "Mon 2 Mar 13:00")]
    down = life.on("12:40", STOOD_DOWN).on("12:50", UPDATED)
    assert down.stands("18:00") == [("Told", 1, "cancelled", "40m", "0m", "Mon 2 Mar 12:40")]


def test_a_promise_to_tell_people_that_held_for_no_time_was_not_kept_either() -> None:
    """Two updates at once keep one promise; one that comes as it is over is none."""
    twice = begun(TOLD).on("09:40", UPDATED, UPDATED).on("10:00", RESOLVED)
    assert [(each.target, each.spent) for each in twice.stands("12:00")] == [
        ("Told", "40m"),
        ("Told", "20m"),
    ]
    urgent = sla("Told", "1h", measure="update-cadence", priority=[1])
    life = Life(published(MATRIX + urgent)).on("09:00", REPORTED, LOGGED)
    assert life.on("10:00", RESOLVED, prioritised(1)).timers("12:00") == []


@pytest.mark.parametrize(
    "before",
    [[e.IncidentReported(title="-", source=REPORTED.source)], [REPORTED, LOGGED, RESOLVED]],
)
def test_nobody_is_to_be_told_before_it_is_logged_or_after_it_is_resolved(
    before: list[e.IncidentEvent],
) -> None:
    urgent = sla("Told", "1h", measure="update-cadence", priority=[1])
    life = Life(published(MATRIX + urgent)).on("09:00", *before).on("10:00", prioritised(1))
    assert life.timers("12:00") == []


def test_reopened_people_are_to_be_told_again() -> None:
    """Also where the promise comes only after the reopening."""
    life = begun(TOLD).on("09:30", RESOLVED).on("10:00", REOPENED)
    assert life.stands("10:30")[1] == ("Told", 2, "running", "30m", "0m", "Mon 2 Mar 11:00")
    urgent = sla("Told", "1h", measure="update-cadence", priority=[1])
    late = begun(urgent).on("09:30", RESOLVED).on("10:00", REOPENED).on("11:00", prioritised(1))
    assert late.stands("11:30") == [("Told", 1, "running", "30m", "0m", "Mon 2 Mar 12:00")]


# Taken over from another system


@pytest.mark.parametrize(
    ("status", "seen", "done"),
    [
        (Status.NEW, "running", "running"),
        (Status.IN_PROGRESS, "met", "running"),
        (Status.ON_HOLD, "met", "running"),
        (Status.RESOLVED, "met", "met"),
        (Status.CLOSED, "met", "met"),
        (Status.CANCELLED, "cancelled", "cancelled"),
        (Status.DISMISSED, "cancelled", "cancelled"),
    ],
)
def test_a_record_taken_over_has_behind_it_what_its_state_says(
    status: Status, seen: str, done: str
) -> None:
    life = begun(SEEN, DONE).on("09:30", replace(IMPORTED, status=status))
    assert [each.state for each in life.timers("09:45")] == [seen, done]


def test_of_a_record_taken_over_its_own_times_are_measured() -> None:
    """It was imported this year; what happened to it then is judged by then."""
    life = begun(DONE).on("10:00", IMPORTED, known="2026-11-01 12:00").on("15:00", RESOLVED)
    assert life.stands("18:00") == [("Done", 1, "breached", "6h 00m", "0m", "Mon 2 Mar 13:00")]


def test_one_taken_over_as_resolved_may_be_reopened() -> None:
    life = begun(DONE).on("10:00", replace(IMPORTED, status=Status.RESOLVED))
    again = life.on("12:00", REOPENED)
    assert [(each.cycle, each.state) for each in again.timers("13:00")] == [
        (1, "met"), (2, "running")
    ]  # fmt: skip
