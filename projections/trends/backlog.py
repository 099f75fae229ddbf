"""How many incidents were open at the end of each period, and how old they were.

Counted as the last day of the period ends, or now, if it has not ended. An incident is open from
its report until it is resolved, and again from each reopening; its age runs from its report. It
counts as older than k days from the end of the k-th day after its report on. Sliced by `state` or
by `held_by`, it counts as what it was on that day: in which open state, in whose hands. Every other
dimension is as it stands now.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tocsin.domain.incident.values import OPEN
from tocsin.trends import USUAL, BadQuestion, Dimension, Grain, Measure, Part, Question, Trend
from tocsin.trends.cells import Array, Cells
from tocsin.trends.levels import LEVEL, Changes
from tocsin.trends.measures import ratio, total
from tocsin.trends.scene import Partials, Scene

VERSION = 1
AGES = (1, 7, 30, 90)
"""Days."""
SECOND_US, DAY_SECONDS = 1_000_000, 86_400
AS_IT_WAS = ("state", "held_by")
"""Dimensions that tell what an incident was, and not what it is."""
STATES = sorted(OPEN)
Flag = Callable[[Any], Any]


def _old_at_once(days: int) -> Flag:
    """Whether a spell began when the incident was that old."""
    return lambda t: t.began_day >= t.reported_day + days


def _old_at_last(days: int) -> Flag:
    """Whether a spell that is over was ever one of an incident that was that old."""
    at_once = _old_at_once(days)
    return lambda t: at_once(t) | (t.ended_day > t.reported_day + days)


def _old_later(days: int) -> Flag:
    """Whether an incident became that old during a spell."""
    return lambda t: (
        (t.began_day < t.reported_day + days)
        & (t.ended_us.isnull() | (t.ended_day > t.reported_day + days))
    )


def _spell(name: str) -> Flag:
    """Spells of that name, but for those that would end before they begin."""
    return lambda t: (t.spell == name) & (t.ended_us.isnull() | (t.ended_us > t.began_us))


def _part(moment: str, old: Callable[[int], Flag]) -> Part:
    return Part(
        table="spells",
        moment=moment,
        rows=_spell("open"),
        sums={
            "reported_seconds": lambda t: t.reported_us // SECOND_US,
            **{f"old_{days}": old(days) for days in AGES},
        },
        days={"began_day": "began_us", "ended_day": "ended_us", "reported_day": "reported_us"},
        dims=dict.fromkeys(AS_IT_WAS, "value"),
        grain=Grain.DAY,
    )


def _refined(part: Part, question: Question) -> Part:
    """The spells that tell what was asked for."""
    asked = _as_it_was(question)
    if "state" in asked:
        states = _spell("state")
        return replace(part, rows=lambda t: states(t) & t.value.isin(STATES))
    if "held_by" in asked:
        return replace(part, rows=_spell("group"))
    return part


def _as_it_was(question: Question) -> set[str]:
    return {*question.by, *(name for name, _ in question.where)} & {*AS_IT_WAS}


def _check(question: Question) -> None:
    if len(_as_it_was(question)) > 1:
        raise BadQuestion("by", "is about state or about held_by, not both at a time.")


def _cells(partials: Partials, scene: Scene) -> Cells:
    changes = Changes(partials, scene)
    for part, sign in (("began", 1), ("ended", -1)):
        for name in ("n", "reported_seconds"):
            changes.add(part, name, name, sign=sign)
        for days in AGES:
            changes.add(part, f"old_{days}", f"old_{days}", sign=sign)
    for days in AGES:
        changes.add("ageing", f"old_{days}", f"old_{days}", later=days)
    return changes.levels()


def _mean_age(cells: Cells) -> Array:
    number = cells.total(LEVEL, "n")
    seconds = number * cells.ends_seconds - cells.total(LEVEL, "reported_seconds")
    return ratio(seconds, number * DAY_SECONDS)


TREND = Trend(
    title="Backlog",
    parts={
        "began": _part("began_us", _old_at_once),
        "ended": _part("ended_us", _old_at_last),
        "ageing": _part("reported_us", _old_later),
    },
    measures=(
        total("open", LEVEL, "Incidents that were open."),
        Measure("mean_age_days", "days", "How long ago they were reported.", _mean_age),
        *(
            total(
                f"older_than_{days}d",
                LEVEL,
                f"Reported {days} days before or earlier.",
                of=f"old_{days}",
            )
            for days in AGES
        ),
    ),
    dimensions=(
        *USUAL,
        Dimension("state", "The open state that it was in. Not together with `held_by`."),
        Dimension("held_by", "The group that had it. Nobody's are not in it."),
    ),
    refined=_refined,
    check=_check,
    cells=_cells,
)
