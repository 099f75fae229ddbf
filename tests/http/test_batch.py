"""Many commands in one request: a result each, in order, in few transactions."""

from dataclasses import replace
from typing import Any

import pytest

from tests.http.conftest import REPORT, House


async def put(house: House, *commands: Any) -> list[dict[str, Any]]:
    answer = await house.client.post("/commands", json={"commands": list(commands)})
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    assert len(results) == len(commands)
    return results


def report(**more: Any) -> dict[str, Any]:
    return {"command": "report", "body": REPORT, **more}


async def test_each_command_gets_the_answer_that_it_would_get_alone(house: House) -> None:
    await house.report()
    results = await put(
        house,
        report(),
        {"command": "acknowledge", "incident": "INC0000001"},
        {"command": "acknowledge", "incident": "INC0000001", "body": {}},
        {"command": "close", "incident": "INC0000001", "body": {"closure_code": "x"}},
        {"command": "acknowledge", "incident": "INC0000001", "body": {"x": 1}},
        {"command": "acknowledge", "incident": "INC0000099"},
        {"command": "note", "incident": "INC0000001", "if_match": 1, "body": {"text": "a"}},
    )
    assert [result["status"] for result in results] == [201, 200, 200, 409, 422, 404, 412]
    assert results[0]["receipt"]["reference"] == "INC0000002"
    assert [result["receipt"]["changed"] for result in results[1:3]] == [True, False]
    codes = [result["problem"]["code"] for result in results[3:]]
    assert codes == ["not-possible-while", "invalid", "no-such-incident", "stale-version"]
    assert results[3]["problem"]["possible"]


async def test_commands_on_one_incident_keep_their_order(house: House) -> None:
    await house.report()
    notes = [
        {"command": "note", "incident": "INC0000001", "body": {"text": str(number)}}
        for number in range(100)
    ]
    results = await put(house, *notes)
    assert [result["receipt"]["version"] for result in results] == list(range(3, 103))
    events = (await house.client.get("/incidents/INC0000001/events?after=2&limit=200")).json()
    assert [e["data"]["text"] for e in events["items"]] == [str(number) for number in range(100)]


async def test_a_batch_shares_transactions(house: House) -> None:
    """That is what it is for."""
    commits = house.app.service.metrics.commit_commands
    before = sum(commits.counts)
    await put(house, *(report() for _ in range(200)))
    assert sum(commits.counts) - before <= 3
    assert commits.total >= 200


async def test_a_command_names_the_incident_that_an_earlier_one_begins(house: House) -> None:
    results = await put(
        house,
        report(**{"as": "a"}),
        report(**{"as": "b"}),
        {"command": "acknowledge", "incident": "@a"},
        {"command": "note", "incident": "@b", "body": {"text": "x"}},
        {"command": "note", "incident": "@a", "body": {"text": "y"}},
    )
    ids = [result["receipt"]["incident_id"] for result in results]
    assert (ids[2], ids[3], ids[4]) == (ids[0], ids[1], ids[0])
    assert [result["receipt"]["version"] for result in results] == [2, 2, 3, 3, 4]


async def test_what_depends_on_a_failed_command_fails_with_it(house: House) -> None:
    results = await put(
        house,
        {"command": "report", "as": "a", "body": {}},
        {"command": "acknowledge", "incident": "@a"},
        {"command": "acknowledge", "incident": "@nobody"},
    )
    assert [result["status"] for result in results] == [422, 424, 424]
    assert house.app.service.log.head() == 0


async def test_a_batch_sent_again_has_no_second_effect(house: House) -> None:
    batch = [
        report(id="1", **{"as": "a"}),
        {"command": "acknowledge", "incident": "@a", "id": "2"},
        {"command": "note", "incident": "@a", "id": "3", "body": {"text": "x"}},
    ]
    first, again = await put(house, *batch), await put(house, *batch)
    assert house.app.service.log.head() == 4
    assert [result["replayed"] for result in again] == [True] * 3
    assert [{**result, "replayed": False} for result in again] == first


async def test_a_key_means_the_same_alone_and_in_a_batch(house: House) -> None:
    alone = await house.client.post("/incidents", json=REPORT, headers={"Idempotency-Key": "k"})
    (result,) = await put(house, report(id="k"))
    assert (result["status"], result["replayed"]) == (201, True)
    assert result["receipt"] == alone.json()
    (result,) = await put(house, {"command": "report", "id": "k", "body": {**REPORT, "title": "b"}})
    assert result["problem"]["code"] == "key-reused"


@pytest.mark.parametrize(
    ("command", "field"),
    [
        (7, "command"),
        ({}, "command"),
        ({"command": "explode"}, "command"),
        ({"command": ["report"]}, "command"),
        (report(extra=1), "extra"),
        ({"command": "acknowledge", "incident": 7}, "incident"),
        ({"command": "acknowledge", "incident": ""}, "incident"),
        ({"command": "acknowledge", "incident": "x" * 201}, "incident"),
        (report(id=""), "id"),
        (report(**{"as": None}), "as"),
        ({"command": "acknowledge", "incident": "a", "if_match": True}, "if_match"),
        ({"command": "acknowledge", "incident": "a", "if_match": -1}, "if_match"),
        ({"command": "acknowledge", "incident": "a", "if_match": "1"}, "if_match"),
        ({"command": "report", "body": []}, "body"),
        ({"command": "report", "body": None}, "body"),
    ],
)
async def test_a_batch_that_is_wrong_around_a_command_does_nothing(
    house: House, command: Any, field: str
) -> None:
    answer = await house.client.post("/commands", json={"commands": [report(), command]})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [f"commands.1.{field}"]
    assert house.app.service.log.head() == 0


