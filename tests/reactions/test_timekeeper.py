"""Does time do to an incident what it should, once, in order, whatever happens around it?"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.reactions.conftest import Clock, Server
from tests.reactions.times import NOON, after
from tocsin.asks import HistoryFull, Receipt, StaleVersion
from tocsin.desk import Desk
from tocsin.domain.clock.agenda import Act
from tocsin.domain.clock.happening import clock_stream
from tocsin.domain.incident.commands.investigation import Note
from tocsin.domain.incident.commands.resolution import Resolve
from tocsin.domain.incident.commands.triage import Acknowledge
from tocsin.domain.incident.values import Visibility
from tocsin.domain.kernel import Command
from tocsin.domain.policy import DEFAULT_DOCUMENT
from tocsin.domain.policy.state import POLICY_STREAM
from tocsin.policies.publishing import publication
from tocsin.reactions.docket import Overdue
from tocsin.settings import Settings
from tocsin.store.entries import Entry, Outcome, StoreUnavailable
from tocsin.store.log import Log

NOTE = Note(text="Looking.", visibility=Visibility.INTERNAL)
STRICTER = DEFAULT_DOCUMENT.replace('goal = "15m"', 'goal = "10m"')


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


FIRST_HALF_HOUR = [
    ("warned", minutes(7.5)),
    ("warned", minutes(11.25)),
    ("breached", minutes(15)),
]


async def test_what_falls_due_is_recorded_when_it_does(server: Server, clock: Clock) -> None:
    incident = await server.critical()
    clock.now = after(minutes=7)
    assert 0 == await server.strike()
    for minute, struck in ((7.5, 1), (11.25, 1), (15, 1), (15.5, 0)):
        clock.now = after(minutes=minute)
        assert struck == await server.strike()
    assert FIRST_HALF_HOUR == server.said(incident)
    assert [r.occurred_at for r in server.struck(incident)] == [
        r.recorded_at for r in server.struck(incident)
    ]
    assert [0.0, 0.0, 0.0] == server.late


async def test_it_is_recorded_as_of_when_it_was_due_however_late_and_in_order(
    server: Server, clock: Clock
) -> None:
    """As after an outage: the clocks ran on, and nobody was there to say so."""
    incident = await server.critical()
    clock.now = after(minutes=29)
    assert 3 == await server.strike()
    assert FIRST_HALF_HOUR == server.said(incident)
    facts = server.struck(incident)
    assert {after(minutes=29)} == {fact.recorded_at for fact in facts}
    assert {("timekeeper", None)} == {(fact.actor, fact.via) for fact in facts}
    assert [21.5 * 60, 17.75 * 60, 14 * 60] == server.late


async def test_what_was_struck_is_not_struck_again(server: Server, clock: Clock) -> None:
    """Neither by the next look nor by a server that knows nothing of it."""
    await server.critical()
    clock.now = after(minutes=29)
    assert [3, 0, 0] == [await server.strike() for _ in range(3)]
    head = server.log.head()
    await server.timekeeper.begin()
    assert 0 == await server.timekeeper.step()
    assert head == server.log.head()


async def test_many_incidents_are_struck_in_the_order_in_which_they_fell_due(
    server: Server, clock: Clock
) -> None:
    incidents = []
    for minute in range(12):
        clock.now = after(minutes=minute)
        incidents.append(await server.critical())
    clock.now = after(minutes=20)
    await server.strike()
    facts = [r for r in server.log.page(0, 1_000) if r.event.event_name.startswith("clock.")]
    assert 12 + 9 + 6 == len(facts)
    times = [fact.occurred_at for fact in facts]
    assert sorted(times) == times


def watched(server: Server, monkeypatch: pytest.MonkeyPatch) -> list[list[UUID]]:
    """Which incidents are read from the log from now on."""
    asked: list[list[UUID]] = []
    docket = server.timekeeper._docket
    overdue = docket.overdue

    def watch(incidents: list[UUID], now: int) -> list[Overdue[Act]]:
        asked.append(incidents)
        return overdue(incidents, now)

    monkeypatch.setattr(docket, "overdue", watch)
    return asked


async def test_a_read_model_that_is_behind_leads_to_nothing_twice(
    server: Server, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It still lists what was struck a moment ago: the incident is left alone meanwhile."""
    incident = await server.critical()
    server.project()
    clock.now = after(minutes=8)
    assert 1 == await server.timekeeper.step()
    asked = watched(server, monkeypatch)
    clock.now = after(minutes=12)
    assert [0, 0, 0] == [await server.timekeeper.step() for _ in range(3)]
    assert [] == asked
    assert 1 == await server.strike()
    assert [[incident]] == asked


