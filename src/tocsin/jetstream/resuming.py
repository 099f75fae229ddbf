"""Where a stream of events ends: read from the stream itself, and from nowhere else.

The position stands in the header of the last message. When all messages have expired, it follows
from the stream's last sequence: only the relay writes there, so that the two run in step.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from tocsin.jetstream.connecting import CannotStream
from tocsin.jetstream.messages import LEAF, LOG, POSITION, Writer
from tocsin.jetstream.streams import Streams, age
from tocsin.settings import Settings

BEFORE: Final = "tocsin-positions-before-sequence-0"
FORM: Final = "tocsin-form"
OPENED, VEILED = "opened", "veiled"
DUPLICATES_SECONDS: Final = 120


class End(NamedTuple):
    """Where a stream ends."""

    sequence: int
    position: int


async def prepared(streams: Streams, settings: Settings, after: int) -> None:
    """Make the stream if it is not there, to begin after a position.

    Raises:
        CannotStream: there is one that does not fit.
    """
    name = settings.relay_stream
    form = OPENED if settings.relay_opened else VEILED
    info = await streams.ensured(
        {
            "name": name,
            "description": "Tocsin: every event of the log, once and in order.",
            "subjects": [f"{settings.relay_subject}.>"],
            "retention": "limits",
            "max_age": age(settings.relay_days),
            "num_replicas": settings.nats_replicas,
            "duplicate_window": DUPLICATES_SECONDS * 1_000_000_000,
            "deny_purge": False,
            "metadata": {BEFORE: str(after), FORM: form},
        }
    )
    metadata = info["config"].get("metadata", {})
    there = metadata.get(FORM)
    if there not in (None, form):
        raise CannotStream(
            f"The stream {name} holds {there} events; these would be {form}. Set"
            f" TOCSIN_RELAY_OPENED={there == OPENED}, or another TOCSIN_RELAY_STREAM with a"
            " subject of its own."
        )
    if there is None or BEFORE not in metadata:
        begins = metadata.get(BEFORE, str(after - info["state"]["last_seq"]))
        await streams.mark(info, **{BEFORE: begins, FORM: form})


async def end(streams: Streams, settings: Settings, writer: Writer, head: int) -> End:
    """Where the stream ends now.

    Raises:
        CannotStream: what is in it does not come from this log as it is.
        StreamAway: nobody answers.
    """
    name = settings.relay_stream
    info = await streams.info(name)
    if info is None:
        raise CannotStream(f"The stream {name} was deleted: start again to make it anew.")
    sequence = int(info["state"]["last_seq"])
    metadata = info["config"].get("metadata", {})
    before = int(metadata.get(BEFORE, 0))
    last = await streams.last(name, f"{settings.relay_subject}.>")
    if last is None:
        return _checked(End(sequence, sequence + before), head, name)
    position = _position(last.headers, writer, name)
    _checked(End(sequence, position), head, name)
    if writer.leaf(position) != last.headers.get(LEAF):
        raise CannotStream(
            f"Event {position} in the stream {name} is not event {position} of this log: the log"
            " was restored from an older copy and went on. Relay to a new stream, and tell those"
            " who follow."
        )
    if last.sequence == sequence and position - sequence != before:
        await streams.mark(info, **{BEFORE: str(position - sequence)})
    return End(sequence, position)


def _position(headers: Mapping[str, Any], writer: Writer, name: str) -> int:
    log = writer.origin.rpartition(":")[2]
    if headers.get(LOG) != log or not headers.get(POSITION, "").isdigit():
        whose = f"log {headers[LOG]}" if LOG in headers else "somebody else"
        raise CannotStream(
            f"The last message of the stream {name} comes from {whose}, not from this log ({log})."
            " Only its relay may write there: set another TOCSIN_RELAY_STREAM and"
            " TOCSIN_RELAY_SUBJECT, or delete what does not belong there."
        )
    return int(headers[POSITION])


def _checked(found: End, head: int, name: str) -> End:
    if found.position > head:
        raise CannotStream(
            f"The stream {name} ends at position {found.position}, this log at {head}: the log was"
            " restored from an older copy, or the stream is another log's."
        )
    return found
