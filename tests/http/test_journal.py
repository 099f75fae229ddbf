"""Is it kept who read what about people, without slowing anybody down?"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from fastapi.routing import APIRoute
from starlette.routing import Route

from tests.http.conftest import House, Run, asking
from tocsin.access import Access, Entry, Journal, JournalUnavailable, Kind, Through
from tocsin.http.app import create_app
from tocsin.http.needs import Needs
from tocsin.keys import Keys, Scope
from tocsin.settings import Settings

OPEN = {"/health/live", "/health/ready", "/openapi.json"}
"""What anybody may see."""
WITHOUT_PEOPLE = {"/projections", "/metrics", "/trends", "/what-if/{id}/chart.svg"}
"""Figures and definitions."""
HASHES = ("/ledger", "/checkpoint")
"""Tell nothing about anybody either."""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Nothing is written in between, unless a test wants it."""
    return replace(settings, access_seconds=3_600.0)


async def kept(house: House) -> list[Entry]:
    """All entries, those of the last second as well."""
    await house.app.service.readings.write()
    journal = house.app.service.readings.journal
    assert journal is not None
    return list(journal.entries())


def shown_by(house: House) -> dict[str, Kind | None]:
    """What each route that reads says it shows."""
    found = {}
    for route in house.app.routes:
        if isinstance(route, APIRoute) and "GET" in (route.methods or ()):
            needs = [each.dependency for each in route.dependencies]
            for each in needs:
                if isinstance(each, Needs):
                    found[route.path] = each.shows
    return found


async def test_every_route_says_what_it_shows_about_people(house: House) -> None:
    """A route that is added says it or cannot be mounted; that it says `NOTHING` is agreed here."""
    shown = shown_by(house)
    paths = {
        each.path
        for each in house.app.routes
        if isinstance(each, Route) and "GET" in (each.methods or ())
    }
    assert paths - OPEN == shown.keys()
    nothing = {path for path, kind in shown.items() if kind is None}
    assert {path for path in nothing if not path.startswith(HASHES)} == WITHOUT_PEOPLE


async def test_who_looks_at_an_incident_is_kept(house: House) -> None:
    told = await house.report()
    incident = UUID(told["incident_id"])
    async with house.client_with(Scope.READ, owner="dana") as dana:
        answer = await dana.get(
            f"/incidents/{told['reference']}",
            headers={b"X-Purpose": " Complaint 4711, Gerät ".encode()},
        )
        assert answer.is_success
    (entry,) = await kept(house)
    assert (entry.who, entry.purpose, entry.what) == (
        "dana",
        "Complaint 4711, Gerät",
        "/incidents/{id}",
    )
    assert (entry.kind, entry.through, entry.incidents) == (Kind.READ, Through.HTTP, (incident,))
    assert entry.key_id
    assert entry.times == 1


async def test_reads_of_a_second_are_one_entry_for_each_caller_route_and_purpose(
    house: House,
) -> None:
    told = [await house.report() for _ in range(3)]
    for each in told:
        for _ in range(2):
            await house.client.get(f"/incidents/{each['incident_id']}")
            await house.client.get(f"/incidents/{each['incident_id']}/timeline")
    await house.client.get(f"/incidents/{told[0]['reference']}", headers={"X-Purpose": "Other"})
    looked, timelines, other = await kept(house)
    ids = tuple(UUID(each["incident_id"]) for each in told)
    assert (looked.what, looked.times, looked.incidents) == ("/incidents/{id}", 6, ids)
    assert (timelines.what, timelines.times) == ("/incidents/{id}/timeline", 6)
    assert (other.purpose, other.times, other.incidents) == ("Other", 1, ids[:1])


async def test_many_incidents_of_one_second_are_all_named(house: House) -> None:
    """Who copies everything leaves a trace of everything."""
    told = [await house.report() for _ in range(205)]
    for each in told:
        await house.client.get(f"/incidents/{each['incident_id']}")
    entries = await kept(house)
    assert [len(each.incidents) for each in entries] == [100, 100, 5]
    assert sum(each.times for each in entries) == 205
    assert {i for each in entries for i in each.incidents} == {
        UUID(each["incident_id"]) for each in told
    }


async def test_lists_are_kept_with_what_was_asked_by_and_their_rows(house: House) -> None:
    for _ in range(3):
        await house.report()
    house.project()
    answer = await house.client.get("/incidents?limit=2&assignee=anna")
    assert answer.is_success
    await house.client.get("/incidents?limit=2")
    asked, everything = await kept(house)
    assert (asked.what, asked.kind, asked.asked, asked.rows) == (
        "/incidents",
        Kind.LIST,
        "assignee",
        0,
    )
    assert (everything.asked, everything.rows) == ("", 2)
    assert "anna" not in asked.asked, "whom somebody looks for is nobody's business here"


