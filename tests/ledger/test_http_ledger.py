"""The ledger over HTTP: whoever asks can verify what is answered, with nothing else of ours."""

from base64 import b64decode
from typing import Any

import pytest

from tests.http.conftest import House
from tests.ledger.kit import forged, key_of
from tocsin.keys import Scope
from tocsin.ledger.checkpoints import Signed
from tocsin.ledger.merkle import leaf_hash, verify_consistency, verify_inclusion
from tocsin.ledger.vkeys import read_vkey

POST = "/ledger/checkpoints"


async def asked(house: House, path: str, status: int = 200) -> dict[str, Any]:
    """What is answered, as JSON."""
    answer = await house.client.get(path)
    assert status == answer.status_code, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def sign(house: House) -> int:
    """Sign now; the size that is signed."""
    answer = await house.client.post(POST)
    assert 200 == answer.status_code, answer.text
    size: int = answer.json()["checkpoint"]["size"]
    return size


async def test_before_the_first_event_there_is_no_checkpoint(house: House) -> None:
    assert "no-checkpoint" == (await asked(house, "/checkpoint", 404))["code"]
    answer = await house.client.post(POST)
    assert (404, "no-checkpoint") == (answer.status_code, answer.json()["code"])


async def test_the_latest_checkpoint_is_a_note_that_anybody_can_verify(house: House) -> None:
    await house.report()
    await sign(house)
    answer = await house.client.get("/checkpoint")
    assert "text/plain; charset=utf-8" == answer.headers["content-type"]
    keys = await asked(house, "/ledger/keys")
    trusted = [read_vkey(each["vkey"]) for each in keys["items"]]
    signed = Signed.trusted(answer.content, trusted)
    log = house.app.service.log
    assert (log.head(), log.tree_root()) == (signed.checkpoint.size, signed.checkpoint.root)
    assert signed.checkpoint.origin == keys["origin"]
    assert [True] == [each["signs"] for each in keys["items"]]


async def test_a_checkpoint_that_is_asked_for_is_made_once(house: House) -> None:
    await house.report()
    first = (await house.client.post(POST)).json()
    second = (await house.client.post(POST)).json()
    assert [True, False] == [first["made"], second["made"]]
    assert first["checkpoint"] == second["checkpoint"]


async def test_checkpoints_are_listed_in_pages(house: House) -> None:
    sizes = []
    for _ in range(3):
        await house.report()
        sizes.append(await sign(house))
    first = await asked(house, "/ledger/checkpoints?limit=2")
    rest = await asked(house, f"/ledger/checkpoints?after={first['next']}")
    assert sizes == [each["size"] for each in first["items"] + rest["items"]]
    nothing = await asked(house, f"/ledger/checkpoints?after={rest['next']}")
    assert {"items": [], "next": rest["next"]} == nothing


async def test_every_event_is_proved_to_be_in_the_tree_of_the_checkpoint(house: House) -> None:
    for _ in range(10):
        await house.report()
    size = await sign(house)
    events = (await house.client.get("/events?limit=100&stored=true")).content
    log = house.app.service.log
    for position, body in log.raw_page(0, 100):
        found = await asked(house, f"/ledger/inclusion?position={position}")
        assert bytes(body) in events, "what is hashed is what the feed hands out"
        signed = Signed.read(found["checkpoint"]).checkpoint
        path = [b64decode(each) for each in found["path"]]
        verify_inclusion(leaf_hash(body), position - 1, size, path, signed.root)
        assert b64decode(found["leaf_hash"]) == leaf_hash(body)
        assert (size, signed.root) == (found["size"], b64decode(found["root"]))


async def test_an_event_that_came_after_the_checkpoint_is_proved_in_the_whole_tree(
    house: House,
) -> None:
    await house.report()
    await sign(house)
    await house.report()
    head = house.app.service.log.head()
    found = await asked(house, f"/ledger/inclusion?position={head}")
    assert (head, None) == (found["size"], found["checkpoint"])


async def test_an_older_tree_is_proved_to_be_the_beginning_of_a_newer_one(house: House) -> None:
    for _ in range(7):
        await house.report()
    head = house.app.service.log.head()
    for old in range(head + 1):
        found = await asked(house, f"/ledger/consistency?from={old}&to={head}")
        roots = (b64decode(found["from_root"]), b64decode(found["to_root"]))
        verify_consistency(old, head, *roots, [b64decode(each) for each in found["path"]])


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("inclusion?position=99", "position is 99, and the log has 1 events"),
        ("inclusion?position=1&size=99", "size is 99"),
        ("consistency?from=2&to=1", "from is 2 and to is 1"),
        ("consistency?from=0&to=99", "to is 99"),
    ],
)
async def test_what_no_tree_has_is_named(house: House, query: str, says: str) -> None:
    house.app.service.log.reserve_references(1)
    await house.report()
    problem = await asked(house, f"/ledger/{query}", 404)
    head = house.app.service.log.head()
    assert "not-in-tree" == problem["code"]
    assert says.replace("has 1 events", f"has {head} events") in problem["detail"]


@pytest.mark.parametrize("query", ["inclusion", "inclusion?position=0", "consistency?from=1"])
async def test_what_cannot_be_meant_is_refused_by_field(house: House, query: str) -> None:
    problem = await asked(house, f"/ledger/{query}", 422)
    assert problem["errors"][0]["field"] in ("position", "to")


async def test_what_places_gave_us_is_listed_by_checkpoint_place_and_kind(house: House) -> None:
    log = house.app.service.log
    await house.report()
    size = await sign(house)
    made_at = log.checkpoints()[0].made_at
    log.add_attestation(size, "https://witness", "cosignature", b"line", made_at)
    log.add_attestation(size, "https://tsa", "timestamp", b"\x30", made_at)
    both = await asked(house, f"/ledger/attestations?size={size}")
    assert ["https://tsa", "https://witness"] == [each["place"] for each in both["items"]]
    (one,) = (await asked(house, "/ledger/attestations?kind=timestamp"))["items"]
    assert b"\x30" == b64decode(one["body"])
    (one,) = (await asked(house, "/ledger/attestations?place=https://witness"))["items"]
    assert "cosignature" == one["kind"]
    assert {"items": []} == await asked(house, "/ledger/attestations?place=%00")


async def test_a_log_that_is_not_what_was_signed_is_signed_no_more(house: House) -> None:
    log = house.app.service.log
    await house.report()
    await sign(house)
    (last,) = log.checkpoints()
    skey = key_of(house.settings)
    log.add_checkpoint(last.size + 9, forged(skey, last.size + 9, bytes(32)), last.made_at)
    await house.report()
    answer = await house.client.post(POST)
    assert (409, "not-signed") == (answer.status_code, answer.json()["code"])
    assert "events are missing" in answer.json()["detail"]
    metrics = (await house.client.get("/metrics")).text
    assert "tocsin_ledger_alarm 1.0" in metrics
    assert (await house.report())["changed"], "incidents are recorded all the same"


async def test_proofs_take_a_key_that_may_audit_and_signing_one_that_may_all(
    house: House,
) -> None:
    await house.report()
    await sign(house)
    async with house.client_with(Scope.READ) as reader:
        assert 200 == (await reader.get("/checkpoint")).status_code
        for path in ("checkpoints", "inclusion?position=1", "keys", "attestations"):
            assert 403 == (await reader.get(f"/ledger/{path}")).status_code
    async with house.client_with(Scope.AUDIT) as auditor:
        assert 200 == (await auditor.get("/ledger/inclusion?position=1")).status_code
        assert 403 == (await auditor.post(POST)).status_code
