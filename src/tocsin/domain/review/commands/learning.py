"""What was found, what contributed, why it happened, and what others should know."""

from collections.abc import Iterator

from tocsin.domain.kernel import Line, Name, Note
from tocsin.domain.policy import Policy
from tocsin.domain.review.command import OPEN, ReviewCommand, named, next_name, standing
from tocsin.domain.review.events import (
    FactorRecorded,
    FactorWithdrawn,
    FindingRecorded,
    FindingWithdrawn,
    LessonRecorded,
    LessonWithdrawn,
    ReviewEvent,
    RootCauseIdentified,
)
from tocsin.domain.review.record import Review
from tocsin.domain.review.values import FactorKind, Statement


class RecordFinding(ReviewCommand, path="record-finding", during=OPEN):
    """Keep what was found out about what happened, with what shows it."""

    finding: Statement
    evidence: Note = ""

    def decide(self, review: Review, policy: Policy) -> Iterator[ReviewEvent]:
        said = (self.finding, self.evidence)
        if any(said == (known.text, known.evidence) for known in standing(review.findings)):
            return
        review.allow(self)
        name = next_name("F", "findings", review.findings)
        yield FindingRecorded(finding=name, text=self.finding, evidence=self.evidence)


class WithdrawFinding(ReviewCommand, path="withdraw-finding", during=OPEN):
    """Take a finding back that does not hold. It stays on record as withdrawn."""

    finding: Name
    reason: Line

    @classmethod
    def useful(cls, review: Review) -> bool:
        return any(standing(review.findings))

    def decide(self, review: Review, policy: Policy) -> Iterator[ReviewEvent]:
        if not named("finding", review.findings, self.finding).stands:
            return
        review.allow(self)
        yield FindingWithdrawn(finding=self.finding, reason=self.reason)


class RecordFactor(ReviewCommand, path="record-factor", during=OPEN):
    """Keep what contributed to it without being the cause, and where that lies."""

    factor: Statement
    kind: FactorKind

    def decide(self, review: Review, policy: Policy) -> Iterator[ReviewEvent]:
        said = (self.factor, self.kind)
        if any(said == (known.text, known.kind) for known in standing(review.factors)):
            return
        review.allow(self)
        name = next_name("C", "factors", review.factors)
        yield FactorRecorded(factor=name, text=self.factor, kind=self.kind)


class WithdrawFactor(ReviewCommand, path="withdraw-factor", during=OPEN):
    """Take back that something contributed. It stays on record as withdrawn."""

    factor: Name
    reason: Line

    @classmethod
    def useful(cls, review: Review) -> bool:
        return any(standing(review.factors))

    def decide(self, review: Review, policy: Policy) -> Iterator[ReviewEvent]:
        if not named("factor", review.factors, self.factor).stands:
            return
        review.allow(self)
        yield FactorWithdrawn(factor=self.factor, reason=self.reason)


class IdentifyRootCause(ReviewCommand, path="identify-root-cause", during=OPEN):
    """Say why it happened, in place of whatever was held to be why before."""

    cause: Statement

    def decide(self, review: Review, policy: Policy) -> Iterator[ReviewEvent]:
        if review.root_cause == self.cause:
            return
        review.allow(self)
        yield RootCauseIdentified(cause=self.cause)


class RecordLesson(ReviewCommand, path="record-lesson", during=OPEN):
    """Keep what others should know."""

    lesson: Statement

    def decide(self, review: Review, policy: Policy) -> Iterator[ReviewEvent]:
        if any(self.lesson == known.text for known in standing(review.lessons)):
            return
        review.allow(self)
        name = next_name("L", "lessons", review.lessons)
        yield LessonRecorded(lesson=name, text=self.lesson)


class WithdrawLesson(ReviewCommand, path="withdraw-lesson", during=OPEN):
    """Take back a lesson that nobody should learn. It stays on record as withdrawn."""

    lesson: Name
    reason: Line

    @classmethod
    def useful(cls, review: Review) -> bool:
        return any(standing(review.lessons))

    def decide(self, review: Review, policy: Policy) -> Iterator[ReviewEvent]:
        if not named("lesson", review.lessons, self.lesson).stands:
            return
        review.allow(self)
        yield LessonWithdrawn(lesson=self.lesson, reason=self.reason)
