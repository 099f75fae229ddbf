"""Must there be a review of an incident, by the policy that was in force, and why?"""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.domain import examples as x
from tests.domain.kit import MONDAY, Told, at, recorded
from tocsin.domain.clock.plan import Rulebooks
from tocsin.domain.incident.events import (
    IncidentCategorised,
    IncidentPrioritised,
)
from tocsin.domain.incident.values import Status
from tocsin.domain.kernel import Recorded, replace
from tocsin.domain.policy import DEFAULT_POLICY, Policy
from tocsin.domain.policy.events import PolicyPublished
from tocsin.domain.policy.rules import Condition, Facts
from tocsin.domain.policy.state import POLICY_STREAM
from tocsin.domain.review.mandate import Mandate, because, mandate

LATER = MONDAY + timedelta(hours=9)
"""After the eight hours in which what is of priority 2 should be resolved."""
HIGH = IncidentPrioritised(priority=2, override_reason="So it is.")
LOW = IncidentPrioritised(priority=4, override_reason="So it is.")


def history(*told: Any) -> list[Recorded[Any]]:
    return [recorded(n, each) for n, each in enumerate(told, 1)]


def asked(*told: Any, rules: Rulebooks | None = None) -> Mandate | None:
    return mandate(history(*told), rules or Rulebooks())


def policies(*policies: Policy, before: int) -> Rulebooks:
    """These policies as versions 2, 3, ..., published just before so many events had happened."""
    rules = Rulebooks()
    for version, policy in enumerate(policies, 2):
        event = PolicyPublished(
            version=version, document="-", compiled=policy.compiled, note="A test."
        )
        envelope: Recorded[Any] = replace(recorded(1, x.LOGGED), event=event)  # type: ignore[arg-type]
        rules.add(replace(envelope, stream=POLICY_STREAM, version=version, position=before))
    return rules


def test_a_critical_incident_is_reviewed_by_the_default_policy() -> None:
    expected = Mandate("It is to be reviewed: priority 1.", 1, "INC0000001", "E-mail is down")
    assert expected == asked(*x.NEW, x.PRIORITISED, x.RESOLVED)


def test_a_major_incident_is_reviewed_whatever_its_priority() -> None:
    found = asked(*x.NEW, LOW, x.MAJOR, x.RESOLVED)
    assert found is not None
    assert "It is to be reviewed: a major incident." == found.reason
    assert asked(*x.NEW, LOW, x.MAJOR, x.STOOD_DOWN, x.RESOLVED) is None


def test_what_nobody_will_ask_about_is_not_reviewed() -> None:
    assert asked(*x.NEW, LOW, x.RESOLVED) is None
    assert asked(*x.NEW, x.RESOLVED) is None


@pytest.mark.parametrize(
    ("when", "wanted"), [(LATER, True), (MONDAY + timedelta(minutes=9), False)]
)
def test_a_missed_target_makes_the_difference(when: datetime, wanted: bool) -> None:
    """Known from the history itself, also before the timekeeper has put it on record."""
    acknowledged = x.ACKNOWLEDGED
    found = asked(*x.NEW, HIGH, acknowledged, at(when, x.RESOLVED))
    assert wanted is (found is not None)
    if found is not None:
        assert "It is to be reviewed: priority 2, a missed target." == found.reason


def test_what_another_system_missed_is_not_held_against_anybody_here() -> None:
    """Taken over late on Monday, it was late already; and nothing was missed since."""
    taken = replace(x.IMPORTED, status=Status.IN_PROGRESS)
    over: Told = at(LATER, taken)
    assert asked(*x.NEW, HIGH, x.ACKNOWLEDGED, over, at(LATER, x.RESOLVED)) is None


def test_the_policy_that_was_in_force_decides() -> None:
    """However late somebody asks, the answer about a history is the same."""
    none = Policy(reviews=())
    told = (*x.NEW, x.PRIORITISED, x.RESOLVED)
    assert asked(*told, rules=policies(none, before=2)) is None
    assert asked(*told, rules=policies(none, before=4)) is not None
    every = Policy(reviews=(Condition(),))
    found = asked(*x.NEW, LOW, x.RESOLVED, rules=policies(every, before=2))
    assert ("It is to be reviewed: all are.", 2) == (found and (found.reason, found.policy_version))


def test_the_incident_as_it_stands_decides() -> None:
    assert asked(*x.NEW, x.PRIORITISED, LOW, x.RESOLVED) is None
    assert asked(*x.NEW, LOW, x.PRIORITISED, x.RESOLVED) is not None


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (Condition(), []),
        (Condition(priority=(1, 2)), ["priority 2"]),
        (Condition(category=("network",)), ["category network/vpn"]),
        (Condition(service=("e-mail", "chat", "web")), ["service chat, e-mail"]),
        (Condition(tenant=("north",)), ["tenant north"]),
        (Condition(major=True, breached=True), ["a major incident", "a missed target"]),
        (Condition(major=False, breached=False), ["no major incident", "no missed target"]),
    ],
)
def test_the_reason_says_which_facts_it_goes_by(condition: Condition, said: list[str]) -> None:
    facts = Facts(
        priority=2,
        category="network",
        subcategory="vpn",
        services=("e-mail", "chat", "phone"),
        tenant="north",
    )
    assert said == list(because(condition, facts))


def test_a_category_without_a_part_is_told_as_it_is() -> None:
    rules = policies(Policy(reviews=(Condition(category=("messaging",)),)), before=1)
    told = IncidentCategorised(category="messaging")
    found = asked(*x.NEW, told, x.RESOLVED, rules=rules)
    assert "It is to be reviewed: category messaging." == (found and found.reason)
    assert DEFAULT_POLICY.reviews
