"""A person, or an incident's texts, is forgotten: once, unless held, and followed to the end."""

from datetime import timedelta

import pytest

from tests.domain.kit import MONDAY
from tests.domain.subject import kit as x
from tests.domain.subject.kit import given, subject
from tocsin.domain.kernel import COMMANDS, replace
from tocsin.domain.subject.commands import CompletePurge, ForgetSubject
from tocsin.domain.subject.refusals import NothingSealed, SubjectHeld
from tocsin.domain.subject.values import Basis


def test_a_person_is_forgotten() -> None:
    given().when(x.FORGET).then(x.FORGOTTEN)


def test_the_texts_of_an_incident_are_forgotten() -> None:
    given().when(x.FORGET_TEXTS).then(x.TEXTS_FORGOTTEN)


def test_who_is_forgotten_stays_forgotten() -> None:
    """Whatever is asked about the same id later: no key of it will ever be there again."""
    again = replace(x.FORGET, request="DSR-9", values=3, until=99)
    given(x.FORGOTTEN).when(again).then_nothing()


def test_texts_that_were_written_since_are_forgotten_as_well() -> None:
    later = replace(x.FORGET_TEXTS, until=60, values=2)
    expected = replace(x.TEXTS_FORGOTTEN, until=60, values=2)
    given(x.TEXTS_FORGOTTEN, x.PURGED).when(later).then(expected)


def test_texts_are_not_forgotten_twice() -> None:
    given(x.TEXTS_FORGOTTEN).when(x.FORGET_TEXTS).then_nothing()


def test_what_is_under_a_legal_hold_is_not_forgotten() -> None:
    given(x.HELD).when(x.FORGET).then_refused(
        SubjectHeld, r"legal hold \(LIT-1\): lift", holds=("LIT-1",)
    )


def test_texts_under_a_legal_hold_are_not_forgotten() -> None:
    given(x.TEXTS_HELD).when(x.FORGET_TEXTS).then_refused(SubjectHeld, "LIT-2")


def test_texts_are_not_forgotten_again_while_they_are_held() -> None:
    later = replace(x.FORGET_TEXTS, until=60)
    given(x.TEXTS_FORGOTTEN, x.TEXTS_HELD).when(later).then_refused(SubjectHeld, "LIT-2")


def test_once_the_hold_is_lifted_it_is_forgotten() -> None:
    given(x.HELD, x.LIFTED).when(x.FORGET).then(x.FORGOTTEN)


def test_texts_of_which_none_is_sealed_are_not_forgotten() -> None:
    """The log would say that they are gone, and everybody could read them."""
    given().when(replace(x.FORGET_TEXTS, values=0, until=0)).then_refused(
        NothingSealed, "stays legible"
    )


def test_a_person_who_stands_nowhere_yet_is_forgotten_as_well() -> None:
    """The key goes: nothing can ever be sealed for them again."""
    nowhere = replace(x.FORGET, values=0, until=0)
    given().when(nowhere).then(replace(x.FORGOTTEN, values=0, until=0))


def test_nobody_is_forgotten_whom_nobody_has_looked_for() -> None:
    with pytest.raises(AssertionError, match="looked for"):
        given().when(ForgetSubject(basis=Basis.OBJECTION, request="DSR-1"))


def test_a_purge_is_completed_once() -> None:
    done = CompletePurge(forgotten=1, places=x.PURGED.places)
    given(x.FORGOTTEN).when(done).then(x.PURGED, unasked=True)


def test_a_purge_completes_nothing_that_was_forgotten_since() -> None:
    again = replace(x.TEXTS_FORGOTTEN, until=60)
    done = CompletePurge(forgotten=1, places=("read models",))
    given(x.TEXTS_FORGOTTEN, again).when(done).then_nothing()
    given().when(replace(done, forgotten=1)).then_nothing()


def test_nobody_can_ask_for_the_end_of_a_purge() -> None:
    assert CompletePurge not in COMMANDS.values()


def test_the_record_says_how_far_forgetting_has_come() -> None:
    known = subject(x.FORGOTTEN)
    assert (known.forgotten, known.request, known.basis) == (1, "DSR-7", Basis.CONSENT_WITHDRAWN)
    assert (known.forgotten_at, known.forgotten_by) == (MONDAY, "dpo")
    assert (known.values, known.until, known.purged_at) == (12, 40, None)
    purged = subject(x.FORGOTTEN, x.PURGED)
    assert purged.purged_at == MONDAY + timedelta(minutes=1)
    assert purged.places == ("read models", "what-if reports")


def test_what_is_forgotten_again_is_to_be_purged_again() -> None:
    known = subject(x.TEXTS_FORGOTTEN, x.PURGED, replace(x.TEXTS_FORGOTTEN, until=60))
    assert (known.forgotten, known.purged_at, known.places) == (3, None, ())
    assert known.incident_id == x.INCIDENT_ID
