"""The intake on a real JetStream, before a real service: each message done once, and in order."""

import asyncio
from typing import Any

import pytest

from tests.jetstream.gate import Script, gate
from tests.jetstream.kit import until
from tests.jetstream.queueing import DISK, Queue, cloudevent
from tocsin.domain.incident.values import Status
from tocsin.jetstream.connecting import CannotStream
from tocsin.jetstream.consuming import Consumer, Part
from tocsin.jetstream.intake import Intake


async def test_an_alert_begins_an_incident_with_its_priority(queue: Queue) -> None:
    await queue.prepare()
    await queue.alert(service="storage", description="98 %", time="2026-03-02T08:00:00Z")

    await queue.taken_in()

    (incident,) = queue.incidents()
    assert (incident.title, incident.dedup_key, incident.services) == (
        "The disk is full",
        "disk-1",
        ("storage",),
    )
    assert incident.priority == 1
    assert incident.detected_at is not None
    assert queue.events() == ["incident.reported", "incident.logged", "incident.prioritised"]


async def test_acknowledge_and_resolve_follow_in_order(queue: Queue) -> None:
    await queue.prepare()
    await queue.alert()
    await queue.alert(action="acknowledge")
    await queue.alert(action="resolve")

    await queue.taken_in()

    (incident,) = queue.incidents()
    assert incident.status is Status.RESOLVED
    assert queue.events()[-2:] == ["incident.acknowledged", "incident.resolved"]


async def test_an_alert_finds_the_incident_that_an_earlier_batch_began(queue: Queue) -> None:
    """Nothing of the first one is in memory: the service knows whose key it is."""
    await queue.prepare()
    await queue.alert()
    await queue.taken_in()
    await queue.alert(action="resolve", resolution="Cleared by itself")
    await queue.taken_in()

    (incident,) = queue.incidents()
    assert incident.status is Status.RESOLVED


async def test_an_alarm_that_rings_again_after_its_end_is_another_incident(queue: Queue) -> None:
    await queue.prepare()
    for action in ("trigger", "resolve", "trigger"):
        await queue.alert(action=action)

    await queue.taken_in()

    assert [each.status for each in queue.incidents()] == [Status.RESOLVED, Status.NEW]


async def test_a_storm_of_one_alarm_is_asked_once(queue: Queue) -> None:
    await queue.prepare()
    for _ in range(30):
        await queue.alert()

    intake = await queue.taken_in()

    assert len(queue.incidents()) == 1
    assert intake.handler is not None
    assert intake.handler.tally.received == 30
    assert intake.handler.tally.folded == 29
    assert intake.asker.standing.commands == 2, "it was reported, and prioritised"


async def test_the_end_of_an_alarm_that_is_not_open_is_nothing(queue: Queue) -> None:
    await queue.prepare()
    await queue.alert(action="resolve")

    await queue.taken_in()

    assert (queue.events(), await queue.parked()) == ([], [])


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (({"Tocsin_Id": "a-1"}, DISK), ({"Tocsin_Id": "a-1"}, DISK)),
        (({}, {**DISK, "id": "a-2"}), ({}, {**DISK, "id": "a-2"})),
        (({}, cloudevent(DISK)), ({}, cloudevent(DISK))),
        (({"Nats_Msg_Id": "a-3"}, DISK), ({"Tocsin_Msg_Id": "a-3"}, DISK)),
        (
            ({"ce_id": "1", "ce_source": "https://x.example"}, DISK),
            ({"ce_id": "1", "ce_source": "https://x.example"}, DISK),
        ),
    ],
    ids=["header", "field", "cloudevent", "publication", "binary cloudevent"],
)
async def test_a_message_that_is_published_again_is_done_once(
    queue: Queue, first: Any, again: Any
) -> None:
    """Its alarm has ended in between, so that only its id can tell."""
    await queue.prepare()
    await queue.publish(first[1], key="disk-1", **first[0])
    await queue.taken_in()
    await queue.alert(action="resolve")
    await queue.taken_in()

    await queue.publish(again[1], key="disk-1", **again[0])
    intake = await queue.taken_in()

    assert len(queue.incidents()) == 1
    assert intake.handler is not None
    assert intake.handler.tally.commands["replayed"] > 0


async def test_commands_are_taken_in_as_well(queue: Queue) -> None:
    await queue.prepare()
    report = {"command": "report", "body": {"title": "Slow", "source": "monitoring"}}
    await queue.publish(report, "command")
    await queue.taken_in()
    (incident,) = queue.incidents()
    note = {"command": "note", "incident": incident.reference, "body": {"text": "Seen"}}
    await queue.publish(cloudevent(note), "command")
    await queue.taken_in()

    assert queue.events()[-1] == "incident.noted"


async def test_what_is_delivered_again_is_not_done_again(queue: Queue) -> None:
    """The acknowledgement was lost: the message comes to the next host as well."""
    await queue.prepare()
    await queue.publish(
        {"command": "report", "body": {"title": "X", "source": "monitoring"}}, "command"
    )
    async with queue.host() as intake:
        await until(lambda: intake.handler is not None)
        await until(lambda: len(queue.events()) == 2)
        async with queue.streams() as streams:
            for part in range(4):
                await streams.ask(f"CONSUMER.DELETE.{queue.settings.intake_stream}.intake-{part}")
        await queue.drained()
    assert len(queue.events()) == 2


