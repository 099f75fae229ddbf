"""Is what a projection reads besides its events known in time, wherever its follower begins?"""

import threading
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import OperationalError

from tests.readmodels import spells
from tests.readmodels.conftest import SMALL, Model, Open, follow, made, runner_of
from tests.readmodels.streams import REPORTED, Locked, Memory, published, stream, told
from tests.readmodels.test_states import CALLER, SPELLS, VENDOR, away, shown
from tocsin.domain.incident.events import IncidentReported
from tocsin.domain.kernel import Recorded
from tocsin.domain.policy.state import POLICY_STREAM
from tocsin.readmodels import Key
from tocsin.readmodels.batch import Batch
from tocsin.readmodels.database import Database
from tocsin.readmodels.digest import verify
from tocsin.readmodels.follower import Follower
from tocsin.readmodels.reading import ReadModels
from tocsin.readmodels.rebuild import RebuildHalted, rebuild
from tocsin.readmodels.registry import State
from tocsin.store.entries import StoreUnavailable

STRICT, MILD = published("stricter"), published("milder")
GARBLED = published("poison")


def test_a_policy_counts_from_its_place_within_a_page(database: Database) -> None:
    """What stands before it in the same page is not touched by it."""
    log = Memory(told((1, REPORTED), (1, CALLER), (0, STRICT), (1, VENDOR), (0, MILD)))
    model = Model(database, SPELLS)
    assert rebuild(log, database, [SPELLS], page=5)
    assert shown(model) == {(1, "caller"): (1, None), (1, "vendor"): (1, "stricter")}


def test_a_policy_counts_between_two_pages(database: Database) -> None:
    history = told((1, REPORTED), (1, CALLER), (0, STRICT), (1, VENDOR), (0, MILD), (1, CALLER))
    log, model = Memory(history[:2]), Model(database, SPELLS)
    projector = follow(log, database, SPELLS)
    for place in (3, 4, 5, 6):
        log.add(history[place - 1 : place])
        while projector.step():
            pass
        assert model.live.position == place
    assert shown(model) == {(1, "caller"): (2, "milder"), (1, "vendor"): (1, "stricter")}


def test_who_goes_on_knows_what_was_published_before(reopen: Open) -> None:
    """A restarted follower, an interrupted rebuild and a verification: all know the policies of
    the pages that they did not read."""
    history = told((1, REPORTED), (0, STRICT), (1, CALLER), (0, MILD), (1, VENDOR), (1, CALLER))
    log, model = Memory(history[:4]), Model(reopen(), SPELLS)
    follow(Memory(history[:2]), reopen(), SPELLS).close()
    follow(log, reopen(), SPELLS).close()
    log.add(history[4:5])
    follow(log, reopen(), SPELLS).close()
    assert shown(model) == {(1, "caller"): (1, "stricter"), (1, "vendor"): (1, "milder")}
    pages = iter([False, False, True])
    assert not rebuild(log, reopen(), [SPELLS], stop=lambda: next(pages), page=2, fresh=True)
    log.add(history[5:])
    assert rebuild(log, reopen(), [SPELLS], page=2)
    assert shown(model) == {(1, "caller"): (2, "milder"), (1, "vendor"): (1, "milder")}
    assert verify(log, reopen(), SPELLS).equal


class Away(Memory):
    """A log whose single streams cannot be read for a while, though its pages can."""

    failures = 0

    def raw_history(self, stream: UUID, after: int = 0, until: int | None = None) -> Any:
        if self.failures:
            self.failures -= 1
            raise OSError("the store is away")
        return super().raw_history(stream, after, until)


def test_nothing_is_folded_while_the_context_cannot_be_had(database: Database) -> None:
    """An outage just then is waited out: nothing halts, and no policy is missed."""
    history = told((1, REPORTED), (0, STRICT), (1, CALLER))
    follow(Memory(history[:2]), database, SPELLS).close()
    log, model = Away(history), Model(database, SPELLS)
    log.failures = 3
    projector = runner_of(log, database, [SPELLS], pace=SMALL)
    with pytest.raises(OSError, match="the store is away"):
        projector.step()
    assert (model.live.position, model.live.state) == (2, State.RUNNING)
    stop = threading.Event()
    runner = threading.Thread(target=projector.run, args=(stop,))
    runner.start()
    try:
        assert ReadModels(database).wait_for("spells", 3, seconds=20)
    finally:
        stop.set()
        runner.join(20)
    assert shown(model) == {(1, "caller"): (1, "stricter")}


