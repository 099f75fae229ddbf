"""Requests behind one that is not answered yet: each gets its own answer, and nobody else's."""

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.http.conftest import Run
from tests.http.test_protocol import everything
from tests.http.test_straight import BODY, Held, Watched, answered
from tocsin.http.protocol import Limited

LIVE = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
SECONDS = 5.0


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[Limited]:
    """Those of the service, in the order in which they were made."""
    found: list[Limited] = []
    make = Limited.connection_made

    def noted(self: Limited, transport: Any) -> None:
        found.append(self)
        make(self, transport)

    monkeypatch.setattr(Limited, "connection_made", noted)
    return found


@pytest.fixture
def watched(running: Run) -> Iterator[Watched]:
    with running(keep_alive_seconds=1, header_seconds=0.5, header_bytes=4_096) as service:
        yield Watched(service)


def statuses(said: bytes) -> list[bytes]:
    return re.findall(rb"HTTP/1\.1 (\d+)", said)


def taken(watched: Watched, count: int) -> None:
    """Wait until so many commands are with the desk."""
    until = time.monotonic() + SECONDS
    while watched.service.app.service.desk.waiting < count:
        assert time.monotonic() < until, "they were not taken"
        time.sleep(0.01)


@pytest.mark.parametrize(
    "behind",
    [
        b"}}\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: yyyyyyyy\r\n" * 1_000,
        b"GET / HTTP/1.1\r\nHost: loc",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n!",
        b"CONNECT localhost:1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
    ids=["garbage", "headers without end", "headers that stop", "a bad chunk", "no address"],
)
def test_what_follows_a_command_is_not_answered_in_its_place(
    watched: Watched, behind: bytes
) -> None:
    """Whoever was told that the request is malformed would take what is recorded for undone."""
    log = watched.service.app.service.log
    with watched.connect() as connection:
        with Held(log):
            connection.sendall(watched.request("/incidents", BODY))
            taken(watched, 1)
            connection.sendall(behind)
            time.sleep(0.7)  # longer than headers may take
        said = everything(connection)
    assert [b"201"] == statuses(said)
    assert b"connection: close" in said
    assert 2 == log.head()


def test_a_bad_request_behind_others_takes_no_answer_from_them(watched: Watched) -> None:
    log = watched.service.app.service.log
    with watched.connect() as connection:
        with Held(log):
            connection.sendall(watched.request("/incidents", BODY) + LIVE * 2)
            taken(watched, 1)
            connection.sendall(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n!")
        assert [b"201", b"200", b"200"] == statuses(everything(connection))[:3]


def test_a_connection_that_breaks_leaves_the_answers_of_others_alone(
    watched: Watched, connections: list[Limited]
) -> None:
    """One batch of the desk holds commands of many connections."""
    log = watched.service.app.service.log
    with watched.connect() as first, watched.connect() as broken, watched.connect() as other:
        with Held(log):
            first.sendall(watched.request("/incidents", BODY))
            taken(watched, 1)
            broken.sendall(watched.request("/incidents", BODY) + LIVE)
            taken(watched, 2)
            (protocol,) = [each for each in connections if each.pipeline]
            protocol.loop.call_soon_threadsafe(protocol.transport.abort)
            assert b"" == everything(broken)
            other.sendall(watched.request("/incidents", BODY))
            taken(watched, 3)
        assert b" 201 " in answered(first)
        assert b" 201 " in answered(other)
    assert 6 == log.head()


def test_who_asks_without_end_waits_in_a_short_line(
    watched: Watched, connections: list[Limited]
) -> None:
    """Each request in the line takes memory, and each answer would let in hundreds more."""
    log, count = watched.service.app.service.log, 1_500
    with watched.connect() as connection:
        with Held(log):
            connection.sendall(watched.request("/incidents", BODY))
            taken(watched, 1)
            connection.sendall(LIVE * count)
            (line,) = [each.pipeline for each in connections]
            until = time.monotonic() + SECONDS
            while not line:
                assert time.monotonic() < until
                time.sleep(0.01)
            assert len(line) < 200
        said = b""
        while said.count(b'"live"') < count and (received := connection.recv(1_048_576)):
            said += received
            assert len(line) < 400
    assert [b"201", *[b"200"] * count] == statuses(said)


def test_a_connection_is_not_closed_while_the_answer_behind_a_refusal_is_due(
    watched: Watched,
) -> None:
    """The refusal is said at once, and its time to be silent is not that of the next request."""
    log = watched.service.app.service.log
    refused = watched.request("/incidents", BODY, "Authorization: Basic x")
    with watched.connect() as connection:
        with Held(log):
            connection.sendall(refused + watched.request("/incidents", BODY))
            time.sleep(1.5)
        assert b" 401 " in answered(connection)
        assert b" 201 " in answered(connection)


@pytest.mark.parametrize("trickle", [b"\r\n", b"\n"])
def test_what_is_no_request_keeps_no_connection_open(watched: Watched, trickle: bytes) -> None:
    with watched.connect() as connection:
        connection.sendall(LIVE)
        assert b" 200 " in answered(connection)
        connection.sendall(trickle)
        connection.settimeout(3)
        everything(connection)


def test_the_rest_of_a_body_that_was_refused_keeps_no_connection_open(watched: Watched) -> None:
    request = watched.request("/incidents", BODY, key=False)
    with watched.connect() as connection:
        connection.sendall(request[:-5])
        assert b" 401 " in answered(connection)
        connection.sendall(request[-5:])
        connection.settimeout(3)
        assert b"" == everything(connection)
