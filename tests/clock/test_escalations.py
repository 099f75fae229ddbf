"""Who is called in when something takes too long, when, and when not any more."""

import pytest

from tests.clock.kit import MATRIX, Life, due, fields, held, prioritised, published, sla
from tests.domain.examples import (
    ACKNOWLEDGED,
    CANCELLED,
    LOGGED,
    REOPENED,
    REPORTED,
    RESOLVED,
    RESUMED,
)
from tocsin.domain.incident import events as e

DONE = sla("Done", "4h", 'pause = ["awaiting-caller"]\nwarn_at = [50, 75]')
PEOPLE = """
[levels]
1 = "Desk"
2 = "Support"

[groups.desk]
level = 1
members = ["ann"]
managers = ["mia", "noor"]
"""
SLOW = """
[[escalations]]
name = "Slow"
trigger = "elapsed"
pause = ["awaiting-caller"]
steps = [{ after = "1h", to_level = 2 }, { after = "2h", to_manager = 1 }]
repeat = { every = "30m", times = 2 }
"""
SILENCE = """
[[escalations]]
name = "Silence"
trigger = "unacknowledged"
steps = [{ after = "10m", to_group = "desk" }, { after = "30m", to_person = "zoe" }]
"""
HALF = """
[[escalations]]
name = "Half"
trigger = "target"
target = "Done"
steps = [{ percent = 50, to_level = 2 }, { percent = 150, to_manager = 2 }]
"""


def begun(*parts: str) -> Life:
    """Reported at nine, under these rules."""
    return Life(published(MATRIX + "".join(parts))).on("09:00", REPORTED, LOGGED)


def test_an_escalation_takes_its_steps_and_repeats_the_last_one() -> None:
    life = begun(PEOPLE, SLOW)
    assert due(life) == [
        ("10:00", "escalation Slow 1+0"),
        ("11:00", "escalation Slow 2+0"),
        ("11:30", "escalation Slow 2+1"),
        ("12:00", "escalation Slow 2+2"),
    ]
    first, second, *_ = fields(life, "escalation")
    assert first == {
        "escalation": "Slow", "trigger": "elapsed", "since": 2, "step": 1, "repetition": 0,
        "kind": "functional", "level": 2, "group": None, "person": None, "policy_version": 2,
        "waited_seconds": 3_600,
    }  # fmt: skip
    assert (second["kind"], second["level"], second["step"]) == ("hierarchical", None, 2)


@pytest.mark.parametrize(
    ("to", "person"),
    [(None, None), ("desk", "mia"), ("elsewhere", None)],
)
def test_a_manager_is_that_of_the_group_that_has_the_incident_by_then(
    to: str | None, person: str | None
) -> None:
    """Nobody has it, or a group that the policy does not know: then nobody stands up the line."""
    life = begun(PEOPLE, SLOW).on("10:30", e.IncidentAssigned(group=to))
    assert [each["person"] for each in fields(life, "escalation")] == [None, *[person] * 3]


def test_a_line_of_managers_ends() -> None:
    life = begun(PEOPLE, DONE, HALF.replace("to_manager = 2", "to_manager = 3"))
    life = life.on("09:30", e.IncidentAssigned(group="desk"))
    assert [each["person"] for each in fields(life, "escalation")] == [None, None]
    known = begun(PEOPLE, DONE, HALF).on("09:30", e.IncidentAssigned(group="desk"))
    assert [each["person"] for each in fields(known, "escalation")] == [None, "noor"]


def test_an_escalation_waits_while_the_incident_waits_and_ends_with_it() -> None:
    life = begun(PEOPLE, SLOW).on("09:30", held()).on("10:30", RESUMED)
    assert due(life)[0] == ("11:00", "escalation Slow 1+0")
    assert due(life.on("11:30", RESOLVED)) == [("11:00", "escalation Slow 1+0")]


def test_reopened_an_escalation_by_time_begins_anew() -> None:
    life = begun(PEOPLE, SLOW).on("10:30", RESOLVED).on("14:00", REOPENED)
    assert due(life)[:2] == [("10:00", "escalation Slow 1+0"), ("15:00", "escalation Slow 1+0")]


def test_nobody_acknowledges_and_steps_are_taken_until_somebody_does() -> None:
    life = begun(PEOPLE, SILENCE)
    assert due(life) == [("09:10", "escalation Silence 1+0"), ("09:30", "escalation Silence 2+0")]
    assert [act.missed for act in life.acts("09:00")] == [True, True]
    assert [each["group"] or each["person"] for each in fields(life, "escalation")] == [
        "desk", "zoe"
    ]  # fmt: skip
    assert due(life.on("09:20", ACKNOWLEDGED)) == [("09:10", "escalation Silence 1+0")]


def test_one_acknowledgement_is_enough_for_ever() -> None:
    life = begun(PEOPLE, SILENCE).on("09:05", ACKNOWLEDGED, RESOLVED).on("10:00", REOPENED)
    assert due(life) == []


