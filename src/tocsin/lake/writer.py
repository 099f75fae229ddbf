"""The follower that writes the lake: what is complete as segments, and the rest as the tail.

It keeps nothing of its own. Where it goes on is where the manifests end; what it needs of earlier
events it folds again. So it can die at any moment, and a rerun writes nothing that is there.
"""

import logging
import threading
from collections.abc import Callable
from itertools import pairwise
from time import monotonic
from typing import Final

from tocsin.crew import processors
from tocsin.domain.clock.plan import Rulebooks
from tocsin.lake import columns
from tocsin.lake.crew import Range, folded, learn
from tocsin.lake.origin import WAY_OUT, check, mark_at, tail_differs
from tocsin.lake.placing import Placing
from tocsin.lake.scribe import Scribe
from tocsin.lake.segments import Held, LakeRefused, Segments
from tocsin.settings import Settings
from tocsin.store.entries import StoreUnavailable
from tocsin.store.log import Log

MANY: Final = 3
"""Segments to come, from which on they are written in several processes."""
REST: Final = 2.0
"""How many times as long as writing the tail took, at least, until it is written again: a large
one must not take a processor for itself."""
OUTAGE_SECONDS: Final = 2.0
TURN_SECONDS: Final = 1.0
CLEAN_SECONDS: Final = 5.0

Progress = Callable[[int, int], None]
"""Told which position is reached, and which is the last."""

logger = logging.getLogger(__name__)


class Writer:
    """Follows one log, and writes one lake."""

    def __init__(
        self,
        log: Log,
        settings: Settings,
        *,
        processes: int | None = None,
        progress: Progress = lambda _done, _total: None,
    ) -> None:
        self.segments = Segments(settings.lake_place)
        self._log, self._settings = log, settings
        self._processes = processes or processors()
        self._progress = progress
        self.sealed: Callable[[], object] = lambda: None
        """Called at the start, and whenever there is a new segment."""
        self._placing = Placing(self.segments)
        self._rules = Rulebooks()
        self._scribe = Scribe(log, self._rules)
        self._size = self._end = self.position = 0
        self._tail_at = self._clean_at = 0.0
        self._growing = columns.Growing()

    def catch_up(self, stop: threading.Event) -> bool:
        """Write all that the log holds now; false if it was stopped before.

        Raises:
            Held: another process writes this lake.
            LakeRefused: it is of another log.
            Unreadable: an event cannot be decoded.
            StoreUnavailable: the log cannot be read.
        """
        with self._placing.held():
            head = self._log.head()
            self._begin()
            while self.position < head and not stop.is_set():
                self._step(stop, head, hurry=True)
            return self.position >= head

    def follow(self, stop: threading.Event) -> None:
        """Write whatever comes, until told to stop; wait while another process writes this lake.

        Raises:
            LakeRefused: it is of another log.
            Unreadable: an event cannot be decoded.
        """
        told = False
        while not stop.is_set():
            try:
                with self._placing.held():
                    self._follow(stop)
            except Held as held:
                if not told:
                    logger.info("%s This one waits for its turn.", held)
                told = True
                stop.wait(TURN_SECONDS)

    def _follow(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                if not self._size:
                    self._begin()
                pause = self._step(stop, self._log.head())
            except StoreUnavailable as error:
                logger.warning("The lake waits for the log: %s", error)
                # What it was in the midst of working out is not to be relied on.
                self._scribe = Scribe(self._log, self._rules)
                pause = OUTAGE_SECONDS
            stop.wait(pause)

    def _begin(self) -> None:
        """Find out what there is, and whether it is of this log."""
        first = mark_at(self._log, 1)
        check(self._log, self.segments)
        if first is None:
            return
        if tail_differs(self._log, self.segments):
            logger.warning("The end of the lake was not of this log: it is written anew.")
            self._placing.discard_tail()
        self._placing.identify(first)
        self._size, self._end = self.segments.size, self.segments.end
        self.position = self.segments.position
        self.sealed()

    def _step(self, stop: threading.Event, head: int, *, hurry: bool = False) -> float:
        """Write what is to be written next; return for how long there is nothing to do."""
        if head < self.position:
            raise LakeRefused(
                f"The log ends at position {head}, before the lake {self.segments.folder} does."
                f" {WAY_OUT}"
            )
        if not self._size:  # nothing has ever happened yet
            return self._settings.poll_seconds
        if full := (head - self._end) // self._size:
            self._seal(full, head, stop)
        elif head > self.position and (hurry or monotonic() >= self._tail_at):
            self._trail(head)
        else:
            self._clean()
            return self._settings.poll_seconds
        self._clean()
        self._progress(self.position, head)
        return 0.0

    def _seal(self, full: int, head: int, stop: threading.Event) -> None:
        if full >= MANY and self._processes > 1:
            ends = [self._end + number * self._size for number in range(full + 1)]
            ranges = list(pairwise(ends))
            for one, rows in folded(self._settings, ranges, self._processes, stop=stop.is_set):
                self._place(one, rows)
                self._progress(self.position, head)
        else:
            learn(self._log, self._rules)
            one = (self._end, self._end + self._size)
            self._place(one, columns.of(self._scribe.write(*one)))

    def _place(self, one: Range, rows: columns.Arrow) -> None:
        after, until = one
        self._placing.seal(after + 1, until, self._mark(until), rows)
        self._end = until
        self.position = max(self.position, until)
        self._tail_at = 0.0
        self.sealed()

    def _trail(self, head: int) -> None:
        began = monotonic()
        learn(self._log, self._rules)
        rows = self._growing.of(self._scribe.glimpse(self._end, head), after=self._end)
        self._placing.trail(self._end + 1, head, self._mark(head), rows)
        self.position, now = head, monotonic()
        self._tail_at = began + max(self._settings.lake_seconds, (1 + REST) * (now - began))

    def _clean(self) -> None:
        """Now and then, as it looks at folders."""
        if monotonic() >= self._clean_at:
            self._placing.clean(self._end + 1, self.position)
            self._clean_at = monotonic() + CLEAN_SECONDS

    def _mark(self, position: int) -> str:
        mark = mark_at(self._log, position)
        assert mark is not None, "it was read a moment ago"
        return mark
