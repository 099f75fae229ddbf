"""Is the hash tree over the log what the events say, at every commit and on either store?"""

import random
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.ledger import naive
from tests.store.conftest import Store
from tests.store.samples import entry, noted
from tests.store.test_sqlite import break_commit
from tocsin.drivers import sqlite3
from tocsin.ledger.merkle import (
    EMPTY,
    Frontier,
    leaf_hash,
    range_hash,
    verify_consistency,
    verify_inclusion,
)
from tocsin.store.entries import Stale, StoreUnavailable
from tocsin.store.log import Log
from tocsin.store.tree import NotInTree

STREAM = uuid4()
MADE = datetime(2026, 3, 1, 13, 0, 0, 123_456, tzinfo=UTC)


def bodies(log: Log) -> list[bytes]:
    return [bytes(body) for _, body in log.raw_page(0, 1_000_000)]


def fill(log: Log, count: int) -> None:
    """So many events, in commits of many sizes."""
    while count:
        size = min(count, random.randint(1, 90))
        log.commit([entry(*[noted("x")] * size)])
        count -= size


def holds(log: Log) -> None:
    """The tree is that of the events, as the RFC defines it."""
    frontier = Frontier()
    frontier.extend(bodies(log))
    assert log.tree() == (log.head(), frontier.hashes)
    assert log.tree_root() == frontier.root() == naive.root(bodies(log))


def execute(store: Store, statement: str) -> None:
    """Ask the database itself, as somebody would who goes behind the log's back."""
    if store.settings.database:
        with psycopg.connect(store.settings.database, autocommit=True) as connection:
            connection.execute("SET search_path = tocsin")
            connection.execute(statement.encode())
        return
    connection = sqlite3.connect(store.settings.log_file, isolation_level=None)
    try:
        connection.execute(statement)
    finally:
        connection.close()


def test_an_empty_log_has_the_empty_tree(log: Log) -> None:
    assert log.tree() == (0, [])
    assert log.tree_root() == log.tree_root(0) == EMPTY
    assert log.consistency(0, 0) == []


def test_the_tree_grows_with_every_commit(log: Log) -> None:
    for number in (1, 1, 14, 1, 40, 3):
        log.commit([entry(noted("a"), noted("b")) for _ in range(number)])
        holds(log)


def test_what_is_not_stored_is_not_in_the_tree(log: Log) -> None:
    """Losers, retries and answers without events leave no leaf."""
    won = entry(noted("won"), stream=STREAM)
    assert log.commit([won, entry(noted("lost"), stream=STREAM)])[1] == Stale(STREAM, 1)
    log.commit([won, entry(), entry(kept=False)])
    log.commit([entry(noted("\ud800")), entry(noted("beside a fault"))])
    assert log.tree()[0] == 2
    holds(log)


def test_a_reader_sees_the_tree_as_it_is_committed(log: Log, store: Store) -> None:
    reader = store.open(writer=False)
    fill(log, 20)
    assert reader.tree() == log.tree()
    fill(log, 20)
    assert reader.inclusion(39, 40) == log.inclusion(39, 40)


def test_any_tree_that_ever_was_is_proved_from_rows(log: Log) -> None:
    """Every leaf of some trees, and some leaves of all."""
    fill(log, 300)
    found = bodies(log)
    frontier, roots = Frontier(), [EMPTY]
    for body in found:
        frontier.extend([body])
        roots.append(frontier.root())
    places = [(leaf, size) for size in (1, 17, 257) for leaf in range(size)]
    places += [(random.randrange(size), size) for size in range(1, 301)]
    for leaf, size in places:
        path = log.inclusion(leaf + 1, size)
        verify_inclusion(leaf_hash(found[leaf]), leaf, size, path, roots[size])
        older = leaf + 1
        verify_consistency(older, size, roots[older], roots[size], log.consistency(older, size))
    for size in (0, 1, 16, 255, 256, 299, 300):
        assert log.tree_root(size) == roots[size]


