"""Does a read model follow the log exactly once, whatever breaks in between?"""

import threading
import time
from operator import attrgetter
from typing import Any

import pytest

from tests.readmodels.conftest import SMALL, Model, Open, follow, made, runner_of
from tests.readmodels.streams import (
    CLOSED,
    LOGGED,
    REPORTED,
    RESOLVED,
    RESUMED,
    Locked,
    Memory,
    plausible,
    stream,
    told,
)
from tocsin.domain.incident.events import IncidentCancelled, IncidentReported
from tocsin.domain.incident.values import Source
from tocsin.readmodels import found
from tocsin.readmodels.batch import Batch
from tocsin.readmodels.database import Database
from tocsin.readmodels.follower import Follower
from tocsin.readmodels.projection import within
from tocsin.readmodels.projector import Pace
from tocsin.readmodels.reading import ReadModels
from tocsin.readmodels.registry import Overtaken, Registry, State
from tocsin.store.entries import StoreUnavailable

POISON = IncidentReported(title="poison", source=Source.MONITORING)
CANCELLED = IncidentCancelled(reason="a drill")


def test_rows_follow_the_events(database: Database) -> None:
    """What a row says is the fold of the events that touch it, and a row may go away again."""
    log = Memory(told((1, REPORTED), (2, REPORTED), (1, LOGGED), (2, CANCELLED), (2, RESUMED)))
    model = Model(database, made("counting"))
    follow(log, database, model.projection)
    assert [(stream(1), 2)] == [(row.incident_id, row.events) for row in model.rows()]
    assert model.live.position == 5


def test_what_comes_later_is_added_to_what_is_there(database: Database) -> None:
    log = Memory(told((1, REPORTED)))
    model = Model(database, made("counting"))
    projector = follow(log, database, model.projection)
    log.add(told((1, REPORTED), (1, LOGGED), (1, RESOLVED), (1, CLOSED))[1:])
    while projector.step():
        pass
    assert [row.events for row in model.rows()] == [4]


def test_a_runner_that_died_between_pages_is_continued_exactly(reopen: Open) -> None:
    """Rows and position are written together, so the next runner begins where the last one was,
    with nothing counted twice and nothing left out, though it remembers no row."""
    history = plausible(30, interleaved=10)
    log, projections = Memory(history[:100]), found()
    first = reopen()
    follow(log, first, *projections).close()
    log.add(history[100:])
    second = reopen()
    dying = runner_of(log, second, projections, pace=SMALL)
    dying.step()
    dying.close()
    third = reopen()
    follow(log, third, *projections)
    whole = reopen()
    for projection in projections:
        model = Model(whole, projection)
        assert len(history) == model.live.position
        assert expected_rows(projection, history) == model.rows()


def expected_rows(projection: Any, history: Any) -> list[Any]:
    """The rows by the plainest fold there is."""
    folded: dict[Any, Any] = {}
    context = projection.context() if projection.context else None
    fold = within(context, projection.fold)
    for recorded in history:
        if type(recorded.event) not in projection.events:
            continue
        for key in projection.keys(recorded) if projection.keys else (recorded.stream,):
            told_key = (key,) if projection.takes_key else ()
            folded[key] = fold(folded.get(key), recorded, *told_key)
    rows = [folded[key] for key in sorted(folded)]
    if projection.rows is not None:
        unfold = within(context, projection.rows)
        rows = [row for state in rows for row in unfold(state)]
    return sorted(rows, key=attrgetter(*projection.shape.key))


def test_a_second_runner_fails_instead_of_counting_twice(reopen: Open) -> None:
    """Even with the lease lost, a page cannot be applied to a position that it does not follow."""
    history = told((1, REPORTED), (1, LOGGED), (1, RESOLVED))
    projection = made("counting")
    follow(Memory(history[:1]), reopen(), projection).close()
    model = Model(reopen(), projection)
    one = Follower(reopen(), projection, model.live)
    other = Follower(reopen(), projection, model.live)
    one.feed(Batch(history[1:2]))
    with pytest.raises(Overtaken):
        other.feed(Batch(history[1:3]))
    assert [row.events for row in model.rows()] == [2]
    assert model.live.position == 2


def test_a_second_projector_waits_and_takes_over(reopen: Open) -> None:
    """One lease per projection: who comes second does nothing until the first one is gone."""
    log, projection = Memory(told((1, REPORTED))), made("counting")
    first = follow(log, reopen(), projection)
    second = runner_of(log, reopen(), [projection], pace=SMALL)
    log.add(told((1, REPORTED), (1, LOGGED))[1:])
    assert not second.step(), "it does nothing while the first one holds the lease"
    first.close()
    deadline = time.monotonic() + 20
    while not second.step():
        # A server notices a moment later that a session has ended.
        assert time.monotonic() < deadline, "it goes on where the first one stopped"
    assert Model(reopen(), projection).live.position == 2


def test_a_poison_event_halts_its_projection_and_no_other(database: Database) -> None:
    """It is said which event and why; what came before it counts, what comes after it waits."""
    history = told((1, REPORTED), (1, LOGGED), (2, POISON), (1, RESOLVED))
    log = Memory(history[:1])
    broken = Model(database, made("counting"))
    sound = Model(database, made("sound", fold=lenient))
    projector = follow(log, database, broken.projection, sound.projection)
    log.add(history[1:])
    while projector.step():
        pass
    (standing,) = (each for each in ReadModels(database).standings(log) if each.name == "counting")
    assert State.HALTED is standing.state
    assert (3, stream(2)) == (standing.error_position, standing.error_stream)
    assert standing.error_event == "incident.reported"
    assert standing.error == "ValueError: this one cannot be counted"
    assert (standing.position, standing.lag_events) == (2, 2)
    assert standing.lag_seconds > 0
    assert sound.live.position == 4


