"""Does a service do by itself what it should, with real threads, leases and the time of day?"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from tests.reactions.conftest import AGENDA_PROJECTION, CRITICAL, REPORT, Server
from tocsin.domain.incident.events import IncidentEscalated
from tocsin.domain.kernel import replace
from tocsin.reactions.service import Reactions
from tocsin.readmodels.database import Database
from tocsin.readmodels.reading import ReadModels
from tocsin.settings import Settings

SOON = 20.0


def reactions_of(server: Server, late: Callable[[float], None] = lambda _: None) -> Reactions:
    projections = [AGENDA_PROJECTION]
    return Reactions(server.log, server.desk, server.models, projections, late=late)


def escalated(server: Server, incident: UUID) -> bool:
    return any(isinstance(r.event, IncidentEscalated) for r in server.log.history(incident))


async def wait_until(true: Callable[[], bool], work: Callable[[], object]) -> None:
    async with asyncio.timeout(SOON):
        while not true():
            work()
            await asyncio.sleep(0.01)


async def overdue(server: Server) -> UUID:
    """An incident that nobody has taken on for a little more than half an hour."""
    server.clock.now = datetime.now(UTC)
    began = server.clock.now - timedelta(minutes=31)
    incident = (await server.ask(replace(REPORT, occurred_at=began))).incident_id
    await server.ask(replace(CRITICAL, occurred_at=began), incident)
    return incident


async def test_time_and_reactions_work_together(server: Server) -> None:
    late: list[float] = []
    reactions = reactions_of(server, late.append)
    incident = await overdue(server)
    reactions.start()
    await wait_until(lambda: escalated(server, incident), server.project)
    await reactions.stop()
    assert {"clock.breached": 1, "clock.escalation-fell-due": 1, "incident.escalated": 1} == {
        name: reactions.acts[name]
        for name in ("clock.breached", "clock.escalation-fell-due", "incident.escalated")
    }
    assert 60 <= min(late) <= 60 + SOON


async def test_figures_tell_who_does_it_and_how_far_it_has_come(small: Server) -> None:
    reactions = reactions_of(small)
    assert {0.0} == {value for *_, value in reactions.readings()}
    incident = await overdue(small)
    reactions.start()
    (escalator,) = (each for each in reactions._followers if each.name == "escalator")
    await wait_until(lambda: escalated(small, incident) and escalator.position > 3, small.project)
    told = {(name, labels["reaction"]): value for name, _, labels, value in reactions.readings()}
    await reactions.stop()
    names = ("closer", "escalator", "timekeeper")
    assert [1.0] * 3 == [told["reaction_held", name] for name in names]
    assert told["reaction_position", "escalator"] > 3
    assert told["reaction_lag_events", "escalator"] >= 0
    assert ("reaction_position", "timekeeper") not in told


async def test_what_was_answered_is_written_down_when_the_service_ends(small: Server) -> None:
    reactions = reactions_of(small)
    await small.critical()
    reactions.start()
    (escalator,) = (each for each in reactions._followers if each.name == "escalator")
    await wait_until(lambda: escalator.position == 3, lambda: None)
    await reactions.stop()
    again = reactions_of(small)
    await again._followers[0].begin()
    assert 3 == again._followers[0].position
    await again.stop()


async def test_a_server_without_the_agenda_has_no_timekeeper(small: Server) -> None:
    reactions = Reactions(small.log, small.desk, small.models, [])
    assert [] == reactions._timekeepers
    await reactions.stop()


async def test_of_two_servers_one_does_it_and_the_other_one_when_that_ends(
    settings: Settings, server: Server
) -> None:
    """Whoever has the lease: what is due is struck once."""
    other_database = Database.open(settings.home, settings.database)
    models = ReadModels(other_database)
    one = reactions_of(server)
    other = Reactions(server.log, server.desk, models, [AGENDA_PROJECTION])

    def held(by: Reactions) -> set[bool]:
        return {shift.held for shift in by._shifts}

    one.start()
    await wait_until(lambda: held(one) == {True}, lambda: None)
    other.start()
    incident = await overdue(server)
    await wait_until(lambda: escalated(server, incident), server.project)
    assert {False} == held(other)
    await one.stop()
    await wait_until(lambda: held(other) == {True}, lambda: None)
    second = await overdue(server)
    await wait_until(lambda: escalated(server, second), server.project)
    await other.stop()
    other_database.close()
    assert other.acts["incident.escalated"] == one.acts["incident.escalated"] == 1


async def test_it_ends_in_time_even_in_the_middle_of_a_step(
    small: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody does not answer: the service ends all the same, and the next one goes on."""
    monkeypatch.setattr("tocsin.reactions.service.END_SECONDS", 0.05)
    asked = asyncio.Event()

    async def silent(*_: object, **__: object) -> None:
        asked.set()
        await asyncio.Event().wait()

    await overdue(small)
    small.project()
    monkeypatch.setattr(small.desk, "handle", silent)
    reactions = reactions_of(small)
    reactions.start()
    await asyncio.wait_for(asked.wait(), SOON)
    await asyncio.wait_for(reactions.stop(), SOON)
    assert {True} == {task.done() for task in reactions._tasks}
