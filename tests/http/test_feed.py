"""The feed: every event once, in order, as stored; for those who ask, who wait, and who listen."""

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import httpx
import pytest

from tests.http.conftest import REPORT, House, Run, Running
from tocsin.http.feed import frame
from tocsin.http.tail import Tail
from tocsin.keys import Scope

STREAM = {"Accept": "text/event-stream"}


@pytest.mark.parametrize("stored", [False, True])
async def test_pages_hold_every_event_opened_or_as_stored_in_order(
    house: House, stored: bool
) -> None:
    for _ in range(4):
        await house.report()
    bodies = [body for _, body in house.app.service.log.raw_page(0, 100)]
    opened = house.app.service.log.shown(bodies)
    assert not {*opened} & {*bodies}
    seen, after = [], 0
    while True:
        answer = await house.client.get(f"/events?after={after}&limit=3&stored={stored}")
        page = answer.json()
        if not page["items"]:
            break
        raw = b",".join((bodies if stored else opened)[after : after + 3])
        assert raw in answer.content
        seen += [event["position"] for event in page["items"]]
        after = page["next"]
        assert answer.headers["tocsin-position"] == str(after)
    assert seen == list(range(1, 9))
    assert (page["next"], after) == (8, 8)


async def test_a_page_has_a_limit(house: House) -> None:
    most = house.settings.feed_events
    assert (await house.client.get(f"/events?limit={most}")).status_code == 200
    assert (await house.client.get(f"/events?limit={most + 1}")).status_code == 422


async def test_who_waits_is_answered_when_something_happens(house: House) -> None:
    waiting = [asyncio.create_task(house.client.get("/events?wait=20")) for _ in range(20)]
    await asyncio.sleep(0.2)
    assert not any(task.done() for task in waiting)
    started = time.monotonic()
    await house.report()
    answers = await asyncio.gather(*waiting)
    assert time.monotonic() - started < 2
    assert all(answer.json()["next"] >= 1 for answer in answers)


async def test_who_waits_in_vain_is_told_so(house: House) -> None:
    await house.report()
    started = time.monotonic()
    answer = await house.client.get("/events?after=2&wait=0.2")
    assert answer.json() == {"items": [], "next": 2}
    assert 0.2 <= time.monotonic() - started < 2


async def test_who_has_something_to_read_does_not_wait(house: House) -> None:
    await house.report()
    async with asyncio.timeout(2):
        assert len((await house.client.get("/events?wait=20")).json()["items"]) == 2


async def test_events_of_another_process_are_found_by_looking(house: House) -> None:
    """Nobody rings here when another process has written."""
    waiting = asyncio.create_task(house.client.get("/events?wait=20"))
    await asyncio.sleep(0.1)
    house.app.service.tail.ring = lambda: None  # type: ignore[method-assign]
    await house.report()
    async with asyncio.timeout(2):
        assert (await waiting).json()["items"]


