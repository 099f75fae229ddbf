"""What falls due by itself: warnings, breaches, escalations, reminders, ends of waiting."""

import pytest

from tests.clock.kit import MATRIX, Life, due, fields, held, prioritised, published, sla
from tests.domain.examples import (
    CANCELLED,
    CLOSED,
    IMPORTED,
    LOGGED,
    NOTED,
    REOPENED,
    REPORTED,
    RESOLVED,
    RESUMED,
)
from tocsin.domain.incident import events as e
from tocsin.domain.incident.values import Audience, HoldReason, Status, Visibility
from tocsin.domain.kernel import replace

DONE = sla("Done", "4h", 'pause = ["awaiting-caller"]\nwarn_at = [50, 75]')


def begun(*parts: str) -> Life:
    """Reported at nine, under these rules."""
    return Life(published(MATRIX + "".join(parts))).on("09:00", REPORTED, LOGGED)


# Warnings and breaches


def test_a_target_is_warned_of_and_then_broken() -> None:
    assert due(begun(DONE)) == [
        ("11:00", "resolution Done 50"),
        ("12:00", "resolution Done 75"),
        ("13:00", "resolution Done breach"),
    ]


def test_only_what_was_due_by_then_is_told_of_the_past() -> None:
    life = begun(DONE)
    assert [act.named[2] for act in life.acts("12:30", ahead=False)] == ["50", "75"]


def test_a_warning_says_of_what_and_how_much() -> None:
    warned, *_ = begun(DONE).acts("09:00")
    assert warned.fields == {
        "measure": "resolution",
        "target": "Done",
        "group": None,
        "since": 1,
        "percent": 50,
        "goal_seconds": 14_400,
        "policy_version": 2,
    }


def test_a_wait_puts_everything_off_and_one_without_an_end_for_ever() -> None:
    life = begun(DONE).on("10:00", held())
    assert due(life) == []
    assert due(life.on("12:30", RESUMED)) == [
        ("13:30", "resolution Done 50"),
        ("14:30", "resolution Done 75"),
        ("15:30", "resolution Done breach"),
    ]


def test_what_ends_in_time_warns_of_nothing_more() -> None:
    life = begun(DONE).on("11:30", RESOLVED)
    assert due(life) == [("11:00", "resolution Done 50")]
    assert due(begun(DONE).on("11:00", RESOLVED)) == []


def test_a_target_that_comes_late_warns_once_of_all_that_is_past() -> None:
    """Three hours of four are spent as it comes: 75 % is news, 50 % is none."""
    first = replace_goal(DONE, priority=1)
    slow = sla("Slow", "8h", priority=[4])
    life = begun(first, slow).on("09:00", prioritised(4)).on("12:15", prioritised(1))
    assert due(life) == [("12:15", "resolution Done 75"), ("13:00", "resolution Done breach")]


def test_a_target_that_comes_too_late_is_broken_at_once_without_a_warning() -> None:
    first, slow = replace_goal(DONE, priority=1), sla("Slow", "8h", priority=[4])
    life = begun(first, slow).on("09:00", prioritised(4)).on("14:00", prioritised(1))
    assert due(life) == [("14:00", "resolution Done breach")]


def replace_goal(target: str, *, priority: int) -> str:
    """The same target, for one priority only."""
    return target.replace('goal = "4h"', f'goal = "4h"\nwhen = {{ priority = [{priority}] }}')


# Promises of their own


def update(at: str | None, audience: Audience = Audience.AFFECTED_USERS) -> e.UpdatePosted:
    """An update that says when the next one comes."""
    life = Life(published(MATRIX))
    due_at = None if at is None else life.at(at)
    return e.UpdatePosted(audience=audience, message="Soon.", next_update_due=due_at)


def test_who_was_told_when_to_hear_again_is_remembered() -> None:
    life = begun().on("10:00", update("11:00"))
    assert due(life) == [("11:00", "update")]
    assert fields(life, "update") == [{"since": 3}]
    assert due(life.on("10:30", update("12:00"))) == [("12:00", "update")]


