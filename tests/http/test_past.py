"""Other moments over HTTP: one incident, a list, a difference, a reason, and what is no moment."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cli.running import answer
from tests.http.conftest import House
from tests.http.test_incidents import PATH, lived
from tocsin.http.trends_pool import Analysts
from tocsin.http.trends_work import Reply

HOURS_AGO = 5
"""When `lived` begins."""


def ago(hours: float) -> str:
    return (datetime.now(UTC) - timedelta(hours=hours)).isoformat()


async def got(house: House, path: str, **asked: Any) -> Any:
    answer = await house.client.get(path, params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def refused(house: House, path: str, **asked: Any) -> tuple[int, str, str]:
    answer = await house.client.get(path, params=asked)
    said = answer.json()
    errors = said.get("errors") or [{"field": "", "reason": said["detail"]}]
    return answer.status_code, errors[0]["field"], errors[0]["reason"]


async def assigned(house: House, **fields: Any) -> None:
    body = {"group": "network", "assignee": "ada", **fields}
    answer = await house.client.post(f"{PATH}/assign", json=body)
    assert answer.status_code == 200, answer.text


async def test_a_corrected_time_moves_what_was_and_not_what_was_believed(house: House) -> None:
    await lived(house)
    known = datetime.now(UTC).isoformat()
    now = ago(HOURS_AGO - 0.5)
    body = {"fact": "acknowledged_at", "now": now, "reason": "Sooner."}
    assert (await house.client.post(f"{PATH}/correct", json=body)).is_success
    moment = ago(HOURS_AGO - 1)
    assert (await got(house, PATH, as_of=moment))["status"] == "in-progress"
    assert (await got(house, PATH, as_of=moment, known_at=known))["status"] == "new"
    believed = await got(house, PATH, known_at=known)
    assert believed == await got(house, PATH, version=5)


async def test_an_answer_about_the_past_has_a_tag_of_its_own(house: House) -> None:
    """What was believed is a version; what was can still change, and so its tag is its bytes'."""
    await lived(house)
    for asked, tag in (({"version": 3}, '"3"'), ({"known_at": ago(0)}, '"5"')):
        answer = await house.client.get(PATH, params=asked)
        assert answer.headers["etag"] == tag
    answer = await house.client.get(PATH, params={"as_of": ago(1)})
    again = await house.client.get(
        PATH, params={"as_of": ago(0.9)}, headers={"If-None-Match": answer.headers["etag"]}
    )
    assert again.status_code == 304, "nothing happened in between"


@pytest.mark.parametrize("path", [PATH, f"{PATH}/timeline", "/queues", "/queues/network"])
@pytest.mark.parametrize("field", ["as_of", "known_at"])
async def test_the_future_is_refused(house: House, path: str, field: str) -> None:
    await lived(house)
    status, where, reason = await refused(house, path, **{field: ago(-1)})
    assert (status, where) == (422, field)
    assert reason.startswith("lies in the future: it is ")


async def test_before_it_began_there_is_no_such_incident(house: House) -> None:
    await lived(house)
    for what in ("", "/timeline"):
        for asked, why in (
            ({"as_of": ago(HOURS_AGO + 1)}, "The incident had not begun then."),
            ({"known_at": ago(1)}, "Nothing of the incident was known then."),
        ):
            assert await refused(house, f"{PATH}{what}", **asked) == (404, "", why)


async def test_a_timeline_is_that_of_the_moment(house: House) -> None:
    """With what was said of it later, as it was recorded."""
    await lived(house)
    then = ago(HOURS_AGO - 1.5)
    shown = await got(house, f"{PATH}/timeline", as_of=then)
    assert [each["version"] for each in shown["items"]] == [1, 2, 5]
    page = await got(house, f"{PATH}/timeline", as_of=then, limit=2)
    assert (len(page["items"]), page["next"]) == (2, 2)
    rest = await got(house, f"{PATH}/timeline", as_of=then, limit=2, after=2)
    assert ([each["version"] for each in rest["items"]], rest["next"]) == ([5], None)
    known = await got(house, f"{PATH}/timeline", known_at=ago(0))
    assert known["items"] == (await got(house, f"{PATH}/timeline"))["items"]