async def test_a_review_and_a_timeline_lead_to_their_incident(house: House) -> None:
    told = await house.report()
    opened = await house.client.post(
        "/reviews", json={"incident": told["incident_id"], "reason": "It was long."}
    )
    house.project()
    await house.client.get(f"/reviews/{opened.json()['review_id']}")
    await house.client.get(f"/timeline?incident_id={told['incident_id']}")
    for entry in await kept(house):
        assert entry.incidents == (UUID(told["incident_id"]),), entry.what


async def test_what_was_not_shown_is_not_kept(house: House) -> None:
    await house.report()
    await house.client.get("/incidents/INC9999999")
    await house.client.get("/incidents?colour=red")
    await house.client.head("/incidents/INC0000001")
    async with asking(house.app, None) as stranger:
        await stranger.get("/incidents/INC0000001")
    await house.client.get("/projections")
    assert await kept(house) == []


async def test_who_has_it_already_looks_at_it_again(house: House) -> None:
    await house.report()
    tag = (await house.client.get("/incidents/INC0000001")).headers["etag"]
    again = await house.client.get("/incidents/INC0000001", headers={"If-None-Match": tag})
    assert again.status_code == 304
    (entry,) = await kept(house)
    assert entry.times == 2


@pytest.mark.parametrize("purpose", [b"x" * 201, b"\xff\xfe", "two\u2028lines".encode()])
async def test_a_purpose_that_nobody_could_read_is_refused(house: House, purpose: bytes) -> None:
    answer = await house.client.get("/incidents", headers={b"X-Purpose": purpose})
    assert answer.status_code == 400
    assert "X-Purpose" in answer.json()["detail"]


async def test_the_feed_is_kept_with_how_many_events_it_gave(house: House) -> None:
    await house.report()
    head = house.app.service.log.head()
    await house.client.get("/events")
    (entry,) = await kept(house)
    assert (entry.what, entry.kind, entry.rows) == ("/events", Kind.LIST, head)


def test_a_stream_is_kept_while_it_runs(running: Run) -> None:
    """Who listens for a week is not found out only when they stop."""
    with running(access_seconds=0.05) as service, service.client() as client:
        client.post("/incidents", json={"title": "E-mail is down", "source": "user-report"})
        with client.stream("GET", "/events", headers={"Accept": "text/event-stream"}) as stream:
            assert any(line.startswith("data") for line in stream.iter_lines())
            for _ in range(50):
                items = client.get("/access").json()["items"]
                if any(each["what"] == "/events" for each in items):
                    break
                time.sleep(0.1)
            else:
                pytest.fail("the stream is not in the journal")


async def test_the_journal_is_asked_and_that_is_kept_as_well(house: House) -> None:
    told = [await house.report() for _ in range(2)]
    async with house.client_with(Scope.READ, owner="dana") as dana:
        for each in told:
            await dana.get(f"/incidents/{each['reference']}")
            await house.app.service.readings.write()
        assert (await dana.get("/access")).status_code == 403
    page = (await house.client.get("/access?limit=1")).json()
    assert [each["number"] for each in page["items"]] == [1]
    assert page["next"] == 1
    rest = (await house.client.get("/access?after=1")).json()
    assert [each["number"] for each in rest["items"]] == [2]
    assert rest["next"] is None
    for question, numbers in (
        (f"incident={told[1]['reference']}", [2]),
        ("who=dana", [1, 2]),
        ("who=nobody", []),
        ("since=2100-01-01T00:00:00Z", []),
        ("until=2100-01-01T00:00:00Z", [1, 2]),
    ):
        found = (await house.client.get(f"/access?{question}")).json()["items"]
        assert [each["number"] for each in found] == numbers, question
    audits = [each for each in await kept(house) if each.kind is Kind.AUDIT]
    assert {each.what for each in audits} == {"/access"}
    assert any(each.asked == "who" for each in audits)


async def test_names_in_the_journal_are_sealed(house: House) -> None:
    await house.report()
    async with house.client_with(Scope.READ, owner="dana-4711") as dana:
        await dana.get("/incidents/INC0000001", headers={"X-Purpose": "canary-4712"})
    (entry,) = await kept(house)
    assert (entry.who, entry.purpose) == ("dana-4711", "canary-4712")
    home = house.settings.home
    stored = b"".join(file.read_bytes() for file in home.glob("access.db*"))
    assert b"/incidents/{id}" in stored
    assert b"dana-4711" not in stored
    assert b"canary-4712" not in stored


