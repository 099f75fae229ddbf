"""The organisation's rules, apart from any one incident."""

from dataclasses import replace
from itertools import product

import pytest

from tocsin.domain.incident.values import Impact, Priority, Risk, Urgency
from tocsin.domain.policy import DEFAULT_POLICY, Policy


def test_every_pair_of_impact_and_urgency_has_a_priority() -> None:
    assert set(product(Impact, Urgency)) == DEFAULT_POLICY.priorities.keys()
    assert set(DEFAULT_POLICY.priorities.values()) == set(Priority)


@pytest.mark.parametrize("impact", Impact)
@pytest.mark.parametrize("urgency", Urgency)
def test_less_impact_or_urgency_never_comes_first(impact: Impact, urgency: Urgency) -> None:
    more_impact = DEFAULT_POLICY.priority(Impact.HIGH, urgency)
    more_urgency = DEFAULT_POLICY.priority(impact, Urgency.HIGH)
    assert max(more_impact, more_urgency) <= DEFAULT_POLICY.priority(impact, urgency)


@pytest.mark.parametrize("cost", [0, 1, 1_000_000_000])
def test_high_risk_always_asks_and_low_risk_never(cost: int) -> None:
    assert DEFAULT_POLICY.approval_required(Risk.HIGH, cost)
    assert not DEFAULT_POLICY.approval_required(Risk.LOW, cost)


def test_medium_risk_asks_from_a_cost_on() -> None:
    asks = [DEFAULT_POLICY.approval_required(Risk.MEDIUM, cost) for cost in (999, 1_000)]
    assert asks == [False, True]


def test_a_resolution_need_not_be_confirmed_by_default() -> None:
    assert not DEFAULT_POLICY.confirmation_required


def test_the_default_policy_cannot_be_changed_behind_its_version() -> None:
    """Decisions name the version that they were taken under."""
    with pytest.raises(TypeError):
        DEFAULT_POLICY.priorities[Impact.LOW, Urgency.LOW] = Priority.CRITICAL  # type: ignore[index]
    with pytest.raises(TypeError):
        DEFAULT_POLICY.approval_from_cost[Risk.LOW] = 0  # type: ignore[index]
    assert replace(DEFAULT_POLICY, version=2) == Policy(version=2)
