"""When is a connection to PostgreSQL given up, and who is kept waiting while the server is away?"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from tests.postgres import Postgres
from tests.store.proxy import Proxy
from tocsin import distant

pytestmark = pytest.mark.faults

DOUBT = 0.2
Connect = Callable[[distant.Gate], distant.Connection]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Connections that are closed when the test ends."""
    made: list[distant.Connection] = []

    def connected(way: distant.Gate) -> distant.Connection:
        made.append(way.connect())
        return made[-1]

    yield connected
    for connection in made:
        connection.close()


@pytest.fixture
def wire(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """A wire to the server; whoever uses it doubts early."""
    monkeypatch.setattr(distant, "DOUBT_SECONDS", DOUBT)
    with Proxy(postgres.port) as proxy:
        yield proxy


def test_a_connection_that_leads_nowhere_is_given_up_and_a_new_one_is_sound(
    connect: Connect, wire: Proxy, postgres_url: str
) -> None:
    way = distant.gate(wire.through(postgres_url))
    connection = connect(way)
    wire.strand()
    began = time.monotonic()
    with pytest.raises(psycopg.OperationalError, match="not at work for us"):
        connection.execute("SELECT 1")
    assert DOUBT < time.monotonic() - began < DOUBT + 4
    assert connection.closed
    assert connect(way).execute("SELECT 1").fetchone() == (1,)


def test_one_on_which_the_server_works_is_kept_however_long_that_takes(
    connect: Connect, wire: Proxy, postgres_url: str
) -> None:
    connection = connect(distant.gate(wire.through(postgres_url)))
    asked = connection.execute(f"SELECT pg_sleep({8 * DOUBT}), 1".encode())
    assert asked.fetchall()[0][1] == 1


def test_a_server_that_has_no_place_for_another_connection_is_not_away(
    connect: Connect, wire: Proxy, postgres_url: str
) -> None:
    """It goes on working for those that are there, and they are not given up."""
    with psycopg.connect(postgres_url) as operator:
        operator.execute("CREATE ROLE crowded LOGIN CONNECTION LIMIT 1")
    try:
        way = distant.gate(wire.through(postgres_url).replace("postgres@", "crowded@"))
        connection = connect(way)
        with pytest.raises(psycopg.OperationalError, match="too many connections"):
            connect(way)
        asked = connection.execute(f"SELECT pg_sleep({4 * DOUBT}), 1".encode())
        assert asked.fetchall()[0][1] == 1
        connection.close()
    finally:
        with psycopg.connect(postgres_url) as operator:
            operator.execute("DROP ROLE crowded")


def test_nothing_takes_longer_than_it_may(connect: Connect, wire: Proxy, postgres_url: str) -> None:
    """Also when the server says that it works: it may be frozen in the middle of it."""
    connection = connect(distant.gate(wire.through(postgres_url)))
    connection.longest = 2 * DOUBT
    with pytest.raises(psycopg.OperationalError, match=r"no answer within 0\.4 seconds"):
        connection.execute("SELECT pg_sleep(20)")


def test_what_was_cut_off_with_another_one_is_doubted_sooner(
    connect: Connect, wire: Proxy, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One finds out; the others were cut off by the same."""
    monkeypatch.setattr(distant, "SUSPICION_SECONDS", 0.0)
    monkeypatch.setattr(distant, "AGAIN_SECONDS", 0.05)
    way = distant.gate(wire.through(postgres_url))
    first, second = connect(way), connect(way)
    wire.strand()
    with pytest.raises(psycopg.OperationalError):
        first.execute("SELECT 1")
    monkeypatch.setattr(distant, "DOUBT_SECONDS", 60.0)
    with pytest.raises(psycopg.OperationalError):
        second.execute("SELECT 1")


def test_while_it_is_silent_one_waits_and_the_others_are_told_at_once(
    wire: Proxy, postgres_url: str
) -> None:
    way = distant.gate(f"{wire.through(postgres_url)}?connect_timeout=2")
    way.connect().close()
    wire.silence()

    def knock(_: int) -> float:
        began = time.monotonic()
        with pytest.raises(psycopg.OperationalError):
            way.connect()
        return time.monotonic() - began

    assert knock(0) > 1.5
    with ThreadPoolExecutor(8) as threads:
        assert max(threads.map(knock, range(8))) < 1.0
    wire.heal()
    time.sleep(distant.SILENT_SECONDS)
    way.connect().close()


def test_a_server_that_refuses_is_asked_again_at_once(
    postgres: Postgres, postgres_url: str
) -> None:
    way = distant.gate(postgres_url)
    postgres.kill()
    for _ in range(2):
        with pytest.raises(psycopg.OperationalError, match="refused"):
            way.connect()
    postgres.start()
    way.connect().close()
    assert not way.away


def test_several_hosts_may_stand_in_an_address_and_the_one_that_can_be_written_is_used(
    postgres_url: str,
) -> None:
    """As one that is away, or that only follows another one."""
    several = postgres_url.replace("127.0.0.1:", "127.0.0.1:1,127.0.0.1:", 1)
    engine = distant.engine(several)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1
    engine.dispose()
    read_only = distant.engine(f"{postgres_url}?options=-c%20default_transaction_read_only%3Don")
    with pytest.raises(OperationalError, match="read-only"), read_only.connect():
        raise AssertionError("a server that cannot be written was used")
    read_only.dispose()


def test_the_server_lets_go_of_whoever_stands_still(connect: Connect, postgres_url: str) -> None:
    """What they had locked is free again, though their connection is as good as ever."""
    frozen, other = (connect(distant.gate(postgres_url)) for _ in range(2))
    frozen.execute("CREATE TABLE held (it int)")
    frozen.execute("SELECT set_config('idle_in_transaction_session_timeout', '200ms', false)")
    shown = other.execute("SHOW idle_in_transaction_session_timeout").fetchone()
    assert shown == ("10s",)
    frozen.execute("BEGIN; LOCK TABLE held")
    other.execute("DROP TABLE held")
    with pytest.raises(psycopg.errors.IdleInTransactionSessionTimeout):
        frozen.execute("SELECT 1")