def test_a_page_that_failed_leaves_the_context_as_good_as_it_was(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may know a policy of a page that was not stored, and be told of it again."""
    history = told((1, REPORTED), (1, CALLER), (0, STRICT), (1, VENDOR))
    follow(Memory(history[:1]), database, SPELLS).close()
    model = Model(database, SPELLS)
    follower = Follower(database, SPELLS, model.live)
    assert follower.ready(Memory(history))
    with monkeypatch.context() as patch:
        patch.setattr(follower.rows, "write", away)
        with pytest.raises(OperationalError):
            follower.feed(Batch(history[1:]))
    assert model.live.position == 1
    follower.feed(Batch(history[1:2]))
    follower.feed(Batch(history[2:]))
    assert shown(model) == {(1, "caller"): (1, None), (1, "vendor"): (1, "stricter")}


def test_a_follower_that_was_not_told_refuses_to_fold(database: Database) -> None:
    """Whoever feeds it without its context has a fault, and the log has none: nothing halts."""
    history = told((1, REPORTED), (1, CALLER))
    follow(Memory(history[:1]), database, SPELLS).close()
    follower = Follower(database, SPELLS, Model(database, SPELLS).live)
    with pytest.raises(AssertionError, match="not made ready"):
        follower.feed(Batch(history[1:]))
    assert not follower.halted


def test_an_event_that_the_context_cannot_take_halts_there(reopen: Open) -> None:
    """In its page, at a rebuild, and when a restart finds it in the past: it is named."""
    history = told((1, REPORTED), (0, STRICT), (1, CALLER), (0, GARBLED), (1, VENDOR))
    log, model = Memory(history), Model(reopen(), SPELLS)
    follow(Memory(history[:2]), reopen(), SPELLS).close()
    follow(log, reopen(), SPELLS).close()
    assert (model.live.position, model.live.error_position) == (3, 4)
    assert (model.live.error_event, model.live.error_stream) == ("policy.published", POLICY_STREAM)
    assert model.live.error == "ValueError: this policy cannot be understood"
    with pytest.raises(RebuildHalted, match="spells at position 4"):
        rebuild(log, reopen(), [SPELLS])
    lenient = made("spells", spells, CONTEXT=Lenient)
    follow(log, reopen(), lenient).close()
    assert (model.live.position, model.live.state) == (5, State.RUNNING)
    log.add(told(*[(1, REPORTED)] * 6)[5:])
    follow(log, reopen(), SPELLS).close()
    assert (model.live.position, model.live.error_position) == (5, 4)


def test_a_context_that_cannot_be_opened_now_halts_nobody(database: Database) -> None:
    """Its keys are away, and the next attempt may find them."""
    history = told((1, REPORTED), (0, STRICT), (1, CALLER))
    follow(Memory(history[:2]), database, SPELLS).close()
    log, model = Locked(history), Model(database, SPELLS)
    log.locked = True
    with pytest.raises(StoreUnavailable, match="vault"):
        Follower(database, SPELLS, model.live).ready(log)
    assert (model.live.state, model.live.error) == (State.RUNNING, None)


class Lenient(spells.Policies):
    """Takes what the others cannot."""

    def add(self, recorded: Recorded[Any]) -> None:
        self.notes[recorded.position] = recorded.event.note


@pytest.mark.parametrize(
    ("damage", "stood", "position", "halts"),
    [
        (b"policy.publishes", 2, 3, 4),
        (b"policy.publishes", 4, 4, 4),
        (b"\xff", 2, 2, 2),
        (b"\xff", 4, 4, 4),
    ],
)
def test_an_unreadable_event_of_the_context_halts_whoever_needs_it(
    database: Database, damage: bytes, stood: int, position: int, halts: int
) -> None:
    """Who stands before it goes on until there; who went past it, when it could still be read, may
    not go on without it. Where its bytes do not even say its place, nobody goes on."""
    history = told((1, REPORTED), (0, STRICT), (1, CALLER), (0, MILD), (1, VENDOR))
    follow(Memory(history[:stood]), database, SPELLS).close()
    log, model = Memory(history), Model(database, SPELLS)
    log.bodies[3] = log.bodies[3].replace(b"policy.published", damage)
    follow(log, database, SPELLS).close()
    assert (model.live.state, model.live.error_position) == (State.HALTED, halts)
    assert position == model.live.position
    assert model.live.error is not None
    assert model.live.error.startswith("Unreadable")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One incident, and what was in force when it was reported."""

    incident_id: Key[UUID]
    policy: int


def fold(
    row: Row | None,
    recorded: Recorded[IncidentReported],
    key: UUID,
    context: spells.Policies,
) -> Row:
    return row or Row(incident_id=key, policy=context.in_force(recorded.position))


def both(recorded: Recorded[Any]) -> tuple[UUID, UUID]:
    return recorded.stream, UUID(int=7)


def test_a_row_without_a_state_may_be_folded_in_a_context(database: Database) -> None:
    """And a fold may take both, the context and which of several keys it folds."""
    projection = made("stamped", Row=Row, fold=fold, CONTEXT=spells.Policies, keys=both)
    log = Memory(told((1, REPORTED), (0, STRICT), (2, REPORTED), (1, CALLER)))
    model = Model(database, projection)
    follow(log, database, projection)
    assert [
        Row(incident_id=UUID(int=7), policy=0),
        Row(incident_id=stream(1), policy=0),
        Row(incident_id=stream(2), policy=2),
    ] == model.rows()
    assert model.live.position == 4
