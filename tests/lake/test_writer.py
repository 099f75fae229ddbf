"""Is everything in the lake, once, and the same bytes whoever wrote them, however often?"""

import os
import shutil
import socket
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import UUID

import orjson
import pytest

from tests.lake import kit
from tests.readmodels.streams import plausible
from tests.whatif.kit import STRICTER, published, record
from tocsin.domain.policy.state import POLICY_STREAM
from tocsin.drivers import sqlite3
from tocsin.lake import placing
from tocsin.lake.origin import standing
from tocsin.lake.segments import Held, Segments
from tocsin.lake.tables import EVENTS, TIMERS
from tocsin.lake.verifying import verify
from tocsin.lake.writer import MANY, Writer
from tocsin.settings import Settings
from tocsin.store.bare import veiled
from tocsin.store.entries import StoreUnavailable
from tocsin.store.log import Log
from tocsin.store.mapper import Unreadable

PATIENCE_SECONDS = 20.0


@contextmanager
def reading(settings: Settings) -> Iterator[Log]:
    with closing(Log.open(settings)) as log:
        yield log


def test_every_event_is_a_row_and_what_is_said_adds_up(either: Settings) -> None:
    segments = kit.lake(either)
    with reading(either) as log:
        stored = dict(log.raw_page(0, 10_000))
    events = kit.rows(segments, EVENTS)
    assert [row["position"] for row in events] == list(stored)
    for row in events:
        assert veiled(stored[row["position"]])["data"] == orjson.loads(row["data"])
    verdict = verify(segments)
    assert (verdict.faults, verdict.left_over) == ([], [])
    assert verdict.position == len(stored)
    assert len(segments.sealed()) == len(stored) // kit.SIZE > MANY


def test_a_rerun_writes_nothing(settings: Settings) -> None:
    segments = kit.lake(settings)
    before = kit.stamps(segments)
    kit.caught_up(settings, processes=2)
    assert before == kit.stamps(segments)


def test_the_bytes_are_the_same_however_many_write(either: Settings) -> None:
    """One follower, or three processes that share the incidents."""
    alone = kit.lake(kit.beside(either, "alone"))
    shared = kit.lake(kit.beside(either, "shared"), processes=3)
    assert kit.contents(alone) == kit.contents(shared)
    assert kit.rows(alone, EVENTS) == kit.rows(shared, EVENTS)


def test_following_step_by_step_writes_the_same_segments_as_catching_up(tmp_path: Path) -> None:
    """And the tail, whenever it is looked at, is sound and completes what is sealed."""
    live = Settings(home=tmp_path / "live", lake_seconds=0.0)
    history = plausible(30, seed=9, interleaved=12)
    with closing(Log.open(live, writer=True)) as log:
        kit.grow(log, history[:10])
        segments = kit.planted(live)
        writer = Writer(log, live, processes=1)
        for start in range(10, len(history), 23):
            kit.grow(log, history[start : start + 23])
            assert writer.catch_up(threading.Event())
            verdict = verify(segments)
            assert (verdict.faults, verdict.position) == ([], log.head())
    once = kit.lake(kit.beside(live, "once"))
    assert kit.contents(segments) == kit.contents(once)
    assert kit.held(segments) == kit.held(once)


