"""What was found, what contributed, why it happened, and what others should know."""

from datetime import datetime
from typing import assert_never

from tocsin.domain.kernel import replace
from tocsin.domain.review.events import (
    FactorRecorded,
    FactorWithdrawn,
    FindingRecorded,
    FindingWithdrawn,
    LessonRecorded,
    LessonWithdrawn,
    RootCauseIdentified,
)
from tocsin.domain.review.record import Review, ReviewEntry

Chapter = (
    FindingRecorded
    | FindingWithdrawn
    | FactorRecorded
    | FactorWithdrawn
    | RootCauseIdentified
    | LessonRecorded
    | LessonWithdrawn
)
Entries = dict[str, ReviewEntry]


def fold(review: Review, event: Chapter, at: datetime, actor: str) -> Review:
    """The review after an event of this chapter."""
    match event:
        case FindingRecorded(finding=name, text=text, evidence=evidence):
            entry = ReviewEntry(
                name=name, text=text, evidence=evidence, recorded_by=actor, told_at=at
            )
            return replace(review, findings={**review.findings, name: entry})
        case FindingWithdrawn(finding=name, reason=reason):
            return replace(review, findings=_withdrawn(review.findings, name, reason))
        case FactorRecorded(factor=name, text=text, kind=kind):
            entry = ReviewEntry(name=name, text=text, kind=kind, recorded_by=actor, told_at=at)
            return replace(review, factors={**review.factors, name: entry})
        case FactorWithdrawn(factor=name, reason=reason):
            return replace(review, factors=_withdrawn(review.factors, name, reason))
        case RootCauseIdentified(cause=cause):
            return replace(review, root_cause=cause)
        case LessonRecorded(lesson=name, text=text):
            entry = ReviewEntry(name=name, text=text, recorded_by=actor, told_at=at)
            return replace(review, lessons={**review.lessons, name: entry})
        case LessonWithdrawn(lesson=name, reason=reason):
            return replace(review, lessons=_withdrawn(review.lessons, name, reason))
        case unknown:
            assert_never(unknown)


def _withdrawn(entries: Entries, name: str, reason: str) -> Entries:
    known = entries.get(name)
    if known is None:
        return entries
    return {**entries, name: replace(known, withdrawn_because=reason)}


def words(event: Chapter) -> str:
    """The event as one sentence."""
    match event:
        case FindingRecorded(finding=name, text=text, evidence=evidence):
            return f"Finding {name}: {text}" + (f" ({evidence})" if evidence else "")
        case FindingWithdrawn(finding=name, reason=reason):
            return f"Finding {name} withdrawn: {reason}"
        case FactorRecorded(factor=name, text=text, kind=kind):
            return f"Contributing factor {name} ({kind}): {text}"
        case FactorWithdrawn(factor=name, reason=reason):
            return f"Contributing factor {name} withdrawn: {reason}"
        case RootCauseIdentified(cause=cause):
            return f"Root cause: {cause}"
        case LessonRecorded(lesson=name, text=text):
            return f"Lesson {name}: {text}"
        case LessonWithdrawn(lesson=name, reason=reason):
            return f"Lesson {name} withdrawn: {reason}"
        case unknown:
            assert_never(unknown)
