"""Clients that work on a few incidents together, and note down when they asked and what they heard.

They report, note, acknowledge, look, and ask again; a connection that breaks is followed by
another try, or by a client that never learns what became of its command.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random
from time import monotonic
from typing import Any
from uuid import UUID

from tests.faults.linearity import Act, Heard, chain
from tests.faults.wire import BROKEN, LATER, Answer, Asks, Connects
from tocsin.http.headers import command_id

OWNER = "load"
ABREAST = 8
"""Incidents that are worked on at a time: few, so that clients meet."""
ACTS = 120
"""Of each incident, before another one takes its place: its history fits one page."""
PAGE = 200
GIVES_UP = 0.4
"""How often a client whose connection broke does not ask again."""
PAUSE_SECONDS = 0.05


@dataclass(eq=False)
class Shared:
    """An incident that several clients work on."""

    incident: UUID
    version: int
    acts: int = 0
    answered: "deque[tuple[str, str, Any, Act]]" = field(default_factory=lambda: deque(maxlen=20))
    """Key, path, body and act of commands that are asked again now and then."""

    @property
    def path(self) -> str:
        return f"/incidents/{self.incident}"


@dataclass
class Crowd:
    """All clients of one trial, and what they heard."""

    connects: Sequence[Connects]
    """One for each server."""
    clients: int
    operations: int
    seed: int
    patient: bool = False
    """Whether they go on until somebody says that it is enough, however much they asked."""
    acts: list[Act] = field(default_factory=list)
    open: list[Shared] = field(default_factory=list)

    async def run(self) -> list[Act]:
        """Go on until so many operations were asked."""
        keys = count()
        async with asyncio.TaskGroup() as group:
            for name in range(self.clients):
                asks = self.connects[name % len(self.connects)]()
                group.create_task(Client(self, asks, Random(f"{self.seed} {name}"), keys).work())
        return self.acts


class Client:
    """One of them."""

    def __init__(self, crowd: Crowd, asks: Asks, chance: Random, keys: "count[int]") -> None:
        self._crowd, self._asks, self._chance, self._keys = crowd, asks, chance, keys

    async def work(self) -> None:
        """Ask one thing after the other."""
        crowd = self._crowd
        try:
            while len(crowd.acts) < crowd.operations or crowd.patient:
                await self._one()
        finally:
            self._asks.close()

    async def _one(self) -> None:
        crowd, chance = self._crowd, self._chance
        if len(crowd.open) < ABREAST:
            await self._report()
            return
        shared = chance.choice(crowd.open)
        shared.acts += 1
        if shared.acts >= ACTS and shared in crowd.open:
            crowd.open.remove(shared)
        match chance.choices(("note", "seen", "acknowledge", "look", "history", "again"),
                             (50, 6, 6, 16, 16, 6))[0]:  # fmt: skip
            case "note":
                await self._note(shared)
            case "seen":
                await self._note(shared, seen=shared.version)
            case "acknowledge":
                await self._command(shared, "acknowledge", {})
            case "look":
                await self._look(shared)
            case "history":
                await self._history(shared)
            case _ if shared.answered:
                await self._again(shared)

    async def _report(self) -> None:
        key, called = self._key(), monotonic()
        body = {"title": f"Alarm {key}", "source": "monitoring"}
        answer = await self._tell("/incidents", body, {"idempotency-key": key})
        if answer is not None:
            incident = UUID(answer.fields["incident_id"])
            self._heard(incident, key, called, answer)
            self._crowd.open.append(Shared(incident, answer.fields["version"]))

    async def _note(self, shared: Shared, seen: int | None = None) -> None:
        text = f"Note {next(self._keys)}"
        headers = {} if seen is None else {"if-match": f'"{seen}"'}
        await self._command(shared, "note", {"text": text}, headers)

    async def _command(
        self, shared: Shared, name: str, body: Any, headers: dict[str, str] | None = None
    ) -> None:
        key, called, path = self._key(), monotonic(), f"{shared.path}/{name}"
        answer = await self._tell(path, body, {**(headers or {}), "idempotency-key": key})
        act = self._heard(shared.incident, key, called, answer)
        if act.heard is Heard.DONE:
            shared.version = max(shared.version, act.version)
            if not headers:
                shared.answered.append((key, path, body, act))

    async def _again(self, shared: Shared) -> None:
        key, path, body, first = self._chance.choice(shared.answered)
        called = monotonic()
        answer = await self._tell(path, body, {"idempotency-key": key})
        if answer is not None and first.events:
            self._heard(shared.incident, key, called, answer, again=True)

    async def _tell(self, path: str, body: Any, headers: dict[str, str]) -> Answer | None:
        """Send a command until it is answered, or until this client has had enough."""
        while True:
            try:
                answer = await self._asks.ask("POST", path, body, headers)
                if answer.status not in LATER:
                    return answer
            except ConnectionRefusedError:
                pass  # it was not heard: to give up would leave no doubt
            except BROKEN:
                if self._chance.random() < GIVES_UP:
                    return None
            await asyncio.sleep(PAUSE_SECONDS)

    def _heard(
        self, incident: UUID, key: str, called: float, answer: Answer | None, *, again: bool = False
    ) -> Act:
        act = heard(incident, key, called, answer, again=again)
        self._crowd.acts.append(act)
        return act

    async def _look(self, shared: Shared) -> None:
        called = monotonic()
        answer = await self._get(shared.path)
        if answer is not None:
            self._saw(shared, called, answer.fields["version"], None)

    async def _history(self, shared: Shared) -> None:
        called = monotonic()
        answer = await self._get(f"{shared.path}/events?stored=true&limit={PAGE}")
        if answer is not None:
            items = answer.fields["items"]
            seen = chain(UUID(each["command_id"]) for each in items)[-1]
            self._saw(shared, called, len(items), seen)

    async def _get(self, path: str) -> Answer | None:
        try:
            answer = await self._asks.ask("GET", path)
        except BROKEN:
            await asyncio.sleep(PAUSE_SECONDS)
            return None
        assert answer.status in (200, *LATER), answer.body
        return answer if answer.status == 200 else None

    def _saw(self, shared: Shared, called: float, version: int, seen: bytes | None) -> None:
        act = Act(
            incident=shared.incident,
            called=called,
            returned=monotonic(),
            heard=Heard.DONE,
            version=version,
            seen=seen,
        )
        self._crowd.acts.append(act)

    def _key(self) -> str:
        return f"{self._crowd.seed}-{next(self._keys)}"


def heard(
    incident: UUID, key: str, called: float, answer: Answer | None, *, again: bool = False
) -> Act:
    """What somebody knows of a command, now that it is answered, or that they gave up."""
    known: dict[str, Any] = {
        "incident": incident, "command": command_id(OWNER, key.encode()), "called": called,
    }  # fmt: skip
    if answer is None:
        return Act(heard=Heard.NOTHING, **known)
    if answer.status >= 400:
        assert answer.status in (409, 412), answer.body
        return Act(heard=Heard.REFUSED, returned=monotonic(), **known)
    said = answer.fields
    return Act(
        heard=Heard.DONE,
        returned=monotonic(),
        version=said["version"],
        events=len(said["events"]),
        position=said["position"],
        again=again,
        **known,
    )
