"""One tailing reader in a process of its own: what it saw of the log, and whether in order.

Started as a program with its settings in the environment. It follows the log until it is told on
its input at which position to stop, and then says what it saw.
"""

import asyncio
import json
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson

from tests.faults.wire import BROKEN, LATER, Connection, Wire
from tocsin.settings import Settings
from tocsin.store.entries import StoreUnavailable
from tocsin.store.log import Log

PAGE = 1_000
IDLE_SECONDS = 0.005
WAIT_SECONDS = 1
Met = tuple[int, UUID, int, UUID]
"""Position, stream, version, and command of an event."""


@dataclass
class Sight:
    """What somebody saw who read the log from its beginning."""

    last: int = 0
    gaps: list[str] = field(default_factory=list)
    _versions: dict[UUID, int] = field(default_factory=dict)
    _hash: Any = field(default_factory=sha256)

    def see(self, events: Iterable[Met]) -> None:
        """Take note of what came next."""
        for position, stream, version, command in events:
            known = self._versions.get(stream, 0)
            if position != self.last + 1:
                self.gaps.append(f"position {position} came after {self.last}")
            if version != known + 1:
                self.gaps.append(f"version {version} of {stream} came after {known}")
            self.last, self._versions[stream] = position, version
            self._hash.update(b"%d %b %d %b\n" % (position, stream.bytes, version, command.bytes))

    @property
    def digest(self) -> str:
        """Of all that it saw, in the order in which it saw it."""
        return str(self._hash.hexdigest())

    @property
    def told(self) -> dict[str, Any]:
        return {"last": self.last, "gaps": self.gaps[:20], "digest": self.digest}


def raw(body: bytes) -> Met:
    """A stored event."""
    known = orjson.loads(body)
    stream, command = UUID(known["stream"]), UUID(known["command_id"])
    return known["position"], stream, known["version"], command


class End:
    """Where to stop, as soon as somebody says so."""

    def __init__(self) -> None:
        self.position = float("inf")
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        self.position = int(sys.stdin.readline() or 0)


def pages(log: Log, after: int, kind: str) -> list[Met]:
    """The next page, decoded or as it is stored."""
    if kind == "raw":
        return [raw(body) for _, body in log.raw_page(after, PAGE)]
    return [(e.position, e.stream, e.version, e.command_id) for e in log.page(after, PAGE)]


def follow(settings: Settings, kind: str, sight: Sight, end: End) -> None:
    """Read the log itself, whatever becomes of the session."""
    with closing(Log.open(settings, veiled=kind == "raw")) as log:
        while sight.last < end.position:
            page: list[Met] = []
            with suppress(StoreUnavailable):
                page = pages(log, sight.last, kind)
            sight.see(page)
            if len(page) < PAGE:
                time.sleep(IDLE_SECONDS)


async def listen(ports: list[int], token: str, sight: Sight, end: End) -> None:
    """Read the feed over HTTP; where one server does not answer, ask another."""
    wires = [Wire(Connection(port, token)) for port in ports]
    for wire in _in_turn(wires):
        with suppress(*BROKEN):
            while sight.last < end.position:
                path = f"/events?after={sight.last}&limit={PAGE}&wait={WAIT_SECONDS}&stored=true"
                answer = await wire.ask("GET", path)
                if answer.status in LATER:
                    break
                assert answer.status == 200, answer.body
                items = answer.fields["items"]
                sight.see(
                    (e["position"], UUID(e["stream"]), e["version"], UUID(e["command_id"]))
                    for e in items
                )
        if sight.last >= end.position:
            return
        await asyncio.sleep(IDLE_SECONDS)


def _in_turn(wires: list[Wire]) -> Iterator[Wire]:
    while True:
        yield from wires


def main(kind: str, token: str, ports: list[int]) -> None:
    """Follow, and tell."""
    sight, end = Sight(), End()
    if kind == "feed":
        asyncio.run(listen(ports, token, sight, end))
    else:
        follow(Settings.from_environment(), kind, sight, end)
    sys.stdout.write(json.dumps(sight.told))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], [int(port) for port in sys.argv[3:]])
