"""Notes, findings, questions and waiting."""

from datetime import timedelta

import pytest

from tests.domain.examples import (
    ANSWERED,
    ASKED,
    CANCELLED,
    DIAGNOSED,
    HELD,
    IN_PROGRESS,
    IS_CLOSED,
    IS_RESOLVED,
    NEW,
    NOTED,
    REPORTED,
    RESOLVED,
    RESUMED,
    TOMORROW,
)
from tests.domain.kit import NOW, by, given
from tocsin.domain.incident.commands.investigation import (
    Diagnose,
    Hold,
    Note,
    ProvideInformation,
    RequestInformation,
    Resume,
)
from tocsin.domain.incident.events import (
    IncidentEvent,
    IncidentHeld,
    IncidentNoted,
    InformationRequested,
)
from tocsin.domain.incident.refusals import AlreadyPast, NoOpenQuestion, NotPossibleWhile
from tocsin.domain.incident.values import HoldReason, Visibility
from tocsin.domain.kernel import replace

NOTE = Note(text="Restarting Outlook does not help.")
DIAGNOSE = Diagnose(
    findings="The queue is full.", hypothesis="A full disk.", examined=("mx1", "mx2")
)
HOLD = Hold(reason=HoldReason.AWAITING_VENDOR, until=TOMORROW, detail="Case 4711")
ASK = RequestInformation(question="Which Outlook version?", of="ann")


@pytest.mark.parametrize("history", [(REPORTED,), NEW, IS_RESOLVED, (*NEW, CANCELLED)])
def test_a_note_is_kept(history: tuple[IncidentEvent, ...]) -> None:
    given(*history).when(NOTE).then(NOTED)


def test_a_note_that_is_sent_twice_is_one_note() -> None:
    """A client that did not hear the answer asks again, often without an idempotency key."""
    given(*NEW, NOTED).when(NOTE).then_nothing()
    given(*NEW, NOTED, DIAGNOSED, HELD).when(NOTE).then_nothing()


def test_the_same_note_by_somebody_else_is_another_note() -> None:
    given(*NEW, NOTED).when(NOTE, by="eve").then(NOTED)


def test_the_same_note_after_another_is_another_note() -> None:
    other = IncidentNoted(text="Now it does help.", visibility=Visibility.INTERNAL)
    given(*NEW, NOTED, other).when(NOTE).then(NOTED)


def test_a_note_for_other_eyes_is_another_note() -> None:
    public = Note(text=NOTE.text, visibility=Visibility.PUBLIC)
    given(*NEW, NOTED).when(public).then(replace(NOTED, visibility=Visibility.PUBLIC))


def test_a_final_record_takes_no_notes() -> None:
    given(*IS_CLOSED).when(NOTE).then_refused(NotPossibleWhile, "Cannot note .* closed")


def test_findings_are_kept() -> None:
    given(*NEW).when(DIAGNOSE).then(DIAGNOSED)


def test_findings_that_are_sent_twice_are_kept_once() -> None:
    given(*IN_PROGRESS, DIAGNOSED).when(DIAGNOSE).then_nothing()


def test_a_resolved_incident_is_not_diagnosed() -> None:
    given(*IS_RESOLVED).when(DIAGNOSE).then_refused(NotPossibleWhile)


@pytest.mark.parametrize("history", [(REPORTED,), NEW, (*NEW, ASKED, ANSWERED)])
def test_somebody_is_asked(history: tuple[IncidentEvent, ...]) -> None:
    given(*history).when(ASK).then(ASKED)


def test_the_open_question_is_not_asked_again() -> None:
    given(*NEW, ASKED).when(ASK).then_nothing()


def test_the_same_question_to_somebody_else_is_another_question() -> None:
    given(*NEW, ASKED).when(RequestInformation(question=ASK.question, of="bob")).then(
        InformationRequested(question=ASK.question, of="bob")
    )


def test_nothing_is_asked_about_a_closed_incident() -> None:
    given(*IS_CLOSED).when(ASK).then_refused(NotPossibleWhile, "Cannot request information")


def test_the_open_question_is_answered() -> None:
    given(*NEW, ASKED).when(ProvideInformation(answer="2026.")).then(ANSWERED)


def test_an_answer_that_is_sent_twice_is_one_answer() -> None:
    given(*NEW, ASKED, ANSWERED).when(ProvideInformation(answer="2026.")).then_nothing()


def test_the_same_answer_to_a_second_question_counts() -> None:
    given(*NEW, ASKED, ANSWERED, ASKED).when(ProvideInformation(answer="2026.")).then(ANSWERED)


@pytest.mark.parametrize("history", [NEW, (*NEW, ASKED, by("bob", ANSWERED))])
def test_nobody_answers_what_nobody_asked(history: tuple[IncidentEvent, ...]) -> None:
    answer = ProvideInformation(answer="2026.")
    given(*history).when(answer).then_refused(NoOpenQuestion, "use a note")


def test_an_answer_after_the_resolution_comes_too_late() -> None:
    answer = ProvideInformation(answer="2026.")
    given(*NEW, ASKED, RESOLVED).when(answer).then_refused(NotPossibleWhile, "is resolved")


@pytest.mark.parametrize("history", [NEW, IN_PROGRESS, (*IN_PROGRESS, HELD, RESUMED)])
def test_work_waits(history: tuple[IncidentEvent, ...]) -> None:
    given(*history).when(HOLD).then(HELD)


@pytest.mark.parametrize(
    "other",
    [
        Hold(reason=HoldReason.AWAITING_CHANGE, until=TOMORROW, detail="Case 4711"),
        Hold(reason=HoldReason.AWAITING_VENDOR, detail="Case 4711"),
        Hold(reason=HoldReason.AWAITING_VENDOR, until=TOMORROW),
    ],
)
def test_work_that_waits_for_something_else_is_held_again(other: Hold) -> None:
    given(*NEW, HELD).when(other).then(
        IncidentHeld(reason=other.reason, until=other.until, detail=other.detail)
    )


def test_work_that_waits_already_is_not_held_again() -> None:
    given(*NEW, HELD).when(HOLD).then_nothing()


def test_work_does_not_wait_for_what_is_past() -> None:
    gone = NOW - timedelta(seconds=1)
    given(*NEW).when(replace(HOLD, until=gone)).then_refused(AlreadyPast, "until", moment=gone)


def test_work_may_wait_for_this_very_moment() -> None:
    given(*NEW).when(replace(HOLD, until=NOW)).then(replace(HELD, until=NOW))


def test_work_may_wait_without_a_date() -> None:
    given(*NEW).when(Hold(reason=HoldReason.AWAITING_CALLER)).then(
        IncidentHeld(reason=HoldReason.AWAITING_CALLER)
    )


def test_a_resolved_incident_does_not_wait() -> None:
    given(*IS_RESOLVED).when(HOLD).then_refused(NotPossibleWhile, "Cannot hold")


def test_work_goes_on() -> None:
    given(*NEW, HELD).when(Resume()).then(RESUMED)


@pytest.mark.parametrize("history", [NEW, IN_PROGRESS])
def test_work_that_goes_on_is_not_resumed(history: tuple[IncidentEvent, ...]) -> None:
    given(*history).when(Resume()).then_nothing()


@pytest.mark.parametrize("history", [(REPORTED,), IS_CLOSED])
def test_there_is_no_work_to_resume(history: tuple[IncidentEvent, ...]) -> None:
    given(*history).when(Resume()).then_refused(NotPossibleWhile, "Cannot resume")
