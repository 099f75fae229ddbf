"""Reviews over HTTP: opened of an incident that is there, named by it, read as they stand."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.http.conftest import House
from tests.http.test_commands import check_problem
from tocsin.domain.clock.happening import clock_stream
from tocsin.domain.policy.state import POLICY_STREAM
from tocsin.domain.review.values import review_stream

NOBODYS = "373a97e0-579a-41fc-9c0f-05c706213e60"
OPEN = {"incident": "INC0000001", "reason": "Nobody could work.", "facilitator": "ivo"}
FINDING = {"finding": "The disk was full.", "evidence": "Graph of mx1"}


def in_days(days: float) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


async def opened(house: House) -> dict[str, Any]:
    """An incident, and what was answered when its review was opened."""
    await house.report()
    answer = await house.client.post("/reviews", json=OPEN)
    assert answer.status_code == 201, answer.text
    receipt: dict[str, Any] = answer.json()
    return receipt


async def say(house: House, path: str, named: str = "INC0000001", **body: Any) -> httpx.Response:
    return await house.client.post(f"/reviews/{named}/{path}", json=body)


async def test_a_review_is_opened_of_an_incident(house: House) -> None:
    incident = await house.report()
    answer = await house.client.post("/reviews", json=OPEN)
    assert answer.status_code == 201, answer.text
    receipt = answer.json()
    assert receipt == {
        "review_id": receipt["review_id"],
        "incident_id": incident["incident_id"],
        "reference": "INC0000001",
        "version": 1,
        "position": 3,
        "changed": True,
        "events": ["review.opened"],
    }
    assert answer.headers["location"] == f"/reviews/{receipt['review_id']}"
    assert (answer.headers["etag"], answer.headers["tocsin-position"]) == ('"1"', "3")
    found = (await house.client.get(answer.headers["location"])).json()
    assert (found["title"], found["facilitator"], found["status"]) == (
        "E-mail is down", "ivo", "open",
    )  # fmt: skip
    assert (found["opened_by"], found["mandatory"]) == ("admin", False)


async def test_there_is_one_review_of_an_incident_however_it_is_named(house: House) -> None:
    receipt = await opened(house)
    again = await house.client.post(
        "/reviews", json={"incident": receipt["incident_id"], "reason": "Once more."}
    )
    assert again.status_code == 200
    assert (again.json()["review_id"], again.json()["changed"]) == (receipt["review_id"], False)
    assert again.headers["location"] == f"/reviews/{receipt['review_id']}"


@pytest.mark.parametrize("named", ["INC7777777", NOBODYS, str(POLICY_STREAM)])
async def test_there_is_no_review_of_what_is_not_there(house: House, named: str) -> None:
    answer = await house.client.post("/reviews", json={**OPEN, "incident": named})
    check_problem(answer, 404, "no-such-incident")
    assert house.app.service.log.head() == 0


async def test_the_desk_alone_says_of_which_incident(house: House) -> None:
    await house.report()
    answer = await house.client.post("/reviews", json={**OPEN, "title": "Another"})
    check_problem(answer, 422, "invalid")
    version = {"If-Match": '"1"'}
    answer = await house.client.post("/reviews", json=OPEN, headers=version)
    check_problem(answer, 400, "bad-header")


async def test_a_review_is_named_by_itself_or_by_its_incident(house: House) -> None:
    receipt = await opened(house)
    names = [receipt["review_id"], receipt["incident_id"], receipt["reference"]]
    for version, named in enumerate(names, 2):
        answer = await say(house, "record-finding", named, finding=f"By {named}.")
        assert (answer.status_code, answer.json()["version"]) == (200, version)
        assert answer.json()["review_id"] == receipt["review_id"]
        found = await house.client.get(f"/reviews/{named}")
        assert len(found.json()["findings"]) == version - 1


async def test_an_incident_without_a_review_has_none(house: House) -> None:
    incident = await house.report()
    for named in (incident["incident_id"], "INC0000001", str(uuid4())):
        check_problem(await say(house, "record-finding", named, **FINDING), 404, "no-such-review")
        for path in ("", "/events", "/timeline", "?version=1"):
            answer = await house.client.get(f"/reviews/{named}{path}")
            check_problem(answer, 404, "no-such-review")
    check_problem(await say(house, "record-finding", "INC9", **FINDING), 404, "no-such-incident")


async def test_what_is_of_another_kind_is_not_there(house: House) -> None:
    """Whether the desk knows the stream already, or has to read it first."""
    receipt = await opened(house)
    for named in (receipt["review_id"], str(POLICY_STREAM)):
        for _ in range(2):
            answer = await house.client.post(f"/incidents/{named}/note", json={"text": "x"})
            check_problem(answer, 404, "no-such-incident")
            for path in ("", "/events", "/timeline", "/clocks", "?version=1"):
                answer = await house.client.get(f"/incidents/{named}{path}")
                check_problem(answer, 404, "no-such-incident")
            house.app.service.desk._memory._hot.clear()
    clock = str(clock_stream(review_stream(uuid4())))
    check_problem(await say(house, "record-finding", clock, **FINDING), 404, "no-such-review")


async def test_a_review_from_its_beginning_to_its_end(house: House) -> None:
    await opened(house)
    for path, body in (
        ("name-facilitator", {"facilitator": "mia"}),
        ("name-participants", {"participants": ["ann", "bob"]}),
        ("record-finding", FINDING),
        ("record-finding", {"finding": "The network was slow."}),
        ("withdraw-finding", {"finding": "F2", "reason": "It was not."}),
        ("record-factor", {"factor": "Debug logging was on.", "kind": "processes"}),
        ("identify-root-cause", {"cause": "Nothing watches the disk."}),
        ("record-lesson", {"lesson": "Users noticed first."}),
        ("agree-action", {"what": "Watch it.", "kind": "detect", "owner": "ann",
                          "due_at": in_days(14)}),
        ("publish-review", {"summary": "A full disk."}),
        ("reassign-action", {"action": "A1", "owner": "bob", "reason": "Ann is away."}),
        ("complete-action", {"action": "A1", "evidence": "The alarm rang."}),
    ):  # fmt: skip
        answer = await say(house, path, **body)
        assert answer.json().get("changed"), answer.text
    found = (await house.client.get("/reviews/INC0000001")).json()
    assert (found["status"], found["edition"], found["version"]) == ("published", 1, 13)
    assert found["findings"]["F2"]["withdrawn_because"] == "It was not."
    assert found["actions"]["A1"]["state"] == "done"
    assert found["possible"] == ["reopen-review"]
    lines = (await house.client.get("/reviews/INC0000001/timeline?limit=2")).json()
    assert lines["review_id"] == found["review_id"]
    assert lines["items"][0]["words"] == "Review opened, led by ivo: Nobody could work."
    assert (lines["next"], lines["version"]) == (2, 13)
    stored = (await house.client.get("/reviews/INC0000001/events?after=12")).json()
    assert [each["event"] for each in stored["items"]] == ["review.action-done"]


async def test_a_review_is_read_as_it_was(house: House) -> None:
    await opened(house)
    await say(house, "record-finding", **FINDING)
    first = await house.client.get("/reviews/INC0000001?version=1")
    assert (first.json()["findings"], first.headers["etag"]) == ({}, '"1"')
    missing = await house.client.get("/reviews/INC0000001?version=3")
    check_problem(missing, 404, "no-such-review")
    assert "2 versions" in missing.json()["detail"]


async def test_a_reader_who_has_it_is_told_so(house: House) -> None:
    await opened(house)
    have = {"If-None-Match": '"1"'}
    for path in ("", "/events", "/timeline"):
        answer = await house.client.get(f"/reviews/INC0000001{path}", headers=have)
        assert (answer.status_code, answer.content) == (304, b"")
    await say(house, "record-finding", **FINDING)
    assert (await house.client.get("/reviews/INC0000001", headers=have)).status_code == 200


async def test_a_retry_is_answered_once(house: House) -> None:
    await house.report()
    key = {"Idempotency-Key": "one"}
    first = await house.client.post("/reviews", json=OPEN, headers=key)
    again = await house.client.post("/reviews", json=OPEN, headers=key)
    assert (first.content, first.status_code) == (again.content, again.status_code)
    assert again.headers["idempotency-replayed"] == "true"


async def test_a_refusal_says_what_is_possible_instead(house: House) -> None:
    await opened(house)
    answer = await say(house, "publish-review", summary="Nothing.")
    check_problem(answer, 409, "nothing-found")
    assert "record-finding" in answer.json()["possible"]
    stale = await house.client.post(
        "/reviews/INC0000001/record-finding", json=FINDING, headers={"If-Match": '"7"'}
    )
    check_problem(stale, 412, "stale-version")
    assert "The review is at version 1" in stale.json()["detail"]
    early = await say(house, "record-finding", **FINDING, occurred_at="2020-01-01T00:00:00Z")
    check_problem(early, 409, "occurred-before-it-began")
    assert "before the review began" in early.json()["detail"]


async def test_open_actions_are_listed_with_what_is_late(house: House) -> None:
    await opened(house)
    for days, owner in ((1, "ann"), (10, "bob"), (20, "ann")):
        body = {"what": f"In {days}.", "kind": "prevent", "owner": owner, "due_at": in_days(days)}
        position = (await say(house, "agree-action", **body)).json()["position"]
    await say(house, "drop-action", action="A3", reason="No.")
    house.project()
    every = (await house.client.get(f"/action-items?at_least={position}")).json()
    assert [each["action"] for each in every["items"]] == ["A1", "A2"]
    assert {each["overdue"] for each in every["items"]} == {False}
    later: dict[str, str] = {"as_of": in_days(4.5), "overdue": "true"}
    (late,) = (await house.client.get("/action-items", params=later)).json()["items"]
    assert (late["action"], late["days_overdue"], late["reference"]) == ("A1", 3, "INC0000001")
    mine = (await house.client.get("/action-items?owner=ann&state=dropped")).json()["items"]
    assert [(each["action"], each["outcome"]) for each in mine] == [("A3", "No.")]
    reviews = (await house.client.get("/reviews?mandatory=false")).json()["items"]
    assert [(each["reference"], each["open_actions"]) for each in reviews] == [
        ("INC0000001", ["A1", "A2"])
    ]
