"""What one process counts about itself, with what the others of its service have counted."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from tocsin.telemetry.board import Board
from tocsin.telemetry.families import Family, Reading, exposed, gauges
from tocsin.telemetry.running import Running

logger = logging.getLogger(__name__)

Readings = Callable[[], Iterable[Reading]]


class Figures(Collector):
    """The figures of one process, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.own: list[Readings] = []
        """What is true of this process alone, and costs nothing to read: asked every second."""
        self.gauges: list[Readings] = []
        """What is true of the service as a whole, whichever process is asked."""
        self.counters: list[Callable[[], Iterable[Family]]] = []
        """What is counted elsewhere in this process."""
        self.board: Board | None = None
        """Where the other processes of the service are told of, and this one to them."""
        self.process = "api"
        """What this process is called among those of the service."""
        self._running = Running()
        self.registry.register(self)

    def counted(self) -> Iterator[Family]:
        """What this process has counted."""
        for each in self.counters:
            yield from each()

    def mine(self) -> list[Family]:
        """What is to be known of this process."""
        readings = [reading for read in self.own for reading in read()]
        return [*self.counted(), *gauges(readings), *self._running.families(self.process)]

    def here(self) -> list[Family]:
        """The same, and what is to be known of the service as a whole."""
        return [*self.mine(), *self._told()]

    def families(self) -> list[Family]:
        """Everything."""
        mine = self.mine()
        if self.board is not None:
            with suppress(OSError):
                self.board.publish(mine)
                mine = self.board.all()
        return [*mine, *self._told()]

    def _told(self) -> Iterator[Family]:
        """What can be read off. A store that is away takes its figures with it, and no others."""
        found: list[Reading] = []
        faults = 0
        for read in self.gauges:
            try:
                found.extend(read())
            except Exception as error:
                faults += 1
                logger.debug("Figures cannot be read now: %s", type(error).__name__)
        faulty = "Sources of figures that could not be read just now."
        return gauges([*found, ("figures_missing_sources", faulty, {}, float(faults))])

    def text(self) -> bytes:
        """Everything, in Prometheus' text format."""
        return generate_latest(self.registry)

    def describe(self) -> Iterable[Metric]:
        """Nothing: the registry must not collect in order to learn the names."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """All families. It runs in a thread, and the event loop counts on: copies hold still."""
        return map(exposed, self.families())
