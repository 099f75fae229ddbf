"""Is evidence taken in, kept, handed out and looked after as a chain of custody needs?"""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.http.conftest import House, Run, asking
from tocsin.access import Journal, JournalUnavailable, Kind
from tocsin.domain.evidence.values import evidence_stream
from tocsin.evidence import Storage
from tocsin.evidence.pieces import count, delete, orphans, pieces, streams
from tocsin.http.app import create_app
from tocsin.keys import Keys, Scope
from tocsin.settings import Settings
from tocsin.store.entries import StoreUnavailable

PNG = b"\x89PNG\r\n\x1a\n" + bytes(2_000)
LOG = b"Mar  2 08:00:01 mx1 postfix: no space left on device\n" * 100
TEXT = {"Content-Type": "text/plain"}
PURPOSE = {"X-Purpose": "To see which disk was full"}


async def attached(house: House, body: bytes = LOG, **asked: Any) -> dict[str, Any]:
    """Attach something to the first incident, which is reported if there is none."""
    if not house.app.service.log.head():
        await house.report()
    asked = {"name": "mx1.log", **asked}
    answer = await house.client.post(
        "/incidents/INC0000001/evidence", params=asked, content=body, headers=TEXT
    )
    assert answer.status_code == 201, answer.text
    receipt: dict[str, Any] = answer.json()
    return receipt


def stored(house: House) -> list[str]:
    """What lies in the storage, whole or not."""
    storage = Storage.open(house.settings, house.app.service.log.seals)
    return [each.name for each in storage.found()]


async def told(house: House, receipt: dict[str, Any]) -> list[str]:
    """The names of what happened to a piece."""
    answer = await house.client.get(f"/evidence/{receipt['evidence_id']}/events")
    return [each["event"] for each in answer.json()["items"]]


async def test_what_is_attached_comes_back_and_everything_is_on_record(house: House) -> None:
    receipt = await attached(house, description="The log of mx1", source="mx1", collected_by="ann")
    assert receipt["number"] == 1
    assert receipt["events"] == ["evidence.attached"]
    path = f"/evidence/{receipt['evidence_id']}"
    state = (await house.client.get(path)).json()
    assert (state["name"], state["media_type"], state["size"]) == ("mx1.log", "text/plain", 5_300)
    assert state["content_sha256"] == sha256(LOG).hexdigest()
    assert (state["custodian"], state["chain"][0]["by"]) == ("admin", "ann")
    answer = await house.client.get(f"{path}/content", headers=PURPOSE)
    assert answer.content == LOG
    assert await told(house, receipt) == ["evidence.attached", "evidence.accessed"]
    state = (await house.client.get(path)).json()
    assert (state["accesses"], state["accessed_by"]) == (1, "admin")
    timeline = (await house.client.get(f"{path}/timeline")).json()["items"]
    assert timeline[1]["words"] == "Content handed over: To see which disk was full"


async def test_content_is_to_be_saved_and_never_shown(house: House) -> None:
    await house.report()
    answer = await house.client.post(
        "/incidents/INC0000001/evidence",
        content=PNG,
        headers={
            "Content-Type": "image/png",
            "Content-Disposition": "attachment; filename*=UTF-8''..%2F..%2FBild%20%C3%A4%22.png",
        },
    )
    assert answer.status_code == 201, answer.text
    receipt = answer.json()
    answer = await house.client.get(f"/evidence/{receipt['evidence_id']}/content", headers=PURPOSE)
    said = answer.headers
    assert said["content-disposition"] == (
        "attachment; filename=\"_.._Bild __.png\"; filename*=UTF-8''_.._Bild%20%C3%A4%22.png"
    )
    assert said["x-content-type-options"] == "nosniff"
    assert said["content-security-policy"] == "sandbox; default-src 'none'"
    assert said["cache-control"] == "no-store"
    assert said["content-length"] == str(len(PNG))


async def test_nobody_has_the_content_without_a_purpose_and_a_key_for_it(house: House) -> None:
    receipt = await attached(house)
    path = f"/evidence/{receipt['evidence_id']}/content"
    answer = await house.client.get(path)
    assert (answer.status_code, "X-Purpose" in answer.json()["detail"]) == (400, True)
    async with house.client_with(Scope.READ, Scope.WRITE) as other:
        assert (await other.get(path, headers=PURPOSE)).status_code == 403
        assert (await other.get(path.removesuffix("/content"))).is_success
    assert await told(house, receipt) == ["evidence.attached"]


