"""Service is back, people agree, and the record ends; or not."""

import pytest

from tests.domain.examples import (
    CANCELLED,
    CLOSED,
    CONFIRMED,
    DISMISSED,
    HELD,
    IN_PROGRESS,
    IS_CLOSED,
    IS_RESOLVED,
    LOGGED,
    NEW,
    REFUTED,
    REOPENED,
    REPORTED,
    RESOLVED,
    TESTED,
)
from tests.domain.kit import given, incident
from tocsin.domain.incident.commands.resolution import (
    Cancel,
    Close,
    Confirm,
    RecordTest,
    RejectResolution,
    Reopen,
    Resolve,
)
from tocsin.domain.incident.events import (
    IncidentClosed,
    IncidentEvent,
    IncidentReopened,
    ResolutionConfirmed,
)
from tocsin.domain.incident.refusals import (
    NotAffected,
    NotPossibleWhile,
    ResolutionNotConfirmed,
)
from tocsin.domain.incident.values import Outcome, Source, Stage
from tocsin.domain.kernel import replace
from tocsin.domain.policy import Policy

RESOLVE = Resolve(resolution_code="fixed", resolution="Cleared the partition.")
TEST = RecordTest(
    tested="Sent a mail.",
    stage=Stage.PRODUCTION,
    outcome=Outcome.PASSED,
    evidence="It arrived.",
)
CONFIRM = Confirm(satisfaction=4, comment="Thanks!")
REJECT = RejectResolution(reason="Still down.")
REOPEN = Reopen(reason="Still down.")
CLOSE = Close(
    closure_code="solved",
    detection=Source.MONITORING,
    steps_taken="Cleared it.",
    lessons="Watch the disk.",
)
CANCEL = Cancel(reason="A duplicate.")
CAREFUL = Policy(version=2, confirmation_required=True)


@pytest.mark.parametrize("history", [NEW, IN_PROGRESS, (*IN_PROGRESS, HELD)])
def test_service_is_restored(history: tuple[IncidentEvent, ...]) -> None:
    given(*history).when(RESOLVE).then(RESOLVED)


def test_what_is_resolved_is_not_resolved_again() -> None:
    """Two people who fix it at once both hear that it is fixed."""
    given(*IS_RESOLVED).when(Resolve(resolution_code="other", resolution="Me too.")).then_nothing()


@pytest.mark.parametrize("history", [(REPORTED,), IS_CLOSED, (*NEW, CANCELLED)])
def test_what_is_not_worked_on_is_not_resolved(history: tuple[IncidentEvent, ...]) -> None:
    given(*history).when(RESOLVE).then_refused(NotPossibleWhile, "Cannot resolve")


@pytest.mark.parametrize("history", [IN_PROGRESS, IS_RESOLVED])
def test_a_resolution_is_tried_out(history: tuple[IncidentEvent, ...]) -> None:
    given(*history).when(TEST).then(TESTED)


def test_the_same_test_reported_twice_is_one_test() -> None:
    given(*IS_RESOLVED, TESTED).when(TEST).then_nothing()


def test_the_same_test_with_another_outcome_is_another_test() -> None:
    given(*IS_RESOLVED, TESTED).when(replace(TEST, outcome=Outcome.FAILED)).then(
        replace(TESTED, outcome=Outcome.FAILED)
    )


def test_a_final_record_is_not_tested() -> None:
    given(*IS_CLOSED).when(TEST).then_refused(NotPossibleWhile, "Cannot record test")


@pytest.mark.parametrize("who", ["ann", "bob"])
def test_those_affected_agree(who: str) -> None:
    """Ann reported it, Bob is one of the users."""
    given(*IS_RESOLVED).when(CONFIRM, by=who).then(replace(CONFIRMED, confirmed_by=who))


def test_the_service_desk_passes_on_who_agreed() -> None:
    given(*IS_RESOLVED).when(replace(CONFIRM, confirmed_by="ann"), by="dana").then(CONFIRMED)


def test_those_who_fixed_it_do_not_confirm_it() -> None:
    given(*IS_RESOLVED).when(CONFIRM, by="dana").then_refused(
        NotAffected, "dana is neither the reporter", confirmed_by="dana"
    )


def test_anybody_confirms_what_nobody_in_particular_reported() -> None:
    alert = replace(REPORTED, reporter=None, users=())
    given(alert, LOGGED, RESOLVED).when(Confirm(), by="probe").then(
        ResolutionConfirmed(confirmed_by="probe")
    )


def test_a_user_confirms_what_a_monitor_reported() -> None:
    alert = replace(REPORTED, reporter=None)
    given(alert, LOGGED, RESOLVED).when(CONFIRM, by="bob").then(
        replace(CONFIRMED, confirmed_by="bob")
    )
    given(alert, LOGGED, RESOLVED).when(CONFIRM, by="probe").then_refused(NotAffected)


@pytest.mark.parametrize("again", [CONFIRM, Confirm(), Confirm(comment="Again!")])
def test_what_is_confirmed_is_not_confirmed_again(again: Confirm) -> None:
    given(*IS_RESOLVED, CONFIRMED).when(again, by="ann").then_nothing()


