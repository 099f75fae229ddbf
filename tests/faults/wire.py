"""A connection to the service, on which nothing is ever tried again: what failed is told."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import httpx

from tests.faults.service import Service

ANSWER_SECONDS = 30.0
BROKEN = (OSError, EOFError, TimeoutError)
"""What asking raises when there is no answer: nobody knows whether it was heard."""
LATER = (429, 503)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered."""

    status: int
    headers: bytes
    """In small letters."""
    body: bytes

    @property
    def fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = json.loads(self.body)
        return fields

    @property
    def replayed(self) -> bool:
        return b"idempotency-replayed" in self.headers


class Asks(Protocol):
    """Whoever can be asked as the service is."""

    async def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Send a request once.

        Raises:
            OSError, EOFError, TimeoutError: there is no answer.
        """
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


class Connection(NamedTuple):
    """Where a service is, and who asks."""

    port: int
    token: str


def to(service: Service) -> "Wire":
    """A connection to a service of the test's own."""
    return Wire(Connection(service.settings.port, service.token))


class Wire:
    """One connection at a time to a service in another process."""

    def __init__(self, connection: Connection) -> None:
        self._port, self._token = connection
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Send a request once."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._ask(method, path, body, headers or {})
        except BaseException:
            self.close()
            raise

    async def _ask(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Answer:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        content = b"" if body is None else json.dumps(body).encode()
        lines = [
            f"{method} {path} HTTP/1.1",
            "host: 127.0.0.1",
            f"authorization: Bearer {self._token}",
            "content-type: application/json",
            f"content-length: {len(content)}",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0] or 0)
        answer = Answer(int(head.split(b" ", 2)[1]), head, await reader.readexactly(length))
        if b"connection: close" in head:
            self.close()
        return answer

    def close(self) -> None:
        """Let go of the connection."""
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None


class Inside:
    """A service in this very event loop, asked without a network."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Send a request once."""
        answer = await self._client.request(method, path, json=body, headers=headers)
        told = b"\r\n".join(b"%b: %b" % (name.lower(), v) for name, v in answer.headers.raw)
        return Answer(answer.status_code, told, answer.content)

    def close(self) -> None:
        """Nothing is held."""


async def told(asks: Asks, method: str, path: str, body: Any, key: str, pause: float) -> Answer:
    """Send a command with its key again and again, until it is answered."""
    while True:
        with suppress(*BROKEN):
            answer = await asks.ask(method, path, body, {"idempotency-key": key})
            if answer.status not in LATER:
                return answer
        await asyncio.sleep(pause)


Connects = Callable[[], Asks]
"""Makes a connection of a client's own."""
