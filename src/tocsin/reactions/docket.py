"""What is due of an incident and not on record yet? The log decides, never a read model."""

from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

from tocsin.domain.clock.agenda import Act, pending
from tocsin.domain.clock.happening import Happening, clock_stream, happening
from tocsin.domain.clock.plan import Rulebooks
from tocsin.domain.clock.state import CLOCK
from tocsin.store.log import Log
from tocsin.store.mapper import decode


class Overdue(NamedTuple):
    """What time has still to do to an incident, as of one version of it."""

    incident: UUID
    version: int
    position: int
    """Place in the log of the last event of it, or of its clock."""
    acts: list[Act]
    """In the order in which they were due."""


class Docket:
    """Reads histories and policies. For one thread: reckoning keeps what it has worked out."""

    def __init__(self, log: Log) -> None:
        self._log, self._rules = log, Rulebooks()

    def overdue(self, incidents: Collection[UUID], now: int) -> list[Overdue]:
        """What is due by now (microseconds since 1970), incident by incident.

        Raises:
            StoreUnavailable: the log cannot be read.
            Unreadable: it holds something that this version does not know.
        """
        clocks = {incident: clock_stream(incident) for incident in incidents}
        histories = self._log.raw_histories([*incidents, *clocks.values()])
        # Afterwards, so that no event stands under a policy that is not known here.
        for published in self._log.history(self._rules.stream, self._rules.policies.seen):
            self._rules.add(published)
        return [
            self._overdue(incident, histories[incident], histories[clock], now)
            for incident, clock in clocks.items()
        ]

    def _overdue(
        self, incident: UUID, history: list[bytes], struck: list[bytes], now: int
    ) -> Overdue:
        happenings: list[Happening] = []
        position = 0
        for recorded in map(decode, history):
            position = recorded.position
            known = happening(recorded, self._rules.in_force(position))
            if known is not None:
                happenings.append(known)
        marks = list(map(decode, struck))
        if marks:
            position = max(position, marks[-1].position)
        clock = CLOCK.fold(clock_stream(incident), marks)
        acts = pending(happenings, self._rules, clock.struck, now)
        return Overdue(incident, len(history), position, acts)