def lenient(row: Any, recorded: Any) -> Any:
    """Counts anything."""
    return made("counting").row(
        incident_id=recorded.stream, events=1, title=None, last_at=recorded.occurred_at
    )


def test_an_unreadable_event_halts_at_that_event(database: Database) -> None:
    """Bytes that are no event of ours stop the readers before it, and the position is named."""
    log = Memory(told((1, REPORTED), (1, LOGGED), (1, RESOLVED), (1, CLOSED)))
    log.bodies[2] = log.bodies[2].replace(b"incident.resolved", b"incident.solved")
    model = Model(database, made("counting"))
    follow(log, database, model.projection)
    (standing,) = ReadModels(database).standings(log)
    assert (standing.state, standing.error_position) == (State.HALTED, 3)
    assert ("incident.solved", stream(1)) == (standing.error_event, standing.error_stream)
    assert standing.position == 2


def test_an_event_whose_keys_cannot_be_had_now_halts_nothing(database: Database) -> None:
    """The vault may be away while the log is not: that says nothing about the event."""
    log = Locked(told((1, REPORTED), (1, LOGGED)))
    model = Model(database, made("counting"))
    projector = follow(log, database, model.projection)
    log.add(told((1, REPORTED), (1, LOGGED), (1, RESOLVED))[2:])
    log.locked = True
    with pytest.raises(StoreUnavailable, match="vault"):
        projector.step()
    assert (model.live.state, model.live.error, model.live.position) == (State.RUNNING, None, 2)
    log.locked = False
    while projector.step():
        pass
    assert model.live.position == 3


def test_a_restart_tries_a_halted_projection_again(database: Database) -> None:
    """Repaired code needs nothing but a restart, and nothing was skipped meanwhile."""
    log = Memory(told((1, REPORTED)))
    model = Model(database, made("counting"))
    follow(log, database, model.projection).close()
    log.add(told((1, REPORTED), (2, POISON), (1, LOGGED))[1:])
    follow(log, database, model.projection).close()
    assert (model.live.state, model.live.position) == (State.HALTED, 1)
    repaired = Model(database, made("counting", fold=lenient))
    follow(log, database, repaired.projection)
    assert (
        repaired.live.state,
        repaired.live.position,
        repaired.live.error,
    ) == (State.RUNNING, 3, None)
    assert len(repaired.rows()) == 2


def test_the_loop_follows_and_stops_when_told(database: Database) -> None:
    """In its own thread or process it picks up what is new, and ends between two pages."""
    log, model = Memory(told((1, REPORTED))), Model(database, made("counting"))
    stop = threading.Event()
    projector = runner_of(log, database, [model.projection], pace=SMALL)
    runner = threading.Thread(target=projector.run, args=(stop,))
    runner.start()
    try:
        asking = ReadModels(database)
        assert asking.wait_for("counting", 1, seconds=20)
        log.add(told((1, REPORTED), (1, LOGGED))[1:])
        assert asking.wait_for("counting", 2, seconds=20)
        assert not asking.wait_for("counting", 3, seconds=0.05)
    finally:
        stop.set()
        runner.join(20)
    assert not runner.is_alive()


def test_a_doorbell_wakes_it_before_its_time(database: Database) -> None:
    """With a bell it need not poll: here it would look only once an hour."""
    log, model = Memory(told((1, REPORTED))), Model(database, made("counting"))
    rung, stop = threading.Event(), threading.Event()
    pace = Pace(poll_seconds=3_600)
    projector = runner_of(log, database, [model.projection], pace=pace, doorbell=rung.wait)
    runner = threading.Thread(target=projector.run, args=(stop,))
    runner.start()
    try:
        deadline = time.monotonic() + 20
        while not ReadModels(database).wait_for("counting", 1, seconds=0.1):
            rung.set()
            assert time.monotonic() < deadline
    finally:
        stop.set()
        rung.set()
        runner.join(20)
    assert model.live.position == 1


class Failing(Memory):
    """A log that is away for a while."""

    failures = 2

    def page(self, after: int, limit: int) -> Any:
        self._fail()
        return super().page(after, limit)

    def raw_page(self, after: int, limit: int) -> Any:
        self._fail()
        return super().raw_page(after, limit)

    def _fail(self) -> None:
        if self.failures:
            self.failures -= 1
            raise OSError("the store is away")


def test_an_outage_is_waited_out(database: Database) -> None:
    """A store that cannot be reached is no poison: nothing halts, and it goes on afterwards."""
    log, model = Failing(told((1, REPORTED))), Model(database, made("counting"))
    log.failures = 6
    stop = threading.Event()
    projector = runner_of(log, database, [model.projection], pace=SMALL)
    runner = threading.Thread(target=projector.run, args=(stop,))
    runner.start()
    try:
        assert ReadModels(database).wait_for("counting", 1, seconds=20)
    finally:
        stop.set()
        runner.join(20)
    assert State.RUNNING is model.live.state


def test_the_heartbeat_goes_on_while_nothing_happens(database: Database) -> None:
    """Progress and life are told apart: a quiet log is no dead runner."""
    log, model = Memory(told((1, REPORTED))), Model(database, made("counting"))
    projector = follow(log, database, model.projection)
    before = model.live
    projector.step()
    assert model.live.heartbeat_at > before.heartbeat_at
    assert before.updated_at == model.live.updated_at
    Registry(database).migrate()
