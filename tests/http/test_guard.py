"""What every request passes first, and every answer last."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID

import httpx
import pytest
from starlette.types import Message

from tests.http.conftest import REPORT, House, asking
from tocsin.http.body import read_body
from tocsin.http.guard import Guard
from tocsin.http.metrics import Metrics
from tocsin.http.problems import Problem
from tocsin.telemetry.context import COMMAND_ID, INCIDENT_ID, known

EVERYWHERE = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:8080", "LOCALHOST", "127.0.0.1:1", "[::1]", "[::1]:8080"],
)
async def test_a_host_name_of_ours_is_answered(house: House, host: str) -> None:
    answer = await house.client.get("/health/live", headers={"Host": host})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.nip.io", "[::2]",
     "evil@localhost", "8080:localhost"],
)  # fmt: skip
async def test_another_host_name_is_not(house: House, host: str) -> None:
    """A page on another site that had its name point here would otherwise read everything."""
    answer = await house.client.get("/incidents", headers={"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (421, "misdirected")
    assert "TOCSIN_ALLOWED_HOSTS" in answer.json()["detail"]


async def test_a_request_says_whom_it_asks(house: House) -> None:
    answer = await house.client.get("/health/live", headers={"Host": ""})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-header")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/health/live"), ("GET", "/nothing"), ("POST", "/incidents"), ("PUT", "/incidents")],
)
async def test_every_answer_tells_browsers_to_be_careful(
    house: House, method: str, path: str
) -> None:
    answer = await house.client.request(method, path)
    assert EVERYWHERE.items() <= dict(answer.headers).items()
    assert answer.headers["cache-control"] == "no-store"
    assert "server" not in answer.headers
    assert "access-control-allow-origin" not in answer.headers


async def test_errors_of_ours_are_careful_too(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(house.app.service, "find", broken)
    answer = await house.client.get("/incidents/INC0000001")
    assert (answer.status_code, answer.json()["code"]) == (500, "broken")
    assert EVERYWHERE.items() <= dict(answer.headers).items()
    assert "secret" not in answer.text


async def test_no_page_is_served_that_a_browser_would_run(house: House) -> None:
    """Pages that try an API out fetch scripts from elsewhere; ours works without a network."""
    for path in ("/docs", "/redoc"):
        assert (await house.client.get(path)).status_code == 404


async def test_requests_have_names(house: House) -> None:
    """By which an answer is found in the log: those that callers give, or ours."""
    first, second = [(await house.client.get("/health/live")) for _ in range(2)]
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    said = await house.client.get("/health/live", headers={"X-Request-ID": "trace-7.a_B"})
    assert said.headers["x-request-id"] == "trace-7.a_B"
    for bad in ("a b", "x" * 65, "é", "a,b"):
        headers = {b"X-Request-ID": bad.encode()}
        answer = await house.client.get("/health/live", headers=headers)
        assert answer.headers["x-request-id"] != bad


async def test_a_body_that_says_it_is_too_large_is_not_read(house: House) -> None:
    body = b'{"title": "' + b"x" * house.settings.command_bytes + b'"}'
    answer = await house.client.post(
        "/incidents", content=body, headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
    assert answer.json()["limit"] == house.settings.command_bytes
    assert answer.headers["connection"] == "close"


async def test_a_body_that_does_not_say_how_large_it_is_is_counted(house: House) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 10_000
            yield b"x" * 10_000

    answer = await house.client.post(
        "/incidents", content=endless(), headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 413
    assert sent < house.settings.command_bytes + 30_000


async def test_a_body_that_comes_at_once_and_does_not_say_how_large_it_is_is_counted() -> None:
    async def all_at_once() -> Message:
        return {"type": "http.request", "body": b"12345", "more_body": False}

    assert await read_body({}, {}, all_at_once, 5, 1.0) == b"12345"
    with pytest.raises(Problem, match="4 bytes at most"):
        await read_body({}, {}, all_at_once, 4, 1.0)


async def test_a_body_of_exactly_the_limit_is_read(house: House) -> None:
    most = house.settings.command_bytes
    body = b'{"title": "a", "source": "monitoring"'
    body += b" " * (most - len(body) - 1) + b"}"
    headers = {"Content-Type": "application/json"}
    assert (await house.client.post("/incidents", content=body, headers=headers)).is_success
    larger = await house.client.post("/incidents", content=body + b" ", headers=headers)
    assert larger.status_code == 413


async def test_a_batch_may_be_larger_than_a_command(house: House) -> None:
    body = {
        "commands": [{"command": "report", "body": {**REPORT, "description": "x" * 20_000}}] * 9
    }
    answer = await house.client.post("/commands", json=body)
    assert {result["status"] for result in answer.json()["results"]} == {201}


async def test_a_body_that_does_not_come_is_not_waited_for(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    shorter = replace(house.settings, body_seconds=0.2)
    monkeypatch.setattr(house.app.service, "settings", shorter)

    async def slow() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(30)

    async with asyncio.timeout(5):
        answer = await house.client.post(
            "/incidents", content=slow(), headers={"Content-Type": "application/json"}
        )
    assert (answer.status_code, answer.json()["code"]) == (408, "too-slow")


@pytest.mark.parametrize("length", ["x", "-1", "1e3", ""])
async def test_the_length_of_a_body_is_a_number(house: House, length: str) -> None:
    headers = {"Content-Type": "application/json", "Content-Length": length}
    answer = await house.client.post("/incidents", content=b"{}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-header")


async def test_documentation_can_be_switched_off(house: House) -> None:
    from tocsin.http.app import create_app

    house.app.service.log.close()
    app = create_app(replace(house.settings, docs=False), keys=house.keys)
    async with app.router.lifespan_context(app), asking(app, None) as client:
        assert (await client.get("/openapi.json")).status_code == 404


async def test_requests_are_counted_by_route_and_status(house: House) -> None:
    metrics: Metrics = house.app.service.metrics
    await house.report()
    await house.client.get("/incidents/INC0000001")
    await house.client.get("/incidents/INC0000002")
    await house.client.get("/anything")
    counted = {key: sum(spread.counts) for key, spread in metrics.requests.items()}
    assert counted == {
        ("POST", "/incidents", 201): 1,
        ("GET", "/incidents/{id}", 200): 1,
        ("GET", "/incidents/{id}", 404): 1,
        ("GET", "-", 404): 1,
    }


async def test_what_is_no_request_passes_the_guard(house: House) -> None:
    passed = []

    async def inner(scope: object, receive: object, send: object) -> None:
        passed.append(scope)

    guard = Guard(inner, house.settings, Metrics(), lambda _, __: None)

    async def nothing() -> dict[str, object]:
        return {}

    async def nowhere(message: object) -> None:
        raise AssertionError(message)

    await guard({"type": "lifespan"}, nothing, nowhere)
    assert passed == [{"type": "lifespan"}]


async def test_a_caller_who_goes_away_is_not_answered(house: House) -> None:
    """There is nobody to answer, and nothing is recorded of half a request."""

    async def receive() -> dict[str, object]:
        return {"type": "http.disconnect"}

    async def nowhere(message: object) -> None:
        raise AssertionError(message)

    request = httpx.Request("POST", "http://localhost/incidents", json=REPORT)
    raw = [(name.lower(), value) for name, value in request.headers.raw]
    raw.append((b"authorization", house.client.headers["authorization"].encode()))
    scope = {
        "type": "http", "method": "POST", "path": "/incidents", "raw_path": b"/incidents",
        "query_string": b"", "headers": raw, "http_version": "1.1", "scheme": "http",
        "root_path": "", "server": ("localhost", 80), "client": ("127.0.0.1", 1), "state": {},
    }  # fmt: skip
    await house.app(scope, receive, nowhere)
    assert house.app.service.log.head() == 0


async def test_a_request_asks_one_host(house: House) -> None:
    """A proxy in front may have looked at the other one."""
    for hosts in (["localhost", "evil.example"], ["evil.example", "localhost"]):
        headers = [("Host", host) for host in hosts]
        answer = await house.client.get("/health/live", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad-header")


async def test_a_request_knows_nothing_of_the_one_before_it_on_its_connection(house: House) -> None:
    """It may be begun where that one ended: lines of log would name another's incident."""
    INCIDENT_ID.set(UUID(int=6))
    COMMAND_ID.set(UUID(int=7))
    seen: list[dict[str, str]] = []

    async def inner(scope: object, receive: object, send: object) -> None:
        seen.append(known())

    guard = Guard(inner, house.settings, Metrics(), lambda _, __: None)
    scope = {"type": "http", "method": "GET", "headers": [(b"host", b"localhost")]}

    async def nothing() -> dict[str, object]:
        return {}

    async def nowhere(message: object) -> None:
        raise AssertionError(message)

    await guard(scope, nothing, nowhere)
    assert [{"request_id"}] == [set(each) for each in seen]
