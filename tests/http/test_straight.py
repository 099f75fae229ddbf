"""Commands that go straight from the connection to the desk: nobody can tell from the answer."""

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest

from tests.http.conftest import REPORT, Run, Running
from tocsin.http.protocol import Limited
from tocsin.http.straight import Straight

JSON = "Content-Type: application/json"
READ_SECONDS = 10.0
BODY = json.dumps(REPORT).encode()
CHANGING = re.compile(
    rb"x-request-id: \S+|request_id.:.[0-9a-f]{8}-[0-9a-f]+|date: [^\r]*|INC[0-9]{7}"
    rb'|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|position"?: ?[0-9]+'
)
"""What differs between two answers to the same request."""


@dataclass
class Watched:
    """A service of which it is known which requests went straight."""

    service: Running
    straight: list[bytes] = field(default_factory=list)
    read: list[tuple[Limited, bytes]] = field(default_factory=list)
    """What it has taken from its connections, piece by piece."""

    def ask(self, path: str, body: bytes = b"{}", *lines: str, split: int | None = None) -> bytes:
        """Send one request on a connection of its own, in two parts if `split` says where."""
        request = self.request(path, body, *lines)
        with self.connect() as connection:
            if split is not None:
                connection.sendall(request[:split])
                self._await_reading(request[:split])
            connection.sendall(request[split or 0 :])
            return answered(connection)

    def _await_reading(self, piece: bytes) -> None:
        until = time.monotonic() + READ_SECONDS
        while not self.read or not self.read[-1][1].endswith(piece[-100:]):
            assert time.monotonic() < until, "it does not read"
            time.sleep(0.001)

    def request(self, path: str, body: bytes = b"{}", *lines: str, key: bool = True) -> bytes:
        said = [f"POST {path} HTTP/1.1", *lines, f"Content-Length: {len(body)}"]
        if not any(line.startswith("Host:") for line in lines):
            said.append("Host: localhost")
        if not any(line.startswith("Content-Type:") for line in lines):
            said.append(JSON)
        if key and not any(line.startswith("Authorization:") for line in lines):
            said.append(f"Authorization: Bearer {self.service.token}")
        return "\r\n".join(said).encode() + b"\r\n\r\n" + body

    def connect(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.service.port))
        connection.settimeout(10)
        return connection

    def report(self) -> str:
        receipt: dict[str, Any] = json.loads(self.ask("/incidents", BODY).partition(b"\r\n\r\n")[2])
        return str(receipt["incident_id"])


@pytest.fixture
def watched(running: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    taken: list[bytes] = []
    take = Straight.take

    def noted(self: Straight, way: Any, headers: Any, body: bytes, send: Any) -> None:
        taken.append(body)
        take(self, way, headers, body, send)

    received: list[tuple[Limited, bytes]] = []
    receive = Limited.data_received

    def read(self: Limited, data: bytes) -> None:
        received.append((self, data))
        receive(self, data)

    monkeypatch.setattr(Straight, "take", noted)
    monkeypatch.setattr(Limited, "data_received", read)
    with running(keep_alive_seconds=1, command_bytes=2_000) as service:
        yield Watched(service, taken, received)


def answered(connection: socket.socket) -> bytes:
    """One whole answer."""
    said = b""
    while b"\r\n\r\n" not in said:
        if not (received := connection.recv(65_536)):
            return said
        said += received
    head, _, body = said.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head)
    assert length is not None
    while len(body) < int(length[1]):
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body


ASKED: dict[str, tuple[str, bytes, tuple[str, ...]]] = {
    "a report": ("/incidents", BODY, ()),
    "a report with a name of its own": ("/incidents", BODY, ("X-Request-ID: mine",)),
    "a command": ("/incidents/{new}/note", b'{"text": "Hm.", "visibility": "internal"}', ()),
    "what is so already": ("/incidents/{acknowledged}/acknowledge", b"{}", ()),
    "a version": ("/incidents/{acknowledged}/acknowledge", b"{}", ('If-Match: "3"',)),
    "a stale version": ("/incidents/{known}/acknowledge", b"{}", ('If-Match: "77"',)),
    "a bad version": ("/incidents/{known}/acknowledge", b"{}", ("If-Match: W/3",)),
    "a version of nothing": ("/incidents", BODY, ('If-Match: "1"',)),
    "a refusal": ("/incidents/{known}/reopen", b'{"reason": "Why?"}', ()),
    "an incident that is not there": (f"/incidents/{uuid4()}/acknowledge", b"{}", ()),
    "no JSON": ("/incidents", b"{", ()),
    "nothing": ("/incidents", b"", ()),
    "a name twice": ("/incidents", b'{"title":"a","title":"b","source":"monitoring"}', ()),
    "a name twice, one empty": ("/incidents", b'{"title":"","title":"b","source":"other"}', ()),
    "an unknown field": ("/incidents", b'{"title":"a","source":"monitoring","x":1}', ()),
    "a field of the desk's": ("/incidents", b'{"title":"a","source":"other","reference":"x"}', ()),
    "another kind of body": ("/incidents", BODY, ("Content-Type: text/plain",)),
    "a packed body": ("/incidents", BODY, ("Content-Encoding: gzip",)),
    "a bad idempotency key": ("/incidents", BODY, ("Idempotency-Key: a b",)),
    "a key that is none": ("/incidents", BODY, ("Authorization: Bearer tocsin_x",)),
    "another scheme": ("/incidents", BODY, ("Authorization: Basic eA==",)),
    "another host": ("/incidents", BODY, ("Host: evil.example",)),
    "no more requests": ("/incidents", BODY, ("Connection: close",)),
}