def test_a_proof_costs_two_questions_however_long_the_log_is(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(log, 600)
    log.inclusion(1, 600)
    asked: list[int] = []
    tree: Any = log.recorder.tree  # type: ignore[attr-defined]
    for name in ("nodes", "leaves", "frontier"):
        monkeypatch.setattr(tree, name, _counted(getattr(tree, name), asked))
    for prove in (log.inclusion, log.consistency):
        asked.clear()
        prove(270, 597)
        assert len(asked) <= 2
        assert sum(asked) <= 5 * 16


def _counted(ask: Any, asked: list[int]) -> Any:
    def counting(*arguments: Any) -> Any:
        rows = ask(*arguments)
        asked.append(len(rows))
        return rows

    return counting


def test_the_roots_of_many_subtrees_are_read_together(log: Log) -> None:
    """A partial export needs the subtrees that hold none of its events."""
    fill(log, 100)
    found = bodies(log)
    ranges = [(0, 64), (64, 96), (96, 100), (5, 6), (6, 8), (48, 64), (0, 100)]
    expected = [naive.root(found[first:end]) for first, end in ranges]
    assert log.tree_hashes(ranges) == expected
    assert log.tree_hashes([]) == []
    assert range_hash((0, 64), lambda height, number: expected[0]) == expected[0]
    with pytest.raises(ValueError, match="no subtree has"):
        log.tree_hashes([(1, 3)])


def test_a_tree_that_never_was_is_not_proved(log: Log) -> None:
    fill(log, 7)
    for size in (8, -1):
        with pytest.raises(NotInTree, match="The tree has 7 events"):
            log.tree_root(size)
    for prove, places in (
        (log.inclusion, [(1, 8), (0, 7), (4, 3)]),
        (log.consistency, [(1, 8), (5, 4), (-1, 4)]),
    ):
        for first, size in places:
            with pytest.raises(NotInTree, match="tree"):
                prove(first, size)


class TestWhatWasSaidAboutTheTree:
    """Checkpoints and attestations: kept once, for ever, and read by anybody."""

    def test_is_kept_and_listed(self, log: Log, store: Store) -> None:
        assert log.latest_checkpoint() is None
        assert log.checkpoints() == []
        assert log.add_checkpoint(7, "note of 7 — é\n", MADE) is True
        assert log.add_checkpoint(3, "note of 3", MADE + timedelta(seconds=1)) is True
        reader = store.open(writer=False)
        three, seven = reader.checkpoints()
        assert (three.size, three.note, three.made_at) == (3, "note of 3", MADE.replace(second=1))
        assert (seven.size, seven.note, seven.made_at) == (7, "note of 7 — é\n", MADE)
        assert reader.checkpoints(after=3) == [seven]
        assert reader.checkpoints(limit=1) == [three]
        assert reader.latest_checkpoint() == seven

    def test_is_said_once_for_each_size(self, log: Log) -> None:
        assert log.add_checkpoint(3, "first", MADE) is True
        assert log.add_checkpoint(3, "second", MADE) is False
        assert [each.note for each in log.checkpoints()] == ["first"]

    def test_is_at_an_instant_wherever_that_was_read(self, log: Log) -> None:
        there = MADE.astimezone(timezone(timedelta(hours=2)))
        log.add_checkpoint(1, "note", there)
        log.add_attestation(1, "witness", "cosignature", b"", there)
        assert log.checkpoints()[0].made_at.isoformat() == "2026-03-01T13:00:00.123456+00:00"
        assert log.attestations()[0].made_at.isoformat() == "2026-03-01T13:00:00.123456+00:00"

    def test_may_be_attested_by_many(self, log: Log) -> None:
        for size, place in ((4, "file"), (2, "witness"), (4, "authority"), (4, "file")):
            log.add_attestation(size, place, "kept", b"\x00\xff", MADE)
        found = [(each.size, each.place) for each in log.attestations()]
        assert found == [(2, "witness"), (4, "authority"), (4, "file")]
        assert [each.place for each in log.attestations(4)] == ["authority", "file"]
        assert [each.place for each in log.attestations(limit=1)] == ["file"]
        assert log.attestations(3) == []
        assert log.attestations(2)[0].body == b"\x00\xff"

    def test_is_written_by_the_writer_only(self, log: Log, store: Store) -> None:
        reader = store.open(writer=False)
        with pytest.raises(StoreUnavailable, match="open for reading only"):
            reader.add_checkpoint(1, "note", MADE)
        with pytest.raises(StoreUnavailable, match="open for reading only"):
            reader.add_attestation(1, "file", "kept", b"", MADE)
        assert log.checkpoints() == []

    def test_is_not_changed_by_mistake(self, log: Log, store: Store) -> None:
        fill(log, 16)
        log.add_checkpoint(16, "note", MADE)
        log.add_attestation(16, "file", "kept", b"", MADE)
        for table, column in (
            ("nodes", "height"),
            ("checkpoints", "size"),
            ("attestations", "size"),
        ):
            for change in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"):
                with pytest.raises((sqlite3.IntegrityError, psycopg.Error), match="append-only"):
                    execute(store, change)
        assert (len(log.checkpoints()), len(log.attestations())) == (1, 1)
        holds(log)


class TestAfterAnAccident:
    @pytest.mark.parametrize("after", [False, True])
    def test_the_tree_goes_on_from_what_is_stored(self, sqlite_store: Store, after: bool) -> None:
        log = sqlite_store.open()
        fill(log, 20)
        break_commit(log, after=after)
        with pytest.raises(StoreUnavailable):
            log.commit([entry(noted("lost or not"))])
        fill(log, 20)
        assert log.head() == 40 + after
        holds(log)


class TestATreeThatWasChangedFromOutside:
    """Nothing is added to what cannot be right: that would bury the evidence."""

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ("tree_size = 16", "1 hashes are not the frontier|2 hashes are not the frontier"),
            ("tree_size = 50", "the tree has 50 events, the log 40"),
            ("tree_size = 0, frontier = {}", "parts behind its end"),
        ],
    )
    def test_is_not_extended(self, store: Store, change: str, says: str) -> None:
        fill(store.open(), 40)
        store.close()
        nothing = "''" if store.settings.database else "x''"
        execute(store, f"UPDATE head SET {change.format(nothing)}")
        with pytest.raises(StoreUnavailable, match=f"was changed from outside: .*({says})"):
            store.open()

    def test_behind_a_writers_back_takes_no_commit(self, store: Store) -> None:
        """Not the fault of the commands: none of them is refused for good."""
        log = store.open()
        fill(log, 30)
        there = "'\\x00'" if store.settings.database else "x'00'"
        execute(store, f"INSERT INTO nodes VALUES (4, 1, {there})")
        with pytest.raises(StoreUnavailable, match="parts behind its end"):
            log.commit([entry(noted("1")), entry(noted("2"))])
        assert log.head() == 30

    def test_without_its_rows_proves_nothing(self, store: Store) -> None:
        log = store.open()
        fill(log, 40)
        if store.settings.database:
            execute(store, "ALTER TABLE nodes DISABLE TRIGGER append_only")
        else:
            execute(store, "DROP TRIGGER nodes_delete")
        execute(store, "DELETE FROM nodes")
        with pytest.raises(StoreUnavailable, match=r"positions 17 to 32.*tocsin verify"):
            log.inclusion(1, 40)
