"""One command against one state: what would be recorded, and what the caller would be told.

Pure: the clock, the next reference and the policy are given. The desk makes it durable.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import orjson

from tocsin.asks import (
    Ask,
    BeforeItBegan,
    HistoryFull,
    InTheFuture,
    StaleVersion,
    UnknownStream,
)
from tocsin.domain.kernel import Claim, Command, Recorded, Refused, replace
from tocsin.policies.inforce import PolicyInForce
from tocsin.settings import Settings
from tocsin.store.entries import Entry

Ground = tuple[UUID, int] | None
"""Stream and version of the rules that must still be in force."""


@dataclass(slots=True)
class Place:
    """The position of an event, known once its batch is numbered."""

    position: int = 0


# Not frozen, as there is one for each command, and freezing doubles what making it takes.
@dataclass(slots=True)
class Hot:
    """A state in memory, with the place and the time of its last event."""

    state: Any
    place: Place
    recorded_at: datetime | None = None


# Not frozen, as there is one for each command, and freezing doubles what making it takes.
@dataclass(slots=True)
class Decision:
    """What a command comes to, until the log has agreed."""

    ask: Ask
    entry: Entry
    after: Hot
    refusal: Exception | None = None

    def takes(self, reference: str) -> bool:
        """Whether this uses up the reference."""
        return any(
            c.take and (c.kind, c.key) == ("reference", reference) for c in self.entry.claims
        )


def decide(
    ask: Ask,
    hot: Hot,
    rules: PolicyInForce,
    now: datetime,
    reference: str | None,
    settings: Settings,
) -> Decision:
    """Ask the rules, and wrap their answer up for the log.

    "Nothing changes" and "no" become entries without events, which hold only if the stream is
    still at the version on which they were decided. Whatever the answer, it holds only while the
    policy is the one by which it was decided.
    """
    state, command = hot.state, ask.command
    recorded_at = max(now, hot.recorded_at) if hot.recorded_at else now
    under = _under(rules, ask)
    try:
        _check(ask, state, recorded_at, settings)
        command = _filled(ask, recorded_at, reference)
        found = command.creates and state.version
        events = () if found else tuple(command.decide(state, rules.policy))
        if state.version + len(events) > settings.history_events:
            raise HistoryFull(settings.history_events, command.aggregate.name)
    except (Refused, StaleVersion, UnknownStream) as no:
        if isinstance(no, Refused):
            no.possible = state.possible()
        return Decision(ask, _without_events(ask, hot, under, kept=False), hot, no)
    if not events:
        return Decision(ask, _without_events(ask, hot, under, kept=not ask.fresh), hot)
    entry, after = _with_events(ask, hot, under, command, events, recorded_at)
    return Decision(ask, entry, after)


def _under(rules: PolicyInForce, ask: Ask) -> Ground:
    """The rules on which it rests; that a policy follows on the one before, it says itself."""
    ground = rules.ground
    return None if ask.stream == ground[0] else ground


def _check(ask: Ask, state: Any, now: datetime, settings: Settings) -> None:
    kind = ask.command.aggregate
    if not isinstance(state, kind.states):
        raise UnknownStream(ask.stream, kind.name)
    if ask.expected_version is not None and ask.expected_version != state.version:
        raise StaleVersion(ask.expected_version, state.version, kind.name)
    if not state.version and not ask.command.creates and not kind.always:
        raise UnknownStream(ask.stream, kind.name)
    stated = ask.command.occurred_at
    if stated is None:
        return
    if stated > now + timedelta(seconds=settings.clock_skew_seconds):
        raise InTheFuture(stated, now)
    began_at = state.earliest()
    # An alarm that rings again may have rung before somebody reported it: it is no new fact here.
    if began_at is not None and stated < began_at and not ask.command.creates:
        raise BeforeItBegan(stated, began_at, kind.name)


def _filled(ask: Ask, now: datetime, reference: str | None) -> Command[Any]:
    command = ask.command
    known: dict[str, Any] = {"occurred_at": command.occurred_at or now}
    known["actor"] = command.actor or ask.caller
    if "reference" in command.filled_by_desk and getattr(command, "reference", None) is None:
        known["reference"] = reference
    return replace(command, **known)


def _with_events(
    ask: Ask, hot: Hot, under: Ground, command: Command[Any], events: Sequence[Any], now: datetime
) -> tuple[Entry, Hot]:
    state, aggregate = hot.state, command.aggregate
    assert command.occurred_at is not None
    assert command.actor is not None
    drafts: list[Recorded[Any]] = []
    claims: list[Claim] = []
    for event in events:
        draft: Recorded[Any] = Recorded(
            stream=ask.stream,
            version=state.version + 1,
            position=0,
            actor=command.actor,
            via=ask.caller if command.actor != ask.caller else None,
            occurred_at=command.occurred_at,
            recorded_at=now,
            command_id=ask.command_id,
            causation=ask.causation,
            event=event,
        )
        claims.extend(aggregate.claims(state, event))
        state = aggregate.evolve(state, draft)
        drafts.append(draft)
    after = Hot(state, Place(), now)
    entry = Entry(
        command_id=ask.command_id,
        fingerprint=ask.fingerprint,
        drafts=tuple(drafts),
        claims=tuple(claims),
        answer=partial(_answer, ask, after, [event.event_name for event in events]),
        fresh=ask.fresh,
        under=under,
        beside=ask.beside,
    )
    return entry, after


def _without_events(ask: Ask, hot: Hot, under: Ground, *, kept: bool) -> Entry:
    return Entry(
        command_id=ask.command_id,
        fingerprint=ask.fingerprint,
        drafts=(),
        answer=partial(_answer, ask, hot, []),
        fresh=ask.fresh,
        expects=(ask.stream, hot.state.version),
        under=under,
        beside=ask.beside,
        holds=ask.found,
        kept=kept,
    )


def _answer(ask: Ask, hot: Hot, names: list[str], positions: Sequence[int]) -> bytes:
    """The bytes that the caller gets, now and whenever it asks again.

    Entries are answered in the order of the log, so a command that changes nothing finds the
    place that an earlier one of its batch has just been given.
    """
    if positions:
        hot.place.position = positions[-1]
    return orjson.dumps(
        {
            **ask.command.aggregate.named(ask.stream, hot.state),
            "version": hot.state.version,
            "position": hot.place.position,
            "changed": bool(names),
            "events": names,
        }
    )
