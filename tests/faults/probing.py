"""Clients that ask once and take no for an answer, but note when, and what they were told."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from time import monotonic

from tests.faults.audit import Audit, audit
from tests.faults.load import Told
from tests.faults.service import Service
from tests.faults.storm import caught_up
from tests.faults.wire import BROKEN, Answer, to
from tests.faults.wire import told as told_at_last

REFUSED_SECONDS = 0.02
"""Who was refused comes back with something else after so long."""
AGAIN = 50
"""So many of those who were refused ask once more when all is over."""
PROBLEM = b"application/problem+json"
REPORTS = "/incidents"


@dataclass(frozen=True)
class Heard:
    """One report, and what was answered, when."""

    key: str
    sent: float
    received: float
    answer: Answer | None
    """None when there was no answer at all."""

    @property
    def acknowledged(self) -> bool:
        return self.answer is not None and self.answer.status < 400

    @property
    def in_order(self) -> bool:
        """Whether it is an acknowledgement, or a no as it has to be: why, and when to come back."""
        if self.answer is None or self.acknowledged:
            return self.answer is not None
        headers = self.answer.headers
        return self.answer.status in (503, 507) and PROBLEM in headers and b"retry-after" in headers


def body_of(key: str) -> dict[str, str]:
    """What is reported under a key."""
    return {"title": f"Alarm {key}", "source": "monitoring"}


@dataclass
class Probes:
    """Clients that report, each report with a key of its own."""

    service: Service
    clients: int = 16
    heard: list[Heard] = field(default_factory=list)
    _keys: Iterator[int] = field(default_factory=count)

    async def run(self, stop: asyncio.Event) -> None:
        """Go on until told to stop."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self.clients):
                group.create_task(self._client(stop))

    async def _client(self, stop: asyncio.Event) -> None:
        wire = to(self.service)
        while not stop.is_set():
            key, sent, answer = f"probe-{next(self._keys)}", monotonic(), None
            with suppress(*BROKEN):
                answer = await wire.ask("POST", REPORTS, body_of(key), {"idempotency-key": key})
            self.heard.append(heard := Heard(key, sent, monotonic(), answer))
            if not heard.acknowledged:
                await asyncio.sleep(REFUSED_SECONDS)
        wire.close()

    @property
    def acknowledged(self) -> list[Heard]:
        return [heard for heard in self.heard if heard.acknowledged]

    @property
    def refused(self) -> list[Heard]:
        return [heard for heard in self.heard if not heard.acknowledged]

    async def until(self, acknowledged: int, seconds: float = 60.0) -> None:
        """Wait until so many were acknowledged."""
        ends = monotonic() + seconds
        while len(self.acknowledged) < acknowledged:
            assert monotonic() < ends, f"{len(self.acknowledged)} acknowledged after {seconds} s"
            await asyncio.sleep(0.02)


async def asked_again(service: Service, refused: Iterable[Heard]) -> list[Told]:
    """Send what was refused once more, until it is answered: what came of it at last."""
    wire = to(service)
    found = []
    for each in refused:
        answer = await told_at_last(wire, "POST", REPORTS, body_of(each.key), each.key, 0.05)
        found.append(_told(each.key, answer))
    wire.close()
    return found


def audited(probes: Probes, service: Service) -> Audit:
    """What a service has on record when all is over, and some of the refused have asked again."""
    again = asyncio.run(asked_again(service, probes.refused[:AGAIN]))
    caught_up(service)
    return audit(service.settings, [*as_told(probes.heard), *again])


def as_told(heard: Iterable[Heard]) -> list[Told]:
    """What was acknowledged, for an audit."""
    return [_told(each.key, each.answer) for each in heard if each.answer and each.acknowledged]


def _told(key: str, answer: Answer) -> Told:
    return Told(key, REPORTS, body_of(key), answer.status, answer.body, answer.replayed, 1)
