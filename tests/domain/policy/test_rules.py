"""Which incidents a rule is about, what is promised to them, and who may accept a risk."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.policy.documents import WHOLE, policy
from tocsin.domain.incident.values import Risk
from tocsin.domain.policy.rules import Condition, Facts
from tocsin.domain.policy.values import Measure

ANY = policy(WHOLE)
MAYBE = st.none() | st.booleans()
NAMES = st.sampled_from("abc")


def some(values: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(values, max_size=2, unique=True).map(tuple)


CONDITIONS = st.builds(
    Condition,
    priority=some(st.integers(1, 3)),
    category=some(st.sampled_from(["a", "a/b", "a/b/c", "ab", "b"])),
    service=some(NAMES),
    tenant=some(NAMES),
    major=MAYBE,
    breached=MAYBE,
)
FACTS = st.builds(
    Facts,
    priority=st.none() | st.integers(1, 3),
    category=st.none() | st.sampled_from(["a", "ab", "b"]),
    subcategory=st.none() | st.sampled_from(["b", "b/c", "c"]),
    services=some(NAMES),
    tenant=st.none() | NAMES,
    major=st.booleans(),
    breached=st.booleans(),
)


@given(one=CONDITIONS, other=CONDITIONS, facts=FACTS)
def test_a_condition_that_covers_another_holds_wherever_that_does(
    one: Condition, other: Condition, facts: Facts
) -> None:
    assert one.covers(one)
    if one.covers(other) and other.holds(facts):
        assert one.holds(facts)


@pytest.mark.parametrize(
    ("condition", "facts", "holds"),
    [
        (Condition(), Facts(), True),
        (Condition(priority=(1, 2)), Facts(priority=2), True),
        (Condition(priority=(1, 2)), Facts(), False),
        (Condition(category=("network",)), Facts(category="network", subcategory="vpn"), True),
        (Condition(category=("network/vpn",)), Facts(category="network"), False),
        (Condition(category=("net",)), Facts(category="network"), False),
        (Condition(service=("mail", "web")), Facts(services=("dns", "web")), True),
        (Condition(service=("mail",)), Facts(services=("dns",)), False),
        (Condition(tenant=("blue",)), Facts(), False),
        (Condition(tenant=("blue",)), Facts(tenant="blue"), True),
        (Condition(major=False), Facts(major=True), False),
        (Condition(major=True, priority=(1,)), Facts(major=True, priority=2), False),
        (Condition(breached=True), Facts(breached=True), True),
    ],
)
def test_all_that_a_condition_says_must_hold(
    condition: Condition, facts: Facts, holds: bool
) -> None:
    assert condition.holds(facts) is holds


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Condition(priority=(1,)), Condition()),
        (Condition(category=("network/vpn",)), Condition(category=("network",))),
        (Condition(service=("mail",)), Condition(service=("mail", "web"))),
        (Condition(major=True), Condition(major=False)),
        (Condition(category=("network",)), Condition()),
    ],
)
def test_a_narrower_condition_covers_no_wider_one(one: Condition, other: Condition) -> None:
    assert not one.covers(other)


def test_the_first_target_of_a_measure_that_fits_holds() -> None:
    fitting = Facts(priority=1, major=True, category="network", services=("vpn",))
    for facts, name in (
        (fitting, "Major"),
        (replace(fitting, major=False), "Network"),
        (Facts(), None),
    ):
        found = ANY.target(Measure.RESOLUTION, facts)
        assert (found.name if found else None) == name


def test_a_group_has_targets_of_its_own() -> None:
    found = ANY.group_target("desk", Facts())
    assert found is not None
    assert found.name == "Desk hands over"
    assert ANY.group_target("network", Facts()) is None


def test_every_escalation_that_fits_holds() -> None:
    names = [each.name for each in ANY.escalations_of(Facts(priority=1))]
    assert names == ["Half time", "Silence", "Slow"]
    assert "Silence" not in [each.name for each in ANY.escalations_of(Facts(priority=2))]


def test_those_whom_the_policy_names_may_approve() -> None:
    assert ANY.approvers(Risk.HIGH, 0, "desk") == frozenset({"ivo", "noor", "mia"})
    assert ANY.approvers(Risk.HIGH, 0, None) == frozenset({"ivo", "noor"})
    assert ANY.approvers(Risk.HIGH, 0, "nobody we know") == frozenset({"ivo", "noor"})
    assert ANY.approvers(Risk.MEDIUM, 500, None) == frozenset({"cleo"})
    assert ANY.approvers(Risk.MEDIUM, 499, None) is None
    assert not ANY.approval_required(Risk.MEDIUM, 499)


def test_where_several_rules_ask_those_may_who_may_by_all_of_them() -> None:
    """A dearer one may need somebody from a smaller circle, and never from a wider one."""
    rule = '\n[[approvals]]\nrisk = "high"\nfrom_cost = 1000\ngroups = ["board"]\n'
    board = '\n[groups.board]\nlevel = 1\nmembers = ["noor", "otto"]\n'
    strict = policy(WHOLE + board + rule)
    assert strict.approvers(Risk.HIGH, 999, "desk") == frozenset({"ivo", "noor", "mia"})
    assert strict.approvers(Risk.HIGH, 1_000, "desk") == frozenset({"noor"})


def test_a_review_is_mandatory_where_any_of_its_conditions_holds() -> None:
    assert ANY.review_required(Facts(priority=1, breached=True))
    assert ANY.review_required(Facts(major=True))
    assert not ANY.review_required(Facts(priority=1))
