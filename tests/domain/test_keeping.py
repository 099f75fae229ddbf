"""Links, updates and corrections."""

from datetime import timedelta

import pytest

from tests.domain.examples import (
    BEGAN,
    CANCELLED,
    CORRECTED,
    DISMISSED,
    IMPORTED,
    IN_PROGRESS,
    IS_CLOSED,
    IS_RESOLVED,
    LINKED,
    LOGGED,
    NEW,
    REPORTED,
    TOMORROW,
    UNLINKED,
    UPDATED,
)
from tests.domain.kit import MONDAY, NOW, STREAM, given
from tocsin.domain.incident.commands.keeping import (
    MAX_LINKS,
    Correct,
    Link,
    PostUpdate,
    Unlink,
)
from tocsin.domain.incident.events import IncidentCorrected, IncidentEvent, UpdatePosted
from tocsin.domain.incident.refusals import (
    AlreadyPast,
    LinkedToItself,
    NotAValue,
    NothingToCorrect,
    NotPossibleWhile,
    OutOfOrder,
    StillToCome,
    TooMany,
)
from tocsin.domain.incident.values import Audience, Fact, LinkKind
from tocsin.domain.kernel import replace

LINK = Link(kind=LinkKind.PROBLEM, target="PRB0000001")
UNLINK = Unlink(kind=LinkKind.PROBLEM, target="PRB0000001")
UPDATE = PostUpdate(
    audience=Audience.AFFECTED_USERS, message="We work on it.", next_update_due=TOMORROW
)


@pytest.mark.parametrize("history", [(REPORTED,), NEW, IS_CLOSED, (*NEW, CANCELLED)])
def test_records_belong_together(history: tuple[IncidentEvent, ...]) -> None:
    given(*history).when(LINK).then(LINKED)


def test_records_that_belong_together_are_not_linked_again() -> None:
    given(*NEW, LINKED).when(LINK).then_nothing()


@pytest.mark.parametrize("itself", ["INC0000001", str(STREAM)])
def test_an_incident_does_not_belong_together_with_itself(itself: str) -> None:
    own = Link(kind=LinkKind.CAUSED_BY, target=itself)
    given(*NEW).when(own).then_refused(LinkedToItself, "is this incident", target=itself)


def test_an_incident_has_only_so_many_links() -> None:
    full = [replace(LINKED, target=f"PRB{n}") for n in range(MAX_LINKS)]
    given(*NEW, *full).when(LINK).then_refused(TooMany, "at most 200 links", what="links")
    given(*NEW, *full[:-1]).when(LINK).then(LINKED)


def test_nothing_is_linked_to_what_was_never_reported() -> None:
    given().when(LINK).then_refused(NotPossibleWhile)


def test_records_do_not_belong_together_after_all() -> None:
    given(*NEW, LINKED).when(UNLINK).then(UNLINKED)


@pytest.mark.parametrize(
    "history", [NEW, (*NEW, LINKED, UNLINKED), (*NEW, replace(LINKED, kind=LinkKind.CAUSED_BY))]
)
def test_what_is_not_linked_is_not_unlinked(history: tuple[IncidentEvent, ...]) -> None:
    given(*history).when(UNLINK).then_nothing()


@pytest.mark.parametrize("history", [(REPORTED,), NEW, IS_RESOLVED, IS_CLOSED])
def test_people_are_told_how_it_stands(history: tuple[IncidentEvent, ...]) -> None:
    given(*history).when(UPDATE).then(UPDATED)


def test_people_are_not_told_the_same_twice() -> None:
    given(*NEW, UPDATED).when(UPDATE).then_nothing()


def test_other_people_are_told_the_same() -> None:
    given(*NEW, UPDATED).when(replace(UPDATE, audience=Audience.MANAGEMENT)).then(
        replace(UPDATED, audience=Audience.MANAGEMENT)
    )


