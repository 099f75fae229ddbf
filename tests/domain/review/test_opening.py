"""A review is opened, led and attended; it is published, and perhaps opened again."""

from datetime import timedelta

import pytest

from tests.domain.kit import NOW
from tests.domain.review.examples import (
    ATTENDED,
    FOUND,
    IN_A_WEEK,
    IS_PUBLISHED,
    LED,
    MANDATORY,
    OPENED,
    PUBLISHED,
    REOPENED,
    WITHDRAWN,
)
from tests.domain.review.kit import INCIDENT_ID, STREAM, given, review
from tocsin.domain.incident.refusals import AlreadyPast
from tocsin.domain.kernel import COMMANDS, replace
from tocsin.domain.policy import DEFAULT_POLICY
from tocsin.domain.review.commands.opening import (
    NameFacilitator,
    NameParticipants,
    OpenReview,
    PublishReview,
    ReopenReview,
    RequireReview,
)
from tocsin.domain.review.events import ParticipantsNamed, ReviewPublished
from tocsin.domain.review.refusals import NothingFound, ReviewFull, ReviewNotOpen
from tocsin.domain.review.state import REVIEW, review_stream
from tocsin.domain.review.values import PEOPLE, ReviewStatus

OPEN = OpenReview(
    incident="INC0000001",
    reason="Nobody could work for three hours.",
    facilitator="ivo",
    due_at=IN_A_WEEK,
    incident_id=str(INCIDENT_ID),
    known_as="INC0000001",
    title="E-mail is down",
)
REQUIRE = RequireReview(reason="It is to be reviewed: priority 1.", policy_version=1)
PUBLISH = PublishReview(summary="A full disk that nobody watched.")
MANY = tuple(f"p{n}" for n in range(PEOPLE))


def test_a_review_is_opened_of_an_incident() -> None:
    given().when(OPEN).then(OPENED)


def test_there_is_one_review_of_an_incident() -> None:
    """Whoever wants another finds the one that is there."""
    given(OPENED).when(replace(OPEN, reason="Another reason.")).then_nothing()
    given(*IS_PUBLISHED).when(OPEN).then_nothing()


def test_a_review_is_not_to_be_published_before_it_is_opened() -> None:
    past = replace(OPEN, due_at=NOW - timedelta(seconds=1))
    given().when(past).then_refused(AlreadyPast, match="due_at", what="due_at")
    given().when(replace(OPEN, due_at=NOW)).then(replace(OPENED, due_at=NOW))


def test_nobody_opens_a_review_of_what_nobody_has_looked_for() -> None:
    with pytest.raises(AssertionError, match="looked for"):
        given().when(replace(OPEN, incident_id=""))


def test_every_server_finds_the_same_review() -> None:
    assert STREAM == review_stream(INCIDENT_ID)
    assert "c2643588-c404-5885-be3d-77aa1e5ec41b" == str(STREAM)


def test_a_review_is_named_by_its_incident_too() -> None:
    named = REVIEW.named(STREAM, review(OPENED))
    expected = {"review_id": STREAM, "incident_id": INCIDENT_ID, "reference": "INC0000001"}
    assert expected == named
    assert [] == list(REVIEW.claims(review(), OPENED))


@pytest.mark.parametrize("history", [(OPENED,), IS_PUBLISHED])
def test_what_the_policy_wants_is_mandatory_whoever_opened_it(history: tuple[object, ...]) -> None:
    given(*history).when(REQUIRE).then(MANDATORY, unasked=True)  # type: ignore[arg-type]


def test_what_is_mandatory_stays_so_for_its_first_reason() -> None:
    given(OPENED, MANDATORY).when(replace(REQUIRE, policy_version=2)).then_nothing()


def test_nobody_can_ask_for_what_the_policy_wants() -> None:
    assert RequireReview not in COMMANDS.values()


def test_somebody_else_leads_it() -> None:
    given(OPENED).when(NameFacilitator(facilitator="mia")).then(LED)


def test_who_leads_it_already_is_not_named_again() -> None:
    given(OPENED).when(NameFacilitator(facilitator="ivo")).then_nothing()
    given(*IS_PUBLISHED).when(NameFacilitator(facilitator="ivo")).then_nothing()


