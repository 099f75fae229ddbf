"""What time asks of an incident: it does the same as a person's command, or nothing at all."""

from datetime import timedelta

import pytest

from tests.domain.examples import (
    ASSIGNED,
    CANCELLED,
    CONFIRMED,
    DISMISSED,
    IN_PROGRESS,
    IS_CLOSED,
    IS_RESOLVED,
    NEW,
    REOPENED,
    REPORTED,
    RESOLVED,
    TO_LEVEL_2,
    TO_MANAGER,
)
from tests.domain.kit import NOW, Told, at, given
from tocsin.domain.incident.commands.escalation import EscalateUnasked
from tocsin.domain.incident.commands.resolution import CloseUnasked
from tocsin.domain.incident.events import IncidentClosed, IncidentEscalated, IncidentEvent
from tocsin.domain.incident.values import EscalationKind
from tocsin.domain.kernel import COMMANDS, replace
from tocsin.domain.policy import DEFAULT_POLICY

FUNCTIONAL, HIERARCHICAL = EscalationKind.FUNCTIONAL, EscalationKind.HIERARCHICAL
HELD_BY_LEVEL_2 = (*IN_PROGRESS, ASSIGNED, TO_LEVEL_2)
ENDED = [IS_RESOLVED, IS_CLOSED, (*NEW, CANCELLED), (REPORTED, DISMISSED)]
TO_LEVEL_3 = EscalateUnasked(kind=FUNCTIONAL, level=3, reason="Step 2 fell due.")
CLOSING = CloseUnasked(closure_code="closed-automatically", resolved_by=NOW)
CLOSED = IncidentClosed(closure_code="closed-automatically")
CAREFUL = replace(DEFAULT_POLICY, confirmation_required=True)


def test_nobody_can_ask_for_it() -> None:
    """There is no path to it: over HTTP, only the plain commands are there."""
    assert not {EscalateUnasked, CloseUnasked} & set(COMMANDS.values())
    assert TO_LEVEL_3.aggregate.name == CLOSING.aggregate.name == "incident"


@pytest.mark.parametrize("history", [NEW, IN_PROGRESS, HELD_BY_LEVEL_2])
def test_a_step_that_fell_due_calls_others_in(history: tuple[IncidentEvent, ...]) -> None:
    given(*history).when(TO_LEVEL_3).then(
        IncidentEscalated(kind=FUNCTIONAL, level=3, reason="Step 2 fell due.")
    )


def test_a_step_that_fell_due_calls_a_manager_in() -> None:
    command = EscalateUnasked(kind=HIERARCHICAL, manager="mia")
    given(*IN_PROGRESS).when(command).then(IncidentEscalated(kind=HIERARCHICAL, manager="mia"))
    given(*IN_PROGRESS, TO_MANAGER).when(command).then_nothing()


@pytest.mark.parametrize("history", ENDED)
def test_nobody_is_called_to_what_has_ended(history: tuple[IncidentEvent, ...]) -> None:
    given(*history).when(TO_LEVEL_3).then_nothing()


@pytest.mark.parametrize("level", [1, 2])
def test_what_is_as_high_already_stays_where_it_is(level: int) -> None:
    """A person would be told to assign it instead; nobody is there to be told."""
    command = EscalateUnasked(kind=FUNCTIONAL, level=level)
    given(*HELD_BY_LEVEL_2).when(command).then_nothing()


def test_silence_counts_as_consent() -> None:
    """Also where somebody would have had to confirm."""
    given(*IS_RESOLVED).when(CLOSING).then(CLOSED)
    given(*IS_RESOLVED).under(CAREFUL).when(CLOSING).then(CLOSED)
    given(*IS_RESOLVED, CONFIRMED).when(CLOSING).then(CLOSED)


@pytest.mark.parametrize("history", [IN_PROGRESS, IS_CLOSED, (*IS_RESOLVED, REOPENED)])
def test_what_is_not_resolved_is_not_closed(history: tuple[IncidentEvent, ...]) -> None:
    given(*history).when(CLOSING).then_nothing()


@pytest.mark.parametrize(("later", "closed"), [(-1, True), (0, True), (1, False)])
def test_a_resolution_that_came_later_has_a_time_of_its_own(later: int, closed: bool) -> None:
    """Resolved, reopened and resolved again: what fell due was the first one's closing."""
    again: Told = at(NOW + timedelta(microseconds=later), RESOLVED)
    outcome = given(*IS_RESOLVED, REOPENED, again).when(CLOSING)
    if closed:
        outcome.then(CLOSED)
    else:
        outcome.then_nothing()
