"""Who may move a projection on PostgreSQL, whatever becomes of whoever could before."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from tests.postgres import Postgres
from tests.readmodels.conftest import Model, follow, made
from tests.readmodels.streams import LOGGED, REPORTED, RESOLVED, Memory, told
from tests.store.proxy import Proxy
from tests.store.samples import entry, noted
from tocsin.readmodels import tenure
from tocsin.readmodels.batch import Batch
from tocsin.readmodels.database import Database
from tocsin.readmodels.follower import Follower
from tocsin.readmodels.projector import Pace, Projector
from tocsin.readmodels.reading import ReadModels
from tocsin.readmodels.rebuild import Build
from tocsin.readmodels.registry import Generation, Overtaken, Registry, Role
from tocsin.settings import Settings
from tocsin.store.log import Log

SECONDS, BEAT = 0.6, 0.15
TAKE_OVER_SECONDS = 5.0
"""What is promised, whatever becomes of the holder."""
STREAM = uuid4()
Open = Callable[..., Database]


@pytest.fixture
def hosts(postgres_url: str, tmp_path: Path) -> Iterator[Open]:
    """Opens the same read models as any number of hosts would."""
    opened: list[Database] = []

    def another(url: str = postgres_url) -> Database:
        opened.append(Database.open(tmp_path, url))
        return opened[-1]

    yield another
    for database in opened:
        database.close()


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases end sooner, so that tests do."""
    monkeypatch.setattr(tenure, "LEASE_SECONDS", SECONDS)
    monkeypatch.setattr(tenure, "BEAT_SECONDS", BEAT)


def until(true: Callable[[], Any], seconds: float = TAKE_OVER_SECONDS) -> float:
    """Wait for something; say how long that took."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, f"not within {seconds:g} s"
        time.sleep(0.02)
    return time.monotonic() - began


@pytest.mark.usefixtures("brief")
def test_it_is_kept_as_long_as_its_holder_lives_however_busy_that_is(hosts: Open) -> None:
    """Another thread says so: a page that takes long does not cost the lease."""
    one, other = hosts().lease("counting"), hosts().lease("counting")
    assert one.take()
    ends = time.monotonic() + 3 * SECONDS
    while time.monotonic() < ends:
        assert not other.take()
        time.sleep(0.05)
    assert one.take()
    one.release()
    assert other.take()
    assert not one.take()


def test_it_is_free_at_once_when_its_holders_session_has_ended(hosts: Open) -> None:
    first, second = hosts(), hosts()
    assert first.lease("counting").take()
    other = second.lease("counting")
    assert not other.take()
    first.close()
    assert until(other.take) < 1.0


@pytest.mark.usefixtures("brief")
def test_it_is_free_when_its_holder_has_said_nothing_for_too_long(
    hosts: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session is still there, as that of a process that is frozen."""
    first = hosts()
    one, other = first.lease("counting"), hosts().lease("counting")
    assert first._tenure is not None
    monkeypatch.setattr(first._tenure, "_beat", lambda: None)
    assert one.take()
    assert not other.take()
    assert until(other.take) > SECONDS / 2


@pytest.mark.usefixtures("brief")
def test_whoever_lost_it_writes_nothing_though_nobody_has_moved_anything(hosts: Open) -> None:
    """The number of the lease is checked in the transaction of the page, not only the position."""
    history = told((1, REPORTED), (1, LOGGED), (1, RESOLVED))
    projection = made("counting")
    follow(Memory(history[:1]), hosts(), projection).close()
    model, first = Model(hosts(), projection), hosts()
    lease, other = first.lease("counting"), hosts().lease("counting")
    assert lease.take()
    follower = Follower(first, projection, model.live, lease=lease)
    follower.feed(Batch(history[1:2]))
    assert first._tenure is not None
    first._tenure._beat = lambda: None  # type: ignore[method-assign]
    until(other.take)
    with pytest.raises(Overtaken):
        follower.feed(Batch(history[2:3]))
    with pytest.raises(Overtaken):
        follower.halt(Memory(history), 3, ValueError("it is not for them to say"))
    assert (model.live.position, model.live.state, model.live.error) == (2, "running", None)


