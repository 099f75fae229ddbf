"""A piece of evidence is attached, looked at, handed on, checked, and discarded in the end."""

from datetime import timedelta

import pytest

from tests.domain.evidence.kit import (
    ACCESSED,
    ATTACH,
    ATTACHED,
    CHECK,
    CHECKED,
    DISCARD,
    DISCARDED,
    HAND_OVER,
    INCIDENT_ID,
    TRANSFER,
    TRANSFERRED,
    evidence,
    given,
)
from tests.domain.kit import MONDAY
from tocsin.domain.evidence.record import Handover
from tocsin.domain.evidence.refusals import EvidenceFull, EvidenceGone, EvidenceHeld
from tocsin.domain.evidence.state import evidence_stream
from tocsin.domain.evidence.values import PIECES, Condition, Custody
from tocsin.domain.kernel import Command, replace


def test_what_shows_what_happened_is_attached() -> None:
    given().when(ATTACH).then(ATTACHED)


def test_an_incident_has_no_more_than_so_much() -> None:
    given().when(replace(ATTACH, number=PIECES)).then(replace(ATTACHED, number=PIECES))
    given().when(replace(ATTACH, number=PIECES + 1)).then_refused(EvidenceFull, limit=PIECES)


def test_nobody_attaches_to_what_nobody_has_looked_for() -> None:
    with pytest.raises(AssertionError, match="looked for"):
        given().when(replace(ATTACH, incident_id=""))


def test_every_look_is_recorded() -> None:
    given(ATTACHED).when(HAND_OVER).then(ACCESSED)
    given(ATTACHED, ACCESSED).when(HAND_OVER).then(ACCESSED)


@pytest.mark.parametrize("condition", Condition)
def test_every_check_is_recorded_whatever_it_found(condition: Condition) -> None:
    asked = replace(CHECK, condition=condition)
    given(ATTACHED).when(asked).then(replace(CHECKED, condition=condition))


def test_somebody_else_answers_for_it() -> None:
    given(ATTACHED).when(TRANSFER).then(TRANSFERRED)


def test_who_has_it_already_is_given_nothing() -> None:
    given(ATTACHED, TRANSFERRED).when(TRANSFER).then_nothing()
    given(ATTACHED).when(replace(TRANSFER, to="dana")).then_nothing()


def test_it_is_discarded_once() -> None:
    given(ATTACHED).when(DISCARD).then(DISCARDED)
    given(ATTACHED, DISCARDED).when(DISCARD).then_nothing()


def test_what_is_under_a_legal_hold_is_not_discarded() -> None:
    held = replace(DISCARD, holds=("LIT-1", "LIT-2"))
    given(ATTACHED).when(held).then_refused(EvidenceHeld, match="LIT-1, LIT-2", holds=held.holds)
    given(ATTACHED, DISCARDED).when(held).then_nothing()


@pytest.mark.parametrize("command", [HAND_OVER, CHECK, TRANSFER])
def test_what_was_discarded_is_not_there_any_more(command: Command) -> None:  # type: ignore[type-arg]
    given(ATTACHED, DISCARDED).when(command).then_refused(
        EvidenceGone, match="was discarded", attempt=command.path
    )


def test_a_piece_tells_what_it_is_and_who_ever_answered_for_it() -> None:
    state = evidence(ATTACHED, ACCESSED, ACCESSED, CHECKED, TRANSFERRED)
    assert (state.incident_id, state.number, state.size) == (INCIDENT_ID, 1, 4_711)
    assert (state.status, state.custodian) == (Custody.KEPT, "ivo")
    begun = Handover(to="dana", by="ann", at=MONDAY)
    on = Handover(
        to="ivo", by="dana", at=MONDAY + timedelta(minutes=4), reason="He leads the review."
    )
    assert state.chain == (begun, on)
    assert (state.accesses, state.accessed_by) == (2, "dana")
    assert (state.condition, state.checked_at) == (
        Condition.INTACT,
        MONDAY + timedelta(minutes=3),
    )
    assert state.earliest() == MONDAY
    assert state.possible() == ("discard", "transfer")


def test_who_collected_it_is_who_attached_it_unless_they_say_otherwise() -> None:
    state = evidence(replace(ATTACHED, collected_by=None))
    assert state.chain == (Handover(to="dana", by="dana", at=MONDAY),)


def test_what_was_discarded_still_tells_what_it_was() -> None:
    state = evidence(ATTACHED, DISCARDED)
    assert (state.status, state.name, state.discarded_by) == (
        Custody.DISCARDED,
        "mx1.log",
        "dana",
    )
    assert state.discarded_because == DISCARDED.reason
    assert state.possible() == ()


def test_before_it_is_attached_there_is_nothing_to_do_to_it() -> None:
    state = evidence()
    assert (state.earliest(), state.possible()) == (None, ())


def test_every_piece_of_every_incident_has_a_stream_of_its_own() -> None:
    other = evidence_stream(evidence_stream(INCIDENT_ID, 1), 1)
    assert len({evidence_stream(INCIDENT_ID, n) for n in range(1, 11)} | {other}) == 11
