"""Is everybody reminded of what they agreed to do, once, at the time, whatever happens?"""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.reactions.conftest import REPORT, Clock, Server
from tests.reactions.times import NOON, after
from tocsin.desk import Desk
from tocsin.domain.kernel import Command, Recorded
from tocsin.domain.openings import microseconds
from tocsin.domain.review.commands.acting import (
    AgreeAction,
    CompleteAction,
    ReassignAction,
    RescheduleAction,
)
from tocsin.domain.review.commands.opening import OpenReview
from tocsin.domain.review.events import ActionReminded
from tocsin.domain.review.values import ActionKind, review_stream
from tocsin.reactions.reminders import ACTION_ITEMS, Reminders
from tocsin.reactions.timekeeper import Timekeeper
from tocsin.readmodels import found
from tocsin.readmodels.projector import Pace, Projector

(ITEMS,) = (each for each in found() if each.name == ACTION_ITEMS)
DONE = CompleteAction(action="A1", evidence="It is.")


class Reminding:
    """A server that reminds, and a review in it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.keeper = self.another()
        self.projector = Projector(
            server.log, server.database, [ITEMS], pace=Pace(poll_seconds=0.0, beat_seconds=0.0)
        )

    def another(self) -> Timekeeper:
        """A keeper that knows nothing yet."""
        server = self.server
        book = Reminders(server.log)
        return Timekeeper(
            server.log, server.desk, server.models, ITEMS, clock=server.clock, book=book
        )

    def close(self) -> None:
        self.projector.close()
        self.keeper.close()

    async def review(self) -> UUID:
        """The review of a new incident."""
        incident = (await self.server.ask(REPORT)).incident_id
        command = OpenReview(
            incident="-", reason="-", incident_id=str(incident), title=REPORT.title
        )
        await self.server.ask(command, review_stream(incident))
        return review_stream(incident)

    async def agreed(self, *due: datetime) -> UUID:
        """A review with actions that are due then."""
        review = await self.review()
        for number, due_at in enumerate(due):
            what, kind = f"Do it {number}.", ActionKind.PREVENT
            await self.ask(AgreeAction(what=what, kind=kind, owner="ann", due_at=due_at), review)
        return review

    async def ask(self, command: Command[Any], review: UUID) -> None:
        await self.server.ask(command, review)

    def project(self) -> None:
        quiet = 0
        while quiet < 3:
            quiet = 0 if self.projector.step() else quiet + 1

    async def look(self, moment: datetime) -> int:
        """One look at a moment, once the read model has seen everything."""
        self.server.clock.now = moment
        self.project()
        return await self.keeper.step()

    def said(self, review: UUID) -> list[tuple[str, str, timedelta]]:
        """The reminders on record: of what, why, and how long after noon that was so."""
        told: list[Recorded[Any]] = self.server.log.history(review)
        return [
            (each.event.action, each.event.kind.value, each.occurred_at - NOON)
            for each in told
            if isinstance(each.event, ActionReminded)
        ]


@pytest.fixture
async def reminding(server: Server) -> AsyncIterator[Reminding]:
    made = Reminding(server)
    yield made
    made.close()


@pytest.fixture
async def light(small: Server) -> AsyncIterator[Reminding]:
    made = Reminding(small)
    yield made
    made.close()


async def test_an_owner_is_reminded_when_it_is_due_soon_and_when_it_is_due(
    reminding: Reminding,
) -> None:
    review = await reminding.agreed(after(days=14))
    assert 0 == await reminding.look(after(days=10.9))
    assert 1 == await reminding.look(after(days=11))
    assert 0 == await reminding.look(after(days=13))
    assert 1 == await reminding.look(after(days=14.5))
    assert 0 == await reminding.look(after(days=100))
    expected = [("A1", "due-soon", timedelta(days=11)), ("A1", "overdue", timedelta(days=14))]
    assert expected == reminding.said(review)
    (*_, last) = reminding.server.log.history(review)
    assert ("timekeeper", None, after(days=14.5)) == (last.actor, last.via, last.recorded_at)


async def test_after_an_outage_all_of_them_are_told_in_order(reminding: Reminding) -> None:
    """At the time at which each of them fell due."""
    review = await reminding.agreed(after(days=14), after(days=12), after(days=2))
    assert 5 == await reminding.look(after(days=60))
    assert [
        ("A3", "overdue", timedelta(days=2)),
        ("A2", "due-soon", timedelta(days=9)),
        ("A1", "due-soon", timedelta(days=11)),
        ("A2", "overdue", timedelta(days=12)),
        ("A1", "overdue", timedelta(days=14)),
    ] == reminding.said(review)


async def test_nobody_is_reminded_of_what_is_done(light: Reminding) -> None:
    review = await light.agreed(after(days=14))
    await light.ask(DONE, review)
    assert 0 == await light.look(after(days=20))
    assert [] == light.said(review)


async def test_done_while_the_read_model_was_behind_it_is_not_reminded_of(
    light: Reminding,
) -> None:
    """The log decides, never a read model."""
    review = await light.agreed(after(days=14))
    light.project()
    light.server.clock.now = after(days=20)
    await light.ask(DONE, review)
    assert 0 == await light.keeper.step()
    assert [] == light.said(review)


async def test_another_due_time_is_reminded_of_anew(light: Reminding) -> None:
    """Also when it is put back to where it was."""
    review = await light.agreed(after(days=14))
    await light.look(after(days=11))
    for days in (30, 14):
        due_at = after(days=days)
        await light.ask(RescheduleAction(action="A1", due_at=due_at, reason="-"), review)
    assert 1 == await light.look(after(days=15))
    assert [timedelta(days=11), timedelta(days=14)] == [at for *_, at in light.said(review)]


async def test_the_owner_of_the_moment_is_reminded(light: Reminding) -> None:
    review = await light.agreed(after(days=14))
    await light.look(after(days=11))
    await light.ask(ReassignAction(action="A1", owner="bob", reason="-"), review)
    await light.look(after(days=14))
    told = [each.event for each in light.server.log.history(review)]
    assert ["ann", "bob"] == [e.owner for e in told if isinstance(e, ActionReminded)]


async def test_another_server_says_nothing_twice(reminding: Reminding) -> None:
    """It knows nothing, and its read model is behind: the same reminder has the same id."""
    review = await reminding.agreed(after(days=14))
    reminding.project()
    reminding.server.clock.now = after(days=20)
    other = reminding.another()
    counts = await asyncio.gather(reminding.keeper.step(), other.step())
    other.close()
    assert 2 == sum(counts) == len(reminding.said(review))


async def test_what_was_done_between_look_and_reminder_is_left_alone(
    light: Reminding, monkeypatch: pytest.MonkeyPatch
) -> None:
    review = await light.agreed(after(days=14))
    light.project()
    light.server.clock.now = after(days=20)
    handle = Desk.handle

    async def late(desk: Desk, command: Command[Any], **how: Any) -> Any:
        monkeypatch.undo()
        await light.ask(DONE, review)
        return await handle(desk, command, **how)

    monkeypatch.setattr(Desk, "handle", late)
    assert 0 == await light.keeper.step()
    assert [] == light.said(review)


async def test_a_review_without_a_history_has_nothing_due(small: Server, clock: Clock) -> None:
    (nothing,) = Reminders(small.log).overdue([UUID(int=7)], microseconds(clock.now))
    assert (0, 0, []) == (nothing.version, nothing.position, nothing.acts)