def test_it_follows_while_events_come_and_stops_when_told(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", lake_seconds=0.05)
    history = plausible(20, seed=4)
    with closing(Log.open(settings, writer=True)) as log, following(settings) as stop:
        segments = Segments(settings.lake_place)
        for start in range(0, len(history), 40):
            kit.grow(log, history[start : start + 40])
            until = time.monotonic() + PATIENCE_SECONDS
            while segments.position < log.head():
                assert time.monotonic() < until, "the lake does not follow"
                time.sleep(0.01)
        assert standing(log, segments).lag_events == 0
        stop.set()
    assert verify(segments).faults == []


@contextmanager
def following(settings: Settings) -> Iterator[threading.Event]:
    """A follower in a thread, with a log of its own."""
    stop, log = threading.Event(), Log.open(settings)
    thread = threading.Thread(target=Writer(log, settings, processes=1).follow, args=(stop,))
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(PATIENCE_SECONDS)
        log.close()
        assert not thread.is_alive()


def test_a_log_that_is_away_for_a_while_is_waited_for(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It goes away in the midst of a range: what was half worked out is worked out again."""
    monkeypatch.setattr("tocsin.lake.writer.OUTAGE_SECONDS", 0.01)
    whole, away = Log.raw_histories, iter([False, True, False, False, True])

    def histories(log: Log, streams: Collection[UUID]) -> dict[UUID, list[bytes]]:
        if next(away, False):
            raise StoreUnavailable("It is being restarted.")
        return whole(log, streams)

    segments = kit.planted(settings)
    monkeypatch.setattr(Log, "raw_histories", histories)
    with reading(settings) as log, following(settings):
        await_position(settings, log.head())
    assert caplog.text.count("The lake waits for the log: It is being restarted.") == 2
    assert next(away, None) is None
    monkeypatch.undo()
    undisturbed = kit.lake(kit.beside(settings, "undisturbed"))
    assert kit.contents(segments) == kit.contents(undisturbed)
    assert kit.held(segments) == kit.held(undisturbed)


def test_a_writer_that_was_stopped_goes_on_where_it_was(settings: Settings) -> None:
    whole = kit.lake(kit.beside(settings, "whole"))
    segments = kit.planted(settings)
    stop = threading.Event()

    def enough(done: int, _total: int) -> None:
        if done >= 2 * kit.SIZE:
            stop.set()

    with reading(settings) as log:
        assert not Writer(log, settings, processes=1, progress=enough).catch_up(stop)
    assert segments.end == 2 * kit.SIZE
    before = kit.stamps(segments)
    kit.caught_up(settings)
    assert kit.contents(segments) == kit.contents(whole)
    after = kit.stamps(segments)
    assert {path: after[path] for path in before} == before


def test_what_a_killed_writer_left_is_replaced_by_the_same(settings: Settings) -> None:
    """It died before the manifest of the last segment; and one of its files was never finished."""
    segments = kit.lake(settings)
    whole = kit.contents(segments)
    last = segments.sealed()[-1]
    shutil.rmtree(segments.folder / "tail")
    (segments.folder / "segments" / f"{last.name}.json").unlink()
    (segments.folder / last.files[0].path).unlink()
    (segments.folder / last.files[1].path).write_bytes(b"")
    half = segments.folder / placing.PARTS / f"{socket.gethostname()}.4711.x" / "half"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"half")
    assert verify(segments).left_over
    kit.caught_up(settings)
    assert kit.contents(segments) == whole
    assert not half.parent.exists()
    assert verify(segments).left_over == []


def test_half_made_files_of_another_machine_are_left_to_it_for_a_while(settings: Settings) -> None:
    segments = kit.planted(settings)
    theirs = segments.folder / placing.PARTS / "elsewhere.17.x"
    theirs.mkdir(parents=True)
    kit.caught_up(settings)
    assert theirs.exists()
    long_ago = time.time() - placing.STALE_SECONDS - 1
    os.utime(theirs, (long_ago, long_ago))
    kit.caught_up(settings)
    assert not theirs.exists()


def test_tails_that_were_replaced_go_after_a_while_and_the_last_one_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=tmp_path / "home")
    history = plausible(10, seed=2)
    with closing(Log.open(settings, writer=True)) as log:
        writer = Writer(log, settings)
        for start in range(0, 60, 20):
            kit.grow(log, history[start : start + 20])
            writer.catch_up(threading.Event())
        segments = writer.segments
        assert [path.name[-2:] for path in segments.tails()] == ["20", "40", "60"]
        monkeypatch.setattr(placing, "GRACE_SECONDS", 0.0)
        monkeypatch.setattr("tocsin.lake.writer.CLEAN_SECONDS", 0.0)
        writer._clean_at = 0.0
        kit.grow(log, history[60:65])
        writer.catch_up(threading.Event())
    assert [path.name[-2:] for path in segments.tails()] == ["65"]
    assert segments.position == 65


def test_two_writers_of_one_folder_take_turns(settings: Settings) -> None:
    """On one machine, by a lock; the second goes on when the first has ended."""
    with closing(Log.open(settings, writer=True)) as log, following(settings) as first:
        await_position(settings, log.head())
        with pytest.raises(Held, match="Another process writes the lake"):
            Writer(log, settings).catch_up(threading.Event())
        with following(settings):
            first.set()
            record(log, POLICY_STREAM, published(3, STRICTER))
            await_position(settings, log.head())


def await_position(settings: Settings, position: int) -> None:
    segments, until = Segments(settings.lake_place), time.monotonic() + PATIENCE_SECONDS
    while segments.position < position:
        assert time.monotonic() < until, "the lake does not follow"
        time.sleep(0.01)


@pytest.mark.parametrize("processes", [1, 2])
def test_an_event_that_cannot_be_read_stops_the_writer(settings: Settings, processes: int) -> None:
    """It is never skipped, whichever process meets it; what comes before it is written."""
    segments = kit.planted(settings, size=16)
    with closing(sqlite3.connect(settings.log_file, isolation_level=None)) as connection:
        ((head,),) = connection.execute("SELECT position FROM head").fetchall()
        stored = (head + 1, b"0" * 16, 1, "incident.noted", b"{}")
        connection.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?)", stored)
        connection.execute("UPDATE head SET position = position + 1")
    with reading(settings) as log, pytest.raises(Unreadable, match="KeyError"):
        Writer(log, settings, processes=processes).catch_up(threading.Event())
    assert segments.end == head // 16 * 16


def test_policies_are_known_to_every_process(settings: Settings) -> None:
    """The stricter one holds from where it was published on, whoever folds."""
    shared = kit.lake(kit.beside(settings, "shared"), processes=2)
    milder = kit.recorded(Settings(home=settings.home.parent / "milder"))
    assert {row["policy_version"] for row in kit.rows(shared, TIMERS)} == {1, 2}
    assert {row["policy_version"] for row in kit.rows(kit.lake(milder), TIMERS)} == {1}