def parts_of(intake: Intake) -> int:
    return 0 if intake.shares is None else len(intake.shares.held)


async def test_two_hosts_share_the_parts(queue: Queue) -> None:
    async with queue.host() as one, queue.host() as other:
        assert one.shares is not None
        assert other.shares is not None
        mine, theirs = one.shares.held, other.shares.held
        await until(lambda: len(mine) == len(theirs) == 2)
        assert set(mine).isdisjoint(theirs)
        for number in range(40):
            await queue.alert(dedup_key=f"disk-{number}")
        await queue.drained()
    assert len(queue.incidents()) == 40


async def test_a_host_takes_over_what_another_one_leaves(queue: Queue) -> None:
    async with queue.host() as one:
        async with queue.host() as other:
            await until(lambda: parts_of(other) > 0)
        await until(lambda: parts_of(one) == 4)
        await queue.alert()
        await queue.drained()
    assert len(queue.incidents()) == 1


async def test_what_was_begun_by_a_host_that_died_is_done_by_the_next(queue: Queue) -> None:
    """It is delivered at once, though nobody has said that the first one is gone."""
    await queue.prepare()
    await queue.alert()
    async with queue.streams() as streams:
        settings = queue.settings
        held = (await queue.waiting())[0].subject.split(".")[-2]
        part = Part(settings.intake_stream, settings.intake_subject, int(held))
        dead = Consumer(streams, part, 10)
        await dead.open()
        assert len(await dead.take()) == 1
        await dead.leave()
    await queue.taken_in()

    assert len(queue.incidents()) == 1


async def test_while_the_service_has_no_time_everything_waits_in_order(queue: Queue) -> None:
    away: Script = [(503, {}, {}), (0, {}, None), (429, {}, {})]
    await queue.prepare()
    for action in ("trigger", "acknowledge", "resolve"):
        await queue.alert(action=action)
    with gate(queue.service.url, away) as before:
        intake = await queue.but(intake_url=before.url).taken_in()

    assert intake.asker.standing.again == 3
    assert queue.events()[-2:] == ["incident.acknowledged", "incident.resolved"]
    assert await queue.parked() == []


async def test_what_is_refused_holds_up_its_own_key_only_until_it_is_parked(queue: Queue) -> None:
    refused = {"status": 409, "problem": {"code": "no", "detail": "No."}}
    await queue.prepare()
    await queue.alert()
    with gate(queue.service.url, [(200, {}, {"results": [refused]})] * 2) as before:
        await queue.but(intake_url=before.url).taken_in()

    assert [each.code for each in await queue.parked()] == ["no"]
    assert len(before.asked) == queue.settings.intake_tries == 2


async def test_without_a_service_nothing_is_lost_and_the_intake_says_so(queue: Queue) -> None:
    away = queue.but(intake_url="http://127.0.0.1:9", drain_seconds=0.2)
    await queue.prepare()
    await queue.alert()
    async with away.host() as intake:
        await until(lambda: "ConnectionRefused" in intake.ready)
    assert len(await queue.waiting()) == 1
    await queue.taken_in()
    assert len(queue.incidents()) == 1


async def test_a_key_that_opens_nothing_parks_nothing(queue: Queue) -> None:
    """It is no fault of the messages."""
    assert queue.settings.intake_key_file is not None
    token = queue.settings.intake_key_file.read_text()
    await queue.prepare()
    await queue.alert()
    async with queue.but(drain_seconds=0.2).host() as intake:
        queue.settings.intake_key_file.write_text("tocsin_wrong")
        await queue.alert(dedup_key="disk-2")
        await until(lambda: "401" in intake.ready)
        queue.settings.intake_key_file.write_text(token)
        await queue.drained()
    assert await queue.parked() == []
    assert len(queue.incidents()) == 2


async def test_without_an_api_key_it_says_how_to_make_one(queue: Queue) -> None:
    with pytest.raises(CannotStream, match="tocsin keys issue"):
        async with queue.but(intake_key_file=None).host():
            pass


async def test_a_stream_that_is_no_queue_of_ours_is_refused(queue: Queue) -> None:
    settings = queue.settings
    async with queue.streams() as streams:
        subjects = [f"{settings.intake_subject}.*.*"]
        await streams.ensured({"name": settings.intake_stream, "subjects": subjects})
    with pytest.raises(CannotStream, match="no queue of Tocsin"):
        async with queue.host():
            pass


async def test_a_message_at_which_hosts_end_again_and_again_is_parked(queue: Queue) -> None:
    """A host that dies leaves its consumer as it was; nothing else tells."""
    await queue.prepare()
    await queue.alert()
    await queue.alert(dedup_key="disk-2")
    async with queue.streams() as streams:
        settings = queue.settings
        held = (await queue.waiting())[0].subject.split(".")[-2]
        part = Part(settings.intake_stream, settings.intake_subject, int(held))
        for taken in range(queue.settings.intake_tries + 1):
            dead = Consumer(streams, part, 10)
            assert await dead.open() == taken
            await dead.leave()
    await queue.taken_in()

    (parked,) = await queue.parked()
    assert parked.code == "ended-the-intake"
    assert [each.dedup_key for each in queue.incidents()] == ["disk-2"]


async def test_a_host_that_is_told_to_stop_leaves_at_once(queue: Queue) -> None:
    async with queue.host():
        pass
    async with asyncio.timeout(5), queue.host() as intake:
        await until(lambda: parts_of(intake) == 4)
