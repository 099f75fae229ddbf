"""Acknowledging, categorising, prioritising and assigning."""

import pytest

from tests.domain.examples import (
    ACKNOWLEDGED,
    ASSIGNED,
    CATEGORISED,
    HELD,
    IN_PROGRESS,
    IS_CLOSED,
    IS_RESOLVED,
    NEW,
    OVERRIDDEN,
    PRIORITISED,
    REOPENED,
    REPORTED,
    TO_LEVEL_2,
)
from tests.domain.kit import given
from tocsin.domain.incident.commands.triage import Acknowledge, Assign, Categorise, Prioritise
from tocsin.domain.incident.events import (
    IncidentAssigned,
    IncidentCategorised,
    IncidentEvent,
    IncidentPrioritised,
)
from tocsin.domain.incident.refusals import NotPossibleWhile, PriorityUnclear
from tocsin.domain.incident.values import Impact, Priority, Urgency
from tocsin.domain.policy import DEFAULT_POLICY, Policy

URGENT = Prioritise(impact=Impact.HIGH, urgency=Urgency.HIGH)
BY_HAND = Prioritise(priority=Priority.HIGH, override_reason="The board meets today.")


@pytest.mark.parametrize("history", [NEW, (*NEW, HELD)])
def test_an_incident_is_taken_on(history: tuple[IncidentEvent, ...]) -> None:
    given(*history).when(Acknowledge()).then(ACKNOWLEDGED)


@pytest.mark.parametrize(
    "history", [IN_PROGRESS, (*IN_PROGRESS, HELD), IS_CLOSED, (*IS_CLOSED, REOPENED)]
)
def test_what_was_taken_on_is_not_taken_on_again(history: tuple[IncidentEvent, ...]) -> None:
    """The first time counts: a late acknowledgement would spoil the time to acknowledge."""
    given(*history).when(Acknowledge()).then_nothing()


def test_a_report_is_not_taken_on_before_it_is_logged() -> None:
    given(REPORTED).when(Acknowledge()).then_refused(NotPossibleWhile, "while .* reported")


@pytest.mark.parametrize("history", [NEW, (*NEW, PRIORITISED), IS_RESOLVED])
def test_trouble_is_put_into_a_category(history: tuple[IncidentEvent, ...]) -> None:
    given(*history).when(Categorise(category="messaging", subcategory="e-mail")).then(CATEGORISED)


def test_another_subcategory_is_another_category() -> None:
    given(*NEW, CATEGORISED).when(Categorise(category="messaging")).then(
        IncidentCategorised(category="messaging")
    )


def test_the_same_category_changes_nothing() -> None:
    again = Categorise(category="messaging", subcategory="e-mail")
    given(*NEW, CATEGORISED).when(again).then_nothing()


def test_a_final_record_keeps_its_category() -> None:
    given(*IS_CLOSED).when(Categorise(category="network")).then_refused(NotPossibleWhile)


@pytest.mark.parametrize(
    ("impact", "urgency", "priority"),
    [
        (Impact.HIGH, Urgency.HIGH, 1),
        (Impact.HIGH, Urgency.MEDIUM, 2),
        (Impact.HIGH, Urgency.LOW, 3),
        (Impact.MEDIUM, Urgency.HIGH, 2),
        (Impact.MEDIUM, Urgency.MEDIUM, 3),
        (Impact.MEDIUM, Urgency.LOW, 4),
        (Impact.LOW, Urgency.HIGH, 3),
        (Impact.LOW, Urgency.MEDIUM, 4),
        (Impact.LOW, Urgency.LOW, 5),
    ],
)
def test_impact_and_urgency_make_priority(impact: Impact, urgency: Urgency, priority: int) -> None:
    """ServiceNow's matrix as shipped, pair by pair."""
    given(*NEW).when(Prioritise(impact=impact, urgency=urgency)).then(
        IncidentPrioritised(priority=priority, impact=impact, urgency=urgency, policy_version=1)
    )


