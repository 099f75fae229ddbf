"""A request under a key has one effect and one answer, however often and whenever it is sent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

import httpx
import pytest

from tests.http.conftest import REPORT, House, asking
from tocsin.http.app import create_app
from tocsin.keys import Keys, Scope
from tocsin.settings import Settings

KEY = {"Idempotency-Key": "7d7cdb1e-alarm-4711"}


def same(answers: list[httpx.Response]) -> bool:
    """Whether all say the same, but for whether they are the first."""
    kept = ("etag", "location", "tocsin-position", "content-type")
    said = {(a.status_code, a.content, *(a.headers.get(name) for name in kept)) for a in answers}
    return len(said) == 1


async def test_a_request_sent_again_gets_the_first_answer_byte_for_byte(house: House) -> None:
    first = await house.client.post("/incidents", json=REPORT, headers=KEY)
    await house.client.post("/incidents/INC0000001/acknowledge", json={})
    again = await house.client.post("/incidents", json=REPORT, headers=KEY)
    assert same([first, again])
    assert first.status_code == 201
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert house.app.service.log.head() == 3


async def test_fifty_at_once_have_one_effect_and_one_answer(house: House) -> None:
    answers = await asyncio.gather(
        *(house.client.post("/incidents", json=REPORT, headers=KEY) for _ in range(50))
    )
    assert same(answers)
    assert answers[0].status_code == 201
    assert house.app.service.log.head() == 2
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1


async def test_fifty_commands_at_once_have_one_effect_and_one_answer(house: House) -> None:
    await house.report()
    answers = await asyncio.gather(
        *(
            house.client.post("/incidents/INC0000001/note", json={"text": "a"}, headers=KEY)
            for _ in range(50)
        )
    )
    assert same(answers)
    assert house.app.service.log.head() == 3


async def test_the_answer_survives_a_restart(settings: Settings) -> None:
    async with _service(settings) as client:
        first = await client.post("/incidents", json=REPORT, headers=KEY)
    async with _service(settings) as client:
        again = await client.post("/incidents", json=REPORT, headers=KEY)
        fifty = await asyncio.gather(
            *(client.post("/incidents", json=REPORT, headers=KEY) for _ in range(50))
        )
        other = await client.post("/incidents", json={**REPORT, "title": "b"}, headers=KEY)
    assert same([first, again, *fifty])
    assert again.headers["idempotency-replayed"] == "true"
    assert other.status_code == 422


@asynccontextmanager
async def _service(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    with closing(Keys.open(settings)) as keys:
        token, _ = keys.create("ann", [Scope.ADMIN], by="a test")
    app = create_app(settings)
    async with app.router.lifespan_context(app), asking(app, token) as client:
        yield client


async def test_the_same_key_for_another_request_is_refused(house: House) -> None:
    await house.client.post("/incidents", json=REPORT, headers=KEY)
    other = await house.client.post("/incidents", json={**REPORT, "title": "b"}, headers=KEY)
    assert (other.status_code, other.json()["code"]) == (422, "key-reused")
    other = await house.client.post("/incidents/INC0000001/acknowledge", json={}, headers=KEY)
    assert (other.status_code, other.json()["code"]) == (422, "key-reused")
    assert house.app.service.log.head() == 2


async def test_a_key_stands_for_one_incident_however_it_is_named(house: House) -> None:
    one, other = await house.report(), await house.report()
    body = {"text": "a"}
    first = await house.client.post("/incidents/INC0000001/note", json=body, headers=KEY)
    by_id = f"/incidents/{one['incident_id']}/note"
    again = await house.client.post(by_id, json=body, headers=KEY)
    assert same([first, again])
    elsewhere = f"/incidents/{other['incident_id']}/note"
    assert (await house.client.post(elsewhere, json=body, headers=KEY)).status_code == 422


async def test_the_order_and_spacing_of_fields_is_no_other_request(house: House) -> None:
    headers = {**KEY, "Content-Type": "application/json"}
    one, other = (
        b'{"title": "a", "source": "monitoring"}',
        b'{"source":"monitoring","title":"\\u0061"}',
    )
    first = await house.client.post("/incidents", content=one, headers=headers)
    assert same([first, await house.client.post("/incidents", content=other, headers=headers)])


async def test_keys_of_different_callers_have_nothing_to_do_with_each_other(house: House) -> None:
    await house.client.post("/incidents", json=REPORT, headers=KEY)
    async with house.client_with(Scope.WRITE, owner="monitoring") as other:
        answer = await other.post("/incidents", json={**REPORT, "title": "b"}, headers=KEY)
    assert answer.json()["reference"] == "INC0000002"


async def test_a_key_outlives_the_key_to_the_house(house: House) -> None:
    """The owner counts, so that rotating an API key does not make retries new requests."""
    for _ in range(2):
        async with house.client_with(Scope.WRITE, owner="monitoring") as client:
            await client.post("/incidents", json=REPORT, headers=KEY)
    assert house.app.service.log.head() == 2


async def test_a_refused_request_may_be_put_right_under_its_key(house: House) -> None:
    """Nothing was recorded, so there is nothing to repeat."""
    await house.report()
    path = "/incidents/INC0000001/acknowledge"
    stale = await house.client.post(path, json={}, headers={**KEY, "If-Match": '"1"'})
    right = await house.client.post(path, json={}, headers={**KEY, "If-Match": '"2"'})
    assert (stale.status_code, right.status_code) == (412, 200)


async def test_a_retry_is_answered_though_the_incident_has_moved_on(house: House) -> None:
    """The version that the caller saw then is stale by now, of its own doing."""
    await house.report()
    headers = {**KEY, "If-Match": '"2"'}
    path = "/incidents/INC0000001/acknowledge"
    first = await house.client.post(path, json={}, headers=headers)
    await house.client.post("/incidents/INC0000001/note", json={"text": "a"})
    assert same([first, await house.client.post(path, json={}, headers=headers)])


async def test_a_command_that_changed_nothing_is_answered_again_too(house: House) -> None:
    await house.report()
    path = "/incidents/INC0000001/acknowledge"
    await house.client.post(path, json={})
    first = await house.client.post(path, json={}, headers=KEY)
    await house.client.post("/incidents/INC0000001/note", json={"text": "a"})
    again = await house.client.post(path, json={}, headers=KEY)
    assert first.json()["changed"] is False
    assert same([first, again])


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 201, "\xe9", "a\tb"])
async def test_a_key_is_visible_ascii(house: House, key: str) -> None:
    headers = {b"Idempotency-Key": key.encode("latin-1")}
    answer = await house.client.post("/incidents", json=REPORT, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-header")


async def test_a_key_may_have_two_hundred_characters(house: House) -> None:
    answer = await house.client.post(
        "/incidents", json=REPORT, headers={"Idempotency-Key": "~" * 200}
    )
    assert answer.status_code == 201
