"""Custody of evidence: the content is stored before the event says so, and the event is recorded
before the content leaves. A crash in between leaves content that nobody refers to, or a record of
an access that did not happen: never the other way round."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from tocsin.asks import Busy, Receipt, StaleVersion
from tocsin.desk import Desk
from tocsin.domain.evidence.commands import AttachEvidence, Discard, HandOver, RecordCheck
from tocsin.domain.evidence.state import EVIDENCE, Evidence, evidence_stream
from tocsin.domain.evidence.values import Condition, Custody
from tocsin.domain.incident.state import INCIDENT
from tocsin.domain.kernel import replace
from tocsin.domain.subject.state import SUBJECT
from tocsin.domain.subject.values import texts_stream
from tocsin.evidence.pieces import count
from tocsin.evidence.places import StorageUnavailable
from tocsin.evidence.storage import Incoming, Storage, Stored
from tocsin.store.entries import StoreUnavailable

TRIES = 20
"""Others who may attach to the same incident at the same moment, before one is told to wait."""


@dataclass(frozen=True)
class Described:
    """What somebody wants to attach, but for its content."""

    command: AttachEvidence
    incident: UUID
    caller: str
    command_id: UUID | None = None


class Custodian:
    """Takes evidence in, hands it out, and looks after it."""

    def __init__(self, desk: Desk, storage: Storage) -> None:
        self.desk, self.storage = desk, storage

    async def state(self, stream: UUID) -> Evidence:
        """A piece as it stands.

        Raises:
            UnknownStream: there is no such piece.
        """
        found: Evidence = await self.desk.state(stream, EVIDENCE)
        return found

    async def attach(
        self, described: Described, fill: Callable[[Incoming], Awaitable[None]]
    ) -> Receipt:
        """Take content in, which `fill` writes, and put it on record.

        Raises:
            UnknownStream: there is no such incident.
            Refused: the incident has too much evidence. Nothing is kept.
            StorageUnavailable: the content cannot be stored.
            Busy, StoreUnavailable: see `Desk.handle`.
            Exception: whatever `fill` raises. Nothing is kept.
        """
        incident = await self.desk.state(described.incident, INCIDENT)
        incoming = await asyncio.to_thread(self.storage.incoming, described.incident)
        try:
            await fill(incoming)
        except BaseException:
            incoming.abandon()
            raise
        stored = await asyncio.to_thread(incoming.finish)
        command = replace(
            described.command,
            incident_id=str(described.incident),
            known_as=incident.reference,
            **stored._asdict(),
        )
        if not await asyncio.to_thread(self.storage.sealed_for, described.incident, stored.key):
            await self._remove(stored.sha256)
            raise Busy("The incident's texts were forgotten while the content came: send it again.")
        try:
            receipt = await self._record(replace(described, command=command), stored)
        except (StoreUnavailable, asyncio.CancelledError):
            raise  # nobody knows whether it was recorded: what is left over is found later
        except BaseException:
            await self._remove(stored.sha256)
            raise
        if receipt.replayed:
            await self._remove(stored.sha256)
        return receipt

    async def _record(self, described: Described, stored: Stored) -> Receipt:
        """Record it under the next number: others may take one at the same moment."""
        incident, log = described.incident, self.desk.log
        number = await asyncio.to_thread(count, log, incident)
        for _ in range(TRIES):
            number += 1
            command = replace(described.command, number=number)
            with suppress(StaleVersion):
                return await self.desk.handle(
                    command,
                    stream=evidence_stream(incident, number),
                    caller=described.caller,
                    command_id=described.command_id,
                    fingerprint=_fingerprint(described) if described.command_id else b"",
                    expected_version=0,
                )
        raise Busy("Too much is attached to this incident at the moment: try again.")

    async def hand_over(
        self, stream: UUID, purpose: str, caller: str, actor: str | None = None
    ) -> None:
        """Put on record, durably, that the content is about to be handed over.

        Raises:
            Refused: it was discarded.
        """
        await self.desk.handle(HandOver(purpose=purpose, actor=actor), stream=stream, caller=caller)

    async def check(self, stream: UUID, caller: str) -> tuple[Condition, Receipt]:
        """Compare what is stored with what was attached, and put on record what that came to.

        Raises:
            Refused: it was discarded.
            StorageUnavailable: it cannot be reached: nothing is recorded.
        """
        state = await self.state(stream)
        condition = Condition.MISSING
        if state.status is Custody.KEPT:
            condition = await asyncio.to_thread(self.storage.condition, state.sha256)
        command = RecordCheck(condition=condition)
        return condition, await self.desk.handle(command, stream=stream, caller=caller)

    async def found(self, stream: UUID, condition: Condition, caller: str) -> None:
        """Put on record what somebody came upon."""
        await self.desk.handle(RecordCheck(condition=condition), stream=stream, caller=caller)

    async def discard(self, command: Discard, *, stream: UUID, **asked: Any) -> Receipt:
        """Keep the content no longer, unless a legal hold stands on the incident's texts.

        Raises:
            Refused: a hold stands.
            StaleVersion: a hold was placed at the same moment.
        """
        state = await self.state(stream)
        assert state.incident_id is not None
        texts = texts_stream(state.incident_id)
        subject = await self.desk.state(texts, SUBJECT)
        receipt = await self.desk.handle(
            replace(command, holds=subject.standing),
            stream=stream,
            beside=((texts, subject.version),),
            **asked,
        )
        await self._remove(state.sha256)
        return receipt

    async def _remove(self, name: str) -> None:
        """Let go of what nobody refers to. What cannot be removed now is found later."""
        with suppress(StorageUnavailable):
            await asyncio.to_thread(self.storage.remove, name)


def _fingerprint(described: Described) -> bytes:
    """What tells a request that is sent again from another under the same key: not how or where
    the content was stored this time."""
    command = described.command
    said = (
        *(command.path, described.incident, command.name, command.media_type, command.description),
        *(command.source, command.collected_by, command.collected_at, command.occurred_at),
        *(command.actor, command.content_sha256),
    )
    return sha256("\n".join(map(repr, said)).encode()).digest()
