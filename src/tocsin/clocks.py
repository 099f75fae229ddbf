"""The clocks of one incident as people and programs read them: each with the events behind it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tocsin.domain.clock.agenda import acts, open_acts
from tocsin.domain.clock.happening import Happening, happening, in_order, reach
from tocsin.domain.clock.plan import SECOND, Rulebooks
from tocsin.domain.clock.reckoning import reckon
from tocsin.domain.clock.state import CLOCK
from tocsin.domain.clock.story import Change, Told, explain
from tocsin.domain.clock.values import TimerState
from tocsin.domain.clock.words import words as words_of_time
from tocsin.domain.incident.chronicle import happened_by
from tocsin.domain.incident.words import words
from tocsin.domain.kernel import Recorded
from tocsin.domain.openings import instant, microseconds

UPCOMING = 20
"""Acts that are told ahead: the history as it stands makes no promise beyond the first few."""


def sheet(
    history: Sequence[Recorded[Any]],
    struck: Sequence[Recorded[Any]],
    rules: Rulebooks,
    as_of: datetime,
) -> dict[str, Any]:
    """Every clock of an incident up to an instant, why it stands so, and what falls due next.

    `history` is that of the incident, `struck` that of its clock's stream; both as far as they are
    to be believed. Only what had happened by then counts, by all that they say: a correction from
    when the fact held that it sets right.
    """
    known = (happening(each, rules.in_force(each.position)) for each in history)
    ordered = in_order(each for each in known if each is not None)
    limit = reach(microseconds(as_of))
    happenings = [each for each in ordered if each.at <= limit]
    told_by = [version for deed in happened_by(history, as_of) for version in deed.told_by]
    on_record = [each for each in struck if each.occurred_at <= as_of]
    causes = {each.version: each for each in history}
    return {
        "incident_id": history[0].stream,
        "version": max(told_by, default=0),
        "as_of": as_of,
        "clocks": [
            _clock(told, causes) for told in explain(happenings, rules, microseconds(as_of))
        ],
        "recorded": [_recorded(each) for each in on_record],
        "upcoming": _upcoming(happenings, on_record, rules, as_of) if happenings else [],
    }


def _at(us: int | None) -> datetime | None:
    return None if us is None else instant(us)


def _clock(told: Told, causes: Mapping[int, Recorded[Any]]) -> dict[str, Any]:
    timer = told.timer
    left = timer.goal_us - timer.spent_us
    return {
        "measure": timer.measure,
        "target": timer.target,
        "group": timer.holder,
        "cycle": timer.cycle,
        "since": timer.began_by,
        "state": timer.state,
        "priority": timer.priority,
        "policy_version": timer.policy_version,
        "began_at": instant(timer.began),
        "applied_at": instant(timer.applied),
        "ended_at": _at(timer.ended),
        "due_at": _at(timer.due),
        "breached_at": _at(timer.breached),
        "goal_seconds": timer.goal_us // SECOND,
        "spent_seconds": timer.spent_us // SECOND,
        "remaining_seconds": left // SECOND if timer.ended is None else None,
        "paused_seconds": timer.paused_us // SECOND,
        "overall_spent_seconds": timer.overall_us // SECOND,
        "percent": timer.percent,
        "running": timer.ended is None and timer.state is not TimerState.CANCELLED,
        "changes": [_change(change, causes) for change in told.changes],
    }


def _change(change: Change, causes: Mapping[int, Recorded[Any]]) -> dict[str, Any]:
    cause = causes.get(change.by) if change.by is not None else None
    return {
        "kind": change.kind,
        "at": instant(change.at),
        "spent_seconds": change.spent_us // SECOND,
        "reason": change.reason or None,
        "cause": _cause(cause) if cause is not None else None,
    }


def _cause(recorded: Recorded[Any]) -> dict[str, Any]:
    return {
        "version": recorded.version,
        "event": recorded.event.event_name,
        "actor": recorded.actor,
        "occurred_at": recorded.occurred_at,
        "recorded_at": recorded.recorded_at,
        "words": words(recorded.event),
    }


def _recorded(recorded: Recorded[Any]) -> dict[str, Any]:
    return {
        "event": recorded.event.event_name,
        "occurred_at": recorded.occurred_at,
        "recorded_at": recorded.recorded_at,
        "position": recorded.position,
        "words": words_of_time(recorded.event),
    }


def _upcoming(
    happenings: Sequence[Happening],
    known: Sequence[Recorded[Any]],
    rules: Rulebooks,
    as_of: datetime,
) -> list[dict[str, Any]]:
    """What is not on record yet, the earliest first, if nothing else happens."""
    reckoned = reckon(happenings, rules, microseconds(as_of), ahead=True)
    on_record = CLOCK.fold(known[0].stream, known).struck if known else {}
    found = []
    for act in open_acts(acts(reckoned, rules), on_record)[:UPCOMING]:
        kind, name, mark = act.named
        due = {"due_at": instant(act.due), "event": act.event.event_name}
        found.append({**due, "kind": kind, "name": name, "mark": mark})
    return found
