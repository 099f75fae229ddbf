"""The relay on a real JetStream: each event once and in order, whatever was there before."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tests.jetstream.kit import Place, many_more, until
from tests.whatif.kit import many, writing
from tocsin.exports.cloudevents import cloud_event, log_urn
from tocsin.exports.reading import Source
from tocsin.exports.selection import Selection
from tocsin.jetstream.connecting import CannotStream
from tocsin.jetstream.resuming import BEFORE, FORM
from tocsin.ledger.merkle import leaf_hash
from tocsin.settings import Settings
from tocsin.store.log import Log
from tocsin.store.sealing import MARK


async def test_every_event_is_there_once_and_in_order(place: Place) -> None:
    progress = await place.relay()

    head = place.log.head()
    assert await place.positions() == list(range(1, head + 1))
    assert (progress.relayed, progress.position) == (head, head)


async def test_an_event_is_the_cloudevent_of_the_export(place: Place) -> None:
    """One mapping: whoever reads both sees the same."""
    await place.but(relay_opened=True).relay()

    source = Source(place.log, Selection())
    exported = [cloud_event(line, log_urn(source.first)) for line in source.lines()]
    for one, other in zip(await place.events(), exported, strict=True):
        other_reference = other.pop("reference", None)
        assert one.pop("reference", other_reference) == other_reference
        assert one == other


async def test_an_event_has_the_reference_that_its_incident_had_then(place: Place) -> None:
    """It does not depend on what the relay had read when it sent it."""
    await place.relay()
    first, logged, *_ = await place.events()
    assert "reference" not in first
    assert logged["reference"] == "INC0000001"


async def test_headers_name_the_event_for_ever(place: Place) -> None:
    await place.relay()
    held = (await place.stored())[2]
    body = place.log.raw_page(2, 1)[0][1]
    log = log_urn(place.log.raw_page(0, 1)[0][1]).rpartition(":")[2]
    assert held.headers["Nats-Msg-Id"] == f"{log}:3"
    assert held.headers["Tocsin-Leaf"] == leaf_hash(body).hex()
    assert held.headers["Content-Type"] == "application/cloudevents+json"


async def test_a_subject_says_what_happened(place: Place) -> None:
    await place.relay()
    subjects = {each.subject for each in await place.stored()}
    prefix = place.settings.relay_subject
    assert f"{prefix}.incident.reported" in subjects
    assert f"{prefix}.incident.workaround-applied" not in subjects


async def test_by_default_nobody_is_named_and_no_text_leaves(place: Place) -> None:
    """What is sealed in the log is as good as sealed in the stream."""
    with_names = [body for _, body in place.log.raw_page(0, 1_000) if MARK in body]
    assert with_names, "nothing was sealed: the test would prove nothing"
    await _veiled(place).relay()
    for event in await place.events():
        assert event["actor"].startswith("person:")
        assert event["data"].get("title", "[sealed]") == "[sealed]"


def _veiled(place: Place) -> Place:
    return Place(Log.open(place.settings, veiled=True), place.settings)


async def test_relaying_again_stores_nothing_again(place: Place) -> None:
    await place.relay()
    before = await place.positions()

    again = await place.relay()

    assert again.relayed == 0
    assert await place.positions() == before


async def test_it_goes_on_behind_the_last_message(place: Place) -> None:
    await place.relay()
    many_more(place.log)
    progress = await place.relay()

    assert progress.relayed == 7
    assert await place.positions() == list(range(1, place.log.head() + 1))


async def test_it_goes_on_where_it_was_when_every_message_has_expired(place: Place) -> None:
    """The stream keeps its count, and the count is the position."""
    await place.relay(after=5)
    head = place.log.head()
    async with place.streams() as streams:
        await streams.ask(f"STREAM.PURGE.{place.settings.relay_stream}")
    many_more(place.log)
    await place.relay()

    assert await place.positions() == list(range(head + 1, place.log.head() + 1))


async def test_a_new_stream_can_begin_later(place: Place) -> None:
    head = place.log.head()
    await place.relay(after=head - 3)
    assert await place.positions() == [head - 2, head - 1, head]


async def test_two_relays_at_once_neither_double_nor_reorder(place: Place) -> None:
    async with place.relaying() as one, place.relaying() as other:
        await until(lambda: max(one.progress.position, other.progress.position) == place.log.head())
        many_more(place.log)
        await until(lambda: max(one.progress.position, other.progress.position) == place.log.head())

    assert await place.positions() == list(range(1, place.log.head() + 1))
    # What was stored behind the back of a relay that gave way is counted by neither.
    assert 0 < one.progress.relayed + other.progress.relayed <= place.log.head()


async def test_a_relay_takes_over_what_another_one_leaves(place: Place) -> None:
    async with place.relaying() as one:
        async with place.relaying() as other:
            await until(lambda: max(one.progress.position, other.progress.position) > 0)
        many_more(place.log)
        await until(lambda: one.progress.position == place.log.head())
    assert await place.positions() == list(range(1, place.log.head() + 1))


async def test_an_acknowledgement_that_is_lost_doubles_nothing(place: Place) -> None:
    """Not even when the stream has long forgotten which ids it has seen."""
    async with place.relaying() as relay:
        await until(lambda: relay.progress.position == place.log.head())
        lost = asyncio.Event()
        real = relay._window.stored

        def forgotten(sequence: int) -> None:
            if not lost.is_set():
                lost.set()
            else:
                real(sequence)

        relay._window.stored = forgotten  # type: ignore[method-assign]
        many_more(place.log)
        await until(lambda: relay.progress.position == place.log.head())
        assert lost.is_set()
        assert relay.progress.resumed >= 1
    assert await place.positions() == list(range(1, place.log.head() + 1))


async def test_what_comes_while_it_runs_follows(place: Place) -> None:
    async with place.relaying() as relay:
        await until(lambda: relay.progress.position == place.log.head())
        many_more(place.log)
        await until(lambda: relay.progress.position == place.log.head())
    assert (await place.positions())[-1] == place.log.head()


async def test_the_stream_of_another_log_is_refused(place: Place, tmp_path: Path) -> None:
    await place.relay()
    with writing(replace(place.settings, home=tmp_path / "other")) as other:
        many(other, 41)
        with pytest.raises(CannotStream, match="comes from log"):
            await Place(other, place.settings).relay()


async def test_somebody_elses_message_stops_it(place: Place) -> None:
    await place.relay()
    async with place.streams() as streams:
        await streams.store(f"{place.settings.relay_subject}.x.y", b"hello")
    with pytest.raises(CannotStream, match="somebody else"):
        await place.relay()


async def test_a_foreign_message_that_was_deleted_is_in_nobodys_way(place: Place) -> None:
    await place.relay()
    async with place.streams() as streams:
        answer = await streams.store(f"{place.settings.relay_subject}.x.y", b"hello")
        await streams.remove(place.settings.relay_stream, answer["seq"])
    many_more(place.log)
    await place.relay()
    assert await place.positions() == list(range(1, place.log.head() + 1))


async def test_a_log_that_was_set_back_is_refused(place: Place) -> None:
    """Its next events would have positions under which others were sent."""
    await place.relay()
    async with place.streams() as streams:
        last = (await place.stored())[-1]
        forged = {**last.headers, "Tocsin-Leaf": "0" * 64, "Nats-Msg-Id": "forged"}
        await streams.remove(place.settings.relay_stream, last.sequence)
        forged.pop("Nats-Expected-Last-Sequence")
        await streams.store(last.subject, last.data, forged)
    with pytest.raises(CannotStream, match="restored from an older copy"):
        await place.relay()


async def test_a_stream_ahead_of_the_log_is_refused(settings: Settings, tmp_path: Path) -> None:
    """Both begin with the same event: the one is an older copy of the other."""
    clear = replace(settings, vault=False)
    with writing(replace(clear, home=tmp_path / "longer")) as longer:
        many(longer, 5)
        await Place(longer, settings).relay()
    with writing(replace(clear, home=tmp_path / "shorter")) as shorter:
        many(shorter, 4)
        with pytest.raises(CannotStream, match="ends at position"):
            await Place(shorter, settings).relay()


async def test_a_stream_holds_one_form(place: Place) -> None:
    """Who follows must know whether a name is a name."""
    await place.relay()
    with pytest.raises(CannotStream, match="holds veiled events"):
        await place.but(relay_opened=True).relay()


async def test_a_stream_that_an_operator_made_is_taken_as_it_is(place: Place) -> None:
    settings = place.settings
    async with place.streams() as streams:
        made = {"name": settings.relay_stream, "subjects": [f"{settings.relay_subject}.>"]}
        await streams.ensured({**made, "max_bytes": 50_000_000, "num_replicas": 1})
        await place.relay()
        info = await streams.info(settings.relay_stream)
    assert info is not None
    assert info["config"]["max_bytes"] == 50_000_000
    assert info["config"]["metadata"][FORM] == "veiled"
    assert info["config"]["metadata"][BEFORE] == "0"


async def test_more_replicas_than_servers_says_what_to_set(place: Place) -> None:
    with pytest.raises(CannotStream, match="TOCSIN_NATS_REPLICAS is 1"):
        await place.but(nats_replicas=3).relay()
