"""Differences and reasons as documents: the same over HTTP and from the command line."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tocsin.domain.kernel import Aggregate, Recorded
from tocsin.past.differing import difference
from tocsin.past.differing import line as in_words
from tocsin.past.moments import History, Moment, NotBegun, NothingKnown, Then, then
from tocsin.past.reasons import Reason, Setting, why

Words = Callable[[Any], str]
VERDICTS = {"fulfill": "met", "breach": "breached"}
"""Changes of a clock that settle a promise."""


def line(recorded: Recorded[Any], words: Words) -> dict[str, Any]:
    """One event as a line of a timeline."""
    return {
        "version": recorded.version,
        "position": recorded.position,
        "occurred_at": recorded.occurred_at,
        "recorded_at": recorded.recorded_at,
        "actor": recorded.actor,
        "via": recorded.via,
        "event": recorded.event.event_name,
        "words": words(recorded.event),
    }


def same_moment(first: Moment, last: Moment) -> Moment:
    """The end of a difference: what is said to be known then is about the moment of its beginning,
    if it names none of its own."""
    only_known = last.as_of is None and last.known_at is not None
    return replace(last, as_of=first.as_of) if only_known else last


def differing(
    aggregate: Aggregate[Any], history: History, first: Moment | None, last: Moment, words: Words
) -> dict[str, Any]:
    """What differs between two moments; without the first, from before anything was recorded.

    Raises:
        NotThen: it was not there at the last moment, or there is no such version.
    """
    after = then(aggregate, history, last)
    before: Then[Any] | None = None
    if first is not None:
        try:
            before = then(aggregate, history, first)
        except (NotBegun, NothingKnown):
            before = None
    changes = difference(before.state if before else None, after.state)
    return {
        **aggregate.named(history[0].stream, after.state),
        "from": _end(first, before),
        "to": _end(last, after),
        "changes": [{**change._asdict(), "words": in_words(change)} for change in changes],
        "events": _only(after, before, words),
        "without": _only(before, after, words),
    }


def _end(moment: Moment | None, found: Then[Any] | None) -> dict[str, Any]:
    said = vars(moment) if moment else {"version": None, "as_of": None, "known_at": None}
    return {**said, "version": found.state.version if found else 0}


def _only(one: Then[Any] | None, other: Then[Any] | None, words: Words) -> list[dict[str, Any]]:
    """The events that only one of two moments is made of."""
    known = {each.version for each in other.events} if other else set()
    return [line(each, words) for each in (one.events if one else ()) if each.version not in known]


def explained(
    aggregate: Aggregate[Any],
    history: History,
    moment: Moment,
    field: str | None,
    words: Words,
) -> dict[str, Any]:
    """Why each value is what it is, by what was known.

    Raises:
        NotThen: nothing was, or there is no such version.
        NoSuchValue: there is no such field.
    """
    known = moment.known(history)
    state = aggregate.fold(known[0].stream, known)
    return {
        **aggregate.named(known[0].stream, state),
        "version": state.version,
        "values": [_reason(each, words) for each in why(aggregate, known, field)],
    }


def _reason(reason: Reason, words: Words) -> dict[str, Any]:
    settings = [_setting(each, words) for each in reason.settings]
    return {
        "field": reason.field,
        "value": reason.value,
        "set": settings[0]["set"] if settings else None,
        "earlier": settings[1:],
    }


def _setting(setting: Setting, words: Words) -> dict[str, Any]:
    return {"value": setting.value, "set": line(setting.by, words)}


def verdicts(clocks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Which promises were kept or broken, when, and by which event; by none where time did it."""
    return [
        {
            **{name: clock[name] for name in ("measure", "target", "cycle", "group")},
            "verdict": VERDICTS[change["kind"]],
            "at": change["at"],
            "goal_seconds": clock["goal_seconds"],
            "spent_seconds": change["spent_seconds"],
            "cause": change["cause"],
            "promised_by": _promise(clock, change),
        }
        for clock in clocks
        for change in clock["changes"]
        if change["kind"] in VERDICTS
    ]


def _promise(clock: Mapping[str, Any], verdict: Mapping[str, Any]) -> Any:
    """The event because of which this promise held."""
    applied = [each for each in clock["changes"] if each["kind"] == "apply_sla"]
    before = [each["cause"] for each in applied if each["at"] <= verdict["at"]]
    return before[-1] if before else None
