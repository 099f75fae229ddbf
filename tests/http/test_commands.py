"""Commands over HTTP: what is answered, to which version, and what a "no" says."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
import pytest

from tests.http.conftest import REPORT, House
from tocsin.domain.incident.values import Status
from tocsin.domain.kernel import COMMANDS
from tocsin.http.problems import URN


def check_problem(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == URN + code
    assert problem["status"] == status
    assert problem["title"].endswith(".")
    assert problem["detail"]


async def test_a_report_is_answered_with_where_it_is_and_what_it_came_to(house: House) -> None:
    answer = await house.client.post("/incidents", json=REPORT)
    assert answer.status_code == 201
    receipt = answer.json()
    assert receipt == {
        "incident_id": receipt["incident_id"],
        "reference": "INC0000001",
        "version": 2,
        "position": 2,
        "changed": True,
        "events": ["incident.reported", "incident.logged"],
    }
    assert answer.headers["location"] == f"/incidents/{UUID(receipt['incident_id'])}"
    assert answer.headers["etag"] == '"2"'
    assert answer.headers["tocsin-position"] == "2"
    assert answer.headers["content-type"] == "application/json"


async def test_every_command_of_the_catalogue_has_its_route(house: House) -> None:
    """One loop mounts them: a new command needs no line here or there."""
    known = [command for (kind, _), command in COMMANDS.items() if kind == "incident"]
    assert len(known) > 25
    for command in known:
        route = "/incidents" if command.creates else f"/incidents/{uuid4()}/{command.path}"
        answer = await house.client.post(route, json={"no such field": 1})
        check_problem(answer, 422, "invalid")
        assert {"field": "no such field"}.items() <= answer.json()["errors"][-1].items()


async def test_an_incident_is_named_by_its_id_or_its_reference(house: House) -> None:
    receipt = await house.report()
    for number, named in enumerate((receipt["incident_id"], receipt["incident_id"].upper())):
        text = {"text": f"note {number}"}
        answer = await house.client.post(f"/incidents/{named}/note", json=text)
        assert answer.status_code == 200, answer.text
    by_reference = await house.client.post("/incidents/INC0000001/acknowledge", json={})
    assert by_reference.json()["incident_id"] == receipt["incident_id"]
    assert by_reference.json()["version"] == 5


async def test_a_reference_is_found_by_a_service_that_did_not_give_it(house: House) -> None:
    """After a restart, or when another process recorded it."""
    await house.report()
    house.app.service._streams.clear()
    answer = await house.client.post("/incidents/INC0000001/acknowledge", json={})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "named", [str(UUID(int=7)), "INC9999999", "inc", "x" * 300, "%00", "%F0%9F%98%80", "INC%2F1"]
)
async def test_what_is_not_there_is_not_found(house: House, named: str) -> None:
    answer = await house.client.post(f"/incidents/{named}/acknowledge", json={})
    assert answer.status_code == 404
    assert answer.json()["code"] in ("no-such-incident", "not-found")


async def test_asking_for_what_is_so_changes_nothing(house: House) -> None:
    await house.report()
    first = await house.client.post("/incidents/INC0000001/acknowledge", json={})
    again = await house.client.post("/incidents/INC0000001/acknowledge", json={})
    assert (first.json()["changed"], again.json()["changed"]) == (True, False)
    assert again.status_code == 200
    assert again.headers["etag"] == first.headers["etag"]


async def test_a_report_of_the_same_alarm_answers_with_the_incident_that_is_open(
    house: House,
) -> None:
    first = await house.client.post("/incidents", json={**REPORT, "dedup_key": "disk-7"})
    again = await house.client.post("/incidents", json={**REPORT, "dedup_key": "disk-7"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["incident_id"] == first.json()["incident_id"]
    assert again.json()["changed"] is False
    assert again.headers["location"] == first.headers["location"]


async def test_a_refusal_says_why_and_what_is_possible(house: House) -> None:
    await house.report()
    answer = await house.client.post("/incidents/INC0000001/close", json={"closure_code": "x"})
    check_problem(answer, 409, "not-possible-while")
    problem = answer.json()
    assert problem["detail"] == "Cannot close while the incident is new."
    assert problem["facts"] == {"attempt": "close", "status": Status.NEW}
    assert "acknowledge" in problem["possible"]
    assert "close" not in problem["possible"]


async def test_a_refused_command_records_nothing(house: House) -> None:
    await house.report()
    await house.client.post("/incidents/INC0000001/close", json={"closure_code": "x"})
    assert (await house.client.get("/incidents/INC0000001")).json()["version"] == 2


async def test_a_command_is_recorded_only_on_the_version_that_its_caller_saw(house: House) -> None:
    await house.report()
    path = "/incidents/INC0000001/note"
    stale = await house.client.post(path, json={"text": "a"}, headers={"If-Match": '"1"'})
    check_problem(stale, 412, "stale-version")
    assert stale.json()["current"] == 2
    assert stale.headers["etag"] == '"2"'
    for said in ('"2"', "*"):
        answer = await house.client.post(path, json={"text": said}, headers={"If-Match": said})
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("said", ["2", 'W/"2"', '"2", "3"', '"two"', '""', '"-1"', '"02"', ""])
async def test_a_version_is_one_strong_etag(house: House, said: str) -> None:
    await house.report()
    answer = await house.client.post(
        "/incidents/INC0000001/acknowledge", json={}, headers={"If-Match": said}
    )
    check_problem(answer, 400, "bad-header")


async def test_a_report_has_no_version_to_match(house: House) -> None:
    answer = await house.client.post("/incidents", json=REPORT, headers={"If-Match": '"1"'})
    check_problem(answer, 400, "bad-header")


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": ""},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "application/jsonp"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
@pytest.mark.parametrize("path", ["/incidents", "/commands"])
async def test_a_body_is_json_and_says_so(house: House, headers: dict[str, str], path: str) -> None:
    """A browser can be made to send forms and plain text to us, but not JSON."""
    answer = await house.client.post(path, content=b"{}", headers=headers)
    check_problem(answer, 415, "not-json")


@pytest.mark.parametrize(
    "media_type",
    ["application/json; charset=utf-8", "Application/JSON", "application/vnd.monitor+json"],
)
async def test_json_may_be_called_by_its_other_names(house: House, media_type: str) -> None:
    body = b'{"title": "a", "source": "monitoring"}'
    answer = await house.client.post(
        "/incidents", content=body, headers={"Content-Type": media_type}
    )
    assert answer.status_code == 201


async def test_fields_that_do_not_fit_are_all_named(house: House) -> None:
    answer = await house.client.post("/incidents", json={"title": "", "source": "x", "sorce": 1})
    check_problem(answer, 422, "invalid")
    assert {each["field"] for each in answer.json()["errors"]} == {"title", "source", "sorce"}


async def test_what_stands_in_the_address_of_a_command_is_not_ignored(house: House) -> None:
    answer = await house.client.post("/incidents?title=a", json=REPORT)
    check_problem(answer, 422, "invalid")


async def test_a_time_in_the_future_is_refused(house: House) -> None:
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    answer = await house.client.post("/incidents", json={**REPORT, "occurred_at": later})
    check_problem(answer, 409, "occurred-in-the-future")


async def test_a_fact_may_be_told_late_with_the_time_when_it_happened(house: House) -> None:
    early = datetime.now(UTC) - timedelta(hours=3)
    await house.report(occurred_at=early.astimezone().isoformat())
    item = (await house.client.get("/incidents/INC0000001/events")).json()["items"][0]
    assert datetime.fromisoformat(item["occurred_at"]) == early
    assert item["occurred_at"].endswith("Z")
    assert datetime.fromisoformat(item["recorded_at"]) > early + timedelta(hours=2)


async def test_an_unknown_address_and_an_unknown_method_say_so(house: House) -> None:
    check_problem(await house.client.get("/incident"), 404, "not-found")
    check_problem(await house.client.post("/incidents/INC0000001/explode"), 404, "not-found")
    answer = await house.client.delete("/incidents")
    check_problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "GET, HEAD, POST"
    answer = await house.client.get("/incidents/INC0000001/acknowledge")
    check_problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "POST"


async def test_a_desk_that_is_full_asks_to_come_back(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house.app.service.desk, "_limit", 0)
    answer = await house.client.post("/incidents", json=REPORT)
    check_problem(answer, 503, "busy")
    assert int(answer.headers["retry-after"]) >= 1


async def test_a_log_that_cannot_be_written_is_no_error_of_ours(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tocsin.store.entries import StoreUnavailable

    def full(entries: object) -> None:
        raise StoreUnavailable("disk full at /secret/place")

    monkeypatch.setattr(house.app.service.log, "commit", full)
    answer = await house.client.post("/incidents", json=REPORT)
    check_problem(answer, 503, "store-unavailable")
    assert "secret" not in answer.text


async def test_an_error_of_ours_tells_nothing_but_where_to_look(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(house.app.service.desk, "handle", broken)
    answer = await house.client.post("/incidents", json=REPORT)
    check_problem(answer, 500, "broken")
    assert "secret" not in answer.text
    assert answer.headers["x-request-id"]


async def test_what_cannot_be_stored_is_found_in_the_log_under_the_name_of_the_request(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The caller is told to look there: alone, and in a batch."""

    def broken(*_: object) -> None:
        raise ValueError("a reason")

    monkeypatch.setattr(house.app.service.log._recorder, "_commit", broken)
    named = {"X-Request-ID": "find-me"}
    alone = await house.client.post("/incidents", json=REPORT, headers=named)
    check_problem(alone, 500, "broken")
    batch = {"commands": [{"command": "report", "body": REPORT}]}
    (result,) = (await house.client.post("/commands", json=batch, headers=named)).json()["results"]
    assert result["status"] == 500
    lines = [record for record in caplog.records if record.levelname == "ERROR"]
    assert ["find-me"] * 2 == [record.__dict__["request_id"] for record in lines]
    assert "a reason" in caplog.text