@pytest.mark.usefixtures("brief")
def test_whoever_begins_one_holds_it_until_all_see_that(
    hosts: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it stands still: two in the making would be too many for all who come after."""
    projection, first, find = made("counting"), hosts(), Registry.find
    slow, quick = (Build(each, projection, Role.BUILDING) for each in (first, hosts()))

    def slept(registry: Registry, *asked: Any) -> Generation | None:
        found, ends = find(registry, *asked), time.monotonic() + 2 * SECONDS
        while registry is slow._registry and time.monotonic() < ends and not quick.begin():
            time.sleep(0.02)
        return found

    monkeypatch.setattr(tenure.Tenure, "_beat", lambda _: None)
    monkeypatch.setattr(Registry, "find", slept)
    follower = slow.begin()
    assert follower is not None
    assert follower.generation == Model(first, projection).generation(Role.BUILDING)


@pytest.mark.usefixtures("brief")
def test_a_page_in_the_middle_of_which_it_would_be_taken_is_finished_first(hosts: Open) -> None:
    """Whoever writes under a lease holds it until the commit, whatever its time."""
    first = hosts()
    one, other = first.lease("counting"), hosts().lease("counting")
    assert one.take()
    assert first._tenure is not None
    first._tenure._beat = lambda: None  # type: ignore[method-assign]
    registry = Registry(first, one)
    with first.writing() as connection:
        registry.move(connection, begun(first), 0, 1)
        ends = time.monotonic() + 2 * SECONDS
        while time.monotonic() < ends:
            assert not other.take()
    until(other.take)


def begun(database: Database) -> Generation:
    """A generation that stands at the beginning."""
    registry = Registry(database)
    registry.migrate()
    with database.writing() as connection:
        return registry.begin(connection, made("counting"), Role.LIVE)


def test_whoever_stood_still_in_the_middle_of_a_page_blames_no_event(
    hosts: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that slept: the server has ended the session, and the page is applied again."""
    monkeypatch.setattr(tenure, "STANDSTILL", "100ms")
    history = told((1, REPORTED), (1, LOGGED))
    projection = made("counting")
    follow(Memory(history[:1]), hosts(), projection).close()
    model, database = Model(hosts(), projection), hosts()
    lease = database.lease("counting")
    until(lease.take)
    follower = Follower(database, projection, model.live, lease=lease)
    write = follower.rows.write

    def slept(*arguments: Any, **named: Any) -> None:
        time.sleep(0.5)
        write(*arguments, **named)

    follower.rows.write = slept  # type: ignore[method-assign]
    with pytest.raises(DBAPIError):
        follower.feed(Batch(history[1:2]))
    assert not follower.halted
    follower.rows.write = write  # type: ignore[method-assign]
    follower.feed(Batch(history[1:2]))
    assert (model.live.position, model.live.error) == (2, None)


def test_a_number_is_higher_than_all_before_it(hosts: Open, postgres_url: str) -> None:
    epochs = []
    for _ in range(3):
        database = hosts()
        lease = database.lease("counting")
        until(lease.take)
        with psycopg.connect(postgres_url) as connection:
            epochs += connection.execute("SELECT epoch FROM readmodels.leases").fetchall()
        lease.release()
    assert epochs == [(1,), (2,), (3,)]


@pytest.fixture
def log(postgres_url: str) -> Iterator[Log]:
    log = Log.open(Settings(database=postgres_url, vault=False), writer=True)
    log.commit([entry(REPORTED, stream=STREAM)])
    yield log
    log.close()


def more(log: Log, number: int) -> None:
    """One more event of the same incident, at this place."""
    log.commit([entry(noted(str(number)), stream=STREAM, after=number - 1)])


def test_another_takes_over_from_a_frozen_holder_which_then_writes_nothing(
    hosts: Open, log: Log, postgres_url: str, tmp_path: Path
) -> None:
    """Its process stands still, its connections are as good as ever."""
    projection = made("counting")
    model = Model(ReadModels(hosts()).database, projection)
    program = (
        "import sys; from threading import Event; from pathlib import Path\n"
        "from tests.readmodels.conftest import made; from tocsin.settings import Settings\n"
        "from tocsin.readmodels.database import Database; from tocsin.store.log import Log\n"
        "from tocsin.readmodels.projector import Projector\n"
        "url = sys.argv[1]; log = Log.open(Settings(database=url, vault=False))\n"
        "Projector(log, Database.open(Path('.'), url), [made('counting')]).run(Event())\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program, postgres_url],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stderr=subprocess.DEVNULL,
    )
    stop = Event()
    projector = Projector(log, hosts(), [projection])
    other = Thread(target=projector.run, args=(stop,))
    try:
        until(lambda: model.generation() and model.live.position == 1, 20)
        other.start()
        time.sleep(1.5)
        assert not projector._seats[0].follower, "it waits"
        holder.send_signal(signal.SIGSTOP)
        more(log, 2)
        assert until(lambda: model.live.position == 2) < TAKE_OVER_SECONDS
        holder.send_signal(signal.SIGCONT)
        for number in range(3, 8):
            more(log, number)
            time.sleep(0.1)
        until(lambda: model.live.position == 7)
        assert sum(row.events for row in model.rows()) == 7
        assert holder.poll() is None, "it waits in its turn"
        stop.set()
        other.join()
        more(log, 8)
        until(lambda: model.live.position == 8)
    finally:
        stop.set()
        holder.kill()
        holder.wait()


def test_another_takes_over_when_the_line_of_the_holder_is_dead(
    hosts: Open, log: Log, postgres: Postgres, postgres_url: str
) -> None:
    """Nobody is told: what it says goes nowhere, and the server believes that it is still there."""
    projection, quick = made("counting"), Pace(poll_seconds=0.01)
    model = Model(ReadModels(hosts()).database, projection)
    with Proxy(postgres.port) as wire:
        far = Log.open(Settings(database=wire.through(postgres_url), vault=False))
        stops = [Event(), Event()]
        holder = Projector(far, hosts(wire.through(postgres_url)), [projection], pace=quick)
        threads = [Thread(target=holder.run, args=(stops[0],))]
        threads[0].start()
        until(lambda: model.generation() and model.live.position == 1, 20)
        other = Projector(log, hosts(), [projection], pace=quick)
        threads.append(Thread(target=other.run, args=(stops[1],)))
        threads[1].start()
        wire.silence()
        more(log, 2)
        assert until(lambda: model.live.position == 2) < TAKE_OVER_SECONDS
        for each in stops:
            each.set()
        wire.heal()
        for thread in threads:
            thread.join(20)
            assert not thread.is_alive()
        far.close()