def test_an_update_need_not_promise_another() -> None:
    last = PostUpdate(audience=Audience.PUBLIC, message="It works again.")
    given(*NEW).when(last).then(UpdatePosted(audience=Audience.PUBLIC, message="It works again."))


def test_the_next_update_is_not_due_in_the_past() -> None:
    gone = NOW - timedelta(minutes=1)
    given(*NEW).when(replace(UPDATE, next_update_due=gone)).then_refused(
        AlreadyPast, "next_update_due", moment=gone
    )


@pytest.mark.parametrize("history", [(*NEW, CANCELLED), (*NEW, DISMISSED)])
def test_nobody_is_told_of_what_was_none(history: tuple[IncidentEvent, ...]) -> None:
    given(*history).when(UPDATE).then_refused(NotPossibleWhile, "Cannot post update")


def correct(fact: Fact, now: str) -> Correct:
    return Correct(fact=fact, now=now, reason="Webmail works.")


def corrected(fact: Fact, was: str | None, now: str) -> IncidentCorrected:
    return IncidentCorrected(fact=fact, was=was, now=now, reason="Webmail works.")


@pytest.mark.parametrize("history", [(REPORTED,), IN_PROGRESS, IS_CLOSED])
def test_a_fact_is_set_right(history: tuple[IncidentEvent, ...]) -> None:
    """Also on a final record: the history keeps what was believed before."""
    given(*history).when(correct(Fact.TITLE, "Outlook is down")).then(CORRECTED)


@pytest.mark.parametrize(
    ("fact", "was", "now"),
    [
        (Fact.DESCRIPTION, "Outlook does not connect.", "Nothing connects."),
        (Fact.SOURCE, "user-report", "monitoring"),
        (Fact.REPORTER, "ann", "bob"),
        (Fact.IMPACT_BEGAN_AT, "2026-03-02T08:40:00Z", "2026-03-02T08:30:00Z"),
        (Fact.DETECTED_AT, None, "2026-03-02T08:50:00Z"),
        (Fact.REPORTED_AT, "2026-03-02T09:00:00Z", "2026-03-02T08:59:00Z"),
        (Fact.ACKNOWLEDGED_AT, "2026-03-02T09:02:00Z", "2026-03-02T09:01:30.500000Z"),
        (Fact.MITIGATED_AT, "2026-03-02T09:03:00Z", "2026-03-02T09:02:00Z"),
        (Fact.RESOLVED_AT, "2026-03-02T09:03:00Z", "2026-03-02T08:40:00Z"),
        (Fact.CLOSED_AT, "2026-03-02T09:04:00Z", "2026-03-02T13:00:00Z"),
    ],
)
def test_every_kind_of_fact_can_be_set_right(fact: Fact, was: str | None, now: str) -> None:
    """What it was comes from the record, not from whoever corrects it."""
    given(*IS_CLOSED).when(correct(fact, now)).then(corrected(fact, was, now))


def test_what_was_not_known_is_added() -> None:
    bare = replace(REPORTED, description="", reporter=None, impact_began_at=None)
    for fact, now in (
        (Fact.DESCRIPTION, "Nothing connects."),
        (Fact.REPORTER, "bob"),
        (Fact.IMPACT_BEGAN_AT, "2026-03-02T08:30:00Z"),
    ):
        given(bare, LOGGED).when(correct(fact, now)).then(corrected(fact, None, now))


def test_a_time_may_be_stated_in_any_zone() -> None:
    given(*NEW).when(correct(Fact.IMPACT_BEGAN_AT, "2026-03-02T10:30:00+02:00")).then(
        corrected(Fact.IMPACT_BEGAN_AT, "2026-03-02T08:40:00Z", "2026-03-02T08:30:00Z")
    )


@pytest.mark.parametrize(
    ("fact", "now"),
    [
        (Fact.TITLE, "E-mail is down"),
        (Fact.SOURCE, "user-report"),
        (Fact.IMPACT_BEGAN_AT, "2026-03-02T08:40:00Z"),
        (Fact.IMPACT_BEGAN_AT, "2026-03-02T09:40:00+01:00"),
    ],
)
def test_what_is_right_is_not_set_right(fact: Fact, now: str) -> None:
    given(*NEW).when(correct(fact, now)).then_nothing()


