"""Given what happened to a review, when somebody asks, then that is recorded.

Every outcome is also held to what all commands promise: asked again it changes nothing, what
recorded something was listed as possible, and a refusal can be told to a caller as JSON.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

import tocsin.domain.review.commands  # noqa: F401  every command is found
from tests.domain.kit import COMMAND_ID, MONDAY, NOW
from tocsin.domain.kernel import Command, Recorded, Refused, replace
from tocsin.domain.policy import DEFAULT_POLICY
from tocsin.domain.review.events import ReviewEvent
from tocsin.domain.review.refusals import ReviewNotOpen
from tocsin.domain.review.state import REVIEW, Review, review_stream

INCIDENT_ID = UUID("6d1f6d63-6c9a-4b0e-9f0a-3c1f5a3f7b11")
STREAM = review_stream(INCIDENT_ID)


def recorded(
    version: int, event: ReviewEvent, at: datetime | None = None, by: str = "dana"
) -> Recorded[ReviewEvent]:
    """The event in its envelope, a minute after the one before if nothing else is said."""
    time = at or MONDAY + timedelta(minutes=version - 1)
    return Recorded(
        stream=STREAM,
        version=version,
        position=version,
        actor=by,
        occurred_at=time,
        recorded_at=time,
        command_id=COMMAND_ID,
        event=event,
    )


def review(*history: ReviewEvent) -> Review:
    """The review as it stands after this history."""
    return REVIEW.fold(STREAM, (recorded(n, event) for n, event in enumerate(history, 1)))


@dataclass(frozen=True)
class Given:
    """What happened."""

    history: tuple[ReviewEvent, ...]

    def when(self, command: Command[Review], by: str = "dana") -> "Outcome":
        """Ask as the desk does: with who asks, and when."""
        said: dict[str, Any] = {"actor": command.actor or by}
        said["occurred_at"] = command.occurred_at or NOW
        asked = replace(command, **said)
        return Outcome(self, asked, *_ask(review(*self.history), asked))


def given(*history: ReviewEvent) -> Given:
    """Begin with what happened; with nothing, the review is not opened yet."""
    return Given(history)


def _ask(state: Review, command: Command[Review]) -> tuple[tuple[ReviewEvent, ...], Refused | None]:
    try:
        return tuple(command.decide(state, DEFAULT_POLICY)), None
    except Refused as no:
        return (), no


@dataclass(frozen=True)
class Outcome:
    """What came of asking."""

    given: Given
    command: Command[Review]
    events: tuple[ReviewEvent, ...]
    refusal: Refused | None = field(default=None)

    def then(self, *expected: ReviewEvent, unasked: bool = False) -> None:
        """These events are recorded, and asking again records nothing."""
        if self.refusal is not None:
            raise AssertionError(f"refused: {self.refusal}") from self.refusal
        assert expected == self.events
        assert unasked or self.command.path in self.possible()
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
        assert reason is not ReviewNotOpen or self.command.path not in self.possible()

    def possible(self) -> tuple[str, ...]:
        """What was listed as possible when this was asked."""
        return review(*self.given.history).possible()

    def _again(self, recorded_now: Sequence[ReviewEvent]) -> tuple[ReviewEvent, ...]:
        return _ask(review(*self.given.history, *recorded_now), self.command)[0]
