"""Streams as JetStream's own API has them: looked at, made, and changed by small requests.

The configuration is passed on as the server tells it, so that what an operator has set, and what
newer servers know, stays as it is.
"""

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from tocsin.jetstream.connecting import CannotStream

if TYPE_CHECKING:
    from nats.aio.client import Client

SECONDS: Final = 5.0
"""That one request may take. The election of a leader takes 4 to 9."""
NANOSECONDS: Final = 1_000_000_000
DAY: Final = 86_400
AWAY: Final = 2.0
"""Pause while nobody leads a stream: an election takes a few seconds."""
NO_STREAM, NO_CONSUMER, NO_MESSAGE = 10_059, 10_014, 10_037
WRONG_SEQUENCE, WRONG_SUBJECT_SEQUENCE = 10_071, 10_164
WRONG_LAST: Final = frozenset({WRONG_SEQUENCE, WRONG_SUBJECT_SEQUENCE})
"""Somebody else was first."""
MSG_ID, EXPECTED, EXPECTED_OF_SUBJECT = (
    "Nats-Msg-Id",
    "Nats-Expected-Last-Sequence",
    "Nats-Expected-Last-Subject-Sequence",
)


class StreamAway(Exception):
    """Nobody answers for a stream at the moment: a server is down, or a leader is being elected."""


class ApiRefused(Exception):
    """JetStream says no."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        super().__init__(str(said.get("description", "no reason given")))
        self.code, self.number = said.get("code", 0), said.get("err_code", 0)


class Held(NamedTuple):
    """One message of a stream."""

    sequence: int
    subject: str
    headers: Mapping[str, str]
    data: bytes
    time: str


class Streams:
    """The streams of one account, over one connection."""

    def __init__(self, client: "Client", seconds: float = SECONDS) -> None:
        """One request may take so many seconds."""
        self.client, self._seconds = client, seconds

    async def ask(self, subject: str, body: Any = None) -> dict[str, Any]:
        """What the API answers.

        Raises:
            StreamAway: nothing, in time.
            ApiRefused: no.
        """
        asked = b"" if body is None else orjson.dumps(body)
        return await self._answer(f"$JS.API.{subject}", asked, None)

    async def store(
        self, subject: str, data: bytes, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Publish one message, and return how it was acknowledged: `seq`, and whether `duplicate`.

        Raises:
            StreamAway: it is not known whether it was stored.
            ApiRefused: it was not.
        """
        return await self._answer(subject, data, headers)

    async def _answer(
        self, subject: str, data: bytes, headers: Mapping[str, str] | None
    ) -> dict[str, Any]:
        from nats.errors import Error

        told = dict(headers) if headers else None
        try:
            message = await self.client.request(subject, data, timeout=self._seconds, headers=told)
        except (Error, OSError, TimeoutError) as error:
            raise StreamAway(str(error) or type(error).__name__) from error
        answer: dict[str, Any] = orjson.loads(message.data)
        if "error" in answer:
            if answer["error"].get("code") == 503:
                raise StreamAway(str(answer["error"].get("description")))
            raise ApiRefused(answer["error"])
        return answer

    async def info(self, stream: str, **asked: Any) -> dict[str, Any] | None:
        """What a stream says of itself; none when it is not there."""
        try:
            return await self.ask(f"STREAM.INFO.{stream}", asked or None)
        except ApiRefused as refused:
            if refused.number == NO_STREAM:
                return None
            raise

    async def ensured(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """A stream as it is, made if it is not there.

        Raises:
            CannotStream: it cannot be made.
            StreamAway: nobody answers.
        """
        name = wanted["name"]
        if found := await self.info(name):
            return found
        try:
            return await self.ask(f"STREAM.CREATE.{name}", {"storage": "file", **wanted})
        except ApiRefused as refused:
            if found := await self.info(name):
                return found  # another of ours was faster
            replicas = wanted.get("num_replicas")
            raise CannotStream(
                f"The stream {name} with {replicas} replicas cannot be made: {refused}."
                " TOCSIN_NATS_REPLICAS is 1 for a server alone."
            ) from refused

    async def mark(self, info: Mapping[str, Any], **marks: str) -> None:
        """Write something beside a stream, in its metadata."""
        configuration = info["config"]
        metadata = {**configuration.get("metadata", {}), **marks}
        name = configuration["name"]
        await self.ask(f"STREAM.UPDATE.{name}", {**configuration, "metadata": metadata})

    async def last(self, stream: str, subject: str) -> Held | None:
        """The last message under a subject (with wildcards), as the stream's leader has it."""
        return await self._get(stream, {"last_by_subj": subject})

    async def next(self, stream: str, subject: str, sequence: int) -> Held | None:
        """The first message under a subject from a sequence on."""
        return await self._get(stream, {"seq": sequence, "next_by_subj": subject})

    async def _get(self, stream: str, which: Mapping[str, Any]) -> Held | None:
        try:
            answer = await self.ask(f"STREAM.MSG.GET.{stream}", which)
        except ApiRefused as refused:
            if refused.number == NO_MESSAGE:
                return None
            raise
        found = answer["message"]
        headers = headers_of(base64.b64decode(found.get("hdrs", "")))
        data = base64.b64decode(found.get("data", ""))
        return Held(found["seq"], found["subject"], headers, data, found["time"])

    async def remove(self, stream: str, sequence: int) -> None:
        """Delete one message. One that is not there any more is no trouble."""
        try:
            await self.ask(f"STREAM.MSG.DELETE.{stream}", {"seq": sequence, "no_erase": True})
        except ApiRefused as refused:
            if refused.code != 404 and refused.number not in (NO_MESSAGE, 10_057):
                raise


def headers_of(raw: bytes) -> dict[str, str]:
    """Headers as they are stored."""
    lines = raw.decode(errors="replace").split("\r\n")[1:]
    pairs = (line.partition(":") for line in lines if line)
    return {name.strip(): value.strip() for name, _, value in pairs}


def age(days: float) -> int:
    """So many days, as a configuration has them."""
    return round(days * DAY * NANOSECONDS)
