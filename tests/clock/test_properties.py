"""What holds of clocks in any life of an incident, under any policies."""

from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

import orjson
from hypothesis import example, given
from hypothesis import strategies as st

from tests.clock.lives import (
    ANSWERED_LONG_AGO,
    CALENDARS,
    FIRST,
    GAPS,
    HELD,
    PRIORITISED,
    PROMISED_AGAIN,
    REOPENED_TO_NOTHING,
    RESUMED,
    Life,
    Told,
    in_envelope,
    lives,
    logged,
    policies,
)
from tests.clock.oracle import MINUTE_US, Published, Verdict, minutes, open_minutes, verdicts
from tocsin.domain.clock.happening import Happening, happening
from tocsin.domain.clock.plan import Rulebooks
from tocsin.domain.clock.reckoning import reckon
from tocsin.domain.clock.timer import Timer
from tocsin.domain.clock.values import TimerState
from tocsin.domain.incident import events as e
from tocsin.domain.kernel import Recorded
from tocsin.domain.policy import Policy
from tocsin.domain.policy.events import PolicyPublished
from tocsin.domain.policy.state import POLICY_STREAM

CALENDARS_BY_NAME = {each.name: each for each in CALENDARS}


def published(position: int, policy: Policy) -> Recorded[PolicyPublished]:
    """The publication of a policy, as the log tells of it."""
    number, text = policy.version, policy.compiled
    event = PolicyPublished(version=number, document="-", compiled=text, note="A test")
    return in_envelope(event, number, position, 0, POLICY_STREAM)


def books(policies: Published) -> Rulebooks:
    """The policies, as the log tells of them."""
    found = Rulebooks()
    for position, policy in policies:
        found.add(published(position, policy))
    return found


def told(history: Iterable[Recorded[e.IncidentEvent]], rules: Rulebooks) -> list[Happening]:
    """What clocks know of a history."""
    found = (happening(each, rules.in_force(each.position)) for each in history)
    return [each for each in found if each is not None]


def timers(life: Life) -> list[Timer]:
    """Every timer of a life."""
    rules = books(life.published)
    return reckon(told(life.history, rules), rules, life.as_of * MINUTE_US).timers


def whole(microseconds: int) -> int:
    """In minutes: everything happens on the minute here."""
    found, rest = divmod(microseconds, MINUTE_US)
    assert rest == 0
    return found


def verdict(timer: Timer) -> Verdict:
    """A timer as the watcher would put it."""
    return Verdict(
        measure=timer.measure,
        group=timer.group,
        began=whole(timer.began),
        cycle=timer.cycle,
        target=timer.target,
        goal=whole(timer.goal_us),
        state=timer.state,
        ended=None if timer.ended is None else whole(timer.ended),
        spent=whole(timer.spent_us),
        paused=whole(timer.paused_us),
        breached=None if timer.breached is None else whole(timer.breached),
        overall=whole(timer.overall_us),
    )


def sorted_by_cycle(found: Iterable[Verdict]) -> list[Verdict]:
    """In an order of its own: within a cycle, targets come in any."""
    return sorted(found, key=lambda each: (each.measure, each.began, each.cycle, each.target))


@given(lives())
@example(PROMISED_AGAIN)
@example(REOPENED_TO_NOTHING)
@example(ANSWERED_LONG_AGO)
def test_every_timer_is_what_somebody_who_watches_would_say(life: Life) -> None:
    watched = verdicts(life.history, life.published, life.as_of, life.window)
    assert sorted_by_cycle(watched) == sorted_by_cycle(map(verdict, timers(life)))


def kept_json(happenings: Iterable[Happening]) -> list[Happening]:
    """As a read model keeps them."""
    return [Happening(*each) for each in orjson.loads(orjson.dumps([*map(list, happenings)]))]


@given(lives())
def test_clocks_that_follow_the_log_say_at_every_event_what_a_replay_says(life: Life) -> None:
    """Who follows knows no policy that is yet to come, and keeps what it was told as JSON."""
    following, happenings = Rulebooks(), list[Happening]()
    log: list[Recorded[Any]] = [*life.history, *(published(*each) for each in life.published)]
    log.sort(key=lambda each: each.position)
    for recorded in log:
        if isinstance(recorded.event, PolicyPublished):
            following.add(recorded)
            continue
        happenings = kept_json([*happenings, *told([recorded], following)])
        live = reckon(happenings, following, life.as_of * MINUTE_US)
        past = life.history[: recorded.version]
        assert timers(replace(life, history=past)) == live.timers


