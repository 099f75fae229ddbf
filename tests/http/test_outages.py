"""The database away, restarting, or silent: nobody hangs, and nobody has to restart anything."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import httpx
import psycopg
import pytest

from tests.http.conftest import REPORT, Run, Running, _run, projecting
from tests.postgres import Postgres
from tests.store.proxy import Proxy
from tocsin.settings import Settings

BOUND_SECONDS = 12.0
"""Longest that anybody waits for an answer; a loaded machine is slow."""
HEALED_SECONDS = 5.0
BUILT_SECONDS = 20.0


@pytest.fixture
def wire(postgres: Postgres) -> Iterator[Proxy]:
    with Proxy(postgres.port) as proxy:
        yield proxy


@contextmanager
def wired(settings: Settings, wire: Proxy, url: str) -> Iterator[tuple[Running, httpx.Client]]:
    """A service with an incident in its read models, which reaches its database over the wire."""
    far = replace(settings, database=wire.through(url), lake=False, port=0)
    near = replace(settings, database=url)
    with _run(far) as service, projecting(near), service.client() as client:
        position = client.post("/incidents", json=REPORT).json()["position"]
        until(lambda: client.get("/incidents").is_success, BUILT_SECONDS)
        listed = client.get("/incidents", params={"at_least": position})
        assert len(listed.json()["items"]) == 1
        yield service, client


def asked(client: httpx.Client) -> dict[str, httpx.Response]:
    """A command, a list of a read model, an incident of the log, the feed, readiness."""
    return {
        "command": client.post("/incidents", json=REPORT),
        "list": client.get("/incidents"),
        "incident": client.get("/incidents/INC0000001"),
        "feed": client.get("/events"),
        "ready": client.get("/health/ready"),
    }


def well(client: httpx.Client) -> bool:
    return all(answer.is_success for answer in asked(client).values())


def until(true: Callable[[], Any], seconds: float) -> float:
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, f"not within {seconds:g} s"
        time.sleep(0.05)
    return time.monotonic() - began


def assert_away(client: httpx.Client) -> None:
    """Everybody is told to come back, and when; that the process lives is said all the same."""
    for what, answer in asked(client).items():
        assert answer.status_code == 503, (what, answer.text)
        assert int(answer.headers["retry-after"]) > 0, what
        assert answer.elapsed.total_seconds() < BOUND_SECONDS, what
    assert client.get("/health/live").is_success


def test_while_it_is_silent_all_are_told_in_time_and_then_all_is_well_again(
    settings: Settings, wire: Proxy, postgres_url: str
) -> None:
    """A route that was lost: no error, no end of the connection, nothing."""
    with wired(settings, wire, postgres_url) as (_, client):
        wire.silence()
        assert_away(client)
        began = time.monotonic()
        assert_away(client)
        assert time.monotonic() - began < 2 * BOUND_SECONDS
        wire.heal()
        until(lambda: well(client), HEALED_SECONDS)


def test_connections_that_lead_nowhere_are_noticed_though_the_server_is_there(
    settings: Settings, wire: Proxy, postgres_url: str
) -> None:
    """Those that were open stay half open for ever: a moment later nobody uses them any more."""
    with wired(settings, wire, postgres_url) as (_, client):
        wire.strand()
        answers = asked(client)
        assert all(each.elapsed.total_seconds() < BOUND_SECONDS for each in answers.values())
        assert {each.status_code for each in answers.values()} <= {200, 201, 503}
        until(lambda: well(client), HEALED_SECONDS)


def test_a_server_that_restarts_and_sessions_that_are_ended_are_survived(
    settings: Settings, wire: Proxy, postgres: Postgres, postgres_url: str
) -> None:
    with wired(settings, wire, postgres_url) as (_, client):
        postgres.kill()
        assert_away(client)
        postgres.start()
        until(lambda: well(client), HEALED_SECONDS)
        with psycopg.connect(postgres.url(), autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <>"
                " pg_backend_pid() AND application_name = 'tocsin'"
            )
        until(lambda: well(client), HEALED_SECONDS)


def test_a_command_whose_commit_was_not_heard_is_answered_once_and_recorded_once(
    settings: Settings, wire: Proxy, postgres_url: str
) -> None:
    """The connection is cut behind the COMMIT: the service asks the log what became of it."""
    with wired(settings, wire, postgres_url) as (_, client):
        for number in range(3):
            wire.cut_when(lambda said: b"COMMIT\0" in said, deliver=True)
            key = {"Idempotency-Key": f"once-{number}"}
            first = client.post("/incidents", json=REPORT, headers=key)
            assert first.status_code == 201, first.text
            again = client.post("/incidents", json=REPORT, headers=key)
            assert (again.status_code, again.content) == (201, first.content)
        assert wire.cuts == 3
        events = client.get("/events").json()
        assert len(events["items"] if "items" in events else events["events"]) == 8


def test_what_waits_for_a_lock_is_not_taken_for_lost(
    settings: Settings, wire: Proxy, postgres_url: str, running: Run
) -> None:
    """A server that is at work, however long that takes, is not given up."""
    with wired(settings, wire, postgres_url) as (_, client):
        with psycopg.connect(postgres_url) as other:
            other.execute("SELECT FROM tocsin.head FOR UPDATE")
            with suppress(httpx.ReadTimeout):
                client.post("/incidents", json=REPORT, timeout=4.0)
            assert not wire.cuts
        until(lambda: len(client.get("/incidents").json()["items"]) == 2, HEALED_SECONDS)