async def test_who_asks_for_the_head_only_has_seen_nothing(house: House) -> None:
    receipt = await attached(house)
    answer = await house.client.head(f"/evidence/{receipt['evidence_id']}/content")
    assert answer.headers["content-length"] == str(len(LOG))
    assert await told(house, receipt) == ["evidence.attached"]


async def test_the_access_journal_knows_it_before_the_first_byte(house: House) -> None:
    receipt = await attached(house)
    journal = house.app.service.readings.journal
    assert journal is not None
    await house.client.get(f"/evidence/{receipt['evidence_id']}/content", headers=PURPOSE)
    (entry,) = journal.entries()
    assert (entry.kind, entry.purpose) == (Kind.EVIDENCE, PURPOSE["X-Purpose"])
    assert entry.incidents == (UUID(receipt["incident_id"]),)


async def test_without_the_journal_nothing_is_handed_over(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipt = await attached(house)

    def no(*_: object) -> range:
        raise JournalUnavailable("The disk is full.")

    monkeypatch.setattr(Journal, "note", no)
    answer = await house.client.get(f"/evidence/{receipt['evidence_id']}/content", headers=PURPOSE)
    assert answer.status_code == 503
    assert LOG[:40] not in answer.content
    assert await told(house, receipt) == ["evidence.attached"]


async def test_evidence_of_an_incident_is_listed_in_its_order(house: House) -> None:
    for name in ("a.log", "b.log"):
        await attached(house, name=name)
    answer = (await house.client.get("/incidents/INC0000001/evidence")).json()
    assert [(each["number"], each["name"]) for each in answer["items"]] == [
        (1, "a.log"),
        (2, "b.log"),
    ]
    house.project()
    listed = (await house.client.get("/evidence")).json()["items"]
    assert {each["sha256"] for each in listed} == {each["sha256"] for each in answer["items"]}
    assert (await house.client.get("/incidents/INC9/evidence")).status_code == 404


async def test_several_attach_at_the_same_moment(house: House) -> None:
    await house.report()
    found = await asyncio.gather(*(attached(house, name=f"{n}.log") for n in range(8)))
    assert sorted(each["number"] for each in found) == list(range(1, 9))
    assert len({each["evidence_id"] for each in found}) == 8
    incident = UUID(found[0]["incident_id"])
    log = house.app.service.log
    assert count(log, incident) == 8
    assert [each.number for each in pieces(log, incident)] == list(range(1, 9))
    assert streams(log, incident) == [evidence_stream(incident, n) for n in range(1, 9)]


async def test_the_same_content_twice_is_two_pieces(house: House) -> None:
    first, second = await attached(house), await attached(house)
    assert first["evidence_id"] != second["evidence_id"]
    assert len(stored(house)) == 2


async def test_a_retry_under_its_key_is_the_same_piece_and_leaves_nothing_behind(
    house: House,
) -> None:
    await house.report()
    path, key = "/incidents/INC0000001/evidence?name=mx1.log", {"Idempotency-Key": "once"}
    first = await house.client.post(path, content=LOG, headers={**TEXT, **key})
    again = await house.client.post(path, content=LOG, headers={**TEXT, **key})
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    other = await house.client.post(path, content=LOG + b"x", headers={**TEXT, **key})
    assert (other.status_code, other.json()["code"]) == (422, "key-reused")
    assert len(stored(house)) == 1


BAD: list[tuple[dict[str, str], dict[str, str], bytes, int, str]] = [
    ({}, {"Content-Type": "image/png"}, b"<html>", 415, "is not image/png"),
    ({}, {"Content-Type": "text/html"}, b"<html>", 415, "TOCSIN_EVIDENCE_TYPES"),
    ({}, {}, b"text", 415, "Content-Type"),
    ({}, {**TEXT, "Content-Encoding": "gzip"}, b"text", 415, "Content-Encoding"),
    ({}, TEXT, b"", 422, "is empty"),
    ({"name": ""}, TEXT, b"text", 422, "name"),
    ({"name": "a\nb\x00"}, TEXT, b"text", 422, "name"),
    ({"name": "x" * 256}, TEXT, b"text", 422, "name"),
    ({"name": "\u202etxt.exe"}, TEXT, b"text", 422, "name"),
    ({"colour": "red"}, TEXT, b"text", 422, "colour"),
    ({"number": "7"}, TEXT, b"text", 422, "number"),
    ({"collected_at": "yesterday"}, TEXT, b"text", 422, "collected_at"),
    ({"occurred_at": "2199-01-01T00:00:00Z"}, TEXT, b"text", 409, "future"),
    ({}, {**TEXT, "Content-Length": "999999999"}, b"", 413, "bytes at most"),
]


@pytest.mark.parametrize(("asked", "headers", "body", "status", "reason"), BAD)
async def test_what_cannot_be_kept_is_refused_and_leaves_nothing(
    house: House,
    asked: dict[str, str],
    headers: dict[str, str],
    body: bytes,
    status: int,
    reason: str,
) -> None:
    await house.report()
    answer = await house.client.post(
        "/incidents/INC0000001/evidence",
        params={"name": "a.txt", **asked},
        content=body,
        headers=headers,
    )
    assert answer.status_code == status, answer.text
    assert reason in answer.text
    assert stored(house) == []
    assert house.app.service.log.head() < 5


async def test_a_file_without_a_name_has_one_that_says_so(house: House) -> None:
    await house.report()
    await house.client.post("/incidents/INC0000001/evidence", content=LOG, headers=TEXT)
    (piece,) = (await house.client.get("/incidents/INC0000001/evidence")).json()["items"]
    assert piece["name"] == "unnamed.txt"


async def test_a_check_takes_nothing_but_an_empty_object(house: House) -> None:
    receipt = await attached(house)
    path = f"/evidence/{receipt['evidence_id']}/check"
    assert (await house.client.post(path, json={})).is_success
    for answer in (
        await house.client.post(path, json={"deep": True}),
        await house.client.post(f"{path}?deep=1"),
    ):
        assert answer.status_code == 422
    assert (await house.client.post(path, content=b"{}", headers=TEXT)).status_code == 415


async def test_something_said_twice_is_not_guessed_at(house: House) -> None:
    await house.report()
    path = "/incidents/INC0000001/evidence?name=a&name=b"
    answer = await house.client.post(path, content=LOG, headers=TEXT)
    assert (answer.status_code, "twice" in answer.text) == (422, True)


async def test_there_is_no_evidence_of_what_is_not_there(house: House) -> None:
    await attached(house)
    missing = "00000000-0000-4000-8000-000000000000"
    for path in (missing, f"{missing}/content", "INC0000001", f"{missing}/events"):
        answer = await house.client.get(f"/evidence/{path}", headers=PURPOSE)
        assert (answer.status_code, answer.json()["code"]) == (404, "no-such-evidence"), path
    answer = await house.client.post(
        f"/incidents/{missing}/evidence?name=a", content=LOG, headers=TEXT
    )
    assert (answer.status_code, answer.json()["code"]) == (404, "no-such-incident")
    assert len(stored(house)) == 1


async def streamed(size: int, *, then: type[Exception] | None = None) -> AsyncIterator[bytes]:
    """A body of that many bytes, without a length stated before, that perhaps breaks off."""
    for _ in range(0, size, 50_000):
        yield b"x" * 50_000
    if then is not None:
        raise then


async def test_what_is_too_large_is_refused_while_it_comes(
    settings: Settings, house: House
) -> None:
    await house.report()
    service = house.app.service
    service.settings = replace(service.settings, evidence_bytes=400_000)
    answer = await house.client.post(
        "/incidents/INC0000001/evidence?name=a", content=streamed(600_000), headers=TEXT
    )
    assert (answer.status_code, answer.json()["limit"]) == (413, 400_000)
    assert stored(house) == []
    answer = await house.client.post(
        "/incidents/INC0000001/evidence?name=a", content=streamed(400_000), headers=TEXT
    )
    assert (answer.status_code, len(stored(house))) == (201, 1)


def test_an_upload_that_breaks_off_leaves_nothing(running: Run) -> None:
    with running() as service, service.client() as client:
        client.post("/incidents", json={"title": "E-mail", "source": "user-report"})

        def cut() -> Any:
            yield LOG * 60
            raise RuntimeError("the network went away")

        with pytest.raises(RuntimeError, match="went away"):
            client.post("/incidents/INC0000001/evidence?name=a", content=cut(), headers=TEXT)
        home = Path(service.app.service.settings.home) / "evidence"
        for _ in range(100):
            if not list((home / "incoming").glob("*")):
                break
            time.sleep(0.05)
        assert [file for file in home.rglob("*") if file.is_file()] == []
        assert client.get("/incidents/INC0000001/evidence").json()["items"] == []


def test_a_large_upload_has_more_time_than_a_command(running: Run) -> None:
    """A picture over a slow line is no attack."""
    with running(body_seconds=0.2, evidence_seconds=20.0) as service, service.client() as client:
        client.post("/incidents", json={"title": "E-mail", "source": "user-report"})

        def slowly() -> Any:
            for _ in range(5):
                yield LOG
                time.sleep(0.4)

        answer = client.post(
            "/incidents/INC0000001/evidence?name=a", content=slowly(), headers=TEXT
        )
        assert answer.status_code == 201, answer.text


def test_an_upload_that_never_ends_is_ended(running: Run) -> None:
    with running(body_seconds=0.2, evidence_seconds=0.5) as service, service.client() as client:
        client.post("/incidents", json={"title": "E-mail", "source": "user-report"})

        def for_ever() -> Any:
            for _ in range(40):
                yield LOG
                time.sleep(0.1)

        try:
            answer = client.post(
                "/incidents/INC0000001/evidence?name=a", content=for_ever(), headers=TEXT
            )
            assert answer.status_code == 408
        except httpx.TransportError:
            pass  # the answer came while the body was still being sent
        assert client.get("/incidents/INC0000001/evidence").json()["items"] == []


async def test_no_more_arrive_at_a_time_than_may(house: House) -> None:
    await house.report()
    house.app.service.settings = replace(house.settings, evidence_uploads=0)
    answer = await house.client.post(
        "/incidents/INC0000001/evidence?name=a", content=LOG, headers=TEXT
    )
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")


async def test_somebody_else_answers_for_it(house: House) -> None:
    receipt = await attached(house)
    path = f"/evidence/{receipt['evidence_id']}"
    asked = {"to": "ivo", "reason": "He leads the review."}
    answer = await house.client.post(
        f"{path}/transfer", json=asked, headers={"If-Match": '"1"', "Idempotency-Key": "t1"}
    )
    assert (answer.status_code, answer.json()["changed"]) == (200, True)
    again = await house.client.post(f"{path}/transfer", json=asked)
    assert again.json()["changed"] is False
    state = (await house.client.get(path)).json()
    assert (state["custodian"], [each["to"] for each in state["chain"]]) == (
        "ivo",
        ["admin", "ivo"],
    )
    stale = await house.client.post(
        f"{path}/transfer", json={**asked, "to": "mia"}, headers={"If-Match": '"1"'}
    )
    assert stale.status_code == 412


async def test_what_is_stored_is_checked_and_what_was_altered_is_not_handed_over(
    house: House,
) -> None:
    receipt = await attached(house)
    path = f"/evidence/{receipt['evidence_id']}"
    answer = await house.client.post(f"{path}/check")
    assert (answer.status_code, answer.json()["condition"]) == (200, "intact")
    (name,) = stored(house)
    file = house.settings.home / "evidence" / name[:2] / name
    file.write_bytes(file.read_bytes()[:-1])
    answer = await house.client.get(f"{path}/content", headers=PURPOSE)
    assert (answer.status_code, answer.json()["code"]) == (500, "evidence-damaged")
    file.unlink()
    assert (await house.client.post(f"{path}/check")).json()["condition"] == "missing"
    state = (await house.client.get(path)).json()
    assert state["condition"] == "missing"
    assert state["accesses"] == 0
    assert await told(house, receipt) == ["evidence.attached", *["evidence.checked"] * 3]


async def test_what_is_discarded_is_gone_and_what_it_was_stays(house: House) -> None:
    receipt = await attached(house)
    path = f"/evidence/{receipt['evidence_id']}"
    async with house.client_with(Scope.READ, Scope.WRITE) as other:
        refused = await other.post(f"{path}/discard", json={"reason": "No use."})
        assert refused.status_code == 403, "who writes must not destroy"
    answer = await house.client.post(f"{path}/discard", json={"reason": "The time is over."})
    assert answer.status_code == 200, answer.text
    assert stored(house) == []
    gone = await house.client.get(f"{path}/content", headers=PURPOSE)
    assert (gone.status_code, gone.json()["code"]) == (409, "evidence-discarded")
    state = (await house.client.get(path)).json()
    assert (state["status"], state["name"], state["possible"]) == ("discarded", "mx1.log", [])
    assert (await house.client.post(f"{path}/check")).status_code == 409


async def test_names_and_content_are_sealed_wherever_they_lie(house: House) -> None:
    await attached(house, b"canary-4711\n", name="canary-4712.txt", description="canary-4713")
    home = house.settings.home
    for file in home.rglob("*"):
        if file.is_file() and file.name != "vault.db":
            assert b"canary-471" not in file.read_bytes(), file


async def test_what_came_while_the_texts_were_forgotten_is_to_be_sent_again(
    house: House,
) -> None:
    """It would be sealed under a key that is about to be destroyed."""
    await attached(house)
    stream = house.app.service.log.holder("reference", "INC0000001")
    vault: Any = house.app.service.log.seals

    async def body() -> AsyncIterator[bytes]:
        yield LOG
        vault.retire(vault.case(str(stream))[0])
        yield LOG

    answer = await house.client.post(
        "/incidents/INC0000001/evidence?name=b", content=body(), headers=TEXT
    )
    assert (answer.status_code, "forgotten" in answer.text) == (503, True)
    assert len(stored(house)) == 1
    await attached(house)


async def test_deleting_what_an_incident_has_leaves_what_happened(house: House) -> None:
    receipt, _ = await attached(house), await attached(house)
    service = house.app.service
    storage = Storage.open(house.settings, service.log.seals)
    incident = UUID(receipt["incident_id"])
    assert delete(service.log, storage, incident, 1) == 0
    assert delete(service.log, storage, incident, service.log.head() + 1) == 2
    assert delete(service.log, storage, incident, service.log.head() + 1) == 0
    assert stored(house) == []
    assert len(pieces(service.log, incident)) == 2


async def test_what_a_crash_left_is_found_and_nothing_else(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash between the content and its event leaves content that nobody refers to."""
    receipt = await attached(house)
    service = house.app.service
    (kept,) = stored(house)

    def dead(*_: object) -> None:
        raise StoreUnavailable("killed")

    with monkeypatch.context() as patch:
        patch.setattr(service.log, "commit", dead)
        answer = await house.client.post(
            "/incidents/INC0000001/evidence?name=b", content=LOG, headers=TEXT
        )
        assert answer.status_code == 503
    storage = Storage.open(house.settings, service.log.seals)
    (left,) = set(stored(house)) - {kept}
    growing = storage.incoming(UUID(receipt["incident_id"]))
    assert orphans(service.log, storage, 3_600) == [], "they could be on their way still"
    assert set(orphans(service.log, storage, 0)) == {left, growing.path.name}
    for name in orphans(service.log, storage, 0):
        storage.clear(name)
    assert stored(house) == [kept]
    growing.abandon()


async def test_what_was_discarded_while_its_place_was_away_is_found_later(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipt = await attached(house)
    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", _away)
        patch.setattr(Path, "unlink", _away)
        path = f"/evidence/{receipt['evidence_id']}/discard"
        assert (await house.client.post(path, json={"reason": "Over."})).is_success
    service = house.app.service
    storage = Storage.open(house.settings, service.log.seals)
    assert orphans(service.log, storage, 0) == stored(house) != []


def _away(*_: object, **__: object) -> None:
    raise OSError(5, "Input/output error")


async def test_evidence_can_lie_elsewhere(house: House, tmp_path: Path) -> None:
    settings = replace(house.settings, home=tmp_path / "other", evidence_url=f"memory://{tmp_path}")
    with closing(Keys.open(settings)) as keys:
        token = keys.create_first(by="a test")
        app = create_app(settings, keys=keys)
        async with app.router.lifespan_context(app), asking(app, token) as client:
            other = House(app, client, keys, settings)
            receipt = await attached(other)
            answer = await client.get(
                f"/evidence/{receipt['evidence_id']}/content", headers=PURPOSE
            )
            assert answer.content == LOG
    assert not list((tmp_path / "other" / "evidence" / "incoming").iterdir())
