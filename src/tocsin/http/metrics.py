"""What the service counts about itself, as Prometheus reads it.

Counting happens on the event loop for every request, so it is an index and an addition; the
families that Prometheus knows are made when somebody asks for them.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
LATENESS = (*SECONDS, 60.0, 300.0, 3_600.0, 86_400.0)
SIZES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0)

Reading = tuple[str, str, dict[str, str], float]
"""Name, meaning, labels and value."""
Gauges = Callable[[], Iterable[Reading]]


class Spread:
    """How many observations fell below each bound."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def buckets(self) -> list[tuple[str, float]]:
        """The bounds with what fell below each, as Prometheus wants them."""
        below, found = 0, []
        for bound, count in zip((*map(str, self.bounds), "+Inf"), self.counts, strict=True):
            below += count
            found.append((bound, float(below)))
        return found


class Metrics(Collector):
    """The figures of one service, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.commands: Counter[tuple[str, str]] = Counter()
        """By path and outcome: recorded, unchanged, replayed, or the code of a problem."""
        self.requests: dict[tuple[str, str, int], Spread] = {}
        """Seconds by method, route and status."""
        self.commit_seconds = Spread(SECONDS)
        self.commit_commands = Spread(SIZES)
        self.late_seconds = Spread(LATENESS)
        """Of what fell due by itself."""
        self.acts: Mapping[str, int] = {}
        """What was recorded here by itself, by the stored name of the event."""
        self.gauges: list[Gauges] = []
        self.registry.register(self)

    def committed(self, commands: int, seconds: float) -> None:
        """One transaction of the log."""
        self.commit_seconds.observe(seconds)
        self.commit_commands.observe(commands)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """One request."""
        spread = self.requests.get((method, route, status))
        if spread is None:
            spread = self.requests[method, route, status] = Spread(SECONDS)
        spread.observe(seconds)

    def text(self) -> bytes:
        """Everything, in Prometheus' text format."""
        return generate_latest(self.registry)

    def describe(self) -> Iterable[Metric]:
        """Nothing: the registry must not collect in order to learn the names."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """All families. It runs in a thread, and the event loop counts on: copies hold still."""
        commands = CounterMetricFamily(
            "tocsin_commands", "Commands by path and outcome.", labels=["path", "outcome"]
        )
        for labels, count in list(self.commands.items()):
            commands.add_metric(labels, count)
        yield commands
        requests = HistogramMetricFamily(
            "tocsin_http_request_seconds",
            "Time from the headers of a request to the end of its answer.",
            labels=["method", "route", "status"],
        )
        for (method, route, status), spread in list(self.requests.items()):
            requests.add_metric([method, route, str(status)], spread.buckets(), spread.total)
        yield requests
        for name, doc, spread in (
            ("commit_seconds", "Duration of a transaction of the log.", self.commit_seconds),
            ("commit_commands", "Commands that shared a transaction.", self.commit_commands),
            ("act_late_seconds", "Time from when it was due to its record.", self.late_seconds),
        ):
            family = HistogramMetricFamily(f"tocsin_{name}", doc)
            family.add_metric([], spread.buckets(), spread.total)
            yield family
        acts = CounterMetricFamily("tocsin_acts", "What happened by itself.", labels=["event"])
        for name, count in list(self.acts.items()):
            acts.add_metric([name], count)
        yield acts
        yield from self._readings()

    def _readings(self) -> Iterator[Metric]:
        families: dict[str, GaugeMetricFamily] = {}
        for read in self.gauges:
            for name, doc, labels, value in read():
                family = families.get(name)
                if family is None:
                    family = GaugeMetricFamily(f"tocsin_{name}", doc, labels=list(labels))
                    families[name] = family
                family.add_metric(list(labels.values()), value)
        yield from families.values()