def test_a_score_may_come_later() -> None:
    given(*IS_RESOLVED, CONFIRMED).when(Confirm(satisfaction=2), by="ann").then(
        ResolutionConfirmed(confirmed_by="ann", satisfaction=2)
    )


def test_nothing_is_confirmed_before_it_is_resolved() -> None:
    given(*IN_PROGRESS).when(CONFIRM, by="ann").then_refused(NotPossibleWhile, "in-progress")


def test_confirming_as_nobody_is_a_mistake_of_the_program() -> None:
    with pytest.raises(AssertionError, match="says who acts"):
        list(CONFIRM.decide(incident(*IS_RESOLVED), Policy()))


@pytest.mark.parametrize("history", [IS_RESOLVED, (*IS_RESOLVED, CONFIRMED)])
def test_a_resolution_that_is_none_reopens_the_incident(
    history: tuple[IncidentEvent, ...],
) -> None:
    given(*history).when(REJECT, by="ann").then(REFUTED, REOPENED)


def test_a_rejection_that_is_sent_twice_is_one_rejection() -> None:
    given(*IS_RESOLVED, REFUTED, REOPENED).when(REJECT).then_nothing()


def test_the_next_resolution_is_rejected_for_the_same_reason() -> None:
    given(*IS_RESOLVED, REFUTED, REOPENED, RESOLVED).when(REJECT).then(REFUTED, REOPENED)


@pytest.mark.parametrize("history", [IN_PROGRESS, IS_CLOSED])
def test_there_is_no_resolution_to_reject(history: tuple[IncidentEvent, ...]) -> None:
    given(*history).when(REJECT).then_refused(NotPossibleWhile, "Cannot reject resolution")


@pytest.mark.parametrize(
    "history", [IS_RESOLVED, IS_CLOSED, (*NEW, CANCELLED), (REPORTED, DISMISSED)]
)
def test_it_is_not_over_after_all(history: tuple[IncidentEvent, ...]) -> None:
    given(*history).when(REOPEN).then(REOPENED)


@pytest.mark.parametrize("history", [(REPORTED,), IN_PROGRESS, (*IS_CLOSED, REOPENED)])
def test_what_is_open_is_not_reopened(history: tuple[IncidentEvent, ...]) -> None:
    given(*history).when(Reopen(reason="Another reason.")).then_nothing()


def test_what_was_never_reported_is_not_reopened() -> None:
    given().when(REOPEN).then_refused(NotPossibleWhile, "while the incident is unreported")


def test_the_record_becomes_final() -> None:
    given(*IS_RESOLVED).when(CLOSE).then(CLOSED)


def test_what_is_closed_is_not_closed_again() -> None:
    given(*IS_CLOSED).when(Close(closure_code="other")).then_nothing()


@pytest.mark.parametrize("history", [IN_PROGRESS, (*IS_CLOSED, REOPENED), (*NEW, CANCELLED)])
def test_what_is_not_resolved_is_not_closed(history: tuple[IncidentEvent, ...]) -> None:
    given(*history).when(CLOSE).then_refused(NotPossibleWhile, "Cannot close")


def test_a_policy_may_want_the_people_affected_to_agree_first() -> None:
    given(*IS_RESOLVED).under(CAREFUL).when(CLOSE).then_refused(
        ResolutionNotConfirmed, "^ann has not confirmed", reporter="ann"
    )
    given(*IS_RESOLVED, CONFIRMED).under(CAREFUL).when(CLOSE).then(CLOSED)


def test_a_confirmation_of_an_earlier_resolution_does_not_count() -> None:
    history = (*IS_RESOLVED, CONFIRMED, IncidentReopened(reason="Again."), RESOLVED)
    given(*history).under(CAREFUL).when(CLOSE).then_refused(ResolutionNotConfirmed)


def test_an_alert_that_nobody_confirmed_says_so_without_a_name() -> None:
    alert = replace(REPORTED, reporter=None)
    given(alert, LOGGED, RESOLVED).under(CAREFUL).when(Close(closure_code="solved")).then_refused(
        ResolutionNotConfirmed, "^Somebody affected has not confirmed"
    )


def test_closing_needs_no_more_than_a_code() -> None:
    given(*IS_RESOLVED).when(Close(closure_code="solved")).then(
        IncidentClosed(closure_code="solved")
    )


@pytest.mark.parametrize("history", [(REPORTED,), NEW, (*IN_PROGRESS, HELD)])
def test_an_incident_is_given_up(history: tuple[IncidentEvent, ...]) -> None:
    given(*history).when(CANCEL).then(CANCELLED)


def test_what_is_cancelled_is_not_cancelled_again() -> None:
    given(*NEW, CANCELLED).when(Cancel(reason="Another reason.")).then_nothing()


@pytest.mark.parametrize("history", [IS_RESOLVED, IS_CLOSED, (*NEW, DISMISSED)])
def test_what_is_over_is_not_given_up(history: tuple[IncidentEvent, ...]) -> None:
    given(*history).when(CANCEL).then_refused(NotPossibleWhile, "Cannot cancel")
