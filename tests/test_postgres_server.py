"""Is the PostgreSQL that tests run on a real one, as safe as the one in production?"""

import os
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.postgres import Postgres, unprivileged

pytestmark = pytest.mark.faults


def one(url: str, query: bytes) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def test_it_is_the_release_that_we_say_we_support(postgres_url: str) -> None:
    assert str(one(postgres_url, b"SHOW server_version")).startswith("18.")


@pytest.mark.parametrize(
    "setting", ["fsync", "synchronous_commit", "full_page_writes", "data_checksums"]
)
def test_nothing_that_makes_a_commit_durable_is_switched_off(
    postgres_url: str, setting: str
) -> None:
    """Tests on a server that forgets prove nothing about one that must not."""
    assert one(postgres_url, f"SHOW {setting}".encode()) == "on"


def test_it_never_runs_as_root(postgres: Postgres) -> None:
    postgres.start()
    expected = unprivileged().get("user", os.geteuid())
    assert expected != 0
    assert psutil.Process(postgres.pid).uids().real == expected


def test_it_listens_on_the_loopback_only(postgres: Postgres) -> None:
    postgres.start()
    listening = {
        each.laddr.ip
        for each in psutil.Process(postgres.pid).net_connections("inet")
        if each.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}


def test_each_test_has_a_database_of_its_own(postgres: Postgres, postgres_url: str) -> None:
    other = postgres.create("the_neighbour")
    with psycopg.connect(other) as connection:
        connection.execute(b"CREATE TABLE seen (it int)")
    assert one(postgres_url, b"SELECT to_regclass('seen')") is None
    postgres.drop("the_neighbour")


def test_what_was_committed_outlives_a_crash_and_what_was_not_does_not(
    postgres: Postgres, postgres_url: str
) -> None:
    """Killed with a transaction open, it recovers to the last commit, at the same address."""
    with psycopg.connect(postgres_url) as connection:
        connection.execute(b"CREATE TABLE kept (n int)")
        connection.execute(b"INSERT INTO kept VALUES (1)")
        connection.commit()
        connection.execute(b"INSERT INTO kept VALUES (2)")
        before = postgres.pid
        postgres.kill()
        assert not postgres.running
        with pytest.raises(psycopg.OperationalError):
            connection.execute(b"SELECT 1")
        postgres.start()
    assert postgres.pid != before
    assert one(postgres_url, b"SELECT array_agg(n) FROM kept") == [1]


def test_a_server_that_was_stopped_refuses_until_it_is_started(
    postgres: Postgres, postgres_url: str
) -> None:
    postgres.stop()
    with pytest.raises(psycopg.OperationalError, match="refused"):
        psycopg.connect(postgres_url)
    postgres.start()
    assert one(postgres_url, b"SELECT 1") == 1


def test_its_files_are_its_own(postgres: Postgres) -> None:
    """Nobody but its account reads the data, wherever the tests keep their files."""
    data = Path(postgres.home) / "data"
    assert data.stat().st_mode & 0o077 == 0
    assert postgres.home.stat().st_uid == psutil.Process(postgres.pid).uids().real
