"""Is work done by one server at a time, for as long as any lives, whatever fails?"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from sqlalchemy.exc import OperationalError

from tocsin.reactions.shift import Shift, rest
from tocsin.readmodels.database import Database
from tocsin.settings import Settings
from tocsin.store.entries import StoreUnavailable

SOON = 10.0


@dataclass
class Counting:
    """Work that counts, and fails as often as it is told."""

    name: str = "counting"
    pause: float = 0.001
    said: list[str] = field(default_factory=list)
    """What was asked of it, but for the steps."""
    steps: int = 0
    failures: list[Exception] = field(default_factory=list)
    happened: asyncio.Event = field(default_factory=asyncio.Event)

    async def begin(self) -> None:
        self.said.append("begin")

    async def step(self) -> int:
        if self.failures:
            raise self.failures.pop()
        self.steps += 1
        self.happened.set()
        return 1

    async def end(self) -> None:
        self.said.append("end")

    async def until(self, wanted: Callable[[], bool]) -> None:
        """Wait until this is so after some step."""
        async with asyncio.timeout(SOON):
            while not wanted():
                self.happened.clear()
                await self.happened.wait()

    async def works(self, steps: int = 1) -> None:
        """Wait until it has done so many steps more."""
        steps += self.steps
        await self.until(lambda: self.steps >= steps)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BEAT_SECONDS", "FIRST_PAUSE_SECONDS", "LONGEST_PAUSE_SECONDS"):
        monkeypatch.setattr(f"tocsin.reactions.shift.{name}", 0.01)


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    database = Database.open(settings.home, settings.database)
    yield database
    database.close()


@asynccontextmanager
async def kept(shift: Shift) -> AsyncIterator[asyncio.Event]:
    stop = asyncio.Event()
    task = asyncio.create_task(shift.keep(stop))
    yield stop
    stop.set()
    await asyncio.wait_for(task, SOON)


async def test_it_works_step_by_step_until_it_is_told_to_stop(database: Database) -> None:
    work = Counting()
    shift = Shift(work, database.lease("counting"))
    async with kept(shift):
        await work.works(steps=5)
        assert shift.held
    assert ["begin", "end"] == work.said
    assert not shift.held


async def test_another_one_takes_over_when_it_stops_and_never_before(database: Database) -> None:
    one, other = Counting(), Counting()
    async with kept(Shift(one, database.lease("counting"))) as stop_one:
        await one.works()
        async with kept(Shift(other, database.lease("counting"))):
            await one.works(steps=50)
            assert (0, []) == (other.steps, other.said)
            stop_one.set()
            await other.works()
            assert ["begin", "end"] == one.said


async def test_an_outage_is_waited_for_and_told_in_a_line(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    away = OperationalError("select 1", {}, Exception("gone"))
    work = Counting(failures=[StoreUnavailable("the disk is full"), away])
    async with kept(Shift(work, database.lease("counting"))):
        await work.works()
    assert ["begin", "end"] == work.said
    told = [record for record in caplog.records if "counting waits" in record.message]
    assert 2 == len(told)
    assert not any(record.exc_info for record in told)


async def test_a_mistake_of_ours_is_told_in_full_and_ends_nothing(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    work = Counting(failures=[KeyError("a mistake")])
    async with kept(Shift(work, database.lease("counting"))):
        await work.works()
    (told,) = (record for record in caplog.records if "counting waits" in record.message)
    assert told.exc_info


async def test_a_lease_that_was_lost_ends_the_work_until_it_is_ours_again() -> None:
    work, answers = Counting(), [True] * 3 + [False] * 3

    class Moody:
        def take(self) -> bool:
            return answers.pop(0) if answers else True

        def release(self) -> None:
            answers.append(False)

        def fence(self) -> None:
            return None

    async with kept(Shift(work, Moody())):
        await work.works()
        await work.until(lambda: work.said == ["begin", "begin"])
    assert ["begin", "begin", "end"] == work.said
    assert [False] == answers


async def test_to_rest_ends_with_the_time_or_with_the_service() -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    began = loop.time()
    await rest(stop, 0.05)
    assert loop.time() - began >= 0.04
    asyncio.get_running_loop().call_later(0.01, stop.set)
    await asyncio.wait_for(rest(stop, 60), SOON)
    await rest(stop, 0)
