"""What is to be sent, and the thread that sends it. Who puts something in never waits.

A collector that is slow or away costs memory up to a bound, and then what is to be sent: the newest
is dropped, counted, and told of once for each outage.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Generic, TypeVar

from tocsin.telemetry.families import Family, Kind

T = TypeVar("T")
logger = logging.getLogger(__name__)

END_SECONDS = 3.0
"""Time to send the rest when the process ends."""


@dataclass(frozen=True)
class Bounds:
    """How much waits, how much is sent at a time, and how often."""

    most: int = 2_048
    at_once: int = 512
    every_seconds: float = 5.0


class Outbox(Generic[T]):
    """A queue with an end, and its thread."""

    def __init__(self, send: Callable[[Sequence[T]], bool], bounds: Bounds | None = None) -> None:
        """`send` says whether what it was given has arrived. It may block."""
        self._send, self._bounds = send, bounds or Bounds()
        self._waiting: deque[T] = deque()
        self._bell, self._stop = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="tocsin-telemetry", daemon=True)
        self._away = False
        self.sent = self.dropped = 0

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def put(self, item: T) -> None:
        """Have it sent some time, if there is room."""
        if len(self._waiting) >= self._bounds.most:
            self.dropped += 1
            return
        self._waiting.append(item)
        if len(self._waiting) == self._bounds.at_once:
            self._bell.set()

    def close(self, cancel: Callable[[], object] = lambda: None) -> None:
        """Send the rest, as far as there is time; `cancel` ends what is being sent after that."""
        self._stop.set()
        self._bell.set()
        if self._thread.ident is not None:
            self._thread.join(END_SECONDS)
        cancel()
        self.dropped += len(self._waiting)
        self._waiting.clear()

    def families(self) -> Iterator[Family]:
        """What became of what was put in."""
        yield Family(
            "tocsin_telemetry_spans",
            "Spans for the OpenTelemetry collector, by what became of them.",
            Kind.COUNTER,
            ("outcome",),
            values={("sent",): [float(self.sent)], ("dropped",): [float(self.dropped)]},
        )

    def _run(self) -> None:
        while not self._stop.is_set():
            self._bell.wait(self._bounds.every_seconds)
            self._bell.clear()
            self._empty(None)
        self._empty(monotonic() + END_SECONDS)

    def _empty(self, until: float | None) -> None:
        while self._waiting and (until is None or monotonic() < until):
            some = [self._waiting.popleft() for _ in range(self._size())]
            if self._arrived(some):
                self.sent += len(some)
            else:
                self.dropped += len(some)
                if until is not None:
                    return

    def _size(self) -> int:
        return min(len(self._waiting), self._bounds.at_once)

    def _arrived(self, some: Sequence[T]) -> bool:
        arrived = False
        with suppress(Exception):  # whatever is wrong with it is not the service's business
            arrived = self._send(some)
        if arrived is self._away:
            self._away = not arrived
            if arrived:
                logger.info("The OpenTelemetry collector answers again.")
            else:
                logger.warning("The OpenTelemetry collector takes nothing: spans are dropped.")
        return arrived
