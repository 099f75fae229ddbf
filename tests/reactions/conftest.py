"""A whole house in simulated time: log, desk, read models, timekeeper and reactions."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.reactions.times import NOON
from tocsin.asks import Receipt
from tocsin.desk import Desk
from tocsin.domain.clock.happening import clock_stream
from tocsin.domain.incident.commands.reporting import Report
from tocsin.domain.incident.commands.triage import Prioritise
from tocsin.domain.incident.state import INCIDENT, Incident
from tocsin.domain.incident.values import Impact, Source, Urgency
from tocsin.domain.kernel import Command, Recorded
from tocsin.reactions.follower import Follower
from tocsin.reactions.reaction import found as found_reactions
from tocsin.reactions.timekeeper import AGENDA, Timekeeper
from tocsin.readmodels import found
from tocsin.readmodels.cursors import Cursors
from tocsin.readmodels.database import Database
from tocsin.readmodels.projector import Pace, Projector
from tocsin.readmodels.reading import ReadModels
from tocsin.settings import Settings
from tocsin.store.log import Log

(AGENDA_PROJECTION,) = (each for each in found() if each.name == AGENDA)
REPORT = Report(title="Mail does not arrive", source=Source.USER_REPORT)
CRITICAL = Prioritise(impact=Impact.HIGH, urgency=Urgency.HIGH)


@dataclass
class Clock:
    """What time it is here."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


class Server:
    """One process: a desk, a timekeeper and the reactions, on stores that it may share."""

    def __init__(self, settings: Settings, clock: Clock, log: Log | None = None) -> None:
        self.settings, self.clock = settings, clock
        self.log = log or Log.open(settings, writer=True)
        self.database = Database.open(settings.home, settings.database)
        self.models = ReadModels(self.database)
        self.desk = Desk(self.log, settings, clock=clock)
        self.late: list[float | None] = []
        self.timekeeper = Timekeeper(
            self.log, self.desk, self.models, AGENDA_PROJECTION, clock=clock, struck=self._struck
        )
        self.projector: Projector | None = None
        self.followers = {each.name: self.follower(each.name) for each in found_reactions()}

    def _struck(self, receipt: Receipt, late: float | None) -> None:
        self.late.append(late)

    def follower(self, name: str) -> Follower:
        """A new runner of a reaction, that knows nothing yet."""
        (reaction,) = (each for each in found_reactions() if each.name == name)
        return Follower(reaction, self.log, self.desk, Cursors(self.database))

    async def start(self) -> "Server":
        await self.desk.start()
        await self.timekeeper.begin()
        for follower in self.followers.values():
            await follower.begin()
        return self

    async def stop(self) -> None:
        await self.desk.stop()
        self.timekeeper.close()
        if self.projector is not None:
            self.projector.close()
        self.database.close()
        self.log.close()

    def project(self) -> None:
        """Let the read model see everything."""
        if self.projector is None:
            pace = Pace(poll_seconds=0.0, beat_seconds=0.0)
            self.projector = Projector(self.log, self.database, [AGENDA_PROJECTION], pace=pace)
        quiet = 0
        while quiet < 3:
            quiet = 0 if self.projector.step() else quiet + 1

    async def ask(self, command: Command[Any], stream: UUID | None = None, **how: Any) -> Receipt:
        return await self.desk.handle(command, stream=stream, caller="ann", **how)

    async def critical(self) -> UUID:
        """A new incident of the highest priority."""
        incident = (await self.ask(REPORT)).incident_id
        await self.ask(CRITICAL, incident)
        return incident

    async def strike(self) -> int:
        """One look of the timekeeper, once the read model has seen everything."""
        self.project()
        return await self.timekeeper.step()

    async def react(self) -> int:
        """Let all reactions answer what there is."""
        return sum([await follower.step() for follower in self.followers.values()])

    async def pass_until(self, moment: datetime) -> None:
        """Time passes at once, and then whatever fell due meanwhile is done."""
        self.clock.now = moment
        while await self.strike() or await self.react():
            pass

    async def state(self, incident: UUID) -> Incident:
        state: Incident = await self.desk.state(incident, INCIDENT)
        return state

    def struck(self, incident: UUID) -> list[Recorded[Any]]:
        """What time has done to an incident."""
        return self.log.history(clock_stream(incident))

    def said(self, incident: UUID) -> list[tuple[str, timedelta]]:
        """The same, as names with the time since noon at which it was due."""
        return [
            (r.event.event_name.removeprefix("clock."), r.occurred_at - NOON)
            for r in self.struck(incident)
        ]


@pytest.fixture(params=["sqlite", "postgres"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Empty stores, of either kind."""
    if request.param == "sqlite":
        return Settings(home=tmp_path)
    return Settings(home=tmp_path, database=request.getfixturevalue("postgres_url"))


@pytest.fixture
def embedded(tmp_path: Path) -> Settings:
    """Empty stores in a folder."""
    return Settings(home=tmp_path)


@pytest.fixture
def clock() -> Clock:
    """The clock of all servers of a test."""
    return Clock()


@pytest.fixture
async def server(settings: Settings, clock: Clock) -> AsyncIterator[Server]:
    """A server on either store."""
    async with AsyncExitStack() as opened:
        server = await Server(settings, clock).start()
        opened.push_async_callback(server.stop)
        yield server


@pytest.fixture
async def small(embedded: Settings, clock: Clock) -> AsyncIterator[Server]:
    """A server on the embedded store: for what does not touch the store."""
    async with AsyncExitStack() as opened:
        server = await Server(embedded, clock).start()
        opened.push_async_callback(server.stop)
        yield server
