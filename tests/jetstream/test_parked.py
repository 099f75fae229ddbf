"""What cannot be taken in waits aside, with the reason, and can be taken in when it is gone."""

from typing import Any

import orjson
import pytest

from tests.jetstream.queueing import DISK, Queue, cloudevent
from tocsin.jetstream.connecting import CannotStream
from tocsin.jetstream.handling import Refusal
from tocsin.jetstream.incoming import Received
from tocsin.jetstream.parked import Lot, Parked

NOTE = {"command": "note", "incident": "INC0000001", "body": {"text": "Seen"}}


async def park(queue: Queue, content: Any, kind: str = "command", **headers: str) -> Parked:
    """Have the only message parked."""
    await queue.prepare()
    await queue.publish(content, kind, **headers)
    await queue.taken_in()
    (parked,) = await queue.parked()
    return parked


async def replayed(queue: Queue, parked: Parked) -> None:
    async with queue.streams() as streams:
        await Lot(streams, queue.settings).replay(parked)
    await queue.taken_in()


async def test_what_is_no_good_is_parked_as_it_came_with_the_reason(queue: Queue) -> None:
    """What cannot be read, what makes no sense, and what the service finds wrong or refuses."""
    await queue.prepare()
    bad: list[tuple[Any, str]] = [
        (b"\xff", "not-json"),
        ({**DISK, "action": "shout"}, "invalid"),
        ({**DISK, "title": "x" * 2_000}, "invalid"),
        ({**DISK, "time": "2999-01-01T00:00:00Z"}, "still-to-come"),
    ]
    for number, (content, _) in enumerate(bad):
        await queue.publish(content, key=f"{number}", Tocsin_Id=f"{number}")
    await queue.publish(NOTE, "command", key="4", Tocsin_Id="4")
    await queue.taken_in()

    found = sorted(await queue.parked(), key=lambda each: each.subject)
    assert [each.code for each in found] == [*(code for _, code in bad), "no-such-incident"]
    assert [each.headers["Tocsin-Id"] for each in found] == ["0", "1", "2", "3", "4"]
    assert found[0].data == b"\xff"
    assert "title" in found[2].reason
    assert found[4].subject == f"{queue.settings.intake_subject}.command.4"
    assert queue.events() == []


async def test_a_message_that_is_parked_again_after_a_break_is_there_once(queue: Queue) -> None:
    await queue.prepare()
    received = Received(7, "alert", "k", {}, b"?", "")
    async with queue.streams() as streams:
        lot = Lot(streams, queue.settings)
        for _ in range(2):
            await lot.park(received, "stream-1", None, "not-json", "No.")
    assert len(await queue.parked()) == 1


async def test_what_is_replayed_when_the_reason_is_gone_is_done(queue: Queue) -> None:
    parked = await park(queue, NOTE)
    await queue.alert()
    await queue.taken_in()

    await replayed(queue, parked)

    assert queue.events()[-1] == "incident.noted"
    assert await queue.parked() == []


async def test_what_is_replayed_twice_is_done_once(queue: Queue) -> None:
    """As when the machine dies between queueing it again and taking it out."""
    parked = await park(queue, NOTE)
    await queue.alert()
    await queue.taken_in()
    for moment in ("then", "later"):
        await replayed(queue, parked._replace(parked_at=moment))

    assert queue.events().count("incident.noted") == 1


async def test_what_is_still_no_good_is_parked_again(queue: Queue) -> None:
    parked = await park(queue, NOTE, Nats_Msg_Id="m-1")
    await replayed(queue, parked)

    (again,) = await queue.parked()
    assert (again.code, again.data) == (parked.code, parked.data)
    assert again.headers["Tocsin-Msg-Id"] == "m-1"
    assert again.number != parked.number


async def test_the_next_repetition_counts_when_the_first_is_no_good(queue: Queue) -> None:
    """A wrong alert does not take those down that were folded into it."""
    await queue.prepare()
    await queue.alert(source="a dream")
    await queue.alert()
    await queue.taken_in()

    assert len(queue.incidents()) == 1
    assert [each.code for each in await queue.parked()] == ["invalid"]


async def test_one_that_is_not_parked_is_not_found(queue: Queue) -> None:
    await queue.prepare()
    async with queue.streams() as streams:
        with pytest.raises(CannotStream, match="Nothing is parked under 3"):
            await Lot(streams, queue.settings).one(3)


async def test_the_content_is_kept_to_the_byte(queue: Queue) -> None:
    content = orjson.dumps({**DISK, "colour": "ünïcode ☂"}) + b"  \n"
    parked = await park(queue, content, "alert")
    assert parked.data == content


REPORT = {"command": "report", "id": "r-1", "body": {"title": "Slow", "source": "monitoring"}}


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (REPORT, {}),
        (cloudevent({**REPORT, "id": ""}), {}),
        ({**REPORT, "id": ""}, {"Traceparent": "00-1-2-3"}),
    ],
    ids=["field", "cloudevent", "place"],
)
async def test_what_was_done_before_hosts_ended_at_it_is_not_done_when_it_is_replayed(
    queue: Queue, content: Any, headers: dict[str, str]
) -> None:
    """It was recorded, and never acknowledged."""
    await queue.prepare()
    place = await queue.publish(content, "command", **headers)
    intake = await queue.taken_in()
    received = Received(place, "command", "k", headers, orjson.dumps(content), "")
    assert intake.handler is not None
    async with queue.streams() as streams:
        lot = Lot(streams, queue.settings)
        intake.handler._lot = lot
        await intake.handler.park(received, None, Refusal("ended-the-intake", "So often."))
    await replayed(queue, (await queue.parked())[0])

    assert len(queue.incidents()) == 1


async def test_when_the_parked_are_thrown_away_with_their_stream_it_is_made_anew(
    queue: Queue,
) -> None:
    """The intake goes on, and the next bad message holds nobody up."""
    async with queue.host() as intake:
        async with queue.streams() as streams:
            await streams.ask(f"STREAM.DELETE.{queue.settings.parked_stream}")
        await queue.publish(b"?")
        await queue.drained(intake)
    assert len(await queue.parked()) == 1
