"""The load of `mix.lua` without a network: requests into a protocol, answers out of it."""

import asyncio
import re
from collections import deque
from collections.abc import Callable
from typing import Any

import uvicorn
from uvicorn.server import ServerState

REPORT = (
    b'{"title":"Mail does not arrive","description":"Nothing since 08:10.","source":"user-report",'
    b'"reporter":"ann","services":["mail"],"users":["ann","ben"]}'
)
RESOLVE = b'{"resolution_code":"fixed","resolution":"Restarted the queue runner."}'
NEXT = (
    (b'"incident.reported"', b"acknowledge", b"{}"),
    (b'"did":"reported"', b"acknowledge", b"{}"),
    (b'"incident.acknowledged"', b"resolve", RESOLVE),
    (b'"did":"acknowledged"', b"resolve", RESOLVE),
)
LENGTH = re.compile(rb"content-length: (\d+)")


class Wire(asyncio.Transport):
    """Whatever is written comes to `heard`, an answer at a time."""

    def __init__(self, heard: Callable[[bytes, bytes], None]) -> None:
        super().__init__()
        self._heard, self._said = heard, b""

    def write(self, data: Any) -> None:
        """Take a part of an answer."""
        self._said += data
        head, _, body = self._said.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        if length is not None and len(body) == int(length[1]):
            self._said = b""
            self._heard(head, body)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Nothing is known of the other end."""
        return default

    def is_closing(self) -> bool:
        """It is always open."""
        return False

    def close(self) -> None:
        """It is always open."""

    def pause_reading(self) -> None:
        """Nothing comes by itself."""

    def resume_reading(self) -> None:
        """Nothing comes by itself."""


class Callers:
    """So many connections, each of which sends a request as soon as it has its answer."""

    def __init__(self, config: uvicorn.Config, key: str) -> None:
        if not config.loaded:
            config.load()
        self._config, self._key = config, key.encode()
        self._due: deque[tuple[bytes, bytes]] = deque()
        self._left = self._awaited = 0
        self._over = asyncio.Event()

    async def ask(self, connections: int, requests: int) -> None:
        """Send so many requests, and wait for all answers.

        Raises:
            RuntimeError: one of them was no success.
        """
        self._left = self._awaited = requests
        self._over.clear()
        for _ in range(connections):
            self._connect()
        await self._over.wait()

    def _connect(self) -> None:
        state, loop = ServerState(), asyncio.get_running_loop()
        protocol: Any = self._config.http_protocol_class(self._config, state, {}, loop)  # type: ignore[operator]

        def send() -> None:
            if self._left:
                self._left -= 1
                protocol.data_received(self._request())

        def heard(head: bytes, body: bytes) -> None:
            if not head.startswith(b"HTTP/1.1 20"):
                raise RuntimeError(head.decode())
            self._follow(body)
            self._awaited -= 1
            if not self._awaited:
                self._over.set()
            loop.call_soon(send)

        protocol.connection_made(Wire(heard))
        loop.call_soon(send)

    def _follow(self, body: bytes) -> None:
        start = body.index(b'"incident_id":"') + 15
        for said, word, then in NEXT:
            if said in body:
                self._due.append((b"/incidents/%b/%b" % (body[start : start + 36], word), then))
                return

    def _request(self) -> bytes:
        path, body = self._due.popleft() if self._due else (b"/incidents", REPORT)
        return (
            b"POST %b HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nAuthorization: Bearer %b\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
        ) % (path, self._key, len(body), body)
