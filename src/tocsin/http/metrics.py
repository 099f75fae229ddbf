"""What the service counts about itself: its requests, its commands, its transactions.

Counting happens on the event loop for every request, so it is an index and an addition; the
families that are told are made when somebody asks for them.
"""

from collections import Counter
from collections.abc import Iterator, Mapping

from tocsin.telemetry.families import Family, Kind, Values, histogram
from tocsin.telemetry.families import Reading as Reading  # noqa: PLC0414 - known here
from tocsin.telemetry.figures import Figures
from tocsin.telemetry.settling import Settled
from tocsin.telemetry.spread import LATENESS, MANY, SECONDS, SHORT, SIZES, Spent, Spread
from tocsin.telemetry.tracing import Traces

WAITS = (
    ("store_commit", "Time of the store's COMMIT: mostly the disk's.", "commit"),
    ("store_head", "Wait for the head of the log, which one writer holds at a time.", "head"),
    ("store_reader", "Wait for a connection that reads the log.", "reader"),
)


class Metrics(Figures):
    """The figures of one service."""

    def __init__(self, spent: Spent | None = None) -> None:
        super().__init__()
        self.commands: Counter[tuple[str, str]] = Counter()
        """By path and outcome: recorded, unchanged, replayed, or the code of a problem."""
        self.requests: dict[tuple[str, str, int], Spread] = {}
        """Seconds by method, route and status."""
        self.wait_seconds = Spread(SHORT)
        self.waiting_commands = Spread(MANY)
        self.prepare_seconds = Spread(SHORT)
        self.decide_seconds = Spread(SHORT)
        self.commit_seconds = Spread(SECONDS)
        self.commit_commands = Spread(SIZES)
        self.late_seconds = Spread(LATENESS)
        """Of what fell due by itself."""
        self.acts: Mapping[str, int] = {}
        """What was recorded here by itself, by the stored name of the event."""
        self.traces: Traces | None = None
        """Who makes spans of the same, when they are wanted."""
        self.spent = spent or Spent()
        """Where the time of the log's store goes."""

    def waits_for(self, connections: Spread) -> None:
        """From now on, tell also of waits for connections to the read models."""
        name, doc = "readmodels_connect_seconds", "Wait for a connection to the read models."
        self.counters.append(lambda: [histogram(name, doc, connections)])

    def settled(self, batch: Settled) -> None:
        """One transaction of the log, and how its commands came to it."""
        began = batch.began
        for asked_at in batch.asked_at:
            self.wait_seconds.observe(began - asked_at)
        self.waiting_commands.observe(batch.waiting)
        self.prepare_seconds.observe(batch.prepared - began)
        self.decide_seconds.observe(batch.decided - batch.prepared)
        self.commit_seconds.observe(batch.committed - batch.decided)
        self.commit_commands.observe(len(batch.asked_at))
        if self.traces is not None:
            self.traces.settled(batch)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """One request."""
        spread = self.requests.get((method, route, status))
        if spread is None:
            spread = self.requests[method, route, status] = Spread(SECONDS)
        spread.observe(seconds)

    def counted(self) -> Iterator[Family]:
        """All that is counted: copies, as the event loop counts on."""
        yield from super().counted()
        commands = list(self.commands.items())
        yield Family(
            "tocsin_commands",
            "Commands by path and outcome.",
            Kind.COUNTER,
            ("path", "outcome"),
            values={labels: [float(count)] for labels, count in commands},
        )
        requests = list(self.requests.items())
        yield Family(
            "tocsin_http_request_seconds",
            "Time from the headers of a request to the end of its answer.",
            Kind.HISTOGRAM,
            ("method", "route", "status"),
            SECONDS,
            {(method, route, str(status)): s.cells for (method, route, status), s in requests},
        )
        for name, doc, spread in (
            ("command_wait_seconds", "From a command's coming to its turn.", self.wait_seconds),
            ("queue_depth_commands", "Commands still waiting at a turn.", self.waiting_commands),
            ("prepare_seconds", "Time to bring what a turn needs to memory.", self.prepare_seconds),
            ("decide_seconds", "Time to decide the commands of a turn.", self.decide_seconds),
            ("commit_seconds", "Duration of a transaction of the log.", self.commit_seconds),
            ("commit_commands", "Commands that shared a transaction.", self.commit_commands),
            ("act_late_seconds", "From when something fell due to its record.", self.late_seconds),
        ):
            yield histogram(name, doc, spread)
        for name, doc, attribute in WAITS:
            yield histogram(f"{name}_seconds", doc, getattr(self.spent, attribute))
        acts: Values = {(name,): [float(count)] for name, count in list(self.acts.items())}
        doc = "What was recorded because it fell due, by the name of the event."
        yield Family("tocsin_acts", doc, Kind.COUNTER, ("event",), (), acts)
