"""Is only the difference between the rows of two states written, and each unfolded only once?"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError

from tests.readmodels import spells
from tests.readmodels.conftest import Model, follow, made
from tests.readmodels.streams import REPORTED, Memory, stream, told
from tests.readmodels.test_states import CALLER, SPELLS, VENDOR, away, plainly, shown, tamper
from tocsin.domain.incident.values import HoldReason
from tocsin.readmodels import Projection
from tocsin.readmodels.batch import Batch
from tocsin.readmodels.database import Database
from tocsin.readmodels.follower import Follower
from tocsin.readmodels.registry import Overtaken
from tocsin.readmodels.unfolding import SharedKey, Unfolding


def test_a_row_that_stays_as_it_was_is_not_written(database: Database) -> None:
    """Other rows of its state may change: only the difference is stored."""
    history = told((1, REPORTED), (1, CALLER), (1, VENDOR), (1, VENDOR))
    log, model = Memory(history[:3]), Model(database, SPELLS)
    projector = follow(log, database, SPELLS)
    tamper(model, times=99, reason=HoldReason.AWAITING_CALLER)
    log.add(history[3:])
    while projector.step():
        pass
    assert shown(model) == {(1, "caller"): (99, None), (1, "vendor"): (2, None)}


def telling(asked: list[Any]) -> Projection:
    """A projection that tells which states it unfolds."""

    def rows(state: Any, context: Any) -> Any:
        asked.append(state.incident_id)
        return spells.rows(state, context)

    return made("spells", spells, rows=rows)


def test_a_state_is_unfolded_once_a_page(database: Database) -> None:
    """However many events touch it, and not at all while nothing does."""
    asked: list[Any] = []
    history = told(
        (1, REPORTED), (2, REPORTED), (1, CALLER),
        (1, VENDOR), (1, CALLER), (1, VENDOR),
        (2, VENDOR),
    )  # fmt: skip
    log = Memory(history[:3])
    projector = follow(log, database, telling(asked))
    for page in (history[3:6], history[6:]):
        log.add(page)
        while projector.step():
            pass
    assert sorted(asked[:2]) == [stream(1), stream(2)]
    # As they were, which a build does not remember, and as they are.
    assert asked[2:] == [stream(1), stream(1), stream(2), stream(2)]


def test_after_a_failure_rows_are_unfolded_anew(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that was remembered before it is trusted: the state as it was is unfolded, too."""
    history = told((1, REPORTED), (1, CALLER), (1, VENDOR), (1, VENDOR))
    follow(Memory(history[:1]), database, SPELLS).close()
    asked: list[Any] = []
    follower = Follower(database, telling(asked), Model(database, SPELLS).live)
    assert follower.ready(Memory(history))
    follower.feed(Batch(history[1:2]))
    assert len(asked) == 2
    follower.feed(Batch(history[2:3]))
    assert len(asked) == 3
    with monkeypatch.context() as patch:
        patch.setattr(follower.rows, "write", away)
        with pytest.raises(OperationalError):
            follower.feed(Batch(history[3:]))
    assert len(asked) == 4
    follower.feed(Batch(history[3:]))
    assert len(asked) == 6


def test_a_page_is_written_whole_or_not_at_all(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the rows cannot be stored, neither are the states; nothing remembered says otherwise."""
    history = told((1, REPORTED), (1, CALLER), (1, VENDOR), (1, CALLER))
    model = Model(database, SPELLS)
    follow(Memory(history[:2]), database, SPELLS).close()
    follower, other = (Follower(database, SPELLS, model.live) for _ in range(2))
    for each in (follower, other):
        assert each.ready(Memory(history))
    with monkeypatch.context() as patch:
        patch.setattr(follower.rows, "write", away)
        with pytest.raises(OperationalError):
            follower.feed(Batch(history[2:3]))
    assert shown(model) == {(1, "caller"): (1, None)}
    assert len(model.states()[0].holds) < 40
    follower.feed(Batch(history[2:3]))
    with pytest.raises(Overtaken):
        other.feed(Batch(history[2:4]))
    follower.feed(Batch(history[3:4]))
    assert shown(model) == {(1, "caller"): (2, None), (1, "vendor"): (1, None)}
    assert (model.rows(), model.states()) == plainly(history)


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.none() | st.text("xyz", max_size=3))))
def test_what_is_remembered_of_rows_changes_nothing(pages: list[dict[str, Any]]) -> None:
    """With room for all, for two, or for none: the difference is the same."""
    states: dict[str, Any] = {}
    rooms = [Unfolding(unfolded, lambda row: row[0], room) for room in (1_000, 2, 0)]
    for page in pages:
        after = {name: None if said is None else (name, said) for name, said in page.items()}
        found = [room.difference(states, after) for room in rooms]
        for room, difference in zip(rooms, found, strict=True):
            room.keep(difference.unfolded)
        assert all(each == found[0] for each in found)
        states |= after


def unfolded(state: tuple[str, str]) -> list[tuple[str, int]]:
    """A row for each letter that a state has, with how often it has it."""
    name, said = state
    return [(f"{name}{letter}", said.count(letter)) for letter in sorted(set(said))]


def test_two_states_cannot_have_one_row() -> None:
    """Not both at once, and not handed from the one to the other."""
    unfolding = Unfolding(lambda state: state, lambda row: row, 10)
    with pytest.raises(SharedKey):
        unfolding.difference({}, {1: ["x"], 2: ["x"]})
    with pytest.raises(SharedKey):
        unfolding.difference({1: ["x"]}, {1: [], 2: ["x"]})
