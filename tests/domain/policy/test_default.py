"""The policy that is there from the first start: sensible, and the same for ever."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from tocsin.domain.incident.values import HoldReason, Impact, Priority, Risk, Urgency
from tocsin.domain.policy import DEFAULT_DOCUMENT, DEFAULT_POLICY, Policy
from tocsin.domain.policy.default import no_holidays
from tocsin.domain.policy.document import compiled
from tocsin.domain.policy.record import restored
from tocsin.domain.policy.rules import Facts
from tocsin.domain.policy.values import Measure

PINNED = Path(__file__).with_name("default.compiled.json")


def test_version_1_means_the_same_for_ever() -> None:
    """Decisions name it. Whoever wants a better default ships it as a document to publish."""
    assert PINNED.read_text("utf-8").removesuffix("\n") == DEFAULT_POLICY.compiled
    assert restored(DEFAULT_POLICY.compiled, 1) == DEFAULT_POLICY
    assert DEFAULT_POLICY.version == 1


def test_its_document_is_what_it_was_compiled_from_and_raises_no_eyebrows() -> None:
    again = compiled(DEFAULT_DOCUMENT, no_holidays)
    assert again.policy == DEFAULT_POLICY
    assert again.warnings == ()


def test_every_pair_of_impact_and_urgency_has_a_priority() -> None:
    assert set(product(Impact, Urgency)) == DEFAULT_POLICY.priorities.keys()
    assert set(DEFAULT_POLICY.priorities.values()) == set(Priority)


def test_the_matrix_is_the_one_that_a_policy_has_unless_said() -> None:
    assert Policy().priorities == DEFAULT_POLICY.priorities


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


def test_anybody_else_may_approve() -> None:
    assert DEFAULT_POLICY.approvers(Risk.HIGH, 5_000, "network") is None


def test_a_resolution_need_not_be_confirmed_by_default() -> None:
    assert not DEFAULT_POLICY.confirmation_required


@pytest.mark.parametrize("priority", [None, *Priority])
def test_everybody_is_promised_a_first_response(priority: int | None) -> None:
    """Also before somebody has found out how urgent it is."""
    promised = DEFAULT_POLICY.target(Measure.FIRST_RESPONSE, Facts(priority=priority))
    assert promised is not None
    assert not promised.pause


@pytest.mark.parametrize("priority", Priority)
def test_only_waiting_for_the_caller_stops_the_clock_of_a_resolution(priority: Priority) -> None:
    promised = DEFAULT_POLICY.target(Measure.RESOLUTION, Facts(priority=priority))
    assert promised is not None
    assert promised.pause == (HoldReason.AWAITING_CALLER,)


def test_what_comes_first_is_promised_sooner() -> None:
    for measure in (Measure.FIRST_RESPONSE, Measure.RESOLUTION):
        promised = [DEFAULT_POLICY.target(measure, Facts(priority=each)) for each in Priority]
        goals = [each.goal_seconds for each in promised if each]
        assert len(goals) == len(Priority)
        assert goals == sorted(goals)


def test_a_major_incident_is_reviewed_and_kept_up_to_date_whatever_its_priority() -> None:
    facts = Facts(priority=4, major=True)
    assert DEFAULT_POLICY.review_required(facts)
    assert DEFAULT_POLICY.target(Measure.UPDATE_CADENCE, facts)
    assert not DEFAULT_POLICY.review_required(Facts(priority=4, breached=True))


def test_the_default_policy_cannot_be_changed_behind_its_version() -> None:
    """Decisions name the version that they were taken under."""
    with pytest.raises(TypeError):
        DEFAULT_POLICY.priorities[Impact.LOW, Urgency.LOW] = Priority.CRITICAL  # type: ignore[index]
    with pytest.raises(TypeError):
        DEFAULT_POLICY.calendars["24x7"] = None  # type: ignore[index]
    assert replace(DEFAULT_POLICY, version=2) != DEFAULT_POLICY


def test_no_holidays_are_looked_up_for_it() -> None:
    with pytest.raises(ValueError, match="No holidays"):
        no_holidays("AT", range(2026, 2027), None)
