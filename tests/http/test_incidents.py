"""One incident from the log: now, then, as events, in words."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from tests.http.conftest import House

PATH = "/incidents/INC0000001"


async def lived(house: House) -> None:
    """An incident with a few versions, of which the last tells of something earlier."""
    begun = datetime.now(UTC) - timedelta(hours=5)
    await house.report(occurred_at=begun.isoformat())
    late = (begun + timedelta(hours=1)).isoformat()
    for path, body in (
        ("acknowledge", {"occurred_at": (begun + timedelta(hours=2)).isoformat()}),
        (
            "categorise",
            {"category": "e-mail", "occurred_at": (begun + timedelta(hours=3)).isoformat()},
        ),
        ("note", {"text": "told late", "occurred_at": late}),
    ):
        answer = await house.client.post(f"{PATH}/{path}", json=body)
        assert answer.status_code == 200, answer.text


async def test_an_incident_is_shown_as_it_stands(house: House) -> None:
    await lived(house)
    answer = await house.client.get(PATH)
    shown = answer.json()
    assert answer.headers["etag"] == '"5"'
    assert (shown["version"], shown["status"], shown["category"]) == (5, "in-progress", "e-mail")
    assert "resolve" in shown["possible"]
    assert "last_said" not in shown


async def test_what_is_written_is_read_at_once(house: House) -> None:
    """No read model stands between: it is the log that answers."""
    for version in range(2, 30):
        text = {"text": f"note {version}"}
        await (house.report() if version == 2 else house.client.post(f"{PATH}/note", json=text))
        assert (await house.client.get(PATH)).json()["version"] == version


async def test_every_version_can_be_asked_for(house: House) -> None:
    await lived(house)
    found = [(await house.client.get(f"{PATH}?version={version}")) for version in range(1, 6)]
    assert [answer.json()["status"] for answer in found] == [
        "reported",
        "new",
        "in-progress",
        "in-progress",
        "in-progress",
    ]
    assert [answer.json()["category"] for answer in found] == [None, None, None, "e-mail", "e-mail"]
    assert [answer.headers["etag"] for answer in found] == [f'"{n}"' for n in range(1, 6)]
    missing = await house.client.get(f"{PATH}?version=6")
    assert (missing.status_code, missing.json()["code"]) == (404, "no-such-incident")
    assert "5 versions" in missing.json()["detail"]


async def test_it_is_shown_as_of_a_time_in_the_world(house: House) -> None:
    """What had happened by then, whenever it was told."""
    await lived(house)
    begun = datetime.fromisoformat((await house.client.get(PATH)).json()["reported_at"])

    async def at(hours: float) -> tuple[str, str | None, int]:
        moment = (begun + timedelta(hours=hours)).isoformat()
        answer = await house.client.get(PATH, params={"as_of": moment})
        shown = answer.json()
        return shown["status"], shown["category"], shown["version"]

    assert await at(0) == ("new", None, 2)
    assert await at(1) == ("new", None, 5), "the note was told late, but had occurred"
    assert await at(2) == ("in-progress", None, 5)
    assert await at(3) == ("in-progress", "e-mail", 5)
    assert await at(4.9) == ("in-progress", "e-mail", 5)
    before = await house.client.get(PATH, params={"as_of": (begun - timedelta(1)).isoformat()})
    assert (before.status_code, before.json()["code"]) == (404, "no-such-incident")


async def test_it_is_shown_as_it_was_known_of_a_time_at_a_version(house: House) -> None:
    await lived(house)
    begun = datetime.fromisoformat((await house.client.get(PATH)).json()["reported_at"])
    asked = {"as_of": (begun + timedelta(hours=1)).isoformat(), "version": "4"}
    shown = (await house.client.get(PATH, params=asked)).json()
    assert (shown["version"], shown["status"]) == (2, "new"), "nobody had told of the note yet"


async def test_a_past_that_can_still_grow_has_a_tag_of_its_own(house: House) -> None:
    """A fact that is told late changes what was so, without a new version of what is shown."""
    await lived(house)
    moment = (datetime.now(UTC) - timedelta(hours=4, minutes=30)).isoformat()
    before = await house.client.get(PATH, params={"as_of": moment})
    early = (datetime.now(UTC) - timedelta(hours=4, minutes=45)).isoformat()
    await house.client.post(f"{PATH}/note", json={"text": "later", "occurred_at": early})
    after = await house.client.get(PATH, params={"as_of": moment})
    assert before.headers["etag"] != after.headers["etag"]
    assert before.headers["etag"] != '"2"'


async def test_a_time_in_an_address_may_say_its_zone_with_a_plus(house: House) -> None:
    """Everybody forgets that it means a space there."""
    await lived(house)
    now = datetime.now(UTC) + timedelta(hours=1)
    answer = await house.client.get(f"{PATH}?as_of={now:%Y-%m-%dT%H:%M:%S}+01:00")
    assert answer.status_code == 200
    assert answer.json()["version"] == 5


@pytest.mark.parametrize(
    "asked",
    [
        "version=0",
        "version=x",
        "version=1.5",
        "as_of=yesterday",
        "as_of=2026-01-01T00:00:00",
        "as_of=17000000",
        "as_of=0001-01-01T00:00:00%2B10:00",
        "as-of=2026-01-01T00:00:00Z",
        "known_at",
    ],
)
async def test_a_question_that_makes_no_sense_is_not_answered(house: House, asked: str) -> None:
    """A slip in the name of a parameter would otherwise be answered with something else."""
    await house.report()
    answer = await house.client.get(f"{PATH}?{asked}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert answer.json()["errors"][0]["field"]


async def test_what_the_caller_has_is_not_sent_again(house: House) -> None:
    await lived(house)
    for path in (PATH, f"{PATH}/events", f"{PATH}/timeline", f"{PATH}?version=3"):
        first = await house.client.get(path)
        tag = first.headers["etag"]
        for said in (tag, f'W/{tag}, "x"', "*"):
            again = await house.client.get(path, headers={"If-None-Match": said})
            assert (again.status_code, again.content) == (304, b""), path
            assert again.headers["etag"] == tag
        other = await house.client.get(path, headers={"If-None-Match": '"99"'})
        assert other.status_code == 200


async def test_events_are_shown_opened_or_as_they_are_stored(house: House) -> None:
    await lived(house)
    stored = [body for _, body in house.app.service.log.raw_page(0, 10)]
    as_stored = await house.client.get(f"{PATH}/events?stored=true")
    assert b",".join(stored) in as_stored.content
    answer = await house.client.get(f"{PATH}/events")
    assert b",".join(house.app.service.log.shown(stored)) in answer.content
    shown = answer.json()
    assert shown["items"][0]["data"]["title"] not in as_stored.text
    assert [event["version"] for event in shown["items"]] == [1, 2, 3, 4, 5]
    assert (shown["version"], shown["next"]) == (5, None)


@pytest.mark.parametrize("what", ["events", "timeline"])
async def test_a_history_is_read_page_by_page(house: House, what: str) -> None:
    await lived(house)
    seen: list[int] = []
    after: int | None = 0
    while after is not None:
        page = (await house.client.get(f"{PATH}/{what}?limit=2&after={after}")).json()
        seen += [item["version"] for item in page["items"]]
        after = page["next"]
    assert seen == [1, 2, 3, 4, 5]
    beyond = (await house.client.get(f"{PATH}/{what}?after=5")).json()
    assert (beyond["items"], beyond["next"]) == ([], None)


async def test_a_timeline_tells_in_words_who_did_what_when(house: House) -> None:
    await lived(house)
    items = (await house.client.get(f"{PATH}/timeline")).json()["items"]
    assert [item["event"] for item in items][-1] == "incident.noted"
    assert "told late" in items[-1]["words"]
    assert items[-1]["actor"] == "admin"
    assert items[-1]["occurred_at"] < items[-2]["occurred_at"] < items[-1]["recorded_at"]


@pytest.mark.parametrize("what", ["", "/events", "/timeline", "?version=1"])
async def test_what_is_not_there_has_no_history(house: House, what: str) -> None:
    for named in (uuid4(), "INC0000001"):
        answer = await house.client.get(f"/incidents/{named}{what}")
        assert (answer.status_code, answer.json()["code"]) == (404, "no-such-incident")


async def test_a_page_has_a_limit(house: House) -> None:
    await house.report()
    most = house.settings.page_rows
    assert (await house.client.get(f"{PATH}/events?limit={most}")).status_code == 200
    assert (await house.client.get(f"{PATH}/events?limit={most + 1}")).status_code == 422
