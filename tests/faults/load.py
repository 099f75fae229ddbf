"""Clients that never give up: each sends a command with its key again until it is answered."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any
from uuid import UUID

from tests.faults.service import Service
from tocsin.http.headers import command_id

ANSWER_SECONDS = 30.0
"""After so long without an answer a client asks again, on a new connection."""
PAUSE_SECONDS = 0.03
GIVE_UP_SECONDS = 90.0
OWNER = "load"
LATER = (429, 503)


@dataclass(frozen=True)
class Told:
    """A command, and the answer that somebody has heard."""

    key: str
    path: str
    body: dict[str, Any]
    status: int
    answer: bytes
    replayed: bool
    attempts: int

    @property
    def command_id(self) -> UUID:
        return command_id(OWNER, self.key.encode())

    @property
    def fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = json.loads(self.answer)
        return fields


class Client:
    """One connection at a time, and a new one whenever it breaks."""

    def __init__(self, service: Service) -> None:
        self._port, self._token = service.settings.port, service.token
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def tell(self, key: str, path: str, body: dict[str, Any]) -> Told:
        """Send a command until it is answered."""
        async with asyncio.timeout(GIVE_UP_SECONDS):
            for attempt in count(1):
                with suppress(OSError, EOFError, TimeoutError):
                    async with asyncio.timeout(ANSWER_SECONDS):
                        status, headers, answer = await self._post(key, path, body)
                    if status not in LATER:
                        replayed = b"idempotency-replayed" in headers.lower()
                        return Told(key, path, body, status, answer, replayed, attempt)
                    await asyncio.sleep(PAUSE_SECONDS)
                    continue
                self.close()
                await asyncio.sleep(PAUSE_SECONDS)
        raise AssertionError("unreachable")

    async def _post(self, key: str, path: str, body: dict[str, Any]) -> tuple[int, bytes, bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        content = json.dumps(body).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {self._token}\r\n"
            f"idempotency-key: {key}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(content)}\r\n\r\n"
        )
        writer.write(head.encode() + content)
        await writer.drain()
        headers = await reader.readuntil(b"\r\n\r\n")
        length = int(headers.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        answer = await reader.readexactly(length)
        if b"connection: close" in headers.lower():
            self.close()
        return int(headers.split(b" ", 2)[1]), headers, answer

    def close(self) -> None:
        """Let go of the connection."""
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None


@dataclass
class Load:
    """Clients that report, note, acknowledge and resolve, each command with a key of its own."""

    service: Service
    clients: int = 16
    seed: int = 1
    pause: float = 0.0
    """Seconds between two commands of a client."""
    heard: list[Told] = field(default_factory=list)
    changed_their_mind: list[str] = field(default_factory=list)
    """Keys whose second answer was not the first one."""
    news: asyncio.Event = field(default_factory=asyncio.Event)
    """Set whenever somebody is answered."""

    async def run(self, stop: asyncio.Event) -> None:
        """Go on until told to stop; then wait until everybody has been answered."""
        async with asyncio.TaskGroup() as group:
            for name in range(self.clients):
                group.create_task(self._client(name, stop))

    async def _client(self, name: int, stop: asyncio.Event) -> None:
        client, chance = Client(self.service), Random(f"{self.seed} {name}")
        mine: list[Told] = []
        try:
            for key, path, body in self._incidents(f"{self.seed}-{name}", mine):
                if stop.is_set():
                    break
                told = await client.tell(key, path, body)
                self.heard.append(told)
                self.news.set()
                mine.append(told)
                if chance.random() < 0.1:
                    await self._ask_again(client, chance.choice(mine))
                await asyncio.sleep(self.pause)
        finally:
            client.close()

    async def _ask_again(self, client: Client, before: Told) -> None:
        again = await client.tell(before.key, before.path, before.body)
        if (again.status, again.answer) != (before.status, before.answer):
            self.changed_their_mind.append(before.key)

    def _incidents(self, name: str, mine: list[Told]) -> Iterator[tuple[str, str, dict[str, Any]]]:
        keys = (f"{name}-{n}" for n in count())
        while True:
            key = next(keys)
            yield key, "/incidents", {"title": f"Alarm {key}", "source": "monitoring"}
            incident = f"/incidents/{mine[-1].fields['incident_id']}"
            for path in ("note", "acknowledge", "note", "resolve"):
                key = next(keys)
                body: dict[str, Any] = {"text": f"Note {key}"} if path == "note" else {}
                if path == "resolve":
                    body = {"resolution_code": "fixed", "resolution": f"Solved by {key}."}
                yield key, f"{incident}/{path}", body
