"""Hundreds of connections that send or read a byte a second: are they let go, and are those who
mean well all answered meanwhile?"""

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum, unique
from statistics import quantiles
from time import monotonic, sleep

from tests.faults.audit import audit
from tests.faults.probing import Probes, as_told
from tests.faults.service import Service
from tests.faults.trials import Result, Site, Trial
from tests.faults.wire import to

CLOSED_SECONDS = 15.0
"""By then each of them has been let go."""
WATCH_SECONDS = 40.0
"""How long one that is not is watched."""
BASELINE_SECONDS = 2.0
GOOD_CLIENTS = 8
EVENTS = 1_000
"""Of the page that is read slowly: more than the system takes for a reader with a small window."""
WINDOW_BYTES = 2_048
PACE_SECONDS = 1.0


@unique
class Kind(StrEnum):
    """What is slow."""

    HEADERS = "headers"
    BODY = "body"
    READING = "reading"


@dataclass
class Crawler:
    """One connection that does no harm but that it stays."""

    kind: Kind
    port: int
    token: str
    closed: float | None = None
    """Seconds after which the service had let it go."""
    _socket: socket.socket = field(init=False)

    def connect(self) -> int:
        """Begin, and return the local port by which the service knows it."""
        self._socket = socket.socket()
        if self.kind is Kind.READING:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW_BYTES)
        self._socket.connect(("127.0.0.1", self.port))
        self._socket.setblocking(False)
        self._socket.send(self._opening())
        return int(self._socket.getsockname()[1])

    def crawl(self) -> None:
        """One byte more."""
        with suppress(OSError):
            if self.kind is Kind.READING:
                self._socket.recv(1)
            else:
                self._socket.send(b"x")

    def close(self) -> None:
        """Go."""
        self._socket.close()

    def _opening(self) -> bytes:
        head = {
            Kind.HEADERS: "POST /incidents HTTP/1.1\r\nhost: 127.0.0.1\r\nx-slow: ",
            Kind.BODY: "POST /incidents HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 900\r\n"
            f"content-type: application/json\r\nauthorization: Bearer {self.token}\r\n\r\n",
            Kind.READING: f"GET /events?limit={EVENTS} HTTP/1.1\r\nhost: 127.0.0.1\r\n"
            f"authorization: Bearer {self.token}\r\n\r\n",
        }
        return head[self.kind].encode()


def crawling(site: Site, connections: int) -> Result:
    """So many at a time, a third of each kind, while others work."""
    (home := site.folder / "home").mkdir(mode=0o700)
    service = Service(home)
    try:
        service.start()
        probes = Probes(service, GOOD_CLIENTS)
        kinds = [*Kind] * (connections // len(Kind) + 1)
        crawlers = [
            Crawler(kind, service.settings.port, service.token) for kind in kinds[:connections]
        ]
        filled, began = asyncio.run(_siege(probes, crawlers))
        found = audit(service.settings, as_told(probes.heard))
    finally:
        service.stop()
    held = [each for each in crawlers if each.closed is None or each.closed > CLOSED_SECONDS]
    calm = [each.received - each.sent for each in probes.heard if filled <= each.sent < began]
    beset = [each.received - each.sent for each in probes.heard if each.sent >= began]
    before, during = _p99(calm), _p99(beset)
    return Result(
        connections,
        found.clean and not held and not probes.refused,
        found.acknowledged, len(found.lost), len(found.doubled), len(found.gaps),
        [each.closed for each in crawlers if each.closed is not None],
        f"{_told(crawlers)}; {len(held)} held longer than {CLOSED_SECONDS:.0f} s,"
        f" {len(probes.refused)} others refused, their p99 {during * 1_000:.0f} ms"
        f" instead of {before * 1_000:.0f} ms ({during / before:.1f} times)",
    )  # fmt: skip


def _told(crawlers: Sequence[Crawler]) -> str:
    worst = {
        kind: max(each.closed or WATCH_SECONDS for each in crawlers if each.kind is kind)
        for kind in Kind
    }
    return ", ".join(f"slow {kind} closed by {seconds:.1f} s" for kind, seconds in worst.items())


def _p99(seconds: Sequence[float]) -> float:
    return quantiles(seconds, n=100)[98]


async def _siege(probes: Probes, crawlers: Sequence[Crawler]) -> tuple[float, float]:
    """Work undisturbed for a while, then beset; return when each began."""
    stop = asyncio.Event()
    working = asyncio.create_task(probes.run(stop))
    await _fill(probes.service)
    filled = monotonic()
    await asyncio.sleep(BASELINE_SECONDS)
    began = monotonic()
    await asyncio.to_thread(_beset, probes.service, crawlers)
    stop.set()
    await working
    return filled, began


async def _fill(service: Service) -> None:
    """Make so many events that a page of them does not fit into what lies between two ends."""
    wire = to(service)
    report = {"description": "d" * 1_500, "source": "monitoring"}
    for half in range(2):
        titles = (f"Alarm {half}-{number}" for number in range(EVENTS // 4))
        commands = [{"command": "report", "body": {**report, "title": title}} for title in titles]
        answer = await wire.ask("POST", "/commands", {"commands": commands})
        assert answer.status == 200, answer.body
    wire.close()


def _beset(service: Service, crawlers: Sequence[Crawler]) -> None:
    """Crawl until all have been let go, as the service's own sockets tell."""
    began, (server, *_) = monotonic(), service.family()
    ours, taken = {crawler.connect(): crawler for crawler in crawlers}, dict[int, float]()
    try:
        while ours and monotonic() < began + WATCH_SECONDS:
            now = monotonic()
            open_there = {
                each.raddr.port
                for each in server.net_connections("tcp4")
                if each.raddr and each.status == "ESTABLISHED"
            }
            # One that is on its way in is nobody's yet: its time begins when the service has it.
            taken = dict.fromkeys(open_there, now) | taken
            for port in taken.keys() & ours.keys() - open_there:
                ours.pop(port).closed = now - taken[port]
            for crawler in ours.values():
                crawler.crawl()
            sleep(PACE_SECONDS)
    finally:
        for crawler in crawlers:
            crawler.close()


TRIALS = (Trial("T18", "slow headers, bodies and readers", crawling, 120, 500),)
