"""Which chart suits an answer: told by its columns, so that an analyst's own trend is drawn too."""

import re
from dataclasses import dataclass
from enum import StrEnum

from tocsin.charts.libraries import NothingToDraw
from tocsin.charts.palette import STYLES
from tocsin.trends import Answer, Head

COUNTS = frozenset({"incidents", "timers", "count"})
"""Units of things that are counted."""
SUMS = COUNTS | {"hours"}
"""Units of which the numbers of parts add up to that of the whole."""
AVERAGES = ("_each", "mean_", "median_")
"""How measures are called that do not add up, whatever their unit."""
FIRST = {"volume": "reported", "survival": "p50_seconds"}
"""The measure that a trend is about, where that is not its first share, nor its median."""
MADE_FROM = {"met_percent": ("met", "breached")}
"""From what a share is made, where that is more than the first count."""
STEP = re.compile(r"(?P<what>\w+)_(?P<hours>\d+)h")
LOW, HIGH = "_low", "_high"
PERCENTILE = re.compile(r"(?P<prefix>(?:\w+_)?)p(?P<share>\d\d)_(?P<unit>\w+)")
LEVELS = ("open", "older")
"""Counts of what is there at a moment: over time they do not add up, so they are lines."""


class Kind(StrEnum):
    """What a chart looks like."""

    COLUMNS = "columns"  # counts over time, stacked
    LINES = "lines"  # levels, shares and times over time
    BAND = "band"  # from the median to the 90th percentile, over time
    CURVE = "curve"  # the share of what still lasts after some time, with what it may be
    BARS = "bars"  # one number for each kind
    GRID = "grid"  # one number for each pair of kinds


@dataclass(frozen=True)
class Plan:
    """What is drawn of an answer."""

    kind: Kind
    shown: tuple[Head, ...]
    """The measures that are drawn: more than one only of a curve, or without dimensions."""
    counts: tuple[Head, ...]
    """The measures that together say from how many each number is made."""
    dims: tuple[Head, ...]

    @property
    def main(self) -> Head:
        """The measure that is drawn first."""
        return self.shown[0]

    @property
    def adds_up(self) -> bool:
        """Whether the numbers of parts may be added."""
        return _adds_up(self.main)


def planned(answer: Answer, measure: str = "") -> Plan:
    """The plan for an answer, about one of its measures.

    Raises:
        NothingToDraw: it has no measure, or none of that name.
    """
    measures = [head for head in answer.heads if head.kind == "measure"]
    dims = tuple(head for head in answer.heads if head.kind == "dimension")
    main = _main(answer.trend, measures, dims, measure)
    count = _counts(measures, main)
    if not any(head.kind == "period" for head in answer.heads):
        if not measure and (steps := _steps(measures)):
            return Plan(Kind.CURVE, steps, _counts(measures, steps[0]), dims)
        return Plan(Kind.GRID if len(dims) == 2 else Kind.BARS, (main,), count, dims)
    shown: tuple[Head, ...] = (main,)
    if not dims:
        shown = _percentiles(measures, main) or _levels(measures, main)
        if len(shown) == 2 and _is_median(main):
            return Plan(Kind.BAND, shown, count, dims)
    columns = _adds_up(main) and not main.name.startswith(LEVELS)
    return Plan(Kind.COLUMNS if columns else Kind.LINES, shown, count, dims)


def _main(trend: str, measures: list[Head], dims: tuple[Head, ...], measure: str) -> Head:
    """Shares say more than the counts that they are made from, sums of hours than medians of
    parts, and medians than means."""
    known = {head.name: head for head in measures}
    wanted = measure or FIRST.get(trend, "")
    if wanted in known:
        return known[wanted]
    if measure or not measures:
        there = ", ".join(known) or "none"
        raise NothingToDraw(f"measure: {measure!r} is no number of {trend}. There are {there}.")
    tests = (_is_share, _is_hours, _is_median) if dims else (_is_share, _is_median)
    found = (head for test in tests for head in measures if test(head))
    return next(found, measures[0])


def _counts(measures: list[Head], main: Head) -> tuple[Head, ...]:
    """From how many a number is made: the first count, by custom; of times, the last before."""
    wanted = MADE_FROM.get(main.name, ())
    if made_from := tuple(head for head in measures if head.name in wanted):
        return made_from
    before = measures[: measures.index(main) + 1]
    counts = [head for head in before if head.unit in COUNTS and _adds_up(head)]
    return tuple(counts[:1] if _is_share(main) else counts[-1:])


def _adds_up(head: Head) -> bool:
    averages = any(each in head.name for each in AVERAGES)
    return head.unit in SUMS and not averages


def _is_hours(head: Head) -> bool:
    return head.unit == "hours" and _adds_up(head)


def _is_share(head: Head) -> bool:
    return head.unit == "percent"


def _is_median(head: Head) -> bool:
    found = PERCENTILE.fullmatch(head.name)
    return found is not None and found["share"] == "50"


def _levels(measures: list[Head], main: Head) -> tuple[Head, ...]:
    """What is there at a moment, and how much of it is how old: they share an axis."""
    if not main.name.startswith(LEVELS):
        return (main,)
    alike = [head for head in measures if head.unit == main.unit and head.name.startswith(LEVELS)]
    return tuple(alike[: len(STYLES)])


def _percentiles(measures: list[Head], main: Head) -> tuple[Head, ...]:
    """The median and the 90th percentile of the same times."""
    found = PERCENTILE.fullmatch(main.name)
    if found is None or found["share"] != "50":
        return ()
    ninth = f"{found['prefix']}p90_{found['unit']}"
    return tuple(head for head in measures if head.name in (main.name, ninth))


def _steps(measures: list[Head]) -> tuple[Head, ...]:
    """Shares within so many hours, each with where it may lie."""
    known = {head.name for head in measures}
    return tuple(
        head
        for head in measures
        if STEP.fullmatch(head.name) and {head.name + LOW, head.name + HIGH} <= known
    )


def hours_of(head: Head) -> int:
    """After how many hours a share is one."""
    found = STEP.fullmatch(head.name)
    assert found is not None
    return int(found["hours"])
