"""Projectors that follow the log beside the service, watched as it is."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tocsin.readmodels.database import Database
from tocsin.readmodels.projection import Projection
from tocsin.readmodels.projector import Pace, Projector
from tocsin.settings import Settings
from tocsin.store.log import Log
from tocsin.telemetry import logs
from tocsin.telemetry.beside import told
from tocsin.telemetry.projecting import Rounds


class Watched(Projector):
    """A projector whose rounds are counted."""

    def __init__(
        self,
        rounds: Rounds,
        log: Log,
        database: Database,
        projections: Sequence[Projection],
        pace: Pace,
    ) -> None:
        super().__init__(rounds.watched(log), database, projections, pace=pace)
        self._rounds = rounds

    def step(self) -> bool:
        """Do one round."""
        with self._rounds.round():
            return super().step()


@contextmanager
def rounds(settings: Settings) -> Iterator[Rounds]:
    """What the rounds of a projector are told to, while it runs."""
    counted = Rounds(settings.live_events)
    logs.begin(settings, "projector")
    with told(settings, counted, "projector") as sends:
        if sends is not None and sends.outbox is not None:
            counted.trace(sends.outbox.put, sends.sampled)
        yield counted
