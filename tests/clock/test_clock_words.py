"""How time says what it did: one of each event, its key, its name, its sentence."""

from typing import get_args

import pytest

from tests.clock.kit import INCIDENT, MATRIX, Life, held, published, sla
from tests.clock.samples import (
    BROKEN,
    CLOSING,
    ESCALATED,
    EXPIRED,
    LAPSED,
    MISSED,
    OF,
    REMINDED,
    WARNED,
    WITHDRAWN,
)
from tests.domain.examples import LOGGED, REPORTED, RESOLVED, UPDATED
from tocsin.domain.clock import events as c
from tocsin.domain.clock.agenda import Act, key_of
from tocsin.domain.clock.events import ClockEvent
from tocsin.domain.clock.words import words
from tocsin.domain.incident import events as e
from tocsin.domain.kernel import replace

DONE = sla("Done", "4h", "warn_at = [75]")
SILENCE = """
[levels]
1 = "Desk"
2 = "Support"

[[escalations]]
name = "Silence"
trigger = "unacknowledged"
steps = [{ after = "10m", to_level = 2 }]
"""
SAID: list[tuple[ClockEvent, str]] = [
    (WARNED, "75 % of the time for “Done” is used up."),
    (BROKEN, "“Done” is breached."),
    (c.TargetBreached(**OF, group="desk", goal_seconds=1, policy_version=2),
     "“Done” of desk is breached."),
    (WITHDRAWN, "“Done” was not breached at 1970-01-01 00:00 UTC after all."),
    (MISSED, "Nobody has acknowledged it in time (Silence)."),
    (ESCALATED, "Silence, step 1: functional to level 2."),
    (REMINDED, "The update that people were promised is due."),
    (EXPIRED, "Workaround W1 has expired, and is still in effect."),
    (LAPSED, "It was to wait until now, and still waits."),
    (CLOSING, "It has been resolved for 14 days, and nobody has objected."),
]  # fmt: skip
"""One of each event of a clock, as people read it."""


def test_an_event_has_the_key_of_the_act_that_it_records() -> None:
    closing = "[closing]\nauto_close_days = 3\n"
    life = Life(published(MATRIX + DONE + SILENCE + closing)).on("09:00", REPORTED, LOGGED)
    update = replace(UPDATED, next_update_due=life.at("11:00"))
    workaround = e.WorkaroundApplied(workaround="W1", expires_at=life.at("12:00"))
    held_until = e.IncidentHeld(reason=held().reason, until=life.at("12:00"))
    life = life.on("10:00", update, workaround)
    kinds = set()
    for one in (life, life.on("10:10", held_until), life.on("13:30", RESOLVED)):
        for act in one.acts("09:00"):
            *_, event = act.told(INCIDENT, 4)
            assert key_of(event) == act.key
            kinds.add(type(event))
    assert kinds == {*get_args(ClockEvent)} - {c.BreachWithdrawn, c.AcknowledgementMissed}
    assert key_of(WITHDRAWN) == key_of(BROKEN)
    assert key_of(MISSED) is None, "it comes with a step, which has one"


@pytest.mark.parametrize(
    ("event", "named"),
    [
        (WARNED, ("resolution", "Done", "75")),
        (BROKEN, ("resolution", "Done", "breach")),
        (ESCALATED, ("escalation", "Silence", "1+0")),
        (REMINDED, ("update", "", "")),
        (EXPIRED, ("workaround", "W1", "")),
        (LAPSED, ("hold", "", "")),
        (CLOSING, ("closing", "", "")),
    ],
)
def test_an_act_says_what_kind_it_is_of_what_and_which_step(
    event: ClockEvent, named: tuple[str, str, str]
) -> None:
    key = key_of(event)
    assert key is not None
    assert Act(0, key, type(event)).named == named


@pytest.mark.parametrize(("event", "sentence"), SAID)
def test_what_time_did_is_told_in_a_sentence(event: ClockEvent, sentence: str) -> None:
    assert words(event) == sentence


def test_every_event_of_a_clock_has_its_sentence_here() -> None:
    assert {type(event) for event, _ in SAID} == {*get_args(ClockEvent)}


@pytest.mark.parametrize(
    ("whom", "said"),
    [
        ({"group": "network"}, "functional to network"),
        ({"person": "mia"}, "functional to mia"),
        ({"level": None}, "functional to nobody: the line of managers ends before"),
    ],
)
def test_an_escalation_says_whom_it_calls(whom: dict[str, str | None], said: str) -> None:
    event = c.EscalationFellDue(**{**vars(ESCALATED), "level": None, "repetition": 2, **whom})
    assert words(event) == f"Silence, step 1, again (2): {said}."