@pytest.mark.parametrize(
    "body", [[], {}, {"commands": {}}, {"commands": []}, {"commands": [], "x": 1}, "x", 7]
)
async def test_a_batch_is_a_list_of_commands(house: House, body: Any) -> None:
    answer = await house.client.post("/commands", json=body)
    assert answer.status_code == 422


async def test_a_batch_has_a_limit(house: House) -> None:
    most = house.settings.batch_commands
    assert len(await put(house, *(report() for _ in range(most)))) == most
    answer = await house.client.post("/commands", json={"commands": [report()] * (most + 1)})
    assert answer.status_code == 422
    assert f"1 to {most} commands" in answer.text


async def test_what_begins_an_incident_names_none(house: House) -> None:
    results = await put(
        house,
        report(incident="INC0000001"),
        report(if_match=1),
        {"command": "acknowledge"},
        {"command": "acknowledge", "incident": "INC0000001", "as": "a"},
        report(id="a b"),
    )
    assert [result["status"] for result in results] == [422, 422, 422, 422, 400]


async def test_texts_that_are_not_unicode_are_refused_wherever_they_stand(house: House) -> None:
    for body in (
        b'{"commands": [{"command": "report", "body": {"title": "\\ud800"}}]}',
        b'{"commands": [{"command": "report", "id": "\\ud800", "body": {}}]}',
        b'{"commands": [{"command": "acknowledge", "incident": "\\ud800"}]}',
        b'{"commands": [{"command": "acknowledge", "incident": "@\\ud800"}]}',
        b'{"commands": [{"command": "\\ud800"}]}',
        b'{"commands": [{"command": "report", "\\ud800": 1}]}',
    ):
        headers = {"Content-Type": "application/json"}
        answer = await house.client.post("/commands", content=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed"), body


async def test_a_batch_that_waits_does_not_hold_up_the_others(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More commands than the desk takes: some are recorded, the others told to come back."""
    desk = house.app.service.desk
    monkeypatch.setattr(desk, "settings", replace(house.settings, queue_commands=100))
    results = await put(house, *(report() for _ in range(150)))
    statuses = [result["status"] for result in results]
    assert statuses.count(201) >= 100
    assert set(statuses) <= {201, 503}


async def test_a_command_names_an_incident_by_the_key_under_which_it_is_open(house: House) -> None:
    """An alarm knows its own key, and no reference of ours."""
    first = await house.report(dedup_key="disk-1")
    named = {"command": "resolve", "incident": "dedup:disk-1"}
    body = {"resolution_code": "fixed", "resolution": "Swapped."}

    answer = await house.client.post("/commands", json={"commands": [{**named, "body": body}]})
    (result,) = answer.json()["results"]
    assert result["receipt"]["incident_id"] == first["incident_id"]

    second = await house.report(dedup_key="disk-1")
    there = (await house.client.get("/incidents/dedup:disk-1")).json()
    assert there["incident_id"] == second["incident_id"] != first["incident_id"]


async def test_nothing_is_open_under_a_key_that_was_given_back(house: House) -> None:
    await house.report(dedup_key="disk-2")
    body = {"reason": "A test"}
    command = {"command": "dismiss", "incident": "dedup:disk-2", "body": body}
    assert (await house.client.post("/commands", json={"commands": [command]})).is_success

    answer = await house.client.get("/incidents/dedup:disk-2")
    assert (answer.status_code, answer.json()["code"]) == (404, "no-such-incident")
    assert "disk-2" in answer.json()["detail"]


async def test_commands_on_an_incident_named_by_its_key_keep_their_order(house: House) -> None:
    await house.report(dedup_key="disk-3")
    names = ["dedup:disk-3", "INC0000001"]
    notes = [
        {"command": "note", "incident": names[number % 2], "body": {"text": str(number)}}
        for number in range(60)
    ]
    results = await put(house, *notes)
    assert [result["receipt"]["version"] for result in results] == list(range(3, 63))


async def test_nothing_overtakes_what_waits_for_an_incident_to_begin(house: House) -> None:
    """What it would begin may be there already: then both are about the same incident."""
    first = await house.report(dedup_key="disk-4")
    names = ["@a", first["incident_id"], "@a", first["reference"]]
    results = await put(
        house,
        {"command": "report", "as": "a", "body": {**REPORT, "dedup_key": "disk-4"}},
        *(
            {"command": "note", "incident": n, "body": {"text": n * at}}
            for at, n in enumerate(names, 1)
        ),
    )
    assert {result["receipt"]["incident_id"] for result in results} == {first["incident_id"]}
    versions = [result["receipt"]["version"] for result in results[1:]]
    assert versions == list(range(versions[0], versions[0] + 4))


async def test_a_command_that_fails_for_a_reason_of_ours_takes_nobody_with_it(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Who is told nothing of what was recorded would send it again."""
    desk, wrong = house.app.service.desk, {**REPORT, "title": "wrong"}
    take = desk.put

    def broken(command: Any, *arguments: Any, **named: Any) -> None:
        if command.title == "wrong":
            raise RuntimeError("secret")
        take(command, *arguments, **named)

    monkeypatch.setattr(desk, "put", broken)
    results = await put(house, report(), {"command": "report", "body": wrong}, report())
    assert [result["status"] for result in results] == [201, 500, 201]
    assert "secret" not in str(results)
    assert ["A command of a batch failed."] == [record.message for record in caplog.records]
