"""What is left of the two weeks: the log and the read models, as anybody may read them later."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tests.life.house import END, Life
from tocsin.domain.clock.happening import Happening, clock_stream, happening
from tocsin.domain.clock.plan import Rulebooks
from tocsin.domain.clock.reckoning import Reckoning, reckon
from tocsin.domain.kernel import Recorded
from tocsin.domain.openings import microseconds
from tocsin.domain.policy import Policy
from tocsin.domain.policy.state import POLICY_STREAM
from tocsin.readmodels.database import Database
from tocsin.readmodels.reading import ReadModels
from tocsin.store.log import Log


@dataclass(frozen=True)
class Lived:
    """Nothing runs any more; all of it is read from the log anew."""

    incidents: dict[str, UUID]
    log: Log
    database: Database
    rules: Rulebooks

    @classmethod
    @contextmanager
    def of(cls, life: Life) -> "Iterator[Lived]":
        """Open what a life has left."""
        settings = life.settings
        with (
            closing(Log.open(settings)) as log,
            closing(Database.open(settings.home, settings.database)) as database,
        ):
            rules = Rulebooks()
            for published in log.history(POLICY_STREAM):
                rules.add(published)
            yield cls(life.incidents, log, database, rules)

    @property
    def published(self) -> list[tuple[int, Policy]]:
        """Each policy with the position of its publication."""
        events = self.log.history(POLICY_STREAM)
        return [(each.position, self.rules.policies.version(each.event.version)) for each in events]

    @property
    def models(self) -> ReadModels:
        """Its read models."""
        return ReadModels(self.database)

    def incident(self, name: str) -> list[Recorded[Any]]:
        """What happened to an incident."""
        return self.log.history(self.incidents[name])

    def struck(self, name: str) -> list[Recorded[Any]]:
        """What time did to it."""
        return self.log.history(clock_stream(self.incidents[name]))

    def happenings(self, name: str) -> list[Happening]:
        """What its clocks go by."""
        told = (happening(each, self.rules.in_force(each.position)) for each in self.incident(name))
        return [each for each in told if each is not None]

    def reckoned(self, name: str, as_of: int | None = None) -> Reckoning:
        """Its clocks, worked out from scratch."""
        until = microseconds(END) if as_of is None else as_of
        return reckon(self.happenings(name), self.rules, until)
