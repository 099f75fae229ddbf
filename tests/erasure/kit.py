"""A log with a vault, a desk and read models, in this process: opened, left and opened again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

from tocsin.desk import Desk
from tocsin.domain.incident.commands.investigation import Note
from tocsin.domain.incident.commands.reporting import Report
from tocsin.domain.incident.values import Source, Visibility
from tocsin.domain.subject.commands import ForgetSubject
from tocsin.domain.subject.values import Basis, Texts
from tocsin.erasure import forgetting
from tocsin.erasure.asking import Looked, look
from tocsin.erasure.names import Names
from tocsin.erasure.planning import Plan, subject
from tocsin.erasure.purging import Purge
from tocsin.erasure.worker import Erasing
from tocsin.readmodels import found
from tocsin.readmodels.database import Database
from tocsin.readmodels.projector import Pace, Projector
from tocsin.settings import Settings
from tocsin.store.log import Log

ZELDA, BRUNO = "Zelda Quixotria", "Bruno Bystander"
ASKED = ForgetSubject(basis=Basis.OBJECTION, request="DSR-1")
FAST = Pace(beat_seconds=0.0)


class House:
    """One run of it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.log = Log.open(settings, writer=True)
        self.desk = Desk(self.log, settings)
        self.database = Database.open(settings.home, settings.database)
        self.projections = found()
        self.purge = Purge(settings, self.database, [each.name for each in self.projections])
        self.erasing = Erasing(self.log, self.desk, self.purge)

    async def report(self, **fields: Any) -> UUID:
        """Report an incident."""
        known = {"title": "It is down", "source": Source.USER_REPORT, "reporter": BRUNO}
        receipt = await self.desk.handle(Report(**{**known, **fields}), caller="load")
        return UUID(receipt.fields["incident_id"])

    async def note(self, incident: UUID, text: str, actor: str = BRUNO) -> None:
        """Note something on it."""
        command = Note(text=text, visibility=Visibility.INTERNAL, actor=actor)
        await self.desk.handle(command, stream=incident, caller="load")

    def look(self, *names: str) -> Looked:
        """Look for somebody."""
        return look(self.log, Names(names))

    def plan(self, *names: str, texts: Texts = Texts.MENTIONING) -> Plan:
        """What would be forgotten."""
        return self.look(*names).plan(texts)

    async def forget(self, *names: str, texts: Texts = Texts.MENTIONING) -> list[UUID]:
        """Forget somebody, and return what was forgotten."""
        plan = self.plan(*names, texts=texts)
        by = forgetting.Asking("dpo")
        await forgetting.forget(self.log, self.desk, plan, replace(ASKED, texts=texts), by)
        return [target.stream for target in plan.targets]

    async def follow(self) -> int:
        """Do what is to be done until there is nothing left; how much was completed."""
        await self.erasing.begin()
        done = await self.erasing.step()
        projector = Projector(self.log, self.database, self.projections, pace=FAST)
        try:
            while self.erasing.pending:
                await asyncio.to_thread(projector.step)
                done += await self.erasing.step()
        finally:
            projector.close()
        return done

    def project(self) -> None:
        """Bring the read models to the end of the log."""
        projector = Projector(self.log, self.database, self.projections, pace=FAST)
        while projector.step():
            pass
        projector.step()
        projector.close()

    def title(self, incident: UUID) -> str:
        """As the log has it now."""
        title: str = self.log.history(incident, 0, 1)[0].event.title
        return title

    def reporter(self, incident: UUID) -> str:
        """As the log has it now."""
        reporter: str = self.log.history(incident, 0, 1)[0].event.reporter
        return reporter

    def purged(self, stream: UUID) -> bool:
        """Whether the log says that it is gone from everywhere."""
        return subject(self.log, stream).purged_at is not None


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[House]:
    """A house that is left in good order."""
    house = House(settings)
    await house.desk.start()
    try:
        yield house
    finally:
        await house.desk.stop()
        house.database.close()
        house.log.close()