@pytest.mark.parametrize("said", ["", "x", "-1", "1.5", "9" * 30, "9" * 5_000, "\xb2"])
async def test_a_stream_resumes_after_a_position(house: House, said: str) -> None:
    headers = {b"Last-Event-ID": said.encode("latin-1"), b"Accept": b"text/event-stream"}
    answer = await house.client.get("/events", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-header")


def test_a_frame_names_the_event_whatever_its_texts_say() -> None:
    body = (
        b'{"data":{"event":"x","title":"\\"event\\":\\"y\\""},"event":"incident.noted","via":null}'
    )
    assert frame((7, body)) == b"id: 7\nevent: incident.noted\ndata: " + body + b"\n\n"


async def test_the_tail_keeps_no_more_than_a_page(house: House) -> None:
    tail = Tail(house.app.service.log, replace(house.settings, feed_events=10))
    for number in range(20):
        await house.report()
        assert await tail.wait(2 * number, 5)
    assert len(tail._ring) <= 10
    everything = await tail.after(0, 100)
    assert [position for position, _ in everything] == list(range(1, 41))
    assert await tail.after(35, 3) == everything[35:38]
    assert await tail.after(40, 3) == []
    tail.close()


def events(lines: Iterator[str], count: int) -> list[tuple[int, str, str]]:
    """The next events of a stream: id, name, data."""
    found: list[tuple[int, str, str]] = []
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if line:
            fields[name] = value
        elif "data" in fields:
            found.append((int(fields["id"]), fields["event"], fields["data"]))
            fields = {}
            if len(found) == count:
                return found
    return found


@pytest.fixture
def service(running: Run) -> Iterator[Running]:
    with running(heartbeat_seconds=0.3, slow_reader_seconds=0.5, streams=2) as service:
        yield service


def test_a_stream_tells_what_was_and_what_comes(service: Running) -> None:
    with service.client() as client:
        client.post("/incidents", json=REPORT)
        with client.stream("GET", "/events", headers=STREAM) as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            assert stream.headers["cache-control"] == "no-store"
            lines = stream.iter_lines()
            first = events(lines, 2)
            client.post("/incidents", json=REPORT)
            second = events(lines, 2)
    assert [each[0] for each in first + second] == [1, 2, 3, 4]
    assert [each[1] for each in second] == ["incident.reported", "incident.logged"]
    log = service.app.service.log
    opened = log.shown([body for _, body in log.raw_page(0, 10)])
    assert [each[2].encode() for each in first + second] == opened


def test_a_stream_tells_events_as_they_are_stored_if_asked(service: Running) -> None:
    with service.client() as client:
        client.post("/incidents", json=REPORT)
        with client.stream("GET", "/events?stored=true", headers=STREAM) as stream:
            told = events(stream.iter_lines(), 2)
    stored = service.app.service.log.raw_page(0, 10)
    assert [each[2].encode() for each in told] == [body for _, body in stored]


def test_a_broken_stream_is_resumed_where_it_broke(service: Running) -> None:
    with service.client() as client:
        for _ in range(3):
            client.post("/incidents", json=REPORT)
        seen: list[int] = []
        while len(seen) < 6:
            headers = {**STREAM, **({"Last-Event-ID": str(seen[-1])} if seen else {})}
            with client.stream("GET", "/events?after=0", headers=headers) as stream:
                seen += [each[0] for each in events(stream.iter_lines(), 2)]
    assert seen == [1, 2, 3, 4, 5, 6]


def test_a_silent_stream_shows_that_it_lives(service: Running) -> None:
    with service.client() as client, client.stream("GET", "/events", headers=STREAM) as stream:
        lines = stream.iter_lines()
        assert [line for _, line in zip(range(6), lines, strict=False) if line] == [
            "retry: 2000",
            ": still here",
            ": still here",
        ]


def test_there_are_only_so_many_streams(service: Running) -> None:
    with (
        service.client() as client,
        client.stream("GET", "/events", headers=STREAM) as one,
        client.stream("GET", "/events", headers=STREAM) as other,
    ):
        assert (one.status_code, other.status_code) == (200, 200)
        third = client.get("/events", headers=STREAM)
        assert (third.status_code, third.json()["code"]) == (503, "busy")
        assert client.get("/events").status_code == 200
    wait_until(lambda: not _streams(service))
    with service.client() as client, client.stream("GET", "/events", headers=STREAM) as again:
        assert again.status_code == 200


def test_a_key_that_is_revoked_hears_nothing_more(service: Running) -> None:
    from tocsin.keys import Keys

    with closing(Keys.open(service.app.service.settings)) as keys:
        token, key = keys.create("auditor", [Scope.AUDIT], by="a test")
        service.app.service.access.load()
        headers = {"Authorization": f"Bearer {token}", **STREAM}
        with httpx.stream("GET", f"{service.url}/events", headers=headers, timeout=5) as stream:
            lines = stream.iter_lines()
            assert next(lines) == "retry: 2000"
            keys.revoke(key.key_id, by="a test")
            assert all(not line or line == ": still here" for line in lines), "and it ends"


def test_a_reader_that_stalls_is_let_go(service: Running) -> None:
    """It would keep what it does not read in our memory."""
    with service.client() as client:
        large = {"command": "report", "body": {**REPORT, "description": "x" * 19_000}}
        for _ in range(8):
            assert client.post("/commands", json={"commands": [large] * 50}).status_code == 200
        with socket.socket() as reader:
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
            reader.connect(("127.0.0.1", service.port))
            reader.sendall(
                f"GET /events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n"
                f"Authorization: Bearer {service.token}\r\n\r\n".encode()
            )
            wait_until(lambda: _streams(service) == 1)
            wait_until(lambda: not _streams(service))
        assert client.get("/health/live").status_code == 200


def _streams(service: Running) -> float:
    (reading,) = [
        value
        for read in service.app.service.metrics.own
        for name, _, _, value in read()
        if name == "streams"
    ]
    return reading


def wait_until(condition: object, seconds: float = 5) -> None:
    assert callable(condition)
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.02)


def test_streams_and_waits_end_with_the_service(running: Run) -> None:
    started = 0.0
    with running() as service, service.client() as client:
        stream = client.send(client.build_request("GET", "/events", headers=STREAM), stream=True)
        lines = stream.iter_lines()
        assert next(lines) == "retry: 2000"
        started = time.monotonic()
        service.app.service.begin_to_stop()
        assert list(lines) == [""]
    assert time.monotonic() - started < 3