def test_people_are_named_who_take_part() -> None:
    given(OPENED).when(NameParticipants(participants=("ann", "bob", "ann"))).then(ATTENDED)


def test_only_those_are_named_who_are_not_yet() -> None:
    both = NameParticipants(participants=("bob", "eva"))
    given(OPENED, ATTENDED).when(both).then(ParticipantsNamed(participants=("eva",)))
    given(OPENED, ATTENDED).when(NameParticipants(participants=("ann",))).then_nothing()


def test_so_many_people_find_out_nothing_more() -> None:
    full = ParticipantsNamed(participants=MANY)
    one_more = NameParticipants(participants=("eva",))
    given(OPENED, full).when(one_more).then_refused(ReviewFull, match="at most 100 participants")
    almost = ParticipantsNamed(participants=MANY[1:])
    given(OPENED, almost).when(one_more).then(ParticipantsNamed(participants=("eva",)))


def test_a_review_is_published_when_something_was_found() -> None:
    given(OPENED, FOUND).when(PUBLISH).then(PUBLISHED)


@pytest.mark.parametrize("history", [(OPENED,), (OPENED, FOUND, WITHDRAWN)])
def test_a_review_that_found_nothing_is_not_published(history: tuple[object, ...]) -> None:
    given(*history).when(PUBLISH).then_refused(NothingFound, match="record one")  # type: ignore[arg-type]


def test_what_is_published_is_not_published_again() -> None:
    given(*IS_PUBLISHED).when(PUBLISH).then_nothing()
    other = PublishReview(summary="It was the network.")
    given(*IS_PUBLISHED).when(other).then_refused(ReviewNotOpen, match="published: reopen it")


def test_opened_again_and_published_it_makes_another_edition() -> None:
    given(*IS_PUBLISHED).when(ReopenReview(reason=REOPENED.reason)).then(REOPENED)
    second = ReviewPublished(edition=2, summary=PUBLISH.summary)
    given(*IS_PUBLISHED, REOPENED).when(PUBLISH).then(second)


def test_what_is_open_need_not_be_opened_again() -> None:
    given(OPENED).when(ReopenReview(reason="Why not.")).then_nothing()


def test_what_was_never_opened_cannot_be_reopened() -> None:
    reopen = ReopenReview(reason="Why not.")
    given().when(reopen).then_refused(
        ReviewNotOpen, match="unopened: open it", status=ReviewStatus.UNOPENED
    )


@pytest.mark.parametrize(
    "command",
    [NameFacilitator(facilitator="eva"), NameParticipants(participants=("eva",))],
    ids=lambda command: command.path,
)
def test_who_led_and_attended_what_is_published_is_final(command: OpenReview) -> None:
    given(*IS_PUBLISHED).when(command).then_refused(
        ReviewNotOpen, match="while the review is published", attempt=command.path
    )


def test_a_review_tells_how_it_came_to_be() -> None:
    state = review(OPENED, MANDATORY, LED, ATTENDED, FOUND, PUBLISHED)
    assert (ReviewStatus.PUBLISHED, 6, 1) == (state.status, state.version, state.edition)
    assert (INCIDENT_ID, "INC0000001", "E-mail is down") == (
        state.incident_id, state.reference, state.title,
    )  # fmt: skip
    assert ("dana", "mia", ("ann", "bob")) == (
        state.opened_by, state.facilitator, state.participants,
    )  # fmt: skip
    assert (True, MANDATORY.reason, 1) == (
        state.mandatory, state.mandatory_because, state.policy_version,
    )  # fmt: skip
    assert (state.opened_at, IN_A_WEEK) == (state.earliest(), state.due_at)
    assert ("dana", PUBLISHED.summary) == (state.published_by, state.summary)


def test_a_review_that_is_open_again_says_why_until_it_is_published() -> None:
    again = review(*IS_PUBLISHED, REOPENED)
    assert (ReviewStatus.OPEN, REOPENED.reason) == (again.status, again.reopened_because)
    assert review(*IS_PUBLISHED, REOPENED, PUBLISHED).reopened_because is None


def test_nothing_has_happened_to_a_review_that_was_never_opened() -> None:
    assert review().earliest() is None
    assert ("open-review",) == review().possible()
    assert [] == list(REQUIRE.decide(review(OPENED, MANDATORY), DEFAULT_POLICY))