def test_nobody_can_tell_from_the_answer_which_way_a_request_went(watched: Watched) -> None:
    """The same bytes, but for ids and times, whether a request came as a whole or in two parts."""
    known, acknowledged = watched.report(), watched.report()
    watched.ask(f"/incidents/{acknowledged}/acknowledge")
    for what, (path, body, lines) in ASKED.items():
        first, second = [
            path.format(known=known, acknowledged=acknowledged, new=watched.report())
            for _ in range(2)
        ]
        before = len(watched.straight)
        one = watched.ask(first, body, *lines)
        assert before + 1 == len(watched.straight), what
        # In the middle of the body, or of the headers where there is no body.
        two = watched.ask(second, body, *lines, split=-(len(body) // 2) or -1)
        assert before + 1 + (not body) == len(watched.straight), what
        assert CHANGING.sub(b"~", one) == CHANGING.sub(b"~", two), what


def test_a_request_that_is_sent_again_the_other_way_has_one_effect(watched: Watched) -> None:
    key = "Idempotency-Key: 4711"
    first = watched.ask("/incidents", BODY, key)
    again = watched.ask("/incidents", BODY, key, split=-5)
    other = watched.ask("/incidents", b'{"title":"b","source":"monitoring"}', key)
    assert 2 == len(watched.straight)
    assert first.partition(b"\r\n\r\n")[2] == again.partition(b"\r\n\r\n")[2]
    assert (b"idempotency-replayed" in first, b"idempotency-replayed" in again) == (False, True)
    assert b" 422 " in other
    assert 2 == watched.service.app.service.log.head()


@pytest.mark.parametrize(
    ("path", "lines", "status"),
    [
        ("/incidents?x=1", (), 422),
        ("/incidents/", (), 404),
        ("/incident", (), 404),
        ("/incidents/INC0000001/acknowledge/", (), 404),
        ("/incidents/%49NC0000001/acknowledge", (), 200),
        ("/incidents/INC0000002/acknowledge", (), 404),
        ("/reviews/INC0000001/acknowledge", (), 404),
        ("/incidents", ("Content-Length: 1",), 400),
        ("/incidents", ("X-Request-ID: a", "X-Request-ID: b"), 201),
        ("/incidents", ("Expect: 100-continue",), 100),
        ("/incidents", ("Connection: upgrade", "Upgrade: h2c"), 400),
    ],
)
def test_whatever_is_out_of_the_ordinary_goes_the_ordinary_way(
    watched: Watched, path: str, lines: tuple[str, ...], status: int
) -> None:
    watched.report()
    said = (
        watched.ask(path, b"{}" if "acknowledge" in path else BODY, *lines)
        if status != 100
        else b""
    )
    if status == 100:
        with watched.connect() as connection:
            connection.sendall(watched.request(path, BODY, *lines))
            said = connection.recv(65_536)
    assert f" {status} ".encode() in said[:20]
    assert 1 == len(watched.straight)


def test_a_body_that_is_too_large_never_goes_straight(watched: Watched) -> None:
    body = b'{"title": "' + b"x" * 2_000 + b'"}'
    said = watched.ask("/incidents", body)
    assert b" 413 " in said[:20]
    assert b"connection: close" in said
    assert [] == watched.straight


def test_requests_in_one_go_are_answered_in_order(watched: Watched) -> None:
    """The first one straight; those behind it wait for it, as they would for any other."""
    path = f"/incidents/{watched.report()}/note"
    notes = [b'{"text":"%d","visibility":"internal"}' % number for number in range(3)]
    with watched.connect() as connection:
        connection.sendall(b"".join(watched.request(path, note) for note in notes))
        said = b""
        while said.count(b'"changed":true') < len(notes):
            said += connection.recv(65_536) or b'"changed":true'
    assert [b"3", b"4", b"5"] == re.findall(rb'etag: "(\d+)"', said)


def test_a_connection_is_kept_for_its_time_and_no_longer(watched: Watched) -> None:
    """Counted from the last answer, however many there were before."""
    with watched.connect() as connection:
        for _ in range(3):
            connection.sendall(watched.request("/incidents", BODY))
            assert b" 201 " in answered(connection)
            time.sleep(0.6)
        started = time.monotonic()
        assert b"" == connection.recv(1)
        assert 0.1 < time.monotonic() - started < 1.5
    assert 3 == len(watched.straight)


def test_a_connection_is_not_closed_while_an_answer_is_due(watched: Watched) -> None:
    log = watched.service.app.service.log
    with watched.connect() as connection:
        connection.sendall(watched.request("/incidents", BODY))
        assert b" 201 " in answered(connection)
        with Held(log):
            connection.sendall(watched.request("/incidents", BODY))
            time.sleep(1.6)
        assert b" 201 " in answered(connection)


def test_a_caller_who_goes_away_takes_nothing_with_him(watched: Watched) -> None:
    """What he asked for is recorded: it was accepted. Nobody else notices."""
    log = watched.service.app.service.log
    with Held(log):
        with watched.connect() as connection:
            connection.sendall(watched.request("/incidents", BODY))
            time.sleep(0.1)
        time.sleep(0.1)
    assert b" 201 " in watched.ask("/incidents", BODY)
    assert 4 == log.head()


def test_what_was_taken_is_answered_when_the_service_stops(running: Run) -> None:
    with running() as service:
        watched = Watched(service)
        connection = watched.connect()
        connection.sendall(watched.request("/incidents", BODY))
        assert b" 201 " in answered(connection)
        hold = Held(service.app.service.log)
        hold.__enter__()
        connection.sendall(watched.request("/incidents", BODY))
        time.sleep(0.1)
        threading.Timer(0.5, hold.__exit__, (None, None, None)).start()
    said = answered(connection)
    assert b" 201 " in said
    assert b"connection: close" in said
    assert b"" == connection.recv(1)
    connection.close()


def test_what_goes_straight_is_counted(watched: Watched) -> None:
    incident = watched.report()
    watched.ask(f"/incidents/{incident}/acknowledge")
    watched.ask(f"/incidents/{incident}/reopen", b"{}")
    watched.ask("/incidents", BODY, "Host: evil.example")
    metrics = watched.service.app.service.metrics
    counted = {key: sum(spread.counts) for key, spread in metrics.requests.items()}
    assert {
        ("POST", "/incidents", 201): 1,
        ("POST", "/incidents/{id}/acknowledge", 200): 1,
        ("POST", "/incidents/{id}/reopen", 422): 1,
        ("POST", "-", 421): 1,
    } == counted
    assert 1 == metrics.commands["acknowledge", "recorded"]
    assert 1 == metrics.commands["reopen", "invalid"]


def test_a_mistake_of_ours_is_told_as_such(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(watched.service.app.service.desk, "put", broken)
    said = watched.ask("/incidents", BODY, "X-Request-ID: find-me")
    assert b" 500 " in said[:20]
    assert b"secret" not in said
    assert "Request find-me failed." in caplog.text
    monkeypatch.undo()
    assert b" 201 " in watched.ask("/incidents", BODY)


def test_commands_whose_way_is_traced_go_the_ordinary_way(watched: Watched) -> None:
    watched.service.app.service.desk.origin = lambda: None
    assert b" 201 " in watched.ask("/incidents", BODY)
    assert [] == watched.straight


def test_who_does_not_read_is_not_sent_more(watched: Watched) -> None:
    """Answers would pile up in memory: the ordinary way waits until they can be sent."""
    with watched.connect() as connection:
        connection.sendall(watched.request("/incidents", BODY))
        answered(connection)
        (held_by, _), *_ = watched.read
        held_by.flow.pause_writing()
        connection.sendall(watched.request("/incidents", BODY))
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        held_by.loop.call_soon_threadsafe(held_by.flow.resume_writing)
        connection.settimeout(10)
        assert b" 201 " in answered(connection)
    assert 1 == len(watched.straight)


class Held:
    """Nothing is committed meanwhile."""

    def __init__(self, log: Any) -> None:
        self._lock = log._recorder._lock
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._hold)

    def _hold(self) -> None:
        with self._lock:
            self._done.wait(10)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
