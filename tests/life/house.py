"""The two weeks, lived through: people come at their times, and time does the rest."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from tests.life.rules import FIRST, VIENNA, at, second
from tests.life.story import Story
from tests.reactions.conftest import AGENDA_PROJECTION, Clock, Server
from tocsin.domain.incident.command import IncidentCommand
from tocsin.domain.policy.state import POLICY_STREAM
from tocsin.importers.servicenow_audit import import_file
from tocsin.importers.servicenow_rows import COLUMNS
from tocsin.policies.publishing import publication
from tocsin.readmodels import found
from tocsin.readmodels.projector import Pace, Projector
from tocsin.readmodels.upcoming import upcoming
from tocsin.settings import Settings

BEGIN, END = at("Wed 25 Mar 00:00"), at("Wed 08 Apr 00:00")
DOWN, UP = at("Mon 30 Mar 20:45"), at("Tue 31 Mar 06:30")
"""Nothing runs between these: no desk, no timekeeper, no read models."""
LOOK = timedelta(hours=6)
"""Time is also looked at when nothing is said to be due: then nothing may be."""
PUBLISHED = at("Wed 01 Apr 12:00")
TAKEN_OVER = at("Fri 27 Mar 10:00")
FOREIGN = {
    "number": "INC0004711", "incident_state": "Active", "active": "true",
    "reassignment_count": "0", "reopen_count": "0", "sys_mod_count": "3", "made_sla": "true",
    "caller_id": "Caller 12", "opened_at": "24/3/2026 09:00", "sys_updated_at": "26/3/2026 16:00",
    "impact": "3 - Low", "urgency": "2 - Medium", "priority": "4 - Low",
    "assignment_group": "desk",
}  # fmt: skip
Deed = tuple[datetime, Story, tuple[IncidentCommand, ...]]


class House(Server):
    """A server with all its read models."""

    def project(self) -> None:
        """Let every read model see everything."""
        if self.projector is None:
            pace = Pace(poll_seconds=0.0, beat_seconds=0.0)
            self.projector = Projector(self.log, self.database, found(), pace=pace)
        super().project()

    def next_due(self) -> datetime | None:
        """When time does something next."""
        self.project()
        with self.models.view(AGENDA_PROJECTION) as view:
            listed = upcoming(view, "due_at", "incident_id", None, 1)
        return listed[0].at if listed else None


class Life:
    """All stories at once, on one log."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings, self.clock = settings, Clock(BEGIN)
        self.incidents: dict[str, UUID] = {}
        self._folder = folder
        self.house = House(settings, self.clock)

    async def live(self, stories: Iterable[Story]) -> None:
        """Live through the two weeks, with an outage in the middle."""
        deeds = sorted((d for story in stories for d in story.deeds()), key=lambda deed: deed[0])
        await self.house.start()
        await self.house.ask(publication(FIRST, "Ours."), POLICY_STREAM)
        await self._spend(BEGIN, DOWN, deeds)
        await self.house.stop()
        self.clock.now = UP
        self.house = House(self.settings, self.clock)
        await self.house.start()
        await self.house.pass_until(UP)
        await self._spend(UP, END, deeds)
        await self.house.stop()

    async def _spend(self, begin: datetime, end: datetime, deeds: list[Deed]) -> None:
        looks = (begin + LOOK * n for n in range((end - begin) // LOOK + 1))
        moments = {*looks, *(when for when, _, _ in deeds), PUBLISHED, TAKEN_OVER, end}
        for moment in sorted(m for m in moments if begin <= m <= end):
            await self._reach(moment)
            await self._happen(moment, deeds)
            await self.house.pass_until(moment)

    async def _reach(self, moment: datetime) -> None:
        """Time does what is due before then, at its time."""
        while (due := self.house.next_due()) is not None and due < moment:
            assert due >= self.clock.now, f"what was due at {due} was not done by then"
            await self.house.pass_until(due)
        self.clock.now = moment

    async def _happen(self, moment: datetime, deeds: list[Deed]) -> None:
        """People do what they do then; who does it in time has done it in time."""
        if moment == PUBLISHED:
            await self.house.ask(publication(second(), "Faster."), POLICY_STREAM)
        if moment == TAKEN_OVER:
            self.incidents["legacy"] = self._take_over()
        for when, story, commands in deeds:
            if when == moment:
                for command in commands:
                    await self._ask(story.name, command)

    async def _ask(self, name: str, command: IncidentCommand) -> None:
        receipt = await self.house.ask(command, self.incidents.get(name))
        assert receipt.fields["changed"], f"{name}: {command} changes nothing"
        self.incidents.setdefault(name, receipt.incident_id)

    def _take_over(self) -> UUID:
        path = self._folder / "audit.csv"
        cells = (FOREIGN.get(column, "?") for column in COLUMNS)
        path.write_text(f"{','.join(COLUMNS)}\n{','.join(cells)}\n", encoding="utf-8")
        report = import_file(path, self.house.log, time_zone=VIENNA, clock=self.clock)
        assert report.complete, report
        incident = self.house.log.holder("reference", FOREIGN["number"])
        assert incident is not None
        return incident
