"""Figures on their way to whoever asks: named, told apart by labels, added up over processes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import accumulate

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from tocsin.telemetry.spread import Spread

Reading = tuple[str, str, dict[str, str], float]
"""Name behind `tocsin_`, meaning, labels and value of what can be read off at any moment."""
Values = dict[tuple[str, ...], list[float]]
"""By the values of the labels: one number, or the cells of a spread."""
STANDARD = ("process_", "python_")
"""Figures that have one name in every service of the world."""


class Kind(StrEnum):
    """What becomes of a figure over time, and of those of several processes."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass
class Family:
    """Figures of one name."""

    name: str
    """In full, without the `_total` of a counter."""
    doc: str
    kind: Kind
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()
    values: Values = field(default_factory=dict)

    def add(self, labels: tuple[str, ...], cells: Sequence[float]) -> None:
        """Put in, or on top of what is there."""
        there = self.values.get(labels)
        if there is None:
            self.values[labels] = list(cells)
        elif len(there) == len(cells):
            self.values[labels] = [a + b for a, b in zip(there, cells, strict=True)]


def histogram(name: str, doc: str, spread: Spread) -> Family:
    """One spread without labels."""
    return Family(f"tocsin_{name}", doc, Kind.HISTOGRAM, (), spread.bounds, {(): spread.cells})


def gauges(readings: Iterable[Reading]) -> Iterator[Family]:
    """Readings, put together by name."""
    families: dict[str, Family] = {}
    for name, doc, labels, value in readings:
        family = families.get(name)
        if family is None:
            full = name if name.startswith(STANDARD) else f"tocsin_{name}"
            family = families[name] = Family(full, doc, Kind.GAUGE, tuple(labels))
        family.values[tuple(labels.values())] = [value]
    yield from families.values()


def merged(several: Iterable[Iterable[Family]]) -> list[Family]:
    """The figures of several processes as those of one: what each of them has is added up."""
    found: dict[str, Family] = {}
    for families in several:
        for family in families:
            if (sum_of := found.get(family.name)) is None:
                found[family.name] = replace(family, values=dict(family.values))
                continue
            for labels, cells in family.values.items():
                sum_of.add(labels, cells)
    return list(found.values())


def exposed(family: Family) -> Metric:
    """The family as Prometheus' library has it."""
    labels = list(family.labels)
    match family.kind:
        case Kind.COUNTER:
            counter = CounterMetricFamily(family.name, family.doc, labels=labels)
            for values, (number,) in family.values.items():
                counter.add_metric(values, number)
            return counter
        case Kind.GAUGE:
            gauge = GaugeMetricFamily(family.name, family.doc, labels=labels)
            for values, (number,) in family.values.items():
                gauge.add_metric(values, number)
            return gauge
        case Kind.HISTOGRAM:
            spread = HistogramMetricFamily(family.name, family.doc, labels=labels)
            names = (*map(str, family.bounds), "+Inf")
            for values, cells in family.values.items():
                below = accumulate(cells[:-1])
                spread.add_metric(values, list(zip(names, below, strict=True)), cells[-1])
            return spread
