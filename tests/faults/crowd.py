"""A hundred clients on one incident: are all answered, soon, and does nobody else notice?"""

import asyncio
from collections import defaultdict
from collections.abc import Coroutine
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from statistics import quantiles
from time import monotonic
from typing import Any
from uuid import UUID

from tests.faults.asking import heard
from tests.faults.linear import Quiet, recorded
from tests.faults.linearity import Act, Heard, faults
from tests.faults.service import Service
from tests.faults.trials import Result, Site, Trial
from tests.faults.wire import to, told

CLIENTS, NEIGHBOURS = 100, 8
PAUSE_SECONDS = 0.02
"""Between two commands of a neighbour: they are there to be measured, not to be a load."""
LONG = 9_000
"""Commands of the crowd: its incident must not become too long to be added to."""
STEADY, STEADILY_SECONDS = 0.4, 0.1
"""Seconds between two commands of a client that does not ask all it can: 250 a second in all; and
how long that goes on, for each hundred commands that the crowd asks otherwise."""
PER_SECOND, SECONDS, TIMES = 200.0, 1.0, 2.0
"""What is promised: so many commands, so soon for 99 of 100, and others at most so much slower."""


@dataclass
class Measured:
    """What one group of clients did for a while."""

    acts: list[Act] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def p99(self) -> float:
        """Seconds that all but one in a hundred commands took at most."""
        return quantiles([act.returned - act.called for act in self.acts], n=100)[-1]

    @property
    def per_second(self) -> float:
        return len(self.acts) / self.seconds


class House:
    """A service and its incidents."""

    def __init__(self, service: Service) -> None:
        self._service, self._keys = service, count()
        self.begun: list[Act] = []

    async def incidents(self, number: int) -> list[UUID]:
        """Report so many."""
        found = []
        with closing(to(self._service)) as wire:
            for _ in range(number):
                key, called = f"report-{next(self._keys)}", monotonic()
                body = {"title": f"Alarm {key}", "source": "monitoring"}
                answer = await told(wire, "POST", "/incidents", body, key, PAUSE_SECONDS)
                incident = UUID(answer.fields["incident_id"])
                self.begun.append(heard(incident, key, called, answer))
                found.append(incident)
        return found

    async def note(
        self, into: Measured, incidents: list[UUID], commands: int, pause: float = 0.0
    ) -> None:
        """A client for each of these, until so many commands are answered in all."""
        began = monotonic()
        async with asyncio.TaskGroup() as group:
            for number, incident in enumerate(incidents):
                late = pause * number / len(incidents)
                group.create_task(self._client(into, incident, commands, pause, late))
        into.seconds = monotonic() - began

    async def _client(
        self, into: Measured, incident: UUID, commands: int, pause: float, late: float
    ) -> None:
        path = f"/incidents/{incident}/note"
        await asyncio.sleep(late)
        with closing(to(self._service)) as wire:
            while len(into.acts) < commands:
                key, called = f"note-{next(self._keys)}", monotonic()
                body = {"text": f"Note {key}"}
                answer = await told(wire, "POST", path, body, key, PAUSE_SECONDS)
                into.acts.append(heard(incident, key, called, answer))
                await asyncio.sleep(pause)


@dataclass
class Compared:
    """Neighbours alone, beside a steady crowd on one incident, and beside one that asks all it can:
    each client on an incident of its own, and then all on one."""

    house: House
    groups: dict[str, Measured] = field(default_factory=lambda: defaultdict(Measured))

    async def run(self, commands: int) -> None:
        """One after the other."""
        neighbours = await self.house.incidents(NEIGHBOURS)
        seconds = STEADILY_SECONDS * commands / CLIENTS
        await self._beside("alone", neighbours, asyncio.sleep(seconds))
        for name, number, asked, pause in (
            ("steady", 1, int(seconds * CLIENTS / STEADY), STEADY),
            ("apart", CLIENTS, commands, 0.0),
            ("together", 1, commands, 0.0),
        ):
            incidents = (await self.house.incidents(number)) * (CLIENTS // number)
            crowd = self.house.note(self.groups[name], incidents, asked, pause)
            await self._beside(name, neighbours, crowd)

    async def _beside(
        self, name: str, neighbours: list[UUID], what: Coroutine[Any, Any, None]
    ) -> None:
        others = self.groups[f"beside {name}"]
        endless = asyncio.create_task(self.house.note(others, neighbours, 1 << 30, PAUSE_SECONDS))
        await what
        endless.cancel()
        await asyncio.wait({endless})

    def slower(self, name: str, than: str) -> float:
        """How many times as long as beside another crowd the neighbours waited."""
        return self.groups[f"beside {name}"].p99 / self.groups[f"beside {than}"].p99

    @property
    def acts(self) -> list[Act]:
        return [*self.house.begun, *(act for each in self.groups.values() for act in each.acts)]

    @property
    def kept(self) -> bool:
        """Whether it was as fast as is promised."""
        crowd = self.groups["together"]
        soon = crowd.per_second >= PER_SECOND and crowd.p99 < SECONDS
        slower = max(self.slower("together", "apart"), self.slower("steady", "alone"))
        return soon and slower <= TIMES

    @property
    def told(self) -> str:
        crowd, p99 = self.groups["together"], self.groups["beside together"].p99
        return (
            f"{crowd.per_second:.0f} commands/s, p99 {crowd.p99:.3f} s; others' p99 {p99:.3f} s:"
            f" {self.slower('together', 'apart'):.2f} times that beside a crowd apart;"
            f" beside 250/s {self.slower('steady', 'alone'):.2f} times that alone"
        )


def crowded(site: Site, commands: int) -> Result:
    """Compare, and hold every answer against the log; the long form judges the times as well."""
    service = Quiet(site.folder / "0")
    try:
        service.start()
        compared = Compared(House(service))
        asyncio.run(compared.run(commands))
        log = recorded(service.settings)
    finally:
        service.stop()
    wanted = {act.command for act in compared.acts}
    # A neighbour that was sent home does not know what became of its last command.
    strays = [
        Act(incident=stream, called=0.0, heard=Heard.NOTHING, command=command)
        for stream, commands_of_it in log.items()
        for command in set(commands_of_it) - wanted
    ]
    found = faults([*compared.acts, *strays], log)
    remark = f"{len(found)} violations; {compared.told}"
    if found:
        remark += f"; the first: {found[0].what}"
    return Result(
        runs=len(compared.groups["together"].acts),
        ok=not found and len(strays) <= 4 * NEIGHBOURS and (commands < LONG or compared.kept),
        acknowledged=len(compared.acts),
        lost=sum(fault.kind == "lost" for fault in found),
        doubled=sum(fault.kind == "doubled" for fault in found),
        remark=remark,
    )


TRIALS = (Trial("T9", "100 clients on one incident", crowded, 1_000, LONG, alone=True),)