async def test_what_is_not_due_any_more_is_looked_at_once_and_not_again_and_again(
    server: Server, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody answered in time; the read model has not heard of it."""
    incident = await server.critical()
    server.project()
    await server.ask(Acknowledge(), incident)
    asked = watched(server, monkeypatch)
    clock.now = after(minutes=20)
    assert [0, 0, 0] == [await server.timekeeper.step() for _ in range(3)]
    assert [[incident]] == asked
    assert 0 == await server.strike()
    assert [] == server.struck(incident)


class Interrupts:
    """Somebody does something to the incident after it was read and before it is struck."""

    def __init__(self, desk: Desk, command: Command[Any]) -> None:
        self.command: Command[Any] | None = command
        self.handle = desk.handle
        self.stale: list[StaleVersion] = []

    async def __call__(self, command: Command[Any], **how: Any) -> Receipt:
        if self.command is not None:
            ours, self.command = self.command, None
            await self.handle(ours, stream=how["beside"][0][0], caller="ann")
        try:
            return await self.handle(command, **how)
        except StaleVersion as stale:
            self.stale.append(stale)
            raise


async def test_what_changes_under_its_hands_is_left_and_looked_at_again(
    server: Server, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The incident was resolved, as of before the breach: there is none, and none is recorded."""
    incident = await server.critical()
    server.project()
    clock.now = after(minutes=16)
    early = Resolve(resolution_code="fixed", resolution="Restarted.", occurred_at=after(minutes=10))
    interrupts = Interrupts(server.desk, early)
    monkeypatch.setattr(server.desk, "handle", interrupts)
    assert 0 == await server.timekeeper.step()
    assert 3 == len(interrupts.stale)
    assert [] == server.struck(incident)
    await server.timekeeper.step()
    assert "breached" not in [name for name, _ in server.said(incident)]


async def test_a_note_under_its_hands_delays_it_by_one_look(
    server: Server, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident = await server.critical()
    server.project()
    clock.now = after(minutes=16)
    monkeypatch.setattr(server.desk, "handle", Interrupts(server.desk, NOTE))
    assert [0, 3] == [await server.timekeeper.step() for _ in range(2)]
    assert FIRST_HALF_HOUR == server.said(incident)


async def test_two_servers_that_both_think_it_is_theirs_strike_once(
    settings: Settings, clock: Clock
) -> None:
    """A lease spares work; what keeps acts single is the log."""
    if not settings.database:
        pytest.skip("one process writes a SQLite file")
    one = await Server(settings, clock).start()
    other = await Server(settings, clock).start()
    incidents = [await one.critical() for _ in range(20)]
    one.project()
    clock.now = after(minutes=16)
    counts = await asyncio.gather(one.timekeeper.step(), other.timekeeper.step())
    said = [one.said(incident) for incident in incidents]
    await one.stop()
    await other.stop()
    assert 60 == sum(counts)
    assert [FIRST_HALF_HOUR] * 20 == said


async def test_the_wall_clock_may_jump(server: Server, clock: Clock) -> None:
    """Set back, nothing is struck twice or too early; set right again, nothing is missing."""
    incident = await server.critical()
    clock.now = after(minutes=8)
    assert 1 == await server.strike()
    clock.now = NOON - timedelta(days=1)
    assert 0 == await server.strike()
    clock.now = after(minutes=16)
    assert 2 == await server.strike()
    assert FIRST_HALF_HOUR == server.said(incident)


async def test_a_policy_is_known_as_of_what_was_decided_under_it(
    server: Server, clock: Clock
) -> None:
    """Published while the timekeeper runs: it holds for what comes after it, and nothing else."""
    before = await server.critical()
    clock.now = after(minutes=1)
    assert 0 == await server.strike()
    await server.ask(publication(STRICTER, "A test."), POLICY_STREAM)
    later = await server.critical()
    clock.now = after(minutes=16)
    assert 6 == await server.strike()
    assert FIRST_HALF_HOUR == server.said(before)
    assert [minutes(6), minutes(8.5), minutes(11)] == [due for _, due in server.said(later)]
    assert {1} == {fact.event.policy_version for fact in server.struck(before)}
    assert {2} == {fact.event.policy_version for fact in server.struck(later)}


async def test_with_more_due_than_one_look_takes_it_goes_on_where_it_stopped(
    small: Server, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tocsin.reactions.timekeeper.INCIDENTS_AT_ONCE", 4)
    monkeypatch.setattr("tocsin.reactions.timekeeper.INCIDENTS_TOGETHER", 2)
    monkeypatch.setattr("tocsin.reactions.timekeeper.ACTS_AT_ONCE", 3)
    for _ in range(10):
        await small.critical()
    small.project()
    clock.now = after(minutes=16)
    assert [12, 12, 6] == [await small.timekeeper.step() for _ in range(3)]
    assert 0 == await small.timekeeper.step()


async def test_it_rests_until_the_next_act_but_never_for_long(small: Server, clock: Clock) -> None:
    await small.critical()
    clock.now = after(minutes=7)
    await small.strike()
    assert 0.2 == small.timekeeper.pause
    clock.now = after(minutes=7.5) - timedelta(milliseconds=120)
    await small.strike()
    assert pytest.approx(0.12) == small.timekeeper.pause


async def test_an_agenda_that_is_not_there_yet_is_waited_for(small: Server) -> None:
    await small.critical()
    assert 0 == await small.timekeeper.step()
    assert 1.0 == small.timekeeper.pause


async def test_an_incident_that_is_not_in_the_log_is_left_alone(small: Server) -> None:
    """As when a read model belongs to another log: it says where to look, and no more."""
    (nothing,) = small.timekeeper._docket.overdue([uuid4()], 0)
    assert (0, []) == (nothing.version, nothing.acts)


class Refuses:
    """The desk says no to what is asked about one incident."""

    def __init__(self, desk: Desk, incident: UUID) -> None:
        self.handle, self.stream, self.asked = desk.handle, clock_stream(incident), 0

    async def __call__(self, command: Command[Any], **how: Any) -> Receipt:
        if how["stream"] == self.stream:
            self.asked += 1
            raise HistoryFull(1)
        return await self.handle(command, **how)


async def test_what_is_refused_stops_nobody_else_and_is_not_asked_all_the_time(
    small: Server, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    full, other = await small.critical(), await small.critical()
    refuses = Refuses(small.desk, full)
    monkeypatch.setattr(small.desk, "handle", refuses)
    clock.now = after(minutes=8)
    assert [1, 0, 0] == [await small.strike() for _ in range(3)]
    assert (0, 1) == (len(small.struck(full)), len(small.struck(other)))
    assert 1 == refuses.asked


class Away:
    """The store is away for the first few times."""

    def __init__(self, log: Log, times: int) -> None:
        self.commit, self.times = log.commit, times

    def __call__(self, entries: Sequence[Entry]) -> list[Outcome]:
        if self.times:
            self.times -= 1
            raise StoreUnavailable("the disk is full")
        return self.commit(entries)


async def test_an_outage_is_told_and_everything_is_struck_when_it_is_over(
    server: Server, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident = await server.critical()
    server.project()
    clock.now = after(minutes=16)
    monkeypatch.setattr(server.log, "commit", Away(server.log, times=3))
    with pytest.raises(StoreUnavailable):
        await server.timekeeper.step()
    assert 3 == await server.timekeeper.step()
    assert FIRST_HALF_HOUR == server.said(incident)


async def test_an_answer_that_was_lost_makes_nothing_happen_twice(
    server: Server, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident = await server.critical()
    server.project()
    clock.now = after(minutes=16)
    commit = server.log.commit

    def deaf(entries: Sequence[Entry]) -> list[Outcome]:
        commit(entries)
        raise StoreUnavailable("the connection broke")

    with monkeypatch.context() as patch:
        patch.setattr(server.log, "commit", deaf)
        with pytest.raises(StoreUnavailable):
            await server.timekeeper.step()
    assert 0 == await server.timekeeper.step()
    assert FIRST_HALF_HOUR == server.said(incident)
