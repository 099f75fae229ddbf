"""What was found, what contributed, why it happened, and what others should know."""

from typing import Any

import pytest

from tests.domain.review.examples import (
    CAUSE,
    FACTOR,
    FOUND,
    IS_PUBLISHED,
    LESSON,
    NO_FACTOR,
    NO_LESSON,
    OPENED,
    WITHDRAWN,
)
from tests.domain.review.kit import given, review
from tocsin.domain.kernel import replace
from tocsin.domain.review.commands.learning import (
    IdentifyRootCause,
    RecordFactor,
    RecordFinding,
    RecordLesson,
    WithdrawFactor,
    WithdrawFinding,
    WithdrawLesson,
)
from tocsin.domain.review.events import RootCauseIdentified
from tocsin.domain.review.refusals import NoSuchEntry, ReviewFull, ReviewNotOpen
from tocsin.domain.review.values import ENTRIES, FactorKind

FIND = RecordFinding(finding=FOUND.text, evidence=FOUND.evidence)
BLAME = RecordFactor(factor=FACTOR.text, kind=FACTOR.kind)
LEARN = RecordLesson(lesson=LESSON.text)
IDENTIFY = IdentifyRootCause(cause=CAUSE.cause)
TAKE_BACK = WithdrawFinding(finding="F1", reason=WITHDRAWN.reason)
NOT_THAT = WithdrawFactor(factor="C1", reason=NO_FACTOR.reason)
UNLEARN = WithdrawLesson(lesson="L1", reason=NO_LESSON.reason)

RECORDS = [
    pytest.param(FIND, FOUND, "finding", "F", id="finding"),
    pytest.param(BLAME, FACTOR, "factor", "C", id="factor"),
    pytest.param(LEARN, LESSON, "lesson", "L", id="lesson"),
]
WITHDRAWS = [
    pytest.param(TAKE_BACK, FOUND, WITHDRAWN, "finding", id="finding"),
    pytest.param(NOT_THAT, FACTOR, NO_FACTOR, "factor", id="factor"),
    pytest.param(UNLEARN, LESSON, NO_LESSON, "lesson", id="lesson"),
]


@pytest.mark.parametrize(("command", "event", "what", "letter"), RECORDS)
class TestKeeping:
    def test_what_is_learnt_gets_a_name(
        self, command: Any, event: Any, what: str, letter: str
    ) -> None:
        given(OPENED).when(command).then(event)

    def test_the_next_one_gets_the_next_name(
        self, command: Any, event: Any, what: str, letter: str
    ) -> None:
        other = replace(command, **{what: "Something else."})
        second = replace(event, text="Something else.", **{what: f"{letter}2"})
        given(OPENED, event).when(other).then(second)

    def test_what_is_on_record_is_not_kept_twice(
        self, command: Any, event: Any, what: str, letter: str
    ) -> None:
        given(OPENED, event).when(command).then_nothing()

    def test_there_are_only_so_many(self, command: Any, event: Any, what: str, letter: str) -> None:
        many = [
            replace(event, text=f"{n}", **{what: f"{letter}{n}"}) for n in range(1, ENTRIES + 1)
        ]
        given(OPENED, *many).when(command).then_refused(
            ReviewFull, match=f"at most 100 {what}s", limit=ENTRIES
        )
        last = replace(event, **{what: f"{letter}{ENTRIES}"})
        given(OPENED, *many[:-1]).when(command).then(last)

    def test_what_is_published_says_no_more(
        self, command: Any, event: Any, what: str, letter: str
    ) -> None:
        other = replace(command, **{what: "Something else."})
        given(*IS_PUBLISHED).when(other).then_refused(ReviewNotOpen, match=f"record {what}")


@pytest.mark.parametrize(("command", "event", "withdrawn", "what"), WITHDRAWS)
class TestWithdrawing:
    def test_what_does_not_hold_is_taken_back(
        self, command: Any, event: Any, withdrawn: Any, what: str
    ) -> None:
        given(OPENED, event).when(command).then(withdrawn)

    def test_what_was_taken_back_is_not_taken_back_twice(
        self, command: Any, event: Any, withdrawn: Any, what: str
    ) -> None:
        given(OPENED, event, withdrawn).when(command).then_nothing()

    def test_what_is_not_there_cannot_be_taken_back(
        self, command: Any, event: Any, withdrawn: Any, what: str
    ) -> None:
        other = replace(command, **{what: "X9"})
        given(OPENED, event).when(other).then_refused(
            NoSuchEntry, match=f"no {what} X9", what=what, name="X9"
        )
        assert command.path not in review(OPENED).possible()

    def test_what_is_published_is_not_taken_back(
        self, command: Any, event: Any, withdrawn: Any, what: str
    ) -> None:
        given(OPENED, event, *IS_PUBLISHED[1:]).when(command).then_refused(ReviewNotOpen)

    def test_its_name_is_not_given_again(
        self, command: Any, event: Any, withdrawn: Any, what: str
    ) -> None:
        """What others refer to by a name stays what it was."""
        state = review(OPENED, event, withdrawn)
        (entry,) = (*state.findings.values(), *state.factors.values(), *state.lessons.values())
        assert (False, withdrawn.reason) == (entry.stands, entry.withdrawn_because)

    def test_what_was_never_there_is_passed_over(
        self, command: Any, event: Any, withdrawn: Any, what: str
    ) -> None:
        """The fold is lenient: whatever is on record, a review can be read."""
        assert replace(review(OPENED), version=2) == review(OPENED, withdrawn)


def test_a_finding_that_was_taken_back_can_be_made_again() -> None:
    again = replace(FOUND, finding="F2")
    given(OPENED, FOUND, WITHDRAWN).when(FIND).then(again)


def test_the_same_finding_with_other_evidence_is_another() -> None:
    other = replace(FIND, evidence="A photograph")
    given(OPENED, FOUND).when(other).then(replace(FOUND, finding="F2", evidence="A photograph"))


def test_the_same_factor_may_lie_in_two_places() -> None:
    other = replace(BLAME, kind=FactorKind.PEOPLE)
    given(OPENED, FACTOR).when(other).then(replace(FACTOR, factor="C2", kind=FactorKind.PEOPLE))


def test_the_root_cause_is_identified_and_may_be_another_later() -> None:
    given(OPENED).when(IDENTIFY).then(CAUSE)
    other = "The partition is too small."
    given(OPENED, CAUSE).when(IdentifyRootCause(cause=other)).then(RootCauseIdentified(cause=other))
    assert other == review(OPENED, CAUSE, RootCauseIdentified(cause=other)).root_cause


def test_the_root_cause_that_is_known_is_not_identified_again() -> None:
    given(OPENED, CAUSE).when(IDENTIFY).then_nothing()


def test_the_root_cause_of_what_is_published_is_final() -> None:
    given(*IS_PUBLISHED).when(IDENTIFY).then_refused(ReviewNotOpen, match="identify root cause")


def test_an_entry_tells_who_recorded_it_and_what_shows_it() -> None:
    state = review(OPENED, FOUND, FACTOR)
    finding, factor = state.findings["F1"], state.factors["C1"]
    assert ("dana", FOUND.evidence, None) == (finding.recorded_by, finding.evidence, finding.kind)
    assert (FactorKind.PROCESSES, True) == (factor.kind, factor.stands)
    assert finding.told_at < factor.told_at