@given(lives(before=FIRST, corrected=False), st.randoms(use_true_random=False))
def test_what_is_told_late_counts_as_if_it_had_been_told_in_time(life: Life, chance: Any) -> None:
    """When nothing else happened in the same minute, and one policy was in force."""
    events: Told = [(minutes(each.occurred_at), each.event) for each in life.history]
    chance.shuffle(events)
    history, _ = logged(events, [0])
    in_other_order = replace(life, history=history)
    assert [*map(verdict, timers(life))] == [*map(verdict, timers(in_other_order))]


@st.composite
def with_a_pause(draw: st.DrawFn) -> tuple[Life, Life]:
    """A life in which nobody waits, and the same one with some waiting in it."""
    life = draw(lives(before=FIRST, corrected=False))
    waits = e.IncidentHeld | e.IncidentResumed
    events: Told = [
        (minutes(each.occurred_at), each.event)
        for each in life.history
        if not isinstance(each.event, waits)
    ]
    first = min(at for at, _ in events)
    waiting: Told = []
    for begin, length in draw(st.lists(st.tuples(GAPS, GAPS), min_size=1, max_size=3)):
        held = draw(st.sampled_from(HELD))
        waiting += [(first + begin, held), (first + begin + length, RESUMED)]
    return (
        replace(life, history=logged(events, [0])[0]),
        replace(life, history=logged(events + waiting, [0])[0]),
    )


def until(life: Life, minute: int) -> Life:
    """As it was known in that minute, when everything is told at once."""
    past = [each for each in life.history if minutes(each.occurred_at) <= minute]
    return replace(life, history=tuple(past), as_of=minute)


@given(with_a_pause())
def test_a_pause_never_makes_a_clock_run_faster(both: tuple[Life, Life]) -> None:
    """At no moment has more been spent with it than without it, and nothing is breached sooner."""
    without, paused = both
    instants = {minutes(each.occurred_at) for each in paused.history} | {without.as_of}
    for minute in sorted(instants):
        slow = {_name(each): each for each in map(verdict, timers(until(paused, minute)))}
        for fast in map(verdict, timers(until(without, minute))):
            same = slow[_name(fast)]
            assert same.spent <= fast.spent
            assert same.breached is None or fast.breached is not None
            assert (same.breached or 0) >= (fast.breached or 0) or same.breached is None


def _name(one: Verdict) -> tuple[Any, ...]:
    return one.measure, one.group, one.began, one.cycle, one.target


def as_bytes(found: Iterable[Timer]) -> list[bytes]:
    return [orjson.dumps(asdict(each), option=orjson.OPT_SORT_KEYS) for each in found]


@given(lives(), policies(99), st.sampled_from(PRIORITISED))
def test_another_policy_leaves_every_earlier_verdict_byte_for_byte(
    life: Life, other: Policy, then: e.IncidentPrioritised
) -> None:
    before = timers(life)
    head = max([each.position for each in life.history] + [at for at, _ in life.published])
    edited = replace(life, published=(*life.published, (head + 1, other)))
    assert as_bytes(before) == as_bytes(timers(edited))

    event = in_envelope(then, len(life.history) + 1, head + 2, life.as_of)
    after = {
        (each.measure, each.group, each.began, each.target): each
        for each in timers(replace(edited, history=(*life.history, event)))
    }
    for timer in before:
        later = after[timer.measure, timer.group, timer.began, timer.target]
        if timer.state is TimerState.MET:
            assert as_bytes([timer]) == as_bytes([later])
            assert other.version != later.policy_version
        if timer.breached is not None:
            assert (later.state, later.breached) == (TimerState.BREACHED, timer.breached)


@given(lives())
def test_what_is_spent_and_what_remains_until_it_is_due_make_the_goal(life: Life) -> None:
    """Counted on the calendar, minute by minute, from now to the due instant of a running clock."""
    rules = books(life.published)
    for timer in timers(life):
        if timer.state is TimerState.RUNNING:
            assert timer.due is not None
            calendar = _calendar(rules(timer.policy_version).policy, timer.target)
            now, end = life.as_of - life.window.begin, whole(timer.due) - life.window.begin
            open_ = open_minutes(CALENDARS_BY_NAME[calendar], life.window)
            remains = whole(timer.goal_us) - whole(timer.spent_us)
            assert remains > 0
            if end <= life.window.length:
                assert remains == sum(open_[now:end])
                assert open_[end - 1], "it is due the moment that the last minute is spent"
            else:
                assert remains > sum(open_[now:])
        elif timer.state is TimerState.PAUSED:
            assert timer.due is None


def _calendar(policy: Policy, target: str) -> str:
    return next(each.calendar for each in policy.targets if each.name == target)
