"""What was agreed to be done, by whom and until when, and what became of it."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.domain.kit import MONDAY, NOW
from tests.domain.review.examples import (
    AGREED,
    DONE,
    DROPPED,
    DUE_SOON,
    FOUND,
    IN_A_WEEK,
    IN_TWO_WEEKS,
    IS_PUBLISHED,
    OPENED,
    OVERDUE,
    PUBLISHED,
    REASSIGNED,
    RESCHEDULED,
)
from tests.domain.review.kit import given, review
from tocsin.domain.incident.refusals import AlreadyPast
from tocsin.domain.kernel import COMMANDS, replace
from tocsin.domain.review.commands.acting import (
    AgreeAction,
    CompleteAction,
    DropAction,
    ReassignAction,
    Remind,
    RescheduleAction,
)
from tocsin.domain.review.refusals import ActionEnded, NoSuchEntry, ReviewFull, ReviewNotOpen
from tocsin.domain.review.values import ENTRIES, SOON, ActionState, ReminderKind

AGREE = AgreeAction(what=AGREED.what, kind=AGREED.kind, owner=AGREED.owner, due_at=AGREED.due_at)
REASSIGN = ReassignAction(action="A1", owner="bob", reason="Ann is away.")
RESCHEDULE = RescheduleAction(action="A1", due_at=IN_A_WEEK, reason="It happened again.")
COMPLETE = CompleteAction(action="A1", evidence=DONE.evidence)
DROP = DropAction(action="A1", reason=DROPPED.reason)
REMIND_SOON = Remind(action="A1", kind=ReminderKind.DUE_SOON, since=2)
REMIND_LATE = Remind(action="A1", kind=ReminderKind.OVERDUE, since=2)
EACH = [
    pytest.param(REASSIGN, REASSIGNED, id="reassign"),
    pytest.param(RESCHEDULE, RESCHEDULED, id="reschedule"),
    pytest.param(COMPLETE, DONE, id="complete"),
    pytest.param(DROP, DROPPED, id="drop"),
]


def test_somebody_agrees_to_do_something() -> None:
    given(OPENED).when(AGREE).then(AGREED)
    later = replace(AGREE, due_at=IN_A_WEEK)
    given(OPENED, AGREED).when(later).then(replace(AGREED, action="A2", due_at=IN_A_WEEK))


def test_what_is_agreed_on_is_not_agreed_on_twice() -> None:
    given(OPENED, AGREED).when(AGREE).then_nothing()


@pytest.mark.parametrize("end", [DONE, DROPPED])
def test_what_is_over_can_be_agreed_on_again(end: Any) -> None:
    given(OPENED, AGREED, end).when(AGREE).then(replace(AGREED, action="A2"))


def test_nobody_agrees_to_have_done_something_by_yesterday() -> None:
    past = replace(AGREE, due_at=NOW - timedelta(seconds=1))
    given(OPENED).when(past).then_refused(AlreadyPast, what="due_at")
    given(OPENED, AGREED).when(replace(RESCHEDULE, due_at=NOW - timedelta(seconds=1))).then_refused(
        AlreadyPast
    )


def test_nobody_does_more_than_so_much() -> None:
    many = [replace(AGREED, action=f"A{n}", what=f"{n}") for n in range(1, ENTRIES + 1)]
    given(OPENED, *many).when(AGREE).then_refused(ReviewFull, match="at most 100 actions")


def test_what_is_published_agrees_on_nothing_more() -> None:
    other = replace(AGREE, what="Something else.")
    given(*IS_PUBLISHED).when(other).then_refused(ReviewNotOpen, match="agree action")


@pytest.mark.parametrize(("command", "event"), EACH)
class TestDeciding:
    def test_it_is_recorded(self, command: Any, event: Any) -> None:
        given(OPENED, AGREED).when(command).then(event)

    def test_it_goes_on_after_the_review_is_published(self, command: Any, event: Any) -> None:
        """A published review is final; what was agreed on lives on."""
        given(*IS_PUBLISHED).when(command).then(event)

    def test_what_is_so_is_not_recorded_again(self, command: Any, event: Any) -> None:
        given(OPENED, AGREED, event).when(command).then_nothing()

    def test_there_must_be_such_an_action(self, command: Any, event: Any) -> None:
        other = replace(command, action="A9")
        given(OPENED, AGREED).when(other).then_refused(NoSuchEntry, match="no action A9")
        assert command.path not in review(OPENED).possible()

    @pytest.mark.parametrize("end", [DONE, DROPPED])
    def test_what_is_over_is_over(self, command: Any, event: Any, end: Any) -> None:
        outcome = given(OPENED, AGREED, end).when(command)
        if type(end) is type(event):
            outcome.then_nothing()
        else:
            outcome.then_refused(ActionEnded, match="Agree on a new one", action="A1")

    def test_what_nobody_agreed_on_is_passed_over(self, command: Any, event: Any) -> None:
        assert replace(review(OPENED), version=2) == review(OPENED, event)


def test_an_action_tells_what_became_of_it() -> None:
    done = review(OPENED, AGREED, REASSIGNED, DONE).actions["A1"]
    assert (ActionState.DONE, "bob", DONE.evidence) == (done.state, done.owner, done.evidence)
    assert MONDAY + timedelta(minutes=3) == done.ended_at
    dropped = review(OPENED, AGREED, DROPPED).actions["A1"]
    assert (ActionState.DROPPED, DROPPED.reason) == (dropped.state, dropped.dropped_because)
    assert not dropped.open


class TestReminding:
    """Once when it is due soon, once when it is overdue, for each due time."""

    def test_an_owner_is_reminded_of_what_is_due_soon(self) -> None:
        given(OPENED, AGREED).when(REMIND_SOON).then(DUE_SOON, unasked=True)

    def test_an_owner_is_reminded_of_what_is_overdue(self) -> None:
        given(OPENED, AGREED, DUE_SOON).when(REMIND_LATE).then(OVERDUE, unasked=True)
        given(OPENED, AGREED).when(REMIND_LATE).then(OVERDUE, unasked=True)

    def test_what_is_overdue_is_not_due_soon_any_more(self) -> None:
        given(OPENED, AGREED, OVERDUE).when(REMIND_SOON).then_nothing()

    @pytest.mark.parametrize("end", [DONE, DROPPED])
    def test_nobody_is_reminded_of_what_is_over(self, end: Any) -> None:
        given(OPENED, AGREED, end).when(REMIND_LATE).then_nothing()

    def test_the_new_owner_is_reminded(self) -> None:
        given(OPENED, AGREED, REASSIGNED).when(REMIND_LATE).then(
            replace(OVERDUE, owner="bob"), unasked=True
        )

    def test_of_another_due_time_people_are_reminded_anew(self) -> None:
        """And of the one that it had before no more, whoever is late to say so."""
        history = (OPENED, AGREED, DUE_SOON, OVERDUE, RESCHEDULED)
        given(*history).when(REMIND_LATE).then_nothing()
        late = replace(OVERDUE, due_at=IN_A_WEEK, since=5)
        given(*history).when(replace(REMIND_LATE, since=5)).then(late, unasked=True)

    def test_nobody_is_reminded_of_what_nobody_agreed_on(self) -> None:
        given(OPENED).when(REMIND_LATE).then_nothing()
        assert replace(review(OPENED), version=2) == review(OPENED, OVERDUE)

    def test_people_are_reminded_after_the_review_is_published(self) -> None:
        given(OPENED, AGREED, FOUND, PUBLISHED).when(REMIND_LATE).then(OVERDUE, unasked=True)

    def test_nobody_can_ask_to_be_reminded(self) -> None:
        assert Remind not in COMMANDS.values()

    @pytest.mark.parametrize(
        ("due_at", "times"),
        [
            (IN_TWO_WEEKS, [IN_TWO_WEEKS - SOON, IN_TWO_WEEKS]),
            (MONDAY + timedelta(minutes=1) + SOON, [MONDAY + timedelta(minutes=1) + SOON]),
            (
                MONDAY + timedelta(minutes=1, microseconds=1) + SOON,
                [
                    MONDAY + timedelta(minutes=1, microseconds=1),
                    MONDAY + timedelta(minutes=1, microseconds=1) + SOON,
                ],
            ),
        ],
    )
    def test_what_is_agreed_on_for_soon_is_not_said_to_be_due_soon(
        self, due_at: datetime, times: list[datetime]
    ) -> None:
        action = review(OPENED, replace(AGREED, due_at=due_at)).actions["A1"]
        assert times == [at for _, at in action.reminders()]

    def test_after_a_reminder_only_the_others_are_left(self) -> None:
        kinds = [
            [kind for kind, _ in review(*history).actions["A1"].reminders()]
            for history in ((OPENED, AGREED, DUE_SOON), (OPENED, AGREED, DUE_SOON, OVERDUE))
        ]
        assert [[ReminderKind.OVERDUE], []] == kinds
