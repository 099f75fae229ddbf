"""What must be so, in plain Python: lists of events, and a dictionary of what was answered.

Nothing here knows queues, caches, batches, transactions or retries.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from tocsin.asks import (
    BeforeItBegan,
    HistoryFull,
    InTheFuture,
    Receipt,
    StaleVersion,
    UnknownStream,
)
from tocsin.domain.incident.events import (
    IncidentCancelled,
    IncidentClosed,
    IncidentDismissed,
    IncidentEvent,
    IncidentLogged,
    IncidentReopened,
    IncidentReported,
    IncidentResolved,
)
from tocsin.domain.incident.state import INCIDENT, Incident
from tocsin.domain.kernel import Command, Recorded, Refused, replace
from tocsin.domain.policy import Policy
from tocsin.settings import Settings

ENDS = (IncidentResolved, IncidentClosed, IncidentCancelled, IncidentDismissed)
Answer = Receipt | BaseException
Verdict = tuple[IncidentEvent, ...] | Exception


@dataclass(frozen=True, eq=False)
class Call:
    """One request, so that the very same can be sent again."""

    command: Command[Any]
    stream: UUID | None
    caller: str
    command_id: UUID | None = None
    fingerprint: bytes = b""
    expected_version: int | None = None


@dataclass
class World:
    """Everything that was recorded and answered so far."""

    policy: Policy
    settings: Settings
    log: list[Recorded[Any]] = field(default_factory=list)
    histories: dict[UUID, list[Recorded[Any]]] = field(default_factory=dict)
    states: dict[UUID, list[Incident]] = field(default_factory=dict)
    """How each incident stood at each of its versions, from 1."""
    answers: dict[UUID, tuple[bytes, bytes]] = field(default_factory=dict)
    references: dict[str, UUID] = field(default_factory=dict)
    holders: dict[str, UUID] = field(default_factory=dict)
    """Who holds which deduplication key now."""
    held: dict[tuple[UUID, int], str | None] = field(default_factory=dict)
    """Which of them an incident held at which of its versions."""

    def state(self, stream: UUID, version: int | None = None) -> Incident:
        """An incident as it stands, or stood."""
        states = self.states.get(stream, [])[:version]
        return states[-1] if states else INCIDENT.initial(stream)

    def version(self, stream: UUID) -> int:
        """How much has happened to it."""
        return len(self.histories.get(stream, ()))

    def recorded_at(self, state: Incident, now: datetime) -> datetime:
        """The clock may be set back; a history never goes back."""
        past = self.histories.get(state.incident_id, [])[: state.version]
        return max(now, past[-1].recorded_at) if past else now

    def verdict(self, call: Call, state: Incident, now: datetime, reference: str) -> Verdict:
        """What the rules make of a call while things stand so."""
        command, version = call.command, state.version
        recorded_at = self.recorded_at(state, now)
        if call.expected_version not in (None, version):
            assert call.expected_version is not None
            return StaleVersion(call.expected_version, version)
        if not version and not command.creates:
            return UnknownStream(state.incident_id)
        stated, began = command.occurred_at, state.earliest()
        if stated is not None:
            skew = timedelta(seconds=self.settings.clock_skew_seconds)
            if stated > recorded_at + skew:
                return InTheFuture(stated, recorded_at)
            if began is not None and stated < began:
                return BeforeItBegan(stated, began)
        filled: dict[str, Any] = {"occurred_at": stated or recorded_at}
        filled["actor"] = command.actor or call.caller
        filled |= {"reference": reference} if "reference" in command.filled_by_desk else {}
        try:
            events = tuple(replace(command, **filled).decide(state, self.policy))
        except Refused as no:
            return no
        most = self.settings.history_events
        return HistoryFull(most) if version + len(events) > most else events

    def would_record(
        self, call: Call, now: datetime, found: Sequence[Recorded[Any]]
    ) -> list[Recorded[Any]] | None:
        """The events that a call records where `found` stand, or none if it is refused.

        Only the reference, the stream and an id that the caller left open are taken from there.
        """
        first = found[0]
        state = self.state(first.stream)
        logged = [each.event for each in found if isinstance(each.event, IncidentLogged)]
        events = self.verdict(call, state, now, logged[0].reference if logged else "")
        if isinstance(events, Exception):
            return None
        actor, recorded_at = call.command.actor or call.caller, self.recorded_at(state, now)
        return [
            Recorded(
                stream=first.stream,
                version=state.version + n,
                position=len(self.log) + n,
                actor=actor,
                via=call.caller if actor != call.caller else None,
                occurred_at=call.command.occurred_at or recorded_at,
                recorded_at=recorded_at,
                command_id=call.command_id or first.command_id,
                event=event,
            )
            for n, event in enumerate(events, 1)
        ]

    def add(self, recorded: Recorded[Any]) -> None:
        """One more event, with the names that it takes and gives back."""
        stream, event = recorded.stream, recorded.event
        before = self.state(stream)
        key = self.held.get((stream, before.version))
        self.log.append(recorded)
        self.histories.setdefault(stream, []).append(recorded)
        self.states.setdefault(stream, []).append(INCIDENT.evolve(before, recorded))
        if isinstance(event, IncidentLogged):
            assert event.reference not in self.references, "a reference was given out twice"
            self.references[event.reference] = stream
        if isinstance(event, IncidentReported) and event.dedup_key is not None:
            key = event.dedup_key
            assert key not in self.holders, "the key has an open incident already"
            self.holders[key] = stream
        if isinstance(event, IncidentReopened) and before.dedup_key not in (None, *self.holders):
            key = before.dedup_key
            assert key is not None
            self.holders[key] = stream
        if isinstance(event, ENDS) and key is not None:
            assert self.holders.pop(key) == stream
            key = None
        self.held[stream, recorded.version] = key

    def told(self, stream: UUID, version: int, events: Sequence[Recorded[Any]]) -> bytes:
        """What a caller is told when its command has recorded these events."""
        return orjson.dumps(
            {
                "incident_id": stream,
                "reference": self.state(stream, version).reference,
                "version": version,
                "position": self.histories[stream][version - 1].position,
                "changed": bool(events),
                "events": [each.event.event_name for each in events],
            }
        )
