"""Given what happened, when somebody asks, then that is recorded: tests that speak events only.

Every outcome is also held to the promises that all commands share: asked again it changes nothing,
what recorded something was listed as possible, and a refusal can be told to a caller as JSON.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import orjson

import tocsin.domain.incident.commands  # noqa: F401  every command is found
from tocsin.domain.incident.events import IncidentEvent
from tocsin.domain.incident.refusals import NotPossibleWhile
from tocsin.domain.incident.state import INCIDENT, Incident
from tocsin.domain.kernel import Command, Recorded, Refused, replace
from tocsin.domain.policy import DEFAULT_POLICY, Policy

STREAM = UUID("6d1f6d63-6c9a-4b0e-9f0a-3c1f5a3f7b11")
COMMAND_ID = UUID(int=7)
MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""When the first event happens. Each next one happens a minute later."""
NOW = MONDAY + timedelta(hours=4)
"""When somebody asks."""

C = TypeVar("C", bound=Command[Any])


@dataclass(frozen=True)
class Told:
    """An event with who did it and when, where that matters."""

    event: IncidentEvent
    by: str = "dana"
    at: datetime | None = None


def by(actor: str, event: IncidentEvent) -> Told:
    """The event, done by somebody in particular."""
    return Told(event, by=actor)


def at(time: datetime, event: IncidentEvent) -> Told:
    """The event, at a time in particular."""
    return Told(event, at=time)


def recorded(version: int, told: IncidentEvent | Told) -> Recorded[IncidentEvent]:
    """The event in its envelope, as the log would hold it."""
    what = told if isinstance(told, Told) else Told(told)
    time = what.at or MONDAY + timedelta(minutes=version - 1)
    return Recorded(
        stream=STREAM,
        version=version,
        position=version,
        actor=what.by,
        occurred_at=time,
        recorded_at=time,
        command_id=COMMAND_ID,
        event=what.event,
    )


def incident(*history: IncidentEvent | Told) -> Incident:
    """The incident as it stands after this history."""
    return INCIDENT.fold(STREAM, (recorded(n, told) for n, told in enumerate(history, 1)))


@dataclass(frozen=True)
class Given:
    """What happened, and the policy it happens under."""

    history: tuple[IncidentEvent | Told, ...]
    policy: Policy = DEFAULT_POLICY

    def under(self, policy: Policy) -> "Given":
        """The same history under another policy."""
        return Given(self.history, policy)

    def when(self, command: Command[Incident], by: str = "dana") -> "Outcome":
        """Ask as the desk does: with who asks, and when."""
        asked = _filled(command, by)
        return Outcome(self, asked, *_ask(incident(*self.history), asked, self.policy))


def given(*history: IncidentEvent | Told) -> Given:
    """Begin with what happened; with nothing, the incident is not reported yet."""
    return Given(history)


def _filled(command: C, by: str) -> C:
    known: dict[str, Any] = {"actor": command.actor or by}
    known["occurred_at"] = command.occurred_at or NOW
    if "reference" in command.filled_by_desk:
        known["reference"] = "INC0000001"
    return replace(command, **known)


def _ask(
    state: Incident, command: Command[Incident], policy: Policy
) -> tuple[tuple[IncidentEvent, ...], Refused | None]:
    try:
        return tuple(command.decide(state, policy)), None
    except Refused as no:
        return (), no


@dataclass(frozen=True)
class Outcome:
    """What came of asking."""

    given: Given
    command: Command[Incident]
    events: tuple[IncidentEvent, ...]
    refusal: Refused | None = field(default=None)

    def then(self, *expected: IncidentEvent) -> None:
        """These events are recorded, and asking again records nothing."""
        if self.refusal is not None:
            raise AssertionError(f"refused: {self.refusal}") from self.refusal
        assert expected == self.events
        assert not expected or self.command.path in self.possible()
        assert self._again(expected) == (), "asking again changes nothing"

    def then_nothing(self) -> None:
        """It is already so: nothing is recorded, and nobody is told off."""
        assert self.refusal is None, f"refused: {self.refusal}"
        assert self.events == ()

    def then_refused(self, reason: type[Refused], match: str = "", **facts: object) -> None:
        """The rules say no, for this reason, with these facts, in a sentence."""
        assert isinstance(self.refusal, reason), self.refusal or self.events
        sentence = str(self.refusal)
        assert re.search(match, sentence), f"{match!r} is not in {sentence!r}"
        assert sentence.endswith("."), f"{sentence!r} is no sentence"
        assert facts.items() <= self.refusal.facts().items()
        assert orjson.dumps(self.refusal.facts())
        assert reason is not NotPossibleWhile or self.command.path not in self.possible()

    def possible(self) -> tuple[str, ...]:
        """What was listed as possible when this was asked."""
        return incident(*self.given.history).possible()

    def _again(self, recorded_now: Sequence[IncidentEvent]) -> tuple[IncidentEvent, ...]:
        assert self.command.actor is not None
        now = [Told(event, by=self.command.actor, at=NOW) for event in recorded_now]
        after = incident(*self.given.history, *now)
        return _ask(after, self.command, self.given.policy)[0]
