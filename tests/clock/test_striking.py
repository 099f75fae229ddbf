"""What of time goes on record, once, on a stream of its own; and what is taken back there."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from tests.clock.kit import INCIDENT, MATRIX, Life, held, in_log, published, sla
from tests.clock.samples import BROKEN, ESCALATED, MISSED, OF, WARNED
from tests.domain.examples import (
    ACKNOWLEDGED,
    LOGGED,
    REOPENED,
    REPORTED,
    RESOLVED,
    RESUMED,
)
from tocsin.domain.clock import events as c
from tocsin.domain.clock.agenda import PART, Act, acts, open_acts, pending
from tocsin.domain.clock.commands import Strike
from tocsin.domain.clock.events import ClockEvent
from tocsin.domain.clock.happening import clock_stream
from tocsin.domain.clock.state import CLOCK, Clock
from tocsin.domain.incident import events as e
from tocsin.domain.incident.values import Fact
from tocsin.domain.kernel import Recorded, aggregate_of
from tocsin.domain.openings import instant, microseconds
from tocsin.domain.policy import DEFAULT_POLICY

CLOCK_STREAM = clock_stream(INCIDENT)
DONE = sla("Done", "4h", 'pause = ["awaiting-caller"]\nwarn_at = [75]')
SILENCE = """
[levels]
1 = "Desk"
2 = "Support"

