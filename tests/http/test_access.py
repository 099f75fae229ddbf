"""Who may ask for what: the scopes of a key, and what becomes of keys that should not work."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.http.conftest import REPORT, House, asking
from tocsin.http import access as room
from tocsin.keys import Keys, KeysUnavailable, Scope, new_token

WANTED = {
    ("GET", "/incidents"): Scope.READ,
    ("GET", "/incidents/INC0000001"): Scope.READ,
    ("GET", "/incidents/INC0000001/events"): Scope.READ,
    ("GET", "/incidents/INC0000001/timeline"): Scope.READ,
    ("GET", "/queues"): Scope.READ,
    ("GET", "/queues/network"): Scope.READ,
    ("GET", "/projections"): Scope.READ,
    ("GET", "/metrics"): Scope.READ,
    ("GET", "/events"): Scope.AUDIT,
    ("POST", "/incidents"): Scope.WRITE,
    ("POST", "/incidents/INC0000001/acknowledge"): Scope.WRITE,
    ("POST", "/commands"): Scope.WRITE,
}
OPEN = {"/health/live", "/health/ready", "/openapi.json"}


async def ask(client: httpx.AsyncClient, method: str, path: str) -> httpx.Response:
    body: dict[str, Any] = {"commands": []} if path == "/commands" else dict(REPORT)
    return await client.request(method, path, json=body if method == "POST" else None)


@pytest.mark.parametrize("scope", list(Scope))
async def test_a_key_opens_what_its_scopes_say_and_nothing_else(house: House, scope: Scope) -> None:
    await house.report()
    async with house.client_with(scope) as client:
        for (method, path), wanted in WANTED.items():
            answer = await ask(client, method, path)
            if scope in (wanted, Scope.ADMIN):
                assert answer.status_code not in (401, 403), (method, path, answer.text)
                continue
            assert answer.status_code == 403, (method, path)
            assert answer.json()["code"] == "scope-missing"
            assert answer.json()["scope"] == wanted
            assert wanted in answer.headers["www-authenticate"]


async def test_every_route_is_closed_but_those_that_are_meant_to_be_open(house: House) -> None:
    """A route that somebody adds is closed until this test is told otherwise."""
    routes = house.app.openapi()["paths"]
    async with asking(house.app, None) as nobody:
        for path, methods in routes.items():
            for method in methods:
                answer = await ask(nobody, method.upper(), path.replace("{id}", "INC1"))
                assert (answer.status_code == 401) == (path not in OPEN), path
                if answer.status_code == 401:
                    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("", "must be Authorization: Bearer"),
        ("Basic YTpi", "must be Authorization: Bearer"),
        ("Bearer", "must be Authorization: Bearer"),
        ("Bearer tocsin_x", "a letter is missing or wrong"),
        (f"Bearer {new_token()[1]}", "no such key"),
        (f"Bearer {new_token()[1][:-1]}!", "a letter is missing or wrong"),
        ("Bearer \xe9\xe8", "a letter is missing or wrong"),
    ],
    ids=["nothing", "basic", "no token", "too short", "unknown", "altered", "not ASCII"],
)
async def test_a_wrong_key_is_told_what_is_wrong(house: House, header: str, reason: str) -> None:
    headers = {b"Authorization": header.encode("latin-1")}
    async with asking(house.app, None) as client:
        answer = await client.post("/incidents", json=REPORT, headers=headers)
    assert answer.status_code == 401
    assert reason in answer.json()["detail"]
    assert "invalid_token" in answer.headers["www-authenticate"]


async def test_the_scheme_may_be_written_in_any_case(house: House) -> None:
    token, _ = house.keys.create("ann", [Scope.READ], by="a test")
    house.app.service.access.load()
    async with asking(house.app, None) as client:
        answer = await client.get("/projections", headers={"Authorization": f"bearer  {token}"})
    assert answer.status_code == 200


async def test_another_secret_under_a_known_id_opens_nothing(house: House) -> None:
    token, key = house.keys.create("ann", [Scope.READ], by="a test")
    house.app.service.access.load()
    forged = new_token()[1].split("_")[2]
    async with asking(house.app, f"tocsin_{key.key_id}_{forged}") as client:
        assert (await client.get("/projections")).status_code == 401
    async with asking(house.app, token) as client:
        assert (await client.get("/projections")).status_code == 200


async def test_revocation_by_another_process_takes_effect_within_two_seconds(house: House) -> None:
    token, key = house.keys.create("ann", [Scope.READ], by="a test")
    other = Keys.open(house.settings)
    async with asking(house.app, token) as client:
        await eventually(client, 200)
        other.revoke(key.key_id, by="the command line")
        answer = await eventually(client, 401)
    other.close()
    assert answer.json()["detail"] == "The key has been revoked."


async def eventually(client: httpx.AsyncClient, status: int) -> httpx.Response:
    async with asyncio.timeout(2):
        while True:
            answer = await client.get("/projections")
            if answer.status_code == status:
                return answer
            await asyncio.sleep(0.05)


async def test_an_expired_key_is_told_so(house: House) -> None:
    soon = datetime.now(UTC) + timedelta(milliseconds=300)
    token, _ = house.keys.create("ann", [Scope.READ], by="a test", expires_at=soon)
    house.app.service.access.load()
    async with asking(house.app, token) as client:
        assert (await client.get("/projections")).status_code == 200
        await asyncio.sleep(0.35)
        answer = await client.get("/projections")
    assert answer.status_code == 401
    assert "expired" in answer.json()["detail"]


async def test_both_keys_work_while_a_rotation_overlaps(house: House) -> None:
    token, key = house.keys.create("ann", [Scope.READ], by="a test")
    new, _ = house.keys.rotate(key.key_id, by="a test", overlap=timedelta(hours=1))
    house.app.service.access.load()
    for each in (token, new):
        async with asking(house.app, each) as client:
            assert (await client.get("/projections")).status_code == 200


async def test_the_last_use_of_a_key_is_remembered(house: House) -> None:
    token, key = house.keys.create("ann", [Scope.READ], by="a test")
    house.app.service.access.load()
    async with asking(house.app, token) as client:
        await client.get("/projections")
    house.app.service.access.load()
    (kept,) = [each for each in house.keys.all() if each.key_id == key.key_id]
    assert kept.last_used_at is not None
    assert datetime.now(UTC) - kept.last_used_at < timedelta(seconds=10)


async def test_the_owner_of_the_key_is_the_actor(house: House) -> None:
    async with house.client_with(Scope.WRITE, Scope.READ, owner="monitoring") as client:
        await client.post("/incidents", json=REPORT)
        (reported, _) = (await client.get("/incidents/INC0000001/timeline")).json()["items"]
    assert (reported["actor"], reported["via"]) == ("monitoring", None)


async def test_a_service_may_act_for_a_person(house: House) -> None:
    async with house.client_with(Scope.WRITE, Scope.READ, owner="portal") as client:
        await client.post("/incidents", json={**REPORT, "actor": "ann"})
        (reported, _) = (await client.get("/incidents/INC0000001/timeline")).json()["items"]
    assert (reported["actor"], reported["via"]) == ("ann", "portal")


async def test_a_key_that_asks_too_often_is_asked_to_wait(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house.app.service.access, "_rate", 2.0)
    async with house.client_with(Scope.READ) as client:
        answers = [(await client.get("/projections")) for _ in range(6)]
    statuses = [answer.status_code for answer in answers]
    assert statuses[:4] == [200] * 4
    assert statuses[-1] == 429
    assert int(answers[-1].headers["retry-after"]) >= 1


async def test_keys_that_cannot_be_read_any_more_let_nobody_in_for_ever(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who was revoked meanwhile must not profit from an outage."""

    def fail() -> int:
        raise KeysUnavailable("gone")

    monkeypatch.setattr(house.keys, "latest_change", fail)
    assert (await house.client.get("/projections")).status_code == 200
    monkeypatch.setattr(room, "STALE_SECONDS", -10.0)
    answer = await house.client.get("/projections")
    assert answer.status_code == 503
    assert "retry-after" in answer.headers


async def test_a_wall_clock_that_jumps_locks_nobody_out(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How often a key may ask is counted by a clock that nobody sets."""
    now, year = time.time(), 366 * 86_400.0
    for moment in (now + year, now - year, now):
        monkeypatch.setattr(room, "time", lambda moment=moment: moment)
        assert (await house.client.get("/events")).status_code == 200
