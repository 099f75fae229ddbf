"""Given what happened to a subject, when somebody asks, then that is recorded.

Every outcome is also held to what all commands promise: asked again it changes nothing, what
recorded something was listed as possible, and a refusal can be told to a caller as JSON.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson

from tests.domain.kit import COMMAND_ID, MONDAY, NOW
from tocsin.domain.kernel import Command, Recorded, Refused, replace
from tocsin.domain.policy import DEFAULT_POLICY
from tocsin.domain.subject import commands as ask
from tocsin.domain.subject import events as e
from tocsin.domain.subject.record import Subject
from tocsin.domain.subject.state import SUBJECT
from tocsin.domain.subject.values import Basis, SubjectKind, texts_stream

INCIDENT_ID = UUID("6d1f6d63-6c9a-4b0e-9f0a-3c1f5a3f7b11")
PERSON = UUID("0c4f7e9e-9a3b-4a63-8f57-1d1f0a6f2f11")
TEXTS = texts_stream(INCIDENT_ID)
OF_TEXTS: dict[str, Any] = {"kind": SubjectKind.TEXTS, "incident_id": str(INCIDENT_ID)}

FORGOTTEN = e.SubjectForgotten(
    kind=SubjectKind.PERSON,
    basis=Basis.CONSENT_WITHDRAWN,
    request="DSR-7",
    values=12,
    until=40,
)
TEXTS_FORGOTTEN = e.SubjectForgotten(
    **OF_TEXTS, basis=Basis.UNLAWFUL, request="DSR-8", values=5, until=41
)
HELD = e.HoldPlaced(kind=SubjectKind.PERSON, hold="LIT-1", reason="A claim for damages.")
TEXTS_HELD = e.HoldPlaced(**OF_TEXTS, hold="LIT-2", reason="The regulator asks.")
LIFTED = e.HoldLifted(hold="LIT-1", reason="It was settled.")
PURGED = e.SubjectPurged(forgotten=1, places=("read models", "what-if reports"))
EVERY_EVENT: tuple[e.SubjectEvent, ...] = (
    *(FORGOTTEN, TEXTS_FORGOTTEN, HELD, TEXTS_HELD, LIFTED, PURGED),
)

FORGET = ask.ForgetSubject(
    kind=SubjectKind.PERSON,
    basis=Basis.CONSENT_WITHDRAWN,
    request="DSR-7",
    values=12,
    until=40,
)
FORGET_TEXTS = ask.ForgetSubject(
    **OF_TEXTS, basis=Basis.UNLAWFUL, request="DSR-8", values=5, until=41
)
HOLD = ask.PlaceHold(kind=SubjectKind.PERSON, hold="LIT-1", reason="A claim for damages.")
LIFT = ask.LiftHold(hold="LIT-1", reason="It was settled.")


def recorded(version: int, event: e.SubjectEvent) -> Recorded[e.SubjectEvent]:
    """The event in its envelope, a minute after the one before."""
    time = MONDAY + timedelta(minutes=version - 1)
    return Recorded(
        stream=PERSON,
        version=version,
        position=version,
        actor="dpo",
        occurred_at=time,
        recorded_at=time,
        command_id=COMMAND_ID,
        event=event,
    )


def subject(*history: e.SubjectEvent) -> Subject:
    """The subject as it stands after this history."""
    return SUBJECT.fold(PERSON, (recorded(n, event) for n, event in enumerate(history, 1)))


@dataclass(frozen=True)
class Given:
    """What happened."""

    history: tuple[e.SubjectEvent, ...]

    def when(self, command: Command[Subject]) -> "Outcome":
        """Ask as the desk does: with who asks, and when."""
        asked = replace(command, actor="dpo", occurred_at=NOW)
        return Outcome(self, asked, *decided(subject(*self.history), asked))


def given(*history: e.SubjectEvent) -> Given:
    """Begin with what happened; often that is nothing."""
    return Given(history)


def decided(
    state: Subject, command: Command[Subject]
) -> tuple[tuple[e.SubjectEvent, ...], Refused | None]:
    """What is recorded, or why nothing is."""
    try:
        return tuple(command.decide(state, DEFAULT_POLICY)), None
    except Refused as no:
        return (), no


@dataclass(frozen=True)
class Outcome:
    """What came of asking."""

    given: Given
    command: Command[Subject]
    events: tuple[e.SubjectEvent, ...]
    refusal: Refused | None

    def then(self, *expected: e.SubjectEvent, unasked: bool = False) -> None:
        """These events are recorded, and asking again records nothing."""
        assert self.refusal is None, f"refused: {self.refusal}"
        assert expected == self.events
        assert unasked or self.command.path in subject(*self.given.history).possible()
        assert self._again(expected) == (), "asking again changes nothing"

    def then_nothing(self) -> None:
        """It is already so: nothing is recorded, and nobody is told off."""
        assert self.refusal is None, f"refused: {self.refusal}"
        assert self.events == ()

    def then_refused(self, reason: type[Refused], match: str, **facts: object) -> None:
        """The rules say no, for this reason, with these facts, in a sentence."""
        assert isinstance(self.refusal, reason), self.refusal or self.events
        assert re.search(match, str(self.refusal)), str(self.refusal)
        assert str(self.refusal).endswith(".")
        assert facts.items() <= self.refusal.facts().items()
        assert orjson.dumps(self.refusal.facts())

    def _again(self, recorded_now: Sequence[e.SubjectEvent]) -> tuple[e.SubjectEvent, ...]:
        after = subject(*self.given.history, *recorded_now)
        return decided(after, self.command)[0]