async def test_a_difference_is_told_in_values_and_events(house: House) -> None:
    await lived(house)
    between = {"from": ago(HOURS_AGO - 1.5), "to": ago(HOURS_AGO - 2.5)}
    said = await got(house, f"{PATH}/diff", **between)
    assert {each["field"]: each["words"] for each in said["changes"]}["status"] == (
        "status: new -> in-progress"
    )
    assert [each["event"] for each in said["events"]] == ["incident.acknowledged"]
    assert (said["reference"], said["without"]) == ("INC0000001", [])
    whole = await got(house, f"{PATH}/diff", version_from=0)
    assert whole == await got(house, f"{PATH}/diff")
    assert (whole["from"]["version"], whole["to"]["version"]) == (0, 5)
    assert [each["version"] for each in whole["events"]] == [1, 2, 3, 4, 5]


async def test_what_was_learnt_of_a_moment_is_told(house: House) -> None:
    await lived(house)
    before = datetime.now(UTC).isoformat()
    await assigned(house, occurred_at=ago(HOURS_AGO - 1))
    asked = {"from": ago(HOURS_AGO - 1.5), "known_from": before, "known_to": ago(0)}
    said = await got(house, f"{PATH}/diff", **asked)
    assert {each["field"]: each["now"] for each in said["changes"]} == {
        "group": "network",
        "assignee": "ada",
    }
    assert said["to"]["as_of"] == said["from"]["as_of"]


async def test_a_difference_needs_an_end_that_is_there(house: House) -> None:
    await lived(house)
    path = f"{PATH}/diff"
    status, _, reason = await refused(house, path, version_from=9)
    assert (status, reason) == (404, "The incident has 5 versions so far.")
    assert (await refused(house, path, version_from=1, to=ago(9)))[0] == 404
    assert (await refused(house, path, version_from=1, to=ago(-1)))[:2] == (422, "as_of")


async def test_why_names_the_event_and_who_acted(house: House) -> None:
    await lived(house)
    said = await got(house, f"{PATH}/why", field="status")
    (status,) = said["values"]
    assert status["value"] == "in-progress"
    assert status["set"]["event"] == "incident.acknowledged"
    assert (status["set"]["actor"], status["set"]["version"]) == ("admin", 3)
    assert [each["value"] for each in status["earlier"]] == ["new", "reported"]
    early = await got(house, f"{PATH}/why", version=2)
    assert {each["field"]: each["value"] for each in early["values"]}["status"] == "new"
    status_code, _, reason = await refused(house, f"{PATH}/why", field="stauts")
    assert status_code == 404
    assert reason.startswith("stauts is none of its values: ")


async def test_why_tells_of_promises_as_well(house: House) -> None:
    """A first response after two hours was too late, and nobody but time did that."""
    await lived(house)
    found = (await got(house, f"{PATH}/why"))["verdicts"]
    assert {each["verdict"] for each in found} <= {"met", "breached"}
    for each in found:
        assert each["promised_by"]["event"].startswith("incident.")
        assert each["cause"] is not None or each["verdict"] == "breached"
    assert found, "the default policy promises a first response"


async def test_a_list_is_of_the_moment_with_names_and_texts(house: House) -> None:
    await lived(house)
    await assigned(house, occurred_at=ago(HOURS_AGO - 2))
    answer = await house.client.get("/queues/network", params={"as_of": ago(1)})
    (row,) = answer.json()["items"]
    assert (row["reference"], row["title"], row["assignee"]) == (
        "INC0000001",
        "E-mail is down",
        "ada",
    )
    assert answer.headers["Tocsin-Reading"] == "log"
    assert int(answer.headers["Tocsin-Position"]) == house.app.service.log.head()
    assert (await got(house, "/queues/network", as_of=ago(HOURS_AGO - 1)))["items"] == []
    (none,) = (await got(house, "/queues", as_of=ago(HOURS_AGO - 1)))["items"]
    assert (none["group"], none["open"]) == ("(none)", 1)
    (mine,) = (await got(house, "/incidents", as_of=ago(1), assignee="ada"))["items"]
    assert mine["assignee"] == "ada"
    house.project()
    now = await got(house, "/queues/network")
    assert now["items"] == (await got(house, "/queues/network", as_of=ago(0)))["items"]


