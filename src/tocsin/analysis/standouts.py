"""What stands out: change points, unusual days, what rises, what recurs, each with its numbers."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tocsin.analysis.asked import Asked
from tocsin.analysis.counts import Counts, counts, day_after
from tocsin.analysis.recurrences import recurrences
from tocsin.signals import ChangePoint, Rising, UnusualDay, change_points, rising, unusual_days
from tocsin.trends.asking import named

if TYPE_CHECKING:
    from tocsin.lake.lake import Lake

MOST_SERIES = 50
"""Values of a dimension that are looked at one by one for change points and unusual days."""


@dataclass(frozen=True)
class Report:
    """What was found, as plain values."""

    asked: dict[str, Any]
    position: int
    as_of: str
    found: dict[str, list[dict[str, Any]]]
    """By kind: each with `words`, and the numbers that justify it."""
    notes: tuple[str, ...]

    def said(self) -> dict[str, Any]:
        """All of it in plain values."""
        return {
            "asked": self.asked,
            "position": self.position,
            "as_of": self.as_of,
            **{kind.replace("-", "_"): found for kind, found in self.found.items()},
            "notes": list(self.notes),
        }


def standouts(lake: "Lake", asked: Asked) -> Report:
    """Every signal that was asked for, the latest or the least probable first.

    Raises:
        BadQuestion: it cannot be asked so; the sentence says what can.
    """
    trend = named(lake, asked.question.trend)
    trend.checked(asked.question)
    view, notes = lake.view(), list[str]()
    known = None
    if set(asked.kinds) - {"recurring"}:
        known = counts(lake, trend, asked)
        notes += _notes(asked, known)
    found: dict[str, list[dict[str, Any]]] = {}
    for kind in asked.kinds:
        if kind == "recurring":
            signals = list(recurrences(lake, asked))
        elif known is None:
            signals = []
        else:
            signals = list(_KINDS[kind](known, asked))
        if len(signals) > asked.show:
            notes.append(f"Of {len(signals)} signals of the kind {kind}, {asked.show} are given.")
        found[kind] = signals[: asked.show]
    as_of = lake.as_of.isoformat()
    return Report(asked.said(), view.position, as_of, found, tuple(notes))


def _notes(asked: Asked, known: Counts | None) -> Iterator[str]:
    if known is None:
        yield "Nothing was counted on any day that was over."
        return
    series = known.all
    yield (
        f"Looked at: {known.measure} of {asked.question.trend} on {len(series):,} days from"
        f" {series.start} until {day_after(series)}, days of {asked.question.zone}."
    )
    if len(known.series) > MOST_SERIES and {"change-points", "unusual-days"} & {*asked.kinds}:
        yield (
            f"Change points and unusual days are sought in the {MOST_SERIES} largest of"
            f" {len(known.series):,} values."
        )


def _largest(known: Counts) -> Iterable[str]:
    return list(known.series)[:MOST_SERIES]


def _key(asked: Asked, name: str) -> dict[str, str]:
    return dict.fromkeys(asked.question.by, name)


def _of(asked: Asked, name: str) -> str:
    """How a sentence names what it is about."""
    return f"{asked.question.by[0]} {name}: " if asked.question.by else ""


def _changes(known: Counts, asked: Asked) -> Iterator[dict[str, Any]]:
    found = [(each, name) for name in _largest(known) for each in change_points(known.series[name])]
    for each, name in sorted(found, key=lambda pair: (-pair[0].when.toordinal(), pair[1])):
        yield {"key": _key(asked, name), "words": _of(asked, name) + _changed(each), **vars(each)}


def _changed(each: ChangePoint) -> str:
    way = "more" if each.after > each.before else "fewer"
    factor = f", {each.ratio:.2g} times as many" if each.ratio is not None else ""
    return (
        f"from the week of {each.when} on {way}: {each.after:.1f} a week in {each.weeks_after}"
        f" weeks, after {each.before:.1f} in {each.weeks_before}{factor}"
        f" (p = {each.p_value:.2g})"
    )


def _unusual(known: Counts, asked: Asked) -> Iterator[dict[str, Any]]:
    found = [(each, name) for name in _largest(known) for each in unusual_days(known.series[name])]
    for each, name in sorted(found, key=lambda pair: (-pair[0].when.toordinal(), pair[1])):
        yield {"key": _key(asked, name), "words": _of(asked, name) + _odd(each), **vars(each)}


def _odd(each: UnusualDay) -> str:
    row = f", day {each.in_a_row} in a row" if each.in_a_row > 1 else ""
    return (
        f"{each.observed:,} on {each.when:%A} {each.when}, where {each.expected:.1f} were expected"
        f" (tail {each.tail:.1g}{row})"
    )


def _rises(known: Counts, asked: Asked) -> Iterator[dict[str, Any]]:
    for each in rising(known.series, recent_weeks=asked.weeks):
        numbers = {name: value for name, value in vars(each).items() if name != "key"}
        words = _of(asked, each.key) + _risen(each)
        yield {"key": _key(asked, each.key), "words": words, **numbers}


def _risen(each: Rising) -> str:
    return (
        f"{each.recent:,} in the last {each.recent_weeks} weeks, where {each.expected:.1f} were to"
        f" be expected (share {100 * each.share_before:.3g} % before, {100 * each.share_now:.3g} %"
        f" now; p = {each.p_value:.1g}, false discovery {each.false_discovery:.1g})"
    )


_KINDS = {"change-points": _changes, "unusual-days": _unusual, "rising": _rises}