[[escalations]]
name = "Silence"
trigger = "unacknowledged"
steps = [{ after = "10m", to_level = 2 }]
"""


def begun(*parts: str) -> Life:
    """Reported at nine, under these rules."""
    return Life(published(MATRIX + "".join(parts))).on("09:00", REPORTED, LOGGED)


def clock(*struck: Recorded[ClockEvent]) -> Clock:
    """The clock after some acts."""
    return CLOCK.fold(CLOCK_STREAM, struck)


def strike(act: Act, state: Clock, version: int = 4) -> list[ClockEvent]:
    """What is recorded when the timekeeper asks."""
    command = Strike(incident_id=INCIDENT, incident_version=version, act=act)
    return list(command.decide(state, DEFAULT_POLICY))


def struck(acts: Sequence[Act], version: int = 4) -> list[Recorded[ClockEvent]]:
    """Acts on record, one after the other."""
    found: list[Recorded[ClockEvent]] = []
    for act in acts:
        for event in strike(act, clock(*found), version):
            at = act.occurred_at or instant(act.due)
            found.append(in_log(event, CLOCK_STREAM, len(found) + 1, len(found) + 10, at))
    return found


# Strike


def test_what_fell_due_goes_on_record() -> None:
    warning, breach = begun(DONE).acts("09:00")
    assert strike(warning, clock()) == [WARNED]
    assert strike(breach, clock()) == [BROKEN]


def test_what_is_on_record_is_not_said_twice() -> None:
    """Another server, or the same one after a crash, finds the same thing due."""
    life = begun(DONE)
    warning, breach = life.acts("09:00")
    after = clock(*struck([warning]))
    assert strike(warning, after, version=9) == []
    assert strike(breach, after) == [BROKEN]


def test_nobody_has_acknowledged_it_is_said_with_the_step_that_follows() -> None:
    (act,) = begun(SILENCE).acts("09:00")
    assert strike(act, clock()) == [MISSED, ESCALATED]


def test_a_breach_is_withdrawn_only_if_it_is_on_record_and_once() -> None:
    life = begun(DONE)
    _, breach = life.acts("09:00")
    past = struck([breach])
    told = life.on("10:00", held(), known="15:00").on("12:00", RESUMED, known="15:00")
    (withdrawal,) = [act for act in open(told, past) if act.event is c.BreachWithdrawn]
    assert strike(withdrawal, clock()) == []
    (said,) = strike(withdrawal, clock(*past))
    assert said == c.BreachWithdrawn(**OF, breached_at=instant(breach.due))
    after = clock(*past, in_log(said, CLOCK_STREAM, 2, 20, life.at("15:00")))
    assert strike(withdrawal, after) == []


def test_what_was_withdrawn_may_be_broken_again() -> None:
    """Later, once the wait that nobody had known of is taken off."""
    life = begun(DONE)
    past = struck(life.acts("09:00"))
    told = life.on("10:00", held(), known="14:00").on("12:00", RESUMED, known="14:00")
    (withdrawal,) = open(told, past)
    past = struck([*life.acts("09:00"), withdrawal])
    (breach,) = open(told, past)
    assert (withdrawal.event, breach.event) == (c.BreachWithdrawn, c.TargetBreached)
    assert [life.shown(each.due) for each in (withdrawal, breach)] == [
        "Mon 2 Mar 13:00",
        "Mon 2 Mar 15:00",
    ]
    assert open(told, struck([*life.acts("09:00"), withdrawal, breach])) == []


# What is open


def open(life: Life, past: Sequence[Recorded[ClockEvent]]) -> list[Act]:  # noqa: A001
    """What is not on record yet."""
    return open_acts(life.acts("09:00"), clock(*past).struck)


def test_all_that_falls_due_is_open_until_it_is_on_record() -> None:
    life = begun(DONE, SILENCE)
    everything = life.acts("09:00")
    assert open(life, []) == everything
    for place in range(len(everything) + 1):
        assert open(life, struck(everything[:place])) == everything[place:]


def test_only_what_is_due_by_now_is_pending() -> None:
    life = begun(DONE)
    for at, count in (("11:59", 0), ("12:00", 1), ("13:00", 2)):
        assert len(pending(life.happenings(), life.rules, {}, life.us(at))) == count
    known = clock(*struck(life.acts("09:00")[:1])).struck
    (due,) = pending(life.happenings(), life.rules, known, life.us("18:00"))
    assert due.event is c.TargetBreached


@pytest.mark.parametrize(
    "told",
    [
        [("10:00", e.IncidentCorrected(
            fact=Fact.REPORTED_AT, was=None, now="2026-03-02T09:30:00Z", reason="It was later."))],
        [("12:30", RESOLVED)],
        [("09:30", e.IncidentCancelled(reason="A false alarm."))],
    ],
)  # fmt: skip
def test_a_breach_that_is_not_borne_out_is_withdrawn(
    told: list[tuple[str, e.IncidentEvent]],
) -> None:
    """It was at another time, or resolved by then, or nothing was promised."""
    life = begun(DONE)
    past = struck(life.acts("09:00"))
    for at, event in told:
        life = life.on(at, event, known="15:00")
    first, *_ = open(life, past)
    assert first.event is c.BreachWithdrawn
    assert first.fields == {
        "measure": "resolution",
        "group": None,
        "since": 1,
        "target": "Done",
        "breached_at": life.at("13:00"),
    }
    assert first.occurred_at is None, "it is only understood now"


def test_a_warning_or_a_step_is_never_taken_back() -> None:
    """People were told and called; that happened."""
    life = begun(DONE, SILENCE)
    past = struck(life.acts("09:00")[:2])
    late = life.on("09:05", ACKNOWLEDGED, RESOLVED, known="12:30")
    assert open(late, past) == []


def test_the_breach_of_a_group_names_it_when_it_is_withdrawn() -> None:
    ola = SILENCE.replace("[[esc", '[groups.desk]\nlevel = 1\nmembers = ["ann"]\n\n[[esc') + (
        '[[ola]]\nname = "Passed on"\ngroups = ["desk"]\ngoal = "1h"\n'
    )
    life = begun(ola).on("09:00", e.IncidentAssigned(group="desk"))
    broken = [act for act in life.acts("09:00") if act.named[0] == "group"]
    late = life.on("09:30", RESOLVED, known="11:00")
    taken_back = [act for act in open(late, struck(broken)) if act.event is c.BreachWithdrawn]
    assert [act.fields["group"] for act in taken_back] == ["desk"]


def test_each_cycle_has_its_own_acts() -> None:
    """Broken in the first one, and in the second: two breaches."""
    life = begun(DONE).on("14:00", RESOLVED).on("15:00", REOPENED)
    keys = [act.key for act in life.acts("09:00")]
    assert len(keys) == len(set(keys)) == 4
    assert len(open(life, struck(life.acts("09:00")[:2]))) == 2


# The clock itself


def test_a_clock_remembers_what_was_struck_and_for_when() -> None:
    life = begun(DONE)
    after = clock(*struck(life.acts("09:00")))
    assert after.version == 2
    assert [*after.struck.values()] == [life.us("12:00"), life.us("13:00")]
    assert all(PART in key for key in after.struck)


def test_what_only_accompanies_an_act_is_not_one() -> None:
    (act,) = begun(SILENCE).acts("09:00")
    assert len(struck([act])) == 2
    assert len(clock(*struck([act])).struck) == 1


def test_time_was_always_there_and_nobody_can_ask_it_for_anything() -> None:
    empty = CLOCK.initial(UUID(int=3))
    assert (empty.version, empty.earliest(), empty.possible()) == (0, None, ())
    assert CLOCK.always
    assert aggregate_of(BROKEN) is CLOCK
    assert list(CLOCK.claims(empty, BROKEN)) == []


def test_an_act_occurred_when_it_was_due() -> None:
    life = begun(DONE)
    warning, _ = acts(life.reckoned("09:00", ahead=True), life.rules)
    assert warning.occurred_at == life.at("12:00")
    assert microseconds(life.at("12:00")) == warning.due
