"""The policy over HTTP: read it, check another one, publish it, exactly once."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.http.conftest import House
from tests.http.test_commands import check_problem
from tocsin.domain.policy import DEFAULT_DOCUMENT, DEFAULT_POLICY
from tocsin.keys import Scope

CALMER = DEFAULT_DOCUMENT.replace("high   = { high = 1,", "high   = { high = 2,")
WRONG = DEFAULT_DOCUMENT.replace('goal = "15m"', 'goal = "soon"')


async def publish(house: House, document: str = CALMER, **headers: str) -> httpx.Response:
    body = {"document": document, "note": "A calmer night."}
    return await house.client.post("/policy", json=body, headers=headers)


async def test_the_default_policy_is_there_from_the_first_start(house: House) -> None:
    answer = await house.client.get("/policy")
    assert answer.status_code == 200
    assert answer.headers["etag"] == '"1"'
    found = answer.json()
    assert found["document"] == DEFAULT_DOCUMENT
    assert (found["version"], found["published_at"], found["position"]) == (1, None, None)
    assert found["digest"] == DEFAULT_POLICY.digest
    assert found["compiled"]["auto_close_days"] == 14
    again = await house.client.get("/policy", headers={"If-None-Match": '"1"'})
    assert (again.status_code, again.content) == (304, b"")


async def test_a_publication_is_answered_with_its_version_and_place(house: House) -> None:
    await house.report()
    answer = await publish(house)
    assert answer.status_code == 201, answer.text
    assert answer.json() == {
        "version": 2,
        "position": 4,
        "changed": True,
        "events": ["policy.default-recorded", "policy.published"],
    }
    assert (answer.headers["etag"], answer.headers["tocsin-position"]) == ('"2"', "4")
    assert answer.headers["location"] == "/policy/versions/2"
    found = (await house.client.get("/policy")).json()
    assert (found["version"], found["document"], found["position"]) == (2, CALMER, 4)
    assert (found["note"], found["published_by"]) == ("A calmer night.", "admin")


async def test_the_next_incident_is_decided_under_it(house: House) -> None:
    await publish(house)
    incident = await house.report()
    urgent = {"impact": "high", "urgency": "high"}
    place = f"/incidents/{incident['incident_id']}"
    await house.client.post(f"{place}/prioritise", json=urgent)
    events = (await house.client.get(f"{place}/events")).json()["items"]
    assert events[-1]["data"]["policy_version"] == 2
    assert (await house.client.get(place)).json()["priority"] == 2


async def test_the_same_meaning_changes_nothing(house: House) -> None:
    await publish(house)
    again = await publish(house, f"# in other words\n{CALMER}")
    assert again.status_code == 200
    assert (again.json()["version"], again.json()["changed"]) == (2, False)
    nothing = await publish(house, CALMER)
    assert nothing.json()["events"] == []


async def test_publishing_what_holds_from_the_beginning_leaves_version_1(house: House) -> None:
    answer = await publish(house, DEFAULT_DOCUMENT)
    assert answer.json() == {"version": 1, "position": 0, "changed": False, "events": []}


async def test_every_version_is_listed_and_can_be_read(house: House) -> None:
    for document in (CALMER, DEFAULT_DOCUMENT, CALMER):
        await publish(house, document)
    found = (await house.client.get("/policy/versions")).json()
    assert [each["version"] for each in found["items"]] == [1, 2, 3, 4]
    assert found["next"] is None
    assert found["items"][0]["digest"] == found["items"][2]["digest"]
    second = await house.client.get("/policy/versions/2")
    assert (second.json()["document"], second.headers["etag"]) == (CALMER, '"2"')
    first = (await house.client.get("/policy/versions/1")).json()
    assert first["published_at"] is None
    check_problem(await house.client.get("/policy/versions/5"), 404, "not-found")
    check_problem(await house.client.get("/policy/versions/0"), 422, "invalid")


async def test_the_list_of_versions_comes_in_pages(house: House) -> None:
    for document in (CALMER, DEFAULT_DOCUMENT):
        await publish(house, document)
    seen: list[int] = []
    after: int | None = 0
    while after is not None:
        page = (await house.client.get(f"/policy/versions?limit=2&after={after}")).json()
        seen += [each["version"] for each in page["items"]]
        after = page["next"]
    assert seen == [1, 2, 3]
    assert (await house.client.get("/policy/versions?after=9")).json()["items"] == []


async def test_a_document_that_is_no_policy_is_told_line_by_line(house: House) -> None:
    answer = await publish(house, WRONG.replace("auto_close_days", "auto_close_day"))
    check_problem(answer, 422, "invalid")
    errors = answer.json()["errors"]
    line = DEFAULT_DOCUMENT.splitlines().index('goal = "15m"') + 1
    assert (errors[0]["field"], errors[0]["line"]) == ("document.sla[1].goal", line)
    assert "Did you mean auto_close_days?" in errors[1]["reason"]
    assert f"line {line}, sla[1].goal" in answer.json()["detail"]
    assert "1 more" in answer.json()["detail"]
    assert (await house.client.get("/policy")).json()["version"] == 1


@pytest.mark.parametrize(
    "body",
    [
        {"document": CALMER},
        {"document": CALMER, "note": ""},
        {"document": CALMER, "note": "x", "compiled": "{}"},
        {"document": CALMER, "note": "x", "occurred_at": "2026-03-01T14:05:00Z"},
        {"document": 3, "note": "x"},
    ],
)
async def test_a_publication_says_what_and_why_and_nothing_else(
    house: House, body: dict[str, Any]
) -> None:
    check_problem(await house.client.post("/policy", json=body), 422, "invalid")


async def test_checking_tells_what_would_change_and_changes_nothing(house: House) -> None:
    answer = await house.client.post("/policy/check", json={"document": CALMER})
    assert answer.status_code == 200
    assert answer.json() == {
        "ok": True,
        "errors": [],
        "warnings": [],
        "differences": [
            {
                "subject": "priorities",
                "aspect": "high impact, high urgency",
                "was": "1",
                "now": "2",
            }
        ],
        "against": 1,
    }
    assert house.app.service.log.head() == 0


@pytest.mark.parametrize("kind", ["application/toml", "text/plain; charset=utf-8"])
async def test_a_document_may_be_checked_as_it_is(house: House, kind: str) -> None:
    """So that a file can be sent without wrapping it."""
    headers = {"Content-Type": kind}
    wrong = await house.client.post("/policy/check", content=WRONG, headers=headers)
    assert wrong.status_code == 200
    assert not wrong.json()["ok"]
    (error,) = wrong.json()["errors"]
    assert error["key"] == "sla[1].goal"
    broken = await house.client.post("/policy/check", content=b"\xff", headers=headers)
    check_problem(broken, 400, "malformed")


@pytest.mark.parametrize("body", ["[]", "{}", '{"document": 3}'])
async def test_a_check_of_nothing_is_refused(house: House, body: str) -> None:
    headers = {"Content-Type": "application/json"}
    check_problem(
        await house.client.post("/policy/check", content=body, headers=headers), 422, "invalid"
    )


async def test_bodies_of_other_kinds_are_refused(house: House) -> None:
    xml = {"Content-Type": "application/xml"}
    for path in ("/policy", "/policy/check"):
        check_problem(await house.client.post(path, content="<a/>", headers=xml), 415, "not-json")
    toml = {"Content-Type": "application/toml"}
    check_problem(await house.client.post("/policy", content=CALMER, headers=toml), 415, "not-json")


async def test_a_query_that_nobody_reads_is_refused(house: House) -> None:
    answer = await house.client.post("/policy/check?against=1", json={"document": CALMER})
    check_problem(answer, 422, "invalid")


async def test_a_key_makes_a_publication_safe_to_repeat(house: House) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    first = await publish(house, **key)
    await publish(house, DEFAULT_DOCUMENT)
    again = await publish(house, **key)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    check_problem(await publish(house, DEFAULT_DOCUMENT, **key), 422, "key-reused")
    assert (await house.client.get("/policy")).json()["version"] == 3


async def test_who_saw_another_version_is_told(house: House) -> None:
    """Version 1 counts as seen although it is on no stream yet."""
    check_problem(await publish(house, **{"If-Match": '"0"'}), 412, "stale-version")
    assert (await publish(house, **{"If-Match": '"1"'})).json()["version"] == 2
    stale = await publish(house, DEFAULT_DOCUMENT, **{"If-Match": '"1"'})
    check_problem(stale, 412, "stale-version")
    assert (stale.json()["current"], stale.json()["expected"]) == (2, 1)
    assert stale.json()["detail"] == "The policy is at version 2, not 1: read it again."
    assert "incident" not in stale.text
    assert (await publish(house, DEFAULT_DOCUMENT, **{"If-Match": '"2"'})).json()["version"] == 3
    assert (await publish(house, **{"If-Match": "*"})).json()["version"] == 4


async def test_reading_writing_and_publishing_take_keys_that_reach_so_far(house: House) -> None:
    reader, writer = house.client_with(Scope.READ), house.client_with(Scope.WRITE, owner="bob")
    body = {"document": CALMER, "note": "x"}
    assert (await reader.get("/policy")).status_code == 200
    for path in ("/policy", "/policy/check"):
        check_problem(await reader.post(path, json=body), 403, "scope-missing")
    assert (await writer.post("/policy/check", json={"document": CALMER})).status_code == 200
    check_problem(await writer.post("/policy", json=body), 403, "scope-missing")


async def test_publications_are_counted(house: House) -> None:
    await publish(house)
    await publish(house)
    await publish(house, WRONG)
    text = (await house.client.get("/metrics")).text
    for outcome in ("recorded", "unchanged", "invalid"):
        assert f'outcome="{outcome}",path="publish"' in text
