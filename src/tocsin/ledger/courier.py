"""Bringing checkpoints to one place outside: for as long as it takes, and never in anyone's way.

Nothing waits in memory. What a place lacks is what the log has and the place has not taken, so a
crash or an outage of any length loses nothing.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from threading import Event, Thread
from time import monotonic

from tocsin.ledger.notary import Contradicted
from tocsin.ledger.outside import Unanswered
from tocsin.ledger.places import Disagrees, Place, Refused
from tocsin.store.entries import StoreUnavailable
from tocsin.store.log import Log

logger = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 300.0
"""Pauses between two attempts while a place does not take them."""
LOOK_SECONDS = 1.0


class Courier:
    """Serves one place."""

    def __init__(
        self,
        place: Place,
        log: Log,
        contradicted: Callable[[Contradicted], None],
        ours: Callable[[], bool] = lambda: True,
    ) -> None:
        """`ours` says whether it is for this process to serve the place, and not for another."""
        self.place, self._log, self._contradicted = place, log, contradicted
        self._ours = ours
        self.known = -1
        """The size of the last checkpoint that it took; -1 until we looked."""
        self.failures = 0
        """Attempts in a row that came to nothing."""
        self.says = ""
        """What was wrong with the last one."""
        self._took_at = float("-inf")
        self._next_at = 0.0
        self._stop = Event()
        self._thread = Thread(target=self._run, name=f"tocsin-{place.kind}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Try a last time, and end. `join` waits for that."""
        self._stop.set()

    def join(self, seconds: float) -> None:
        """Wait until it has ended, but not longer."""
        if self._thread.is_alive():
            self._thread.join(max(0.0, seconds))

    def late_seconds(self, now: datetime) -> float:
        """The age of the oldest checkpoint that the place should have and lacks."""
        waiting = self._log.checkpoints(max(0, self.known), 1)
        if not waiting:
            return 0.0
        return max(0.0, (now - waiting[0].made_at).total_seconds() - self.place.every_seconds)

    def step(self) -> bool:
        """Hand over what is new, if it is time to. False when that came to nothing."""
        now = monotonic()
        if now < self._next_at or now < self._took_at + self.place.every_seconds:
            return True
        try:
            self._deliver()
        except Contradicted as error:
            self._failed(str(error))
            self._contradicted(error)
            return False
        except (Unanswered, Refused, StoreUnavailable) as error:
            level = logging.CRITICAL if isinstance(error, Disagrees) else logging.WARNING
            self._failed(str(error), level)
            return False
        except Exception as error:
            logger.exception("%s: a checkpoint could not be handed over", self.place.name)
            self._failed(f"{type(error).__name__}: {error}")
            return False
        self.failures, self.says = 0, ""
        return True

    def _deliver(self) -> None:
        if self.known < 0:
            self._recall()
            if monotonic() < self._took_at + self.place.every_seconds:
                return
        taken = self.place.publish(self._log, self.known)
        if taken is None:
            return
        self._log.add_attestation(
            taken.size, self.place.name, self.place.kind, taken.body, datetime.now(UTC)
        )
        self.known, self._took_at = taken.size, monotonic()

    def _failed(self, says: str, level: int = logging.WARNING) -> None:
        pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(self.failures, 20))
        if says != self.says:
            logger.log(level, "%s lacks checkpoints: %s", self.place.name, says)
        self.failures, self.says = self.failures + 1, says
        self._next_at = monotonic() + pause

    def _run(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            if self._ours():
                self.step()
            else:
                self._watch()
        self._next_at = 0.0
        if self._ours():
            self.step()

    def _watch(self) -> None:
        """See how far another process has come, to go on from there if need be."""
        self._took_at, self._next_at = float("-inf"), 0.0
        with suppress(StoreUnavailable):
            self._recall()

    def _recall(self) -> None:
        """Read in the log what the place took last, and when."""
        before = self._log.attestations(limit=1, place=self.place.name, kind=self.place.kind)
        if before:
            since = (datetime.now(UTC) - before[-1].made_at).total_seconds()
            self._took_at = monotonic() - max(0.0, since)
        self.known = before[-1].size if before else 0