def test_an_override_says_why() -> None:
    given(*NEW, PRIORITISED).when(BY_HAND).then(OVERRIDDEN)


def test_the_same_priority_for_another_reason_is_recorded() -> None:
    again = Prioritise(priority=Priority.HIGH, override_reason="The auditors are here.")
    given(*NEW, OVERRIDDEN).when(again).then(
        IncidentPrioritised(priority=2, override_reason="The auditors are here.")
    )


@pytest.mark.parametrize(
    ("history", "again"),
    [((PRIORITISED,), URGENT), ((OVERRIDDEN,), BY_HAND), ((PRIORITISED, OVERRIDDEN), BY_HAND)],
)
def test_the_same_priority_changes_nothing(
    history: tuple[IncidentEvent, ...], again: Prioritise
) -> None:
    given(*NEW, *history).when(again).then_nothing()


def test_the_matrix_takes_over_again_after_an_override() -> None:
    given(*NEW, PRIORITISED, OVERRIDDEN).when(URGENT).then(PRIORITISED)


def test_another_policy_makes_another_priority() -> None:
    """The event names the policy whose matrix was used."""
    matrix = {**DEFAULT_POLICY.priorities, (Impact.HIGH, Urgency.HIGH): Priority.HIGH}
    calmer = Policy(version=2, priorities=matrix)
    given(*NEW, PRIORITISED).under(calmer).when(URGENT).then(
        IncidentPrioritised(priority=2, impact=Impact.HIGH, urgency=Urgency.HIGH, policy_version=2)
    )


@pytest.mark.parametrize(
    "mixture",
    [
        Prioritise(),
        Prioritise(impact=Impact.HIGH),
        Prioritise(urgency=Urgency.HIGH),
        Prioritise(priority=Priority.HIGH),
        Prioritise(override_reason="Because."),
        Prioritise(impact=Impact.HIGH, urgency=Urgency.HIGH, priority=Priority.HIGH),
        Prioritise(impact=Impact.HIGH, urgency=Urgency.HIGH, override_reason="Because."),
        Prioritise(impact=Impact.HIGH, priority=Priority.HIGH, override_reason="Because."),
        Prioritise(urgency=Urgency.LOW, priority=Priority.HIGH, override_reason="Because."),
    ],
)
def test_a_priority_comes_from_one_place(mixture: Prioritise) -> None:
    given(*NEW).when(mixture).then_refused(PriorityUnclear, "impact and urgency, or priority")


def test_a_final_record_keeps_its_priority() -> None:
    given(*IS_CLOSED).when(URGENT).then_refused(NotPossibleWhile, "Cannot prioritise")


def test_somebody_holds_it() -> None:
    given(*NEW).when(Assign(group="Service Desk", assignee="dana", level=1)).then(ASSIGNED)


def test_group_and_level_stay_unless_named() -> None:
    given(*NEW, ASSIGNED).when(Assign(assignee="eve")).then(
        IncidentAssigned(group="Service Desk", assignee="eve", level=1)
    )


def test_without_an_assignee_it_waits_in_the_queue_of_the_group() -> None:
    given(*NEW, ASSIGNED).when(Assign(group="Network", level=2)).then(
        IncidentAssigned(group="Network", level=2)
    )


@pytest.mark.parametrize(
    ("history", "again"),
    [
        ((ASSIGNED,), Assign(group="Service Desk", assignee="dana", level=1)),
        ((ASSIGNED,), Assign(assignee="dana")),
        ((ASSIGNED, TO_LEVEL_2), Assign(group="Server Team", level=2)),
        ((), Assign()),
    ],
)
def test_the_same_holder_changes_nothing(history: tuple[IncidentEvent, ...], again: Assign) -> None:
    given(*NEW, *history).when(again).then_nothing()


def test_a_resolved_incident_is_not_handed_on() -> None:
    given(*IS_RESOLVED).when(Assign(group="Network")).then_refused(NotPossibleWhile, "resolved")