@pytest.mark.parametrize(
    "time",
    [
        "yesterday",
        "2026-03-02",
        "2026-03-02T08:30:00",
        "2026-13-02T08:30:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
    ],
)
def test_a_time_is_an_instant(time: str) -> None:
    """Without a zone it would be another instant on another machine."""
    given(*NEW).when(correct(Fact.DETECTED_AT, time)).then_refused(
        NotAValue, "ISO 8601 with a time zone", fact=Fact.DETECTED_AT
    )


@pytest.mark.parametrize(
    ("fact", "now", "match"),
    [
        (Fact.SOURCE, "rumour", "one of user-report, monitoring"),
        (Fact.TITLE, "x" * 501, "at most 500 characters"),
        (Fact.REPORTER, "x" * 201, "at most 200 characters"),
    ],
)
def test_a_correction_is_held_to_what_a_report_may_say(fact: Fact, now: str, match: str) -> None:
    given(*NEW).when(correct(fact, now)).then_refused(NotAValue, match)


def test_a_correction_may_be_as_long_as_a_report() -> None:
    longest = "x" * 500
    given(*NEW).when(correct(Fact.TITLE, longest)).then(
        corrected(Fact.TITLE, "E-mail is down", longest)
    )


@pytest.mark.parametrize(
    "fact", [Fact.ACKNOWLEDGED_AT, Fact.MITIGATED_AT, Fact.RESOLVED_AT, Fact.CLOSED_AT]
)
def test_a_step_is_not_made_up_by_its_time(fact: Fact) -> None:
    given(*NEW).when(correct(fact, "2026-03-02T09:30:00Z")).then_refused(
        NothingToCorrect, "has not been taken", fact=fact
    )


def test_a_correction_tells_of_nothing_that_has_not_come() -> None:
    later = NOW + timedelta(seconds=1)
    given(*IS_CLOSED).when(correct(Fact.CLOSED_AT, later.isoformat())).then_refused(
        StillToCome, "closed_at", moment=later
    )


def test_no_step_moves_to_before_the_incident_began() -> None:
    early = BEGAN - timedelta(seconds=1)
    given(*IS_CLOSED).when(correct(Fact.RESOLVED_AT, early.isoformat())).then_refused(
        OutOfOrder, "resolved_at would be .* before the incident began", moment=early, begun=BEGAN
    )


def test_the_beginning_does_not_move_to_after_a_step() -> None:
    """Acknowledged at 09:02, but reported at 09:00: only without that is there a conflict."""
    late = (MONDAY + timedelta(minutes=30)).isoformat()
    bare = replace(REPORTED, impact_began_at=None)
    given(bare, *IN_PROGRESS[1:]).when(correct(Fact.REPORTED_AT, late)).then_refused(
        OutOfOrder, "acknowledged_at would be", what="acknowledged_at"
    )
    given(*IN_PROGRESS).when(correct(Fact.IMPACT_BEGAN_AT, late)).then(
        corrected(Fact.IMPACT_BEGAN_AT, "2026-03-02T08:40:00Z", "2026-03-02T09:30:00Z")
    )


def test_an_imported_incident_of_unknown_beginning_takes_any_time() -> None:
    given(IMPORTED, *IN_PROGRESS[2:]).when(
        correct(Fact.ACKNOWLEDGED_AT, "2016-02-29T01:23:00Z")
    ).then(corrected(Fact.ACKNOWLEDGED_AT, "2026-03-02T09:01:00Z", "2016-02-29T01:23:00Z"))


def test_nothing_is_corrected_before_it_is_reported() -> None:
    given().when(correct(Fact.TITLE, "x")).then_refused(NotPossibleWhile, "Cannot correct")
