"""Given what happened to a piece of evidence, when somebody asks, then that is recorded.

Every outcome is also held to what all commands promise: what recorded something was listed as
possible, and a refusal can be told to a caller as JSON.
"""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson

from tests.domain.kit import COMMAND_ID, MONDAY, NOW
from tocsin.domain.evidence import commands as ask
from tocsin.domain.evidence import events as e
from tocsin.domain.evidence.state import EVIDENCE, Evidence, evidence_stream
from tocsin.domain.evidence.values import Condition
from tocsin.domain.kernel import Command, Recorded, Refused, replace
from tocsin.domain.policy import DEFAULT_POLICY

INCIDENT_ID = UUID("6d1f6d63-6c9a-4b0e-9f0a-3c1f5a3f7b11")
STREAM = evidence_stream(INCIDENT_ID, 1)
SHA, CONTENT = "ab" * 32, "cd" * 32

ATTACHED = e.EvidenceAttached(
    incident_id=str(INCIDENT_ID),
    reference="INC0000001",
    number=1,
    name="mx1.log",
    media_type="text/plain",
    size=4_711,
    stored_size=5_000,
    sha256=SHA,
    content_sha256=CONTENT,
    key="0c4f7e9e-9a3b-4a63-8f57-1d1f0a6f2f11",
    description="The log of the mail server.",
    source="mx1",
    collected_by="ann",
    collected_at=MONDAY,
)
ACCESSED = e.EvidenceAccessed(purpose="To see which disk was full.")
TRANSFERRED = e.EvidenceTransferred(to="ivo", reason="He leads the review.")
CHECKED = e.EvidenceChecked(condition=Condition.INTACT)
DISCARDED = e.EvidenceDiscarded(reason="The retention time is over.")
EVERY_EVENT: tuple[e.EvidenceEvent, ...] = (ATTACHED, ACCESSED, TRANSFERRED, CHECKED, DISCARDED)

ATTACH = ask.AttachEvidence(
    incident_id=ATTACHED.incident_id,
    known_as=ATTACHED.reference,
    **{
        name: value
        for name, value in vars(ATTACHED).items()
        if name not in ("incident_id", "reference")
    },
)
HAND_OVER = ask.HandOver(purpose=ACCESSED.purpose)
CHECK = ask.RecordCheck(condition=Condition.INTACT)
TRANSFER = ask.Transfer(to="ivo", reason=TRANSFERRED.reason)
DISCARD = ask.Discard(reason=DISCARDED.reason)
FACTS = (ask.HandOver, ask.RecordCheck)
"""What happens each time that it is asked, and is recorded each time."""


def recorded(version: int, event: e.EvidenceEvent) -> Recorded[e.EvidenceEvent]:
    """The event in its envelope, a minute after the one before."""
    time = MONDAY + timedelta(minutes=version - 1)
    return Recorded(
        stream=STREAM,
        version=version,
        position=version,
        actor="dana",
        occurred_at=time,
        recorded_at=time,
        command_id=COMMAND_ID,
        event=event,
    )


def evidence(*history: e.EvidenceEvent) -> Evidence:
    """The piece as it stands after this history."""
    return EVIDENCE.fold(STREAM, (recorded(n, event) for n, event in enumerate(history, 1)))


@dataclass(frozen=True)
class Given:
    """What happened."""

    history: tuple[e.EvidenceEvent, ...]

    def when(self, command: Command[Evidence]) -> "Outcome":
        """Ask as the desk does: with who asks, and when."""
        asked = replace(command, actor="dana", occurred_at=NOW)
        events, no = _ask(evidence(*self.history), asked)
        return Outcome(self, asked, events, no)


def given(*history: e.EvidenceEvent) -> Given:
    """Begin with what happened; with nothing, it is not attached yet."""
    return Given(history)


def _ask(
    state: Evidence, command: Command[Evidence]
) -> tuple[tuple[e.EvidenceEvent, ...], Refused | None]:
    try:
        return tuple(command.decide(state, DEFAULT_POLICY)), None
    except Refused as no:
        return (), no


@dataclass(frozen=True)
class Outcome:
    """What came of asking."""

    given: Given
    command: Command[Evidence]
    events: tuple[e.EvidenceEvent, ...]
    refusal: Refused | None = field(default=None)

    def then(self, *expected: e.EvidenceEvent) -> None:
        """These events are recorded, and asking again records nothing but what is a fact again."""
        if self.refusal is not None:
            raise AssertionError(f"refused: {self.refusal}") from self.refusal
        assert expected == self.events
        before = evidence(*self.given.history)
        assert not before.version or self.command.possible(before)
        after = evidence(*self.given.history, *expected)
        if not self.command.creates and not isinstance(self.command, FACTS):
            assert _ask(after, self.command)[0] == (), "asking again changes nothing"

    def then_nothing(self) -> None:
        """It is already so: nothing is recorded, and nobody is told off."""
        assert self.refusal is None, f"refused: {self.refusal}"
        assert self.events == ()

    def then_refused(self, reason: type[Refused], match: str = "", **facts: Any) -> None:
        """The rules say no, for this reason, with these facts, in a sentence."""
        assert isinstance(self.refusal, reason), self.refusal or self.events
        sentence = str(self.refusal)
        assert re.search(match, sentence), f"{match!r} is not in {sentence!r}"
        assert sentence.endswith("."), f"{sentence!r} is no sentence"
        assert facts.items() <= self.refusal.facts().items()
        assert orjson.dumps(self.refusal.facts())
