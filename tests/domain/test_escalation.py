"""Calling others in: other skills, other rank, everybody."""

import pytest

from tests.domain.examples import (
    ASSIGNED,
    IN_PROGRESS,
    IS_CLOSED,
    IS_RESOLVED,
    MAJOR,
    NEW,
    STOOD_DOWN,
    TO_LEVEL_2,
    TO_MANAGER,
)
from tests.domain.kit import given
from tocsin.domain.incident.commands.escalation import DeclareMajor, Escalate, StandDown
from tocsin.domain.incident.events import IncidentEscalated, IncidentEvent, MajorIncidentDeclared
from tocsin.domain.incident.refusals import MixedEscalation, NotHigher, NotPossibleWhile
from tocsin.domain.incident.values import EscalationKind

FUNCTIONAL, HIERARCHICAL = EscalationKind.FUNCTIONAL, EscalationKind.HIERARCHICAL
HELD_BY_LEVEL_1 = (*IN_PROGRESS, ASSIGNED)


@pytest.mark.parametrize("history", [NEW, HELD_BY_LEVEL_1])
def test_other_skills_are_called_in(history: tuple[IncidentEvent, ...]) -> None:
    help_us = Escalate(kind=FUNCTIONAL, level=2, group="Server Team", reason="Needs root.")
    given(*history).when(help_us).then(TO_LEVEL_2)


@pytest.mark.parametrize(
    ("level", "group"), [(2, None), (None, "Server Team"), (1, "Server Team"), (4, "Service Desk")]
)
def test_a_higher_level_or_another_group_is_an_escalation(
    level: int | None, group: str | None
) -> None:
    given(*HELD_BY_LEVEL_1).when(Escalate(kind=FUNCTIONAL, level=level, group=group)).then(
        IncidentEscalated(kind=FUNCTIONAL, level=level, group=group)
    )


@pytest.mark.parametrize(("level", "group"), [(2, None), (None, "Server Team"), (2, "Server Team")])
def test_escalating_to_where_it_is_changes_nothing(level: int | None, group: str | None) -> None:
    where_it_is = Escalate(kind=FUNCTIONAL, level=level, group=group)
    given(*HELD_BY_LEVEL_1, TO_LEVEL_2).when(where_it_is).then_nothing()


def test_what_nobody_assigned_is_with_the_first_line() -> None:
    given(*NEW).when(Escalate(kind=FUNCTIONAL, level=1)).then_nothing()


@pytest.mark.parametrize("group", [None, "Service Desk", "Server Team"])
def test_handing_back_is_no_escalation(group: str | None) -> None:
    back = Escalate(kind=FUNCTIONAL, level=1, group=group)
    given(*HELD_BY_LEVEL_1, TO_LEVEL_2).when(back).then_refused(
        NotHigher, "assign it instead", level=1, current=2
    )


def test_other_rank_is_called_in() -> None:
    given(*NEW).when(Escalate(kind=HIERARCHICAL, manager="mia")).then(TO_MANAGER)


def test_the_manager_who_knows_is_not_told_again() -> None:
    given(*NEW, TO_MANAGER).when(Escalate(kind=HIERARCHICAL, manager="mia")).then_nothing()


def test_further_up_the_line_is_another_escalation() -> None:
    given(*NEW, TO_MANAGER).when(Escalate(kind=HIERARCHICAL, manager="max")).then(
        IncidentEscalated(kind=HIERARCHICAL, manager="max")
    )


@pytest.mark.parametrize(
    "mixture",
    [
        Escalate(kind=FUNCTIONAL),
        Escalate(kind=FUNCTIONAL, manager="mia"),
        Escalate(kind=FUNCTIONAL, level=2, manager="mia"),
        Escalate(kind=FUNCTIONAL, group="Server Team", manager="mia"),
        Escalate(kind=HIERARCHICAL),
        Escalate(kind=HIERARCHICAL, level=2),
        Escalate(kind=HIERARCHICAL, level=2, manager="mia"),
        Escalate(kind=HIERARCHICAL, group="Server Team", manager="mia"),
    ],
)
def test_skills_and_rank_are_never_mixed(mixture: Escalate) -> None:
    given(*NEW).when(mixture).then_refused(MixedEscalation, "functional .* hierarchical")


def test_a_closed_incident_is_not_escalated() -> None:
    """Escalating a finished record would page people for nothing."""
    given(*IS_CLOSED).when(Escalate(kind=FUNCTIONAL, level=2)).then_refused(
        NotPossibleWhile, "while the incident is closed"
    )


def test_everybody_is_called_in() -> None:
    given(*NEW).when(DeclareMajor(incident_manager="ivo", meeting_place="Bridge 1")).then(MAJOR)


def test_a_major_incident_is_not_declared_again() -> None:
    again = DeclareMajor(incident_manager="ivo", meeting_place="Bridge 1")
    given(*NEW, MAJOR).when(again).then_nothing()
    given(*NEW, MAJOR, STOOD_DOWN).when(again).then(MAJOR)


@pytest.mark.parametrize(("manager", "place"), [("eve", "Bridge 1"), ("ivo", "Room 12")])
def test_a_major_incident_is_handed_over_or_moves(manager: str, place: str) -> None:
    given(*NEW, MAJOR).when(DeclareMajor(incident_manager=manager, meeting_place=place)).then(
        MajorIncidentDeclared(incident_manager=manager, meeting_place=place)
    )


def test_a_resolved_incident_does_not_become_major() -> None:
    late = DeclareMajor(incident_manager="ivo", meeting_place="Bridge 1")
    given(*IS_RESOLVED).when(late).then_refused(NotPossibleWhile, "Cannot declare major")


def test_a_major_incident_is_stood_down() -> None:
    given(*NEW, MAJOR).when(StandDown(reason="Only one site.")).then(STOOD_DOWN)
    given(*NEW, MAJOR, *IS_RESOLVED[2:]).when(StandDown(reason="Only one site.")).then(STOOD_DOWN)


def test_an_ordinary_incident_is_not_stood_down() -> None:
    given(*NEW).when(StandDown(reason="Only one site.")).then_nothing()


def test_what_was_closed_as_major_stays_major() -> None:
    history = (*NEW, MAJOR, *IS_CLOSED[2:])
    given(*history).when(StandDown(reason="Later thought.")).then_refused(NotPossibleWhile)