def test_cancelled_before_anybody_took_it_and_open_again_somebody_has_to() -> None:
    life = begun(PEOPLE, SILENCE).on("09:05", CANCELLED).on("12:00", REOPENED)
    assert due(life)[0] == ("12:10", "escalation Silence 1+0")


def test_a_rule_that_comes_to_hold_counts_from_the_beginning_but_calls_nobody_earlier() -> None:
    """Critical at 10:30: an hour was over at 10:00, so the first step is taken at 10:30."""
    urgent = SLOW.replace('trigger = "elapsed"', 'trigger = "elapsed"\nwhen = { priority = [1] }')
    life = begun(PEOPLE, urgent).on("10:30", prioritised(1))
    assert due(life) == [
        ("10:30", "escalation Slow 1+0"),
        ("11:00", "escalation Slow 2+0"),
        ("11:30", "escalation Slow 2+1"),
        ("12:00", "escalation Slow 2+2"),
    ]


def test_a_rule_that_comes_very_late_repeats_nothing_of_what_it_missed() -> None:
    urgent = SLOW.replace('trigger = "elapsed"', 'trigger = "elapsed"\nwhen = { priority = [1] }')
    life = begun(PEOPLE, urgent).on("11:45", prioritised(1))
    assert due(life) == [
        ("11:45", "escalation Slow 1+0"),
        ("11:45", "escalation Slow 2+0"),
        ("12:00", "escalation Slow 2+2"),
    ]


def test_a_rule_that_holds_no_more_calls_nobody() -> None:
    urgent = SLOW.replace('trigger = "elapsed"', 'trigger = "elapsed"\nwhen = { priority = [1] }')
    life = begun(PEOPLE, urgent).on("09:00", prioritised(1)).on("10:30", prioritised(4))
    assert due(life) == [("10:00", "escalation Slow 1+0")]
    again = life.on("10:45", prioritised(1))
    assert due(again)[1] == ("11:00", "escalation Slow 2+0")


def test_a_rule_that_comes_back_after_repetitions_were_due_takes_the_step_once() -> None:
    urgent = SLOW.replace('trigger = "elapsed"', 'trigger = "elapsed"\nwhen = { priority = [1] }')
    life = begun(PEOPLE, urgent).on("09:00", prioritised(1)).on("10:30", prioritised(4))
    assert due(life.on("11:40", prioritised(1))) == [
        ("10:00", "escalation Slow 1+0"),
        ("11:40", "escalation Slow 2+0"),
        ("12:00", "escalation Slow 2+2"),
    ]


def test_another_priority_leaves_a_rule_as_it_was_that_holds_for_both() -> None:
    assert due(begun(PEOPLE, SLOW).on("09:30", prioritised(1))) == due(begun(PEOPLE, SLOW))


def test_repetitions_that_another_policy_would_have_had_are_not_made_up_for() -> None:
    """Its steps were taken by then; it repeats the last one from now on."""
    often = SLOW.replace('every = "30m", times = 2', 'every = "20m", times = 6')
    documents = [MATRIX + PEOPLE + each for each in (SLOW, often)]
    life = Life(published(*documents, before=(1, 3)))
    life = life.on("09:00", REPORTED, LOGGED).on("12:10", prioritised(1))
    assert due(life)[2:] == [
        ("11:30", "escalation Slow 2+1"),
        ("12:00", "escalation Slow 2+2"),
        ("12:20", "escalation Slow 2+4"),
        ("12:40", "escalation Slow 2+5"),
        ("13:00", "escalation Slow 2+6"),
    ]


def test_a_rule_that_comes_when_it_is_acknowledged_or_over_calls_nobody() -> None:
    urgent = (SILENCE + SLOW).replace('"\nsteps', '"\nwhen = { priority = [1] }\nsteps').replace(
        '"]\nsteps', '"]\nwhen = { priority = [1] }\nsteps'
    )  # fmt: skip
    seen = begun(PEOPLE, urgent).on("09:05", ACKNOWLEDGED).on("09:20", prioritised(1))
    assert {what.split()[1] for _, what in due(seen)} == {"Slow"}
    over = begun(PEOPLE, urgent).on("09:05", RESOLVED).on("12:00", prioritised(1))
    assert due(over) == []


def test_steps_by_percent_follow_their_target() -> None:
    """Also beyond its end: at 150 % of four hours."""
    life = begun(PEOPLE, DONE, HALF)
    steps = [each for each in due(life) if each[1].startswith("escalation")]
    assert steps == [("11:00", "escalation Half 1+0"), ("15:00", "escalation Half 2+0")]
    assert not any(act.missed for act in life.acts("09:00"))


def test_at_one_instant_a_warning_comes_before_a_breach_and_that_before_an_escalation() -> None:
    early = sla("First", "2h", measure="first-response")
    assert due(begun(DONE, early, PEOPLE, HALF))[:3] == [
        ("11:00", "resolution Done 50"),
        ("11:00", "first-response First breach"),
        ("11:00", "escalation Half 1+0"),
    ]
