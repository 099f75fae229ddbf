"""From messages to commands, each once and in order; what rings again and again is asked once.

All that is handled together was waiting at the same time, and a service decides on it after all of
it had come. So repeated triggers of one alarm need one question: whether it is open already. That
is what lets a storm of alerts pass (`explanation/past-one-machine.md`).
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from tocsin.jetstream.asking import Answer, Asker
from tocsin.jetstream.incoming import (
    ACKNOWLEDGE,
    RESOLVE,
    TRIGGER,
    Alert,
    Bad,
    Item,
    Order,
    Received,
    own_id,
    read,
)
from tocsin.jetstream.parked import Lot
from tocsin.settings import Settings

PAUSE_SECONDS: Final = 0.1
REFUSED: Final = frozenset({404, 409, 424, 500})
"""What may come right by itself in a moment: somebody else is just doing what it needs."""
NOT_OPEN, ALREADY = "no-such-incident", "key-reused"


class Done(NamedTuple):
    """What was asked is recorded, or was so already."""

    incident: str | None
    """Which one the chain is about from now on."""
    replayed: bool = False
    """Whether it was decided on before, when those behind it had perhaps not come."""


class Refusal(NamedTuple):
    """Why a message is parked."""

    code: str
    reason: str


@dataclass
class Tally:
    """What became of the messages."""

    received: int = 0
    folded: int = 0
    """Said only once more what another message said that waited with it."""
    commands: Counter[str] = field(default_factory=Counter)
    """By what they came to: recorded, unchanged, replayed, nothing-open."""
    parked: Counter[str] = field(default_factory=Counter)
    """By code."""


@dataclass
class Step:
    """One thing to be done, and who said it."""

    said: list[tuple[Received, Item]]
    """The first is asked; the others, while it is refused."""

    @property
    def item(self) -> Item:
        return self.said[0][1]


class Handler:
    """Handles the messages of one host."""

    def __init__(self, asker: Asker, lot: Lot, settings: Settings, origin: str) -> None:
        self.tally = Tally()
        self._asker, self._lot, self._settings = asker, lot, settings
        self._origin = origin

    async def settle(self, received: Sequence[Received]) -> None:
        """Return when every one of these is done, or parked.

        Raises:
            StreamAway: it is not known whether one that had to be is parked.
        """
        self.tally.received += len(received)
        items, bad = [], []
        for each in received:
            try:
                items.append((each, read(each, self._origin, self._settings.intake_message_bytes)))
            except Bad as error:
                bad.append(self.park(each, None, Refusal(error.code, str(error))))
        async with asyncio.TaskGroup() as group:
            for parking in bad:
                group.create_task(parking)
            for chain in chains(items).values():
                group.create_task(self._chain(chain))

    async def park(self, received: Received, command_id: str | None, why: Refusal) -> None:
        """Put a message aside.

        Raises:
            StreamAway: it is not known whether it is.
        """
        if command_id is None:
            command_id = own_id(received, self._origin)
        await self._lot.park(received, self._origin, command_id, why.code, why.reason)
        self.tally.parked[why.code] += 1

    async def _chain(self, steps: list[Step]) -> None:
        """One thing after the other, each when the one before it is answered."""
        incident: str | None = None
        for step in steps:
            said = list(step.said)
            while said:
                received, item = said.pop(0)
                outcome = await self._done(item, incident)
                if isinstance(outcome, Refusal):
                    await self.park(received, item.command_id, outcome)
                    continue
                incident = outcome.incident
                # An alarm may have ended since that was decided: then the last one rings anew,
                # unless something behind it says how it went on.
                again = said[-1:] if outcome.replayed and step is steps[-1] else []
                self.tally.folded += len(said) - len(again)
                said = again

    async def _done(self, item: Item, incident: str | None) -> Done | Refusal:
        """Have one thing done; or say why not."""
        if isinstance(item, Order):
            answer = await self._ask(item.envelope)
            return Done(self._noted(answer)) if answer.done else _refusal(answer)
        if item.action == TRIGGER:
            return await self._trigger(item)
        target = incident or f"dedup:{item.dedup_key}"
        asked = _command(item.action, item.command_id, item.body, target)
        answer = await self._ask(asked, REFUSED - {404})
        if answer.code == NOT_OPEN or (answer.code == ALREADY and incident is None):
            self.tally.commands["nothing-open"] += 1
            return Done(None)
        if not answer.done:
            return _refusal(answer)
        self._noted(answer)
        return Done(None if item.action == RESOLVE else incident)

    async def _trigger(self, alert: Alert) -> Done | Refusal:
        answer = await self._ask(_command("report", alert.command_id, alert.body))
        if not answer.done:
            return _refusal(answer)
        incident = self._noted(answer)
        if alert.urgency is not None and answer.receipt.get("changed"):
            impact, urgency = alert.urgency
            body = {"impact": impact.value, "urgency": urgency.value}
            asked = _command("prioritise", f"{alert.command_id}-priority", body, incident)
            prioritised = await self._ask(asked)
            if not prioritised.done:
                return _refusal(prioritised)
            self._noted(prioritised)
        return Done(incident, answer.replayed)

    async def _ask(self, command: Mapping[str, Any], again: frozenset[int] = REFUSED) -> Answer:
        """Ask, and ask again for a while what may yet come right. Those behind it wait."""
        pause = PAUSE_SECONDS
        for _ in range(max(self._settings.intake_tries, 1) - 1):
            answer = await self._asker.ask(command)
            if answer.status not in again:
                return answer
            await asyncio.sleep(pause)
            pause *= 2
        return await self._asker.ask(command)

    def _noted(self, answer: Answer) -> str:
        changed = answer.receipt.get("changed")
        outcome = "replayed" if answer.replayed else "recorded" if changed else "unchanged"
        self.tally.commands[outcome] += 1
        return str(answer.receipt["incident_id"])


def chains(items: Sequence[tuple[Received, Item]]) -> dict[str, list[Step]]:
    """What is to be done, in order for each alarm and incident, and nothing twice in a row."""
    found: dict[str, list[Step]] = {}
    for received, item in items:
        chain = found.setdefault(item.chain, [])
        same = _same(chain, item) if isinstance(item, Alert) else None
        if same is not None:
            same.said.append((received, item))
        else:
            chain.append(Step([(received, item)]))
    return found


def _same(chain: list[Step], alert: Alert) -> Step | None:
    """The step that an alert only repeats. An alarm that somebody knows of still rings."""
    for step in reversed(chain):
        before = step.item
        if not isinstance(before, Alert):
            return None
        if before.action == alert.action:
            return step
        if alert.action != TRIGGER or before.action != ACKNOWLEDGE:
            return None
    return None


def _command(
    named: str, command_id: str, body: Mapping[str, Any], incident: str | None = None
) -> dict[str, Any]:
    about = {} if incident is None else {"incident": incident}
    return {"command": named, "id": command_id, "body": body, **about}


def _refusal(answer: Answer) -> Refusal:
    return Refusal(answer.code, answer.reason)