async def test_the_command_line_answers_the_same(house: House) -> None:
    await lived(house)
    await assigned(house, occurred_at=ago(HOURS_AGO - 2))
    moment, known = ago(HOURS_AGO - 2.5), ago(0)
    home = house.settings.home

    def run(*arguments: str) -> Any:
        said = answer("--home", home, "--json", *arguments)
        assert said.exit_code == 0, said.err
        return said.document

    for asked in ({"as_of": moment}, {"known_at": known}, {"as_of": moment, "known_at": known}):
        options = [
            part for name, at in asked.items() for part in (f"--{name.replace('_', '-')}", at)
        ]
        (mine,) = run("incident", "INC0000001", *options)["incidents"]
        assert mine["state"] == await got(house, PATH, **asked)
        told = (await got(house, f"{PATH}/timeline", **asked))["items"]
        assert [each["version"] for each in mine["timeline"]] == [each["version"] for each in told]
        queue = await got(house, "/queues/network", **asked)
        assert run("queue", "network", *options) == {**queue, "reading": "log"}
    diff = await got(house, f"{PATH}/diff", **{"from": moment}, known_from=known)
    assert run("diff", "INC0000001", "--from", moment, "--known-from", known) == diff
    why = await got(house, f"{PATH}/why", field="status")
    assert run("why", "INC0000001", "status") == why
    assert run("why", "INC0000001")["values"] == (await got(house, f"{PATH}/why"))["values"]


async def test_what_a_list_of_the_past_cannot_be_asked_is_said(house: House) -> None:
    await lived(house)
    now = ago(0)
    status, _, reason = await refused(house, "/queues", as_of=now, reading="lake")
    assert status == 404
    assert reason.startswith("The lake cannot be read for it: There is no lake")
    assert (await refused(house, "/queues", as_of=now, after="nonsense"))[:2] == (422, "after")
    assert (await refused(house, "/queues", as_of=now, reading="tea"))[:2] == (422, "reading")
    assert (await refused(house, "/timers", known_at=now))[:2] == (422, "known_at")


@pytest.mark.parametrize(
    ("trouble", "status"), [("unavailable", 503), ("broken", 500), ("strange", 500)]
)
async def test_a_list_that_cannot_be_made_now_is_a_problem(
    house: House, monkeypatch: pytest.MonkeyPatch, trouble: str, status: int
) -> None:
    async def ask(_: Any, job: Any) -> Reply:
        return Reply(trouble=trouble, reason=f"Not {job.name}.")

    monkeypatch.setattr(Analysts, "ask", ask)
    answer = await house.client.get("/queues", params={"as_of": ago(0)})
    assert answer.status_code == status


async def test_the_clocks_heed_what_was_set_right_later(house: House) -> None:
    """The acknowledgement was sooner, so it was sooner as of each moment since."""
    await lived(house)
    body = {"fact": "acknowledged_at", "now": ago(HOURS_AGO - 0.2), "reason": "Sooner."}
    moment = ago(HOURS_AGO - 1)
    before = await got(house, f"{PATH}/clocks", as_of=moment)
    assert (await house.client.post(f"{PATH}/correct", json=body)).is_success
    after = await got(house, f"{PATH}/clocks", as_of=moment)
    (first,) = [each for each in after["clocks"] if each["measure"] == "first-response"]
    (was,) = [each for each in before["clocks"] if each["measure"] == "first-response"]
    assert was["ended_at"] is None
    assert first["ended_at"] is not None
    assert after["version"] == 6
    assert (await refused(house, f"{PATH}/clocks", known_at=ago(1)))[0] == 404
