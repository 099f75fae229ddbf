"""Messages that are odd in ways no sender means: taken in or parked, none holds others up."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest

from tests.jetstream.queueing import DISK, Queue

BARE = b"NATS/1.0\r\n\r\n"
DEEP = b"[" * 300 + b"]" * 300


@pytest.mark.parametrize(
    "instruction", ["Nats-Expected-Stream", "Nats-Expected-Last-Msg-Id", "nats-expected-stream"]
)
async def test_what_its_sender_told_the_queue_does_not_keep_it_from_being_parked(
    queue: Queue, instruction: str
) -> None:
    """Clients may name the stream that they mean. The stream of parked messages is another."""
    told = {instruction: queue.settings.intake_stream}
    await queue.prepare()
    if "Last" in instruction:
        await queue.publish(DISK, Nats_Msg_Id=queue.settings.intake_stream)
    await queue.publish(b"no JSON", **told)
    await queue.taken_in()

    (parked,) = await queue.parked()
    assert parked.code == "not-json"
    assert instruction not in parked.headers


async def test_what_is_nested_too_deeply_is_parked_alone(queue: Queue) -> None:
    """It can be read, but not written again."""
    await queue.prepare()
    await queue.publish(orjson.dumps(DISK)[:-1] + b',"description":' + DEEP + b"}")
    await queue.alert()
    await queue.taken_in()

    assert [each.code for each in await queue.parked()] == ["invalid"]
    assert len(queue.incidents()) == 1


async def test_a_key_that_is_no_text_holds_nobody_up(queue: Queue) -> None:
    """A server takes any bytes as a subject."""
    await queue.prepare()
    await raw(queue, f"{queue.settings.intake_subject}.alert.".encode() + b"z\xfcrich", DISK)
    await queue.taken_in()

    assert len(queue.incidents()) == 1


async def test_what_leaves_no_room_for_the_reason_is_parked_in_part(queue: Queue) -> None:
    """As large as the server takes a message, it can be no larger with a reason."""
    await queue.prepare()
    async with queue.streams() as streams:
        most = streams.client.max_payload
    await queue.publish(b"x" * most)
    await queue.taken_in()

    (parked,) = await queue.parked()
    assert parked.code == "too-large"
    assert f"of its {most} bytes are kept" in parked.reason
    assert most - 2_000 < len(parked.data) < most


@pytest.mark.parametrize("header", [b"a(b: 1", b"A: " + b"x" * 65_400, b"A\xff: 1", b"A: \xff"])
async def test_no_header_keeps_a_message_from_being_parked(queue: Queue, header: bytes) -> None:
    await queue.prepare()
    subject = f"{queue.settings.intake_subject}.alert.k".encode()
    await raw(queue, subject, {"id": "a", "songs": 1}, b"NATS/1.0\r\n%b\r\n\r\n" % header)
    await queue.taken_in()

    assert [each.code for each in await queue.parked()] == ["invalid"]


async def raw(queue: Queue, subject: bytes, content: Any, headers: bytes = BARE) -> None:
    """Publish under a subject that the library would not send."""
    place = urlsplit(queue.settings.nats_servers[0])
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    data = orjson.dumps(content)
    said = b'CONNECT {"verbose":false,"pedantic":false,"headers":true}\r\n'
    sizes = (subject, len(headers), len(headers + data), headers + data)
    writer.write(said + b"HPUB %b %d %d\r\n%b\r\nPING\r\n" % sizes)
    while await reader.readline() != b"PONG\r\n":
        pass
    writer.close()
    await writer.wait_closed()
