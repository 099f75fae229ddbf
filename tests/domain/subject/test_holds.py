"""What is needed for legal claims is kept, for as long as any matter needs it."""

import pytest

from tests.domain.subject import kit as x
from tests.domain.subject.kit import given, subject
from tocsin.domain.kernel import replace
from tocsin.domain.subject.commands import PlaceHold
from tocsin.domain.subject.refusals import HoldsFull, NoSuchHold, SubjectGone
from tocsin.domain.subject.values import HOLDS


def test_a_hold_is_placed() -> None:
    given().when(x.HOLD).then(x.HELD)


def test_a_hold_that_stands_is_not_placed_twice() -> None:
    given(x.HELD).when(replace(x.HOLD, reason="Said otherwise.")).then_nothing()


def test_a_second_matter_has_its_own_hold() -> None:
    other = replace(x.HELD, hold="LIT-9")
    given(x.HELD).when(replace(x.HOLD, hold="LIT-9")).then(other)
    assert subject(x.HELD, other, x.LIFTED).standing == ("LIT-9",)


def test_a_hold_that_was_lifted_can_be_placed_again() -> None:
    given(x.HELD, x.LIFTED).when(x.HOLD).then(x.HELD)


def test_who_is_forgotten_cannot_be_held() -> None:
    given(x.FORGOTTEN).when(x.HOLD).then_refused(SubjectGone, "nothing left to hold")


def test_texts_that_were_written_since_can_be_held() -> None:
    hold = PlaceHold(**x.OF_TEXTS, hold="LIT-2", reason="The regulator asks.")
    given(x.TEXTS_FORGOTTEN).when(hold).then(x.TEXTS_HELD)


def test_the_number_of_holds_has_a_limit() -> None:
    many = [replace(x.HELD, hold=f"LIT-{n}") for n in range(HOLDS)]
    one_more = given(*many).when(replace(x.HOLD, hold="LIT-x"))
    one_more.then_refused(HoldsFull, "100 legal holds", limit=HOLDS)
    assert "place-hold" not in subject(*many).possible()


def test_a_hold_is_lifted() -> None:
    given(x.HELD).when(x.LIFT).then(x.LIFTED)


def test_a_hold_is_not_lifted_twice() -> None:
    given(x.HELD, x.LIFTED).when(x.LIFT).then_nothing()


def test_a_hold_that_nobody_placed_is_not_lifted() -> None:
    given(x.HELD).when(replace(x.LIFT, hold="LIT-7")).then_refused(NoSuchHold, "LIT-7")


def test_nothing_is_held_that_nobody_has_looked_for() -> None:
    with pytest.raises(AssertionError, match="looked for"):
        given().when(PlaceHold(hold="LIT-1", reason="A claim."))


def test_the_record_says_who_held_it_and_why() -> None:
    hold = subject(x.HELD, x.LIFTED).holds["LIT-1"]
    assert (hold.reason, hold.placed_by) == ("A claim for damages.", "dpo")
    assert (hold.lifted_by, hold.lifted_because) == ("dpo", "It was settled.")
    assert hold.lifted_at is not None


def test_the_end_of_an_unknown_hold_is_read_leniently() -> None:
    """A history is never unreadable, whatever became of the rules since."""
    assert subject(x.LIFTED).holds == {}
