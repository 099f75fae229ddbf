"""What is due of an incident and not on record yet? The log decides, never a read model."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Generic, NamedTuple, Protocol, TypeVar
from uuid import UUID, uuid5

from tocsin.domain.clock.agenda import Act, pending
from tocsin.domain.clock.commands import Strike
from tocsin.domain.clock.happening import Happening, clock_stream, happening
from tocsin.domain.clock.plan import Rulebooks
from tocsin.domain.clock.state import CLOCK
from tocsin.domain.kernel import Command
from tocsin.store.log import Log


class Due(Protocol):
    """One thing that time does, once."""

    @property
    def due(self) -> int:
        """In microseconds since 1970."""
        ...

    @property
    def occurred_at(self) -> datetime | None:
        """When it was due; none for what is only understood now."""
        ...


D = TypeVar("D", bound=Due)


class Overdue(NamedTuple, Generic[D]):
    """What time has still to do to something, as of one version of it."""

    subject: UUID
    """The incident, or the review."""
    version: int
    position: int
    """Place in the log of the last event of it, or of its clock."""
    acts: Sequence[D]
    """In the order in which they were due."""


class Asking(NamedTuple):
    """How the desk is asked to put something on record."""

    command: Command[Any]
    stream: UUID
    command_id: UUID
    beside: tuple[tuple[UUID, int], ...] = ()
    """Other streams, and the versions of them on which it rests."""


class Book(Protocol[D]):
    """What is due of things of one kind."""

    name: str
    """Of the work: who has its lease does it."""
    time: str
    what: str
    """The columns of the read model that say when to look at what."""

    def overdue(self, subjects: Collection[UUID], now: int) -> list[Overdue[D]]:
        """What is due by now (microseconds since 1970), for each subject in their order."""
        ...

    def asking(self, act: D, overdue: Overdue[D]) -> Asking:
        """How one of these acts is put on record: the same act always under the same id."""
        ...


class Docket:
    """What is due of incidents. For one thread: reckoning keeps what it has worked out."""

    name, time, what = "timekeeper", "due_at", "incident_id"

    def __init__(self, log: Log) -> None:
        self._log, self._rules = log, Rulebooks()

    def overdue(self, incidents: Collection[UUID], now: int) -> list[Overdue[Act]]:
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

    def asking(self, act: Act, overdue: Overdue[Act]) -> Asking:
        """It is struck on the clock's stream while the incident stands as it was read."""
        incident, version = overdue.subject, overdue.version
        command = Strike(
            incident_id=incident,
            incident_version=version,
            act=act,
            occurred_at=act.occurred_at,
        )
        command_id = uuid5(incident, f"{act.key}/{act.due}/{version}")
        return Asking(command, clock_stream(incident), command_id, ((incident, version),))

    def _overdue(
        self, incident: UUID, history: list[bytes], struck: list[bytes], now: int
    ) -> Overdue[Act]:
        happenings: list[Happening] = []
        position = 0
        for recorded in self._log.decoded(history):
            position = recorded.position
            known = happening(recorded, self._rules.in_force(position))
            if known is not None:
                happenings.append(known)
        marks = self._log.decoded(struck)
        if marks:
            position = max(position, marks[-1].position)
        clock = CLOCK.fold(clock_stream(incident), marks)
        acts = pending(happenings, self._rules, clock.struck, now)
        return Overdue(incident, len(history), position, acts)