@pytest.fixture
async def broken(house: House, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Journal]:
    """A journal that cannot be written for a while."""
    journal = house.app.service.readings.journal
    assert journal is not None

    def no(*_: Access) -> range:
        raise JournalUnavailable("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(journal, "note", no)
        yield journal


async def test_reads_go_on_while_the_journal_cannot_be_written_and_are_kept_later(
    house: House, broken: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.report()
    assert (await house.client.get("/incidents/INC0000001")).is_success
    await house.app.service.readings.write()
    assert (await house.client.get("/incidents/INC0000001/timeline")).is_success
    monkeypatch.setattr(broken, "note", Journal.note.__get__(broken))
    await house.app.service.readings.write()
    assert [each.what for each in await kept(house)] == [
        "/incidents/{id}",
        "/incidents/{id}/timeline",
    ]


async def test_what_hands_data_over_does_not_go_on(house: House, broken: Journal) -> None:
    access = Access(who="dana", what="/x", kind=Kind.EXPORT, through=Through.HTTP)
    with pytest.raises(Exception, match="nothing is handed over"):
        await house.app.service.readings.record(access)


async def test_a_strict_house_refuses_reads_that_it_cannot_record(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    strict = replace(settings, access_strict=True)
    with closing(Keys.open(strict)) as keys:
        token = keys.create_first(by="a test")
        app = create_app(strict, keys=keys)
        readings = app.service.readings
        async with app.router.lifespan_context(app), asking(app, token) as client:
            await client.post("/incidents", json={"title": "E-mail", "source": "user-report"})
            with monkeypatch.context() as patch:
                patch.setattr(readings.journal, "note", lambda *_: 1 / 0)
                assert (await client.get("/incidents/INC0000001")).is_success
                await readings.write()
                refused = await client.get("/incidents/INC0000001")
                assert (refused.status_code, refused.json()["code"]) == (503, "store-unavailable")
                assert (await client.get("/projections")).is_success, "it shows nobody"
            await readings.write()
            assert (await client.get("/incidents/INC0000001")).is_success


async def test_what_finds_no_room_is_counted(settings: Settings) -> None:
    small = replace(settings, access_entries=1)
    with closing(Keys.open(small)) as keys:
        token = keys.create_first(by="a test")
        app = create_app(small, keys=keys)
        async with app.router.lifespan_context(app), asking(app, token) as client:
            await client.post("/incidents", json={"title": "E-mail", "source": "user-report"})
            await client.get("/incidents/INC0000001")
            for _ in range(3):
                await client.get("/incidents/INC0000001/timeline")
            await app.service.readings.write()
            journal = app.service.readings.journal
            assert journal is not None
            (entry,) = journal.entries()
            assert (entry.what, entry.lost) == ("/incidents/{id}", 3)


async def test_the_last_second_is_written_when_the_service_ends(settings: Settings) -> None:
    slow = replace(settings, access_seconds=3_600.0)
    with closing(Keys.open(slow)) as keys:
        token = keys.create_first(by="a test")
        app = create_app(slow, keys=keys)
        async with app.router.lifespan_context(app), asking(app, token) as client:
            await client.post("/incidents", json={"title": "E-mail", "source": "user-report"})
            await client.get("/incidents/INC0000001")
    with closing(Journal.open(settings)) as journal:
        assert [each.what for each in journal.entries()] == ["/incidents/{id}"]


async def test_without_the_journal_nothing_is_kept_and_it_says_so(settings: Settings) -> None:
    without = replace(settings, access=False)
    with closing(Keys.open(without)) as keys:
        token = keys.create_first(by="a test")
        app = create_app(without, keys=keys)
        async with app.router.lifespan_context(app), asking(app, token) as client:
            await client.post("/incidents", json={"title": "E-mail", "source": "user-report"})
            assert (await client.get("/incidents/INC0000001")).is_success
            assert "TOCSIN_ACCESS" in (await client.get("/access")).json()["detail"]
    assert not without.access_file.exists()


def test_reads_are_written_every_second(running: Run) -> None:
    with running(access_seconds=0.05) as service, service.client() as client:
        client.post("/incidents", json={"title": "E-mail", "source": "user-report"})
        client.get("/incidents/INC0000001")
        place = Path(service.app.service.settings.home)
        for _ in range(100):
            with suppress(JournalUnavailable), closing(Journal.open(Settings(home=place))) as other:
                if [each.what for each in other.entries()]:
                    return
            time.sleep(0.05)
    pytest.fail("nothing was written while the service ran")


async def test_old_entries_expire_by_themselves(settings: Settings) -> None:
    settings = replace(settings, access_days=1, access_seconds=0.01)
    with closing(Journal.open(settings)) as journal:
        access = Access(who="dana", what="/x", kind=Kind.READ, through=Through.HTTP)
        journal.note(access, at=datetime(2026, 1, 1, tzinfo=UTC))
    with closing(Keys.open(settings)) as keys:
        app = create_app(settings, keys=keys)
        async with app.router.lifespan_context(app):
            for _ in range(200):
                await asyncio.sleep(0.01)
                assert app.service.readings.journal is not None
                (entry,) = app.service.readings.journal.entries()
                if entry.expired:
                    return
    pytest.fail("it never expired")
