"""The answer to a question, as one JSON document: the same bytes whenever the same is asked."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import orjson

from tocsin.domain.clock.values import TimerState
from tocsin.domain.policy.values import Measure
from tocsin.whatif.question import Question
from tocsin.whatif.tally import SIDES, Tally

Json = dict[str, Any]
_TIMER = ("measure", "priority", "group", "month", "state")
"""What timers are counted by, in the order of the tally's keys."""
ORDERS: dict[str, Callable[[Any], Any]] = {
    "measure": [*Measure].index,
    "priority": lambda value: (value is None, value or 0),
    "group": lambda value: (value is None, value or ""),
    "month": str,
}


def report(question: Question, tally: Tally) -> Json:
    """Put the tally of all incidents into words that people and programs read."""
    timers = {side: _timers(tally, side) for side in SIDES}
    return {
        "question": asked(question),
        "incidents": tally.counts["incidents",],
        "timers": _sides(timers, lambda counted: _standing(_states(counted))),
        **{f"by_{part}": _by(part, timers) for part in ORDERS},
        "verdicts": _listed(tally, "verdicts"),
        "priorities": {
            **_listed(tally, "priorities"),
            "decisions": tally.counts["decisions",],
            "moves": _moves(tally),
        },
        "escalations": {**_listed(tally, "escalations"), "steps": _steps(tally)},
    }


def rendered(answer: Json) -> bytes:
    """The document, canonical and readable: keys sorted, two spaces, one line end at the end."""
    option = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(answer, option=option | orjson.OPT_UTC_Z)


def asked(question: Question) -> Json:
    """What was asked, with policies by the digests of what they mean."""
    against = question.against
    return {
        "policy": question.policy.digest,
        "against": against.digest if against is not None else None,
        "since": _time(question.since),
        "until": _time(question.until),
        "where": [f"{key}={value}" for key, value in question.where],
        "position": question.position,
        "as_of": _time(question.as_of),
    }


def _time(moment: Any) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment is not None else None


def _timers(tally: Tally, side: str) -> list[tuple[tuple[Any, ...], int]]:
    return [(key[1:], count) for key, count in tally.counted("timers") if key[0] == side]


def _sides(timers: dict[str, Any], of: Callable[[Any], Json]) -> Json:
    return {side: of(timers[side]) for side in SIDES}


def _states(counted: Iterable[tuple[tuple[Any, ...], int]]) -> Counter[str]:
    states: Counter[str] = Counter()
    for key, count in counted:
        states[key[-1]] += count
    return states


def _standing(states: Counter[str]) -> Json:
    """How timers stand, and how many of those with a verdict were kept, in percent."""
    met, breached = states[TimerState.MET], states[TimerState.BREACHED]
    decided = met + breached
    return {
        "timers": states.total(),
        **{state.value: states[state] for state in TimerState},
        "attainment_percent": round(100 * met / decided, 2) if decided else None,
    }


def _by(part: str, timers: dict[str, list[tuple[tuple[Any, ...], int]]]) -> list[Json]:
    place = _TIMER.index(part)
    found: dict[Any, dict[str, Counter[str]]] = {}
    for side in SIDES:
        for key, count in timers[side]:
            states = found.setdefault(key[place], {each: Counter() for each in SIDES})
            states[side][key[-1]] += count
    return [
        {part: value, **_sides(found[value], _standing)}
        for value in sorted(found, key=ORDERS[part])
    ]


def _listed(tally: Tally, name: str) -> Json:
    return {"incidents": tally.counts[name,], "listed": tally.list(name)}


def _moves(tally: Tally) -> list[Json]:
    order = ORDERS["priority"]
    moves = sorted(tally.counted("moves"), key=lambda move: [order(each) for each in move[0]])
    return [{"before": b, "after": a, "incidents": count} for (b, a), count in moves]


def _steps(tally: Tally) -> list[Json]:
    """How often each step fell due on each side, and for how many incidents."""
    found = {key[1:] for key, _ in tally.counted("fell-due")}
    return [
        {
            "escalation": name,
            "step": step,
            **{
                side: {
                    "times": tally.counts["fell-due", side, name, step],
                    "incidents": tally.counts["escalated", side, name, step],
                }
                for side in SIDES
            },
        }
        for name, step in sorted(found)
    ]
