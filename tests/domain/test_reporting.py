"""Reporting, logging, verifying and dismissing."""

from datetime import timedelta

import pytest

from tests.domain.examples import (
    BEGAN,
    CANCELLED,
    DISMISSED,
    IMPORTED,
    IS_CLOSED,
    LOGGED,
    NEW,
    REOPENED,
    REPORTED,
    VERIFIED,
)
from tests.domain.kit import NOW, given, incident
from tocsin.domain.incident.commands.reporting import Dismiss, Log, Report, Verify
from tocsin.domain.incident.events import IncidentEvent
from tocsin.domain.incident.refusals import NotPossibleWhile, StillToCome
from tocsin.domain.incident.values import Source, Status
from tocsin.domain.kernel import replace

REPORT = Report(
    title="E-mail is down",
    description="Outlook does not connect.",
    source=Source.USER_REPORT,
    reporter="ann",
    services=("e-mail",),
    users=("ann", "bob"),
    impact_began_at=BEGAN,
    dedup_key="mail-down",
)


def test_a_report_is_logged_with_it() -> None:
    given().when(REPORT).then(REPORTED, LOGGED)


def test_a_report_may_wait_for_somebody_to_look_at_it() -> None:
    given().when(replace(REPORT, log=False)).then(REPORTED)


def test_an_incident_is_reported_once() -> None:
    given(REPORTED).when(REPORT).then_refused(NotPossibleWhile, "while the incident is reported")


LATER = NOW + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("report", "fact"),
    [
        (replace(REPORT, impact_began_at=LATER), "impact_began_at"),
        (replace(REPORT, detected_at=LATER), "detected_at"),
    ],
)
def test_a_report_tells_of_nothing_that_has_not_come(report: Report, fact: str) -> None:
    """A clock that is wrong would begin an incident that nothing may happen to for hours."""
    given().when(report).then_refused(StillToCome, fact, moment=LATER)


def test_a_report_may_tell_of_this_very_moment() -> None:
    given().when(replace(REPORT, impact_began_at=NOW)).then(
        replace(REPORTED, impact_began_at=NOW), LOGGED
    )


def test_a_report_without_a_clock_is_taken_at_its_word() -> None:
    """Who asks the rules directly, without the desk, need not say when."""
    events = list(replace(REPORT, reference="INC0000001").decide(incident(), given().policy))
    assert events == [REPORTED, LOGGED]


def test_logging_without_a_reference_is_a_mistake_of_the_program() -> None:
    """No caller can bring it about: the desk finds the reference."""
    with pytest.raises(AssertionError, match="free reference"):
        list(Log().decide(incident(REPORTED), given().policy))


def test_a_waiting_report_is_logged() -> None:
    given(REPORTED).when(Log()).then(LOGGED)


def test_what_is_logged_is_not_logged_again() -> None:
    given(*NEW).when(Log()).then_nothing()


def test_a_dismissed_report_is_not_logged() -> None:
    given(REPORTED, DISMISSED).when(Log()).then_refused(
        NotPossibleWhile, "Cannot log while the incident is dismissed", status=Status.DISMISSED
    )


def test_a_second_source_verifies_a_report() -> None:
    given(REPORTED).when(Verify(source=Source.MONITORING, evidence="SMTP probe fails")).then(
        VERIFIED
    )


def test_what_is_verified_is_not_verified_again() -> None:
    given(*NEW, VERIFIED).when(Verify(source=Source.AUTOMATED_ALERT)).then_nothing()


def test_a_closed_incident_is_not_verified() -> None:
    given(*IS_CLOSED).when(Verify(source=Source.MONITORING)).then_refused(NotPossibleWhile)


@pytest.mark.parametrize("history", [(REPORTED,), NEW, (*NEW, VERIFIED)])
def test_a_false_positive_is_dismissed(history: tuple[IncidentEvent, ...]) -> None:
    given(*history).when(Dismiss(reason="Ann's cable was unplugged.")).then(DISMISSED)


def test_what_is_dismissed_is_not_dismissed_again() -> None:
    given(*NEW, DISMISSED).when(Dismiss(reason="Another reason.")).then_nothing()


def test_a_cancelled_incident_is_not_dismissed() -> None:
    given(*NEW, CANCELLED).when(Dismiss(reason="Nothing wrong.")).then_refused(NotPossibleWhile)


def test_a_dismissed_report_that_reopens_still_waits_to_be_logged() -> None:
    """It never had a reference, so it cannot be worked on yet."""
    given(REPORTED, DISMISSED, REOPENED).when(Log()).then(LOGGED)


def test_an_imported_incident_that_is_logged_keeps_the_status_it_had() -> None:
    given(IMPORTED, REPORTED, LOGGED).when(Log()).then_nothing()
    assert incident(IMPORTED, REPORTED, LOGGED).status is Status.IN_PROGRESS
