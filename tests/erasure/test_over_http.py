"""Subjects over HTTP: who may ask, what they are told, and what is on record about it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.erasure.kit import BRUNO, ZELDA
from tests.http.conftest import House, asking
from tocsin.access import Kind
from tocsin.http.app import create_app
from tocsin.keys import Keys, Scope
from tocsin.settings import Settings

WHY = {"basis": "consent-withdrawn", "request": "DSR-7"}
PATIENCE = 100


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    settings = Settings(home=tmp_path / "home", lake=False)
    keys = Keys.open(settings)
    token = keys.create_first(by="a test")
    app = create_app(settings, keys=keys)
    async with app.router.lifespan_context(app), asking(app, token) as client:
        yield House(app, client, keys, settings)
    keys.close()


async def asked(house: House, path: str, **params: Any) -> Any:
    answer = await house.client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def told(house: House, subject: str, path: str, **body: Any) -> httpx.Response:
    return await house.client.post(f"/subjects/{subject}/{path}", json=body)


async def zelda(house: House) -> tuple[str, str]:
    """Her id in the log, and an incident of hers."""
    incident = (await house.report(reporter=ZELDA, title=f"{ZELDA} waits"))["incident_id"]
    found = await asked(house, "/subjects", name=ZELDA)
    return found["subjects"][0]["subject_id"], incident


async def purged(house: House, subject: str) -> Any:
    for _ in range(PATIENCE):
        await asyncio.to_thread(house.project)
        state = await asked(house, f"/subjects/{subject}")
        if state["purged_at"]:
            return state
        await asyncio.sleep(0.1)
    raise AssertionError(state)


async def test_a_person_is_found_handed_over_and_forgotten(house: House) -> None:
    subject, incident = await zelda(house)
    await asyncio.to_thread(house.project)
    found = await asked(house, "/subjects", name=[ZELDA, "nobody else"])
    assert found["values"] == {"named": 1, "mentioned": 1, "clear": 0, "unreadable": 0}
    assert [each["incident_id"] for each in found["mentioning"]["first"]] == [incident]
    document = await asked(house, f"/subjects/{subject}/export")
    assert [each["field"] for each in document["values"]] == ["reporter", "title"]
    page = await house.client.get(f"/subjects/{subject}/export", params={"format": "markdown"})
    assert page.headers["content-type"].startswith("text/markdown")
    answer = await told(house, subject, "forget", **WHY)
    assert answer.json()["events"] == ["subject.forgotten"], answer.text
    state = await purged(house, subject)
    assert (state["name"], state["request"], state["possible"]) == (None, "DSR-7", [])
    assert state["places"]
    shown = await asked(house, f"/incidents/{incident}")
    assert (shown["title"], shown["reporter"]) == ("[forgotten]", f"person:{subject}")
    listed = await asked(house, "/incidents")
    assert listed["items"][0]["title"] == "[forgotten]"
    answer = await house.client.get(f"/subjects/{subject}/export")
    assert answer.json()["code"] == "no-such-subject"


async def test_the_texts_of_an_incident_are_forgotten_by_its_reference(house: House) -> None:
    receipt = await house.report(reporter=BRUNO, title="Wrongly pasted: 4711")
    answer = await told(house, receipt["reference"], "forget", **WHY)
    assert answer.json()["incident_id"] == receipt["incident_id"]
    state = await purged(house, receipt["incident_id"])
    assert (state["kind"], state["values"]) == ("texts", 1)
    assert state["subject_id"] == answer.json()["subject_id"]
    shown = await asked(house, f"/incidents/{receipt['incident_id']}")
    assert (shown["title"], shown["reporter"]) == ("[forgotten]", BRUNO)


async def test_a_request_that_is_sent_again_has_one_effect_and_one_answer(house: House) -> None:
    subject, _ = await zelda(house)
    path, key = f"/subjects/{subject}/forget", {"Idempotency-Key": "k-1"}
    first = await house.client.post(path, json=WHY, headers=key)
    await purged(house, subject)
    again = await house.client.post(path, json=WHY, headers=key)
    assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
    other = await house.client.post(path, json={**WHY, "request": "DSR-8"}, headers=key)
    assert other.json()["code"] == "key-reused"
    unkeyed = await told(house, subject, "forget", **WHY)
    assert unkeyed.json()["changed"] is False


async def test_what_is_held_is_not_forgotten_until_the_hold_is_lifted(house: House) -> None:
    subject, incident = await zelda(house)
    placed = await told(house, incident, "place-hold", hold="LIT-1", reason="A claim.")
    assert placed.json()["events"] == ["subject.hold-placed"]
    refused = await told(house, subject, "forget", **WHY)
    assert refused.status_code == 409
    assert refused.json()["facts"] == {"holds": ["LIT-1"]}
    assert "lift-hold" in refused.json()["possible"]
    await told(house, incident, "lift-hold", hold="LIT-1", reason="Settled.")
    answer = await told(house, subject, "forget", **WHY)
    assert answer.status_code == 200
    held = await asked(house, f"/subjects/{incident}")
    assert (held["standing"], held["holds"]["LIT-1"]["placed_by"]) == ([], "admin")


async def test_a_stale_version_forgets_nothing(house: House) -> None:
    subject, incident = await zelda(house)
    stale = await house.client.post(
        f"/subjects/{subject}/forget",
        json={**WHY, "texts": "none"},
        headers={"If-Match": '"7"'},
    )
    assert stale.status_code == 412
    assert (await asked(house, f"/incidents/{incident}"))["reporter"] == ZELDA


@pytest.mark.parametrize(
    "scope", [each for each in Scope if each not in {Scope.ERASE, Scope.ADMIN}]
)
async def test_it_takes_a_scope_of_its_own(house: House, scope: Scope) -> None:
    """Who may read or write incidents may not thereby gather or erase what is kept of people."""
    subject, _ = await zelda(house)
    async with house.client_with(scope) as other:
        answers = [
            await other.get("/subjects", params={"name": ZELDA}),
            await other.get(f"/subjects/{subject}"),
            await other.get(f"/subjects/{subject}/export"),
            await other.post(f"/subjects/{subject}/forget", json=WHY),
            await other.post(f"/subjects/{subject}/place-hold", json={"hold": "L", "reason": "x"}),
        ]
    assert {answer.json()["code"] for answer in answers} == {"scope-missing"}


async def test_the_scope_alone_is_enough(house: House) -> None:
    subject, _ = await zelda(house)
    async with house.client_with(Scope.ERASE, owner="dpo") as officer:
        answer = await officer.post(f"/subjects/{subject}/forget", json=WHY)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("path", "params", "code"),
    [
        ("/subjects", {}, "invalid"),
        ("/subjects", {"name": "x"}, "invalid"),
        ("/subjects/INC9999999", {}, "no-such-incident"),
        ("/subjects/0c4f7e9e-9a3b-4a63-8f57-1d1f0a6f2f11", {}, "no-such-subject"),
        ("/subjects/0c4f7e9e-9a3b-4a63-8f57-1d1f0a6f2f11/export", {}, "no-such-subject"),
    ],
)
async def test_who_is_not_there_is_told_so(
    house: House, path: str, params: dict[str, str], code: str
) -> None:
    answer = await house.client.get(path, params=params)
    assert answer.json()["code"] == code, answer.text


async def test_texts_are_not_handed_over_as_a_person(house: House) -> None:
    receipt = await house.report()
    answer = await house.client.get(f"/subjects/{receipt['incident_id']}/export")
    assert answer.json()["code"] == "no-such-subject"
    assert "GET /incidents" in answer.json()["detail"]


async def test_whoever_looks_is_on_record_before_they_see_it(house: House) -> None:
    subject, incident = await zelda(house)
    journal = house.app.service.readings.journal
    assert journal is not None
    await asked(house, f"/subjects/{subject}")
    await asked(house, f"/subjects/{subject}/export")
    entries = [each for each in journal.entries() if each.kind is Kind.SUBJECT]
    routes = [each.what for each in entries]
    assert routes == ["/subjects", "/subjects/{id}", "/subjects/{id}/export"]
    assert str(entries[0].incidents[0]) == incident
    assert {each.who for each in entries} == {"admin"}


async def test_what_somebody_read_is_handed_over_to_them(house: House) -> None:
    receipt = await house.report(reporter=ZELDA)
    async with house.client_with(Scope.READ, owner=ZELDA) as her:
        await her.get(f"/incidents/{receipt['incident_id']}", headers={"X-Purpose": "On call"})
    await house.app.service.readings.write()
    found = await asked(house, "/subjects", name=ZELDA)
    subject = found["subjects"][0]["subject_id"]
    document = await asked(house, f"/subjects/{subject}/export")
    assert [each["owner"] for each in document["keys"]] == [ZELDA]
    assert [each["purpose"] for each in document["accesses"]] == ["On call"]


async def test_one_look_over_the_whole_log_at_a_time(house: House) -> None:
    await zelda(house)
    answers = await asyncio.gather(
        *(house.client.get("/subjects", params={"name": ZELDA}) for _ in range(3))
    )
    codes = sorted(answer.status_code for answer in answers)
    assert codes[0] == 200
    assert set(codes) <= {200, 503}
