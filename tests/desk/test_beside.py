"""A command may rest on other streams than its own: is it told at once when those have moved?"""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from tests.desk.test_desk import RESOLVE, ask, note, reported
from tocsin.asks import InTheFuture, Receipt, StaleVersion
from tocsin.desk import Desk
from tocsin.domain.clock.agenda import PART, Act
from tocsin.domain.clock.commands import Strike
from tocsin.domain.clock.events import UpdateReminded
from tocsin.domain.clock.happening import clock_stream
from tocsin.domain.incident.commands.resolution import Close
from tocsin.domain.incident.commands.triage import Acknowledge
from tocsin.domain.openings import microseconds
from tocsin.settings import Settings
from tocsin.store.log import Log

DUE = datetime(2026, 3, 1, 12, tzinfo=UTC)


def reminder(incident: UUID, version: int = 2, *, due: datetime = DUE, since: int = 1) -> Strike:
    key = PART.join(("update", "", f"{since}"))
    act = Act(microseconds(due), key, UpdateReminded, {"since": since})
    return Strike(incident_id=incident, incident_version=version, act=act, occurred_at=due)


async def strike(
    desk: Desk, incident: UUID, version: int, *, command_id: UUID | None = None, since: int = 1
) -> Receipt:
    return await desk.handle(
        reminder(incident, version, since=since),
        stream=clock_stream(incident),
        caller="timekeeper",
        command_id=command_id,
        beside=((incident, version),),
    )


async def test_it_is_recorded_while_the_other_stream_stands_still(desk: Desk, log: Log) -> None:
    incident = await reported(desk)
    assert (await strike(desk, incident, 2)).fields["changed"]
    (fact,) = log.history(clock_stream(incident))
    assert (DUE, "timekeeper", None) == (fact.occurred_at, fact.actor, fact.via)
    assert 2 == log.version(incident)


async def test_it_is_told_and_records_nothing_when_the_other_stream_has_moved(
    desk: Desk, log: Log
) -> None:
    incident = await reported(desk)
    await ask(desk, Acknowledge(), incident)
    with pytest.raises(StaleVersion, match=f"stream {incident} is at version 3, not 2"):
        await strike(desk, incident, 2)
    assert 0 == log.version(clock_stream(incident))
    assert (await strike(desk, incident, 3)).fields["changed"]


async def test_it_is_not_tried_again_by_itself_when_the_other_stream_moves_in_its_batch(
    desk: Desk, log: Log
) -> None:
    """What fell due was reckoned without that: whoever reckoned has to look again."""
    incident = await reported(desk)
    moved, stale, other = await asyncio.gather(
        ask(desk, Acknowledge(), incident),
        strike(desk, incident, 2),
        strike(desk, await reported(desk), 2),
        return_exceptions=True,
    )
    assert isinstance(moved, Receipt)
    assert isinstance(stale, StaleVersion)
    assert isinstance(other, Receipt)


async def test_a_race_on_its_own_stream_is_decided_again(
    desk: Desk, log: Log, settings: Settings
) -> None:
    """Another server strikes the clock too: then this one finds what that one has struck."""
    incident = await reported(desk)
    await strike(desk, incident, 2, since=1)
    stored = desk._memory.get(clock_stream(incident))
    assert stored is not None
    await strike(desk, incident, 2, since=2)
    desk._memory.keep(clock_stream(incident), stored)
    again = await strike(desk, incident, 2, since=2)
    assert not again.fields["changed"]
    assert (await strike(desk, incident, 2, since=3)).version == 3


async def test_a_loser_before_it_in_the_batch_does_not_make_it_stale(desk: Desk, log: Log) -> None:
    """The other stream is still where the caller saw it: it is decided again, not refused."""
    incident = await reported(desk)
    stored = desk._memory.get(incident)
    assert stored is not None
    ahead = replace(stored, state=replace(stored.state, version=7))
    desk._memory.keep(incident, ahead)
    struck, noted = await asyncio.gather(
        strike(desk, incident, 2), ask(desk, note("Wait."), incident)
    )
    assert (1, 3) == (struck.version, noted.version)
    assert 4 == log.head()


async def test_nothing_and_no_rest_on_the_other_stream_as_well(desk: Desk) -> None:
    incident, other = await reported(desk), await reported(desk)
    for command in (Acknowledge(), Close(closure_code="solved"), RESOLVE):
        with pytest.raises(StaleVersion):
            await ask(desk, command, incident, beside=((other, 1),))


async def test_a_retry_gets_the_first_answer_however_the_other_stream_has_moved(
    desk: Desk,
) -> None:
    incident, key = await reported(desk), uuid4()
    first = await strike(desk, incident, 2, command_id=key)
    await ask(desk, Acknowledge(), incident)
    assert first.body == (await strike(desk, incident, 2, command_id=key)).body


async def test_what_is_due_exactly_now_or_long_ago_is_recorded_as_of_then(
    log: Log, settings: Settings
) -> None:
    """No skew is allowed for here: time itself keeps the times that it states."""
    desk = Desk(log, replace(settings, clock_skew_seconds=0.0), clock=lambda: DUE)
    await desk.start()
    incident = await reported(desk)
    for since, due in ((1, DUE), (2, DUE - timedelta(days=900))):
        command = reminder(incident, due=due, since=since)
        await desk.handle(command, stream=clock_stream(incident), caller="timekeeper")
    early = reminder(incident, due=DUE + timedelta(microseconds=1), since=3)
    with pytest.raises(InTheFuture):
        await desk.handle(early, stream=clock_stream(incident), caller="timekeeper")
    await desk.stop()
    facts = log.history(clock_stream(incident))
    assert [DUE, DUE - timedelta(days=900)] == [fact.occurred_at for fact in facts]
    assert [DUE, DUE] == [fact.recorded_at for fact in facts]


async def test_clocks_that_strike_do_not_drive_out_what_people_work_on(
    log: Log, settings: Settings
) -> None:
    """A storm of due times must not make everybody's incidents cold."""
    desk = Desk(log, replace(settings, hot_incidents=5))
    await desk.start()
    incidents = [await reported(desk) for _ in range(3)]
    for _ in range(4):
        for incident in incidents:
            await strike(desk, incident, 2, since=uuid4().int % 1_000_000)
    hot = [desk._memory.get(incident) is not None for incident in incidents]
    await desk.stop()
    assert [True] * 3 == hot