@pytest.mark.parametrize(
    "event",
    [
        update(None),
        update(None, Audience.RESPONDERS),
        replace(NOTED, visibility=Visibility.PUBLIC),
        RESOLVED,
        CANCELLED,
    ],
)
def test_a_promised_update_is_no_more_expected_once(event: e.IncidentEvent) -> None:
    """Somebody was told, or promised nothing more, or there is nothing left to tell."""
    life = begun().on("10:00", update("11:00")).on("10:30", event)
    assert [each for each in due(life) if each[1] == "update"] == []


def test_an_internal_note_tells_nobody() -> None:
    assert due(begun().on("10:00", update("11:00")).on("10:30", NOTED)) == [("11:00", "update")]


def test_a_workaround_expires_while_it_is_in_effect() -> None:
    life = begun()
    two = [e.WorkaroundApplied(workaround=w, expires_at=life.at("12:00")) for w in ("W1", "W2")]
    life = life.on("10:00", *two)
    assert due(life) == [("12:00", "workaround W1"), ("12:00", "workaround W2")]
    assert fields(life, "workaround")[1] == {"since": 4, "workaround": "W2"}
    gone = life.on("11:00", e.WorkaroundWithdrawn(workaround="W1", reason="No."))
    assert due(gone) == [("12:00", "workaround W2")]
    assert due(gone.on("11:30", CLOSED)) == []


def test_a_workaround_without_an_end_never_expires() -> None:
    assert due(begun().on("10:00", e.WorkaroundApplied(workaround="W1"))) == []


def test_a_wait_has_an_end_if_somebody_set_one() -> None:
    life = begun()
    waits = replace(held(), until=life.at("12:00"))
    life = life.on("10:00", waits)
    assert due(life) == [("12:00", "hold")]
    assert fields(life, "hold") == [{"since": 3}]
    assert due(life.on("11:00", RESUMED)) == []
    assert due(life.on("11:00", held(HoldReason.AWAITING_VENDOR))) == []


def test_days_after_it_was_resolved_it_is_closed_by_silence() -> None:
    """Whole days, whatever the calendar: from the resolution, under the policy of that time."""
    life = begun("[closing]\nauto_close_days = 3\n").on("10:00", RESOLVED)
    (closing,) = life.acts("10:00")
    assert (life.shown(closing.due), closing.named) == ("Thu 5 Mar 10:00", ("closing", "", ""))
    assert closing.fields == {"since": 3, "days": 3, "policy_version": 2}


@pytest.mark.parametrize("event", [CLOSED, REOPENED, CANCELLED])
def test_it_is_not_closed_by_silence_when_it_is_not_waiting_for_that(
    event: e.IncidentEvent,
) -> None:
    life = begun("[closing]\nauto_close_days = 3\n").on("10:00", RESOLVED).on("11:00", event)
    assert due(life) == []


def test_a_policy_that_closes_nothing_by_itself_closes_nothing() -> None:
    assert due(begun().on("10:00", RESOLVED)) == []


def test_taken_over_as_resolved_it_is_closed_by_silence_too() -> None:
    life = begun("[closing]\nauto_close_days = 3\n")
    life = life.on("10:00", replace(IMPORTED, status=Status.RESOLVED))
    assert [life.shown(act.due) for act in life.acts("10:00")] == ["Thu 5 Mar 10:00"]


# The time before an import


def test_nothing_is_struck_for_the_time_before_an_import() -> None:
    """It was the other system's business. What falls due later is ours."""
    life = begun(DONE).on("09:30", IMPORTED, known="11:30")
    assert due(life) == [("12:00", "resolution Done 75"), ("13:00", "resolution Done breach")]
    assert life.timer("18:00").state == "breached", "verdicts are given all the same"


def test_what_was_imported_twice_is_ours_since_the_later_time() -> None:
    life = begun(DONE).on("09:30", IMPORTED, known="10:30").on("09:30", IMPORTED, known="12:30")
    assert due(life) == [("13:00", "resolution Done breach")]
