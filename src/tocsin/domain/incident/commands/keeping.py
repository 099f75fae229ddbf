"""The record is kept: what it belongs to, who was told, what was wrong in it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from tocsin.domain.incident.chapters.keeping import corrected, value_of
from tocsin.domain.incident.command import IncidentCommand
from tocsin.domain.incident.events import (
    IncidentCorrected,
    IncidentEvent,
    IncidentLinked,
    IncidentUnlinked,
    UpdatePosted,
)
from tocsin.domain.incident.refusals import (
    LinkedToItself,
    NotAValue,
    NothingToCorrect,
    OutOfOrder,
    TooMany,
)
from tocsin.domain.incident.state import Incident, Related
from tocsin.domain.incident.values import KNOWN, Audience, Fact, LinkKind, Source, Status
from tocsin.domain.kernel import Line, Name, Text, utc
from tocsin.domain.policy import Policy

MAX_LINKS = 200
"""Of one incident: what more belongs together belongs to a problem."""
LONGEST = {Fact.TITLE: 500, Fact.REPORTER: 200}
"""What a correction may not exceed because the report may not either."""
BEGINNINGS = frozenset({Fact.IMPACT_BEGAN_AT, Fact.DETECTED_AT, Fact.REPORTED_AT})
STEPS = (Fact.ACKNOWLEDGED_AT, Fact.MITIGATED_AT, Fact.RESOLVED_AT, Fact.CLOSED_AT)


class Link(IncidentCommand, path="link", during=KNOWN):
    """Say that it belongs together with another record, named by its reference."""

    kind: LinkKind
    target: Name

    def decide(self, incident: Incident, policy: Policy) -> Iterator[IncidentEvent]:
        if Related(kind=self.kind, target=self.target) in incident.links:
            return
        incident.allow(self)
        if self.target in (incident.reference, str(incident.incident_id)):
            raise LinkedToItself(self.target)
        if len(incident.links) >= MAX_LINKS:
            raise TooMany("links", MAX_LINKS)
        yield IncidentLinked(kind=self.kind, target=self.target)


class Unlink(IncidentCommand, path="unlink", during=KNOWN):
    """Say that it does not belong together with that record after all."""

    kind: LinkKind
    target: Name

    @classmethod
    def useful(cls, incident: Incident) -> bool:
        return bool(incident.links)

    def decide(self, incident: Incident, policy: Policy) -> Iterator[IncidentEvent]:
        if Related(kind=self.kind, target=self.target) not in incident.links:
            return
        incident.allow(self)
        yield IncidentUnlinked(kind=self.kind, target=self.target)


class PostUpdate(
    IncidentCommand, path="post-update", during=KNOWN - {Status.CANCELLED, Status.DISMISSED}
):
    """Tell people how it stands, and when they will hear again."""

    audience: Audience
    message: Text
    next_update_due: datetime | None = None

    def decide(self, incident: Incident, policy: Policy) -> Iterator[IncidentEvent]:
        posted = UpdatePosted(
            audience=self.audience, message=self.message, next_update_due=self.next_update_due
        )
        for event in self.say(incident, posted):
            self.is_ahead("next_update_due", self.next_update_due)
            yield event


class Correct(IncidentCommand, path="correct", during=KNOWN):
    """Set right what was recorded wrongly, or was not known. Times are ISO 8601 with a zone.

    The history keeps what was believed before. The time of a step that was never taken cannot be
    made up: take the step, and state when it happened.
    """

    fact: Fact
    now: Text
    reason: Line

    def decide(self, incident: Incident, policy: Policy) -> Iterator[IncidentEvent]:
        value = self._value()
        known = getattr(incident, self.fact.value)
        if value == known:
            return
        incident.allow(self)
        if self.fact.is_time:
            self._is_in_order(incident, known, value)
        was = written(known) if known else None
        yield IncidentCorrected(fact=self.fact, was=was, now=written(value), reason=self.reason)

    def _value(self) -> Any:
        longest = LONGEST.get(self.fact)
        if longest is not None and len(self.now) > longest:
            raise NotAValue(self.fact, f"at most {longest} characters")
        try:
            return value_of(self.fact, self.now)
        except (ValueError, OverflowError) as unreadable:
            wanted = "an instant in ISO 8601 with a time zone, such as 2026-03-04T13:05:00Z"
            one_of = f"one of {', '.join(Source)}"
            raise NotAValue(self.fact, wanted if self.fact.is_time else one_of) from unreadable

    def _is_in_order(self, incident: Incident, known: datetime | None, value: datetime) -> None:
        if known is None and self.fact in STEPS:
            raise NothingToCorrect(self.fact)
        self.has_come(self.fact, value)
        after = corrected(incident, self.fact, value)
        begun = after.earliest()
        for step in STEPS if self.fact in BEGINNINGS else (self.fact,):
            time = getattr(after, step.value)
            if begun is not None and time is not None and time < begun:
                raise OutOfOrder(step, time, begun)


def written(value: Any) -> str:
    """As a correction writes it: an instant in ISO 8601 and UTC, anything else as it is."""
    if isinstance(value, datetime):
        return utc(value).isoformat().replace("+00:00", "Z")
    return str(value)
