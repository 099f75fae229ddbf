"""Which policy was in force at a place in the log, and what each of them said."""

from datetime import UTC, datetime
from itertools import permutations
from uuid import UUID

import pytest

from tests.domain.policy.documents import MATRIX, policy
from tocsin.domain.kernel import Recorded
from tocsin.domain.policy import DEFAULT_POLICY
from tocsin.domain.policy.events import DefaultRecorded, PolicyEvent, PolicyPublished
from tocsin.domain.policy.history import PolicyHistory
from tocsin.domain.policy.state import POLICY_STREAM

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECOND = policy(MATRIX)
THIRD = policy(f"{MATRIX}\n[closing]\nauto_close_days = 3\n")


def recorded(event: PolicyEvent, version: int, position: int) -> Recorded[PolicyEvent]:
    """An event of the policy's stream."""
    return Recorded(
        stream=POLICY_STREAM,
        version=version,
        position=position,
        actor="mia",
        occurred_at=NOON,
        recorded_at=NOON,
        command_id=UUID(int=1),
        event=event,
    )


def published(number: int, compiled: str, position: int) -> Recorded[PolicyEvent]:
    """Version `number`, at a place in the log."""
    event = PolicyPublished(version=number, document="-", compiled=compiled, note="Why not?")
    return recorded(event, number, position)


DEFAULT = recorded(DefaultRecorded(version=1, document="-", compiled=DEFAULT_POLICY.compiled), 1, 9)
STREAM = [DEFAULT, published(2, SECOND.compiled, 10), published(3, THIRD.compiled, 20)]


def told(*events: Recorded[PolicyEvent]) -> PolicyHistory:
    """A history that was told of these, in this order."""
    history = PolicyHistory()
    for event in events:
        history.add(event)
    return history


def in_force(history: PolicyHistory) -> list[int]:
    return [history.in_force(position) for position in (1, 9, 10, 11, 20, 21, 1_000)]


def test_before_any_was_published_the_default_holds() -> None:
    history = told()
    assert in_force(history) == [1] * 7
    assert history.version(1) is DEFAULT_POLICY
    assert history.seen == 0


def test_a_policy_holds_for_what_stands_after_it() -> None:
    """Not for itself: it was published under the one before."""
    history = told(*STREAM)
    assert in_force(history) == [1, 1, 1, 2, 2, 3, 3]
    assert history.seen == 3


@pytest.mark.parametrize("order", [*permutations(STREAM)])
def test_in_whatever_order_it_is_told_and_however_often_it_is_the_same(
    order: tuple[Recorded[PolicyEvent], ...],
) -> None:
    assert in_force(told(*order, *order)) == in_force(told(*STREAM))


def test_each_version_is_read_as_it_was_published() -> None:
    history = told(*STREAM)
    for number, known in ((2, SECOND), (3, THIRD)):
        assert history.version(number).version == number
        assert history.version(number).compiled == known.compiled
    assert history.version(3) is history.version(3), "read once"


def test_a_version_that_nobody_published_is_not_known() -> None:
    with pytest.raises(KeyError):
        told(*STREAM).version(4)


def test_the_first_version_is_the_one_that_the_log_has_written_down() -> None:
    """What a later Tocsin brings along says nothing of decisions that were taken before."""
    then = recorded(DefaultRecorded(version=1, document="-", compiled=THIRD.compiled), 1, 9)
    assert told(then).version(1).auto_close_days == 3
