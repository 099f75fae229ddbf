"""What groups promise each other: each has a clock of its own, while it has the incident."""

import pytest

from tests.clock.kit import MATRIX, Life, held, prioritised, published, sla
from tests.domain.examples import LOGGED, REOPENED, REPORTED, RESOLVED, RESUMED, VERIFIED
from tocsin.domain.incident import events as e
from tocsin.domain.incident.values import EscalationKind

DONE = sla("Done", "4h", 'pause = ["awaiting-caller"]')
GROUPS = """
[levels]
1 = "Desk"
2 = "Support"

[groups.desk]
level = 1
members = ["ann"]

[groups.network]
level = 2
members = ["cleo"]

[groups.vendor]
level = 2
members = ["zoe"]
"""
OLA = """
[[ola]]
name = "Passed on"
groups = ["desk"]
goal = "2h"
pause = ["awaiting-caller"]

[[ola]]
name = "Repaired"
groups = ["network"]
goal = "3h"
"""


def begun(*targets: str) -> Life:
    """Reported at nine, under these targets."""
    return Life(published(MATRIX + "".join(targets))).on("09:00", REPORTED, LOGGED)


def to(group: str | None) -> e.IncidentAssigned:
    """Assigned to a group."""
    return e.IncidentAssigned(group=group)


def test_a_group_owes_from_when_it_has_the_incident_until_another_one_has() -> None:
    life = (
        begun(GROUPS, OLA).on("10:00", to("desk")).on("11:30", to("network")).on("13:00", RESOLVED)
    )
    assert life.stands("18:00") == [
        ("Passed on", 1, "met", "1h 30m", "0m", "Mon 2 Mar 11:30"),
        ("Repaired", 1, "met", "1h 30m", "0m", "Mon 2 Mar 13:00"),
    ]
    assert [(each.group, each.holder) for each in life.timers("18:00")] == [
        ("desk", "desk"), ("network", "network")
    ]  # fmt: skip


def test_a_group_that_gets_it_again_begins_again() -> None:
    life = begun(GROUPS, OLA).on("10:00", to("desk")).on("11:00", to("network"))
    life = life.on("12:00", to("desk"))
    assert life.stands("13:00") == [
        ("Passed on", 1, "met", "1h 00m", "0m", "Mon 2 Mar 11:00"),
        ("Repaired", 1, "met", "1h 00m", "0m", "Mon 2 Mar 12:00"),
        ("Passed on", 1, "running", "1h 00m", "0m", "Mon 2 Mar 14:00"),
    ]


def test_another_person_of_the_same_group_changes_nothing_for_the_group() -> None:
    life = begun(GROUPS, OLA).on("10:00", to("desk"))
    life = life.on("11:00", e.IncidentAssigned(group="desk", assignee="bob"))
    assert life.stands("11:30") == [("Passed on", 1, "running", "1h 30m", "0m", "Mon 2 Mar 12:00")]


def test_a_functional_escalation_to_a_group_passes_it_on() -> None:
    life = begun(GROUPS, OLA).on("10:00", to("desk"))
    life = life.on("11:00", e.IncidentEscalated(kind=EscalationKind.FUNCTIONAL, group="network"))
    assert [each.target for each in life.timers("11:30")] == ["Passed on", "Repaired"]


def test_a_group_without_a_promise_owes_nothing_and_nobody_owes_when_nobody_has_it() -> None:
    life = (
        begun(GROUPS, OLA).on("10:00", to("vendor")).on("11:00", to(None)).on("12:00", to("desk"))
    )
    assert life.stands("13:00") == [("Passed on", 1, "running", "1h 00m", "0m", "Mon 2 Mar 14:00")]
    left = life.on("13:30", to(None))
    assert left.stands("18:00") == [("Passed on", 1, "met", "1h 30m", "0m", "Mon 2 Mar 13:30")]


def test_without_any_promise_of_a_group_there_is_no_clock_of_one() -> None:
    life = begun(DONE).on("10:00", to("desk")).on("11:00", prioritised(1))
    assert [each.target for each in life.timers("12:00")] == ["Done"]


def test_a_group_that_is_passed_on_from_without_its_stop_is_cancelled() -> None:
    """Its promise ends with the incident resolved, and somebody else has to do that now."""
    ola = OLA.replace('goal = "2h"', 'goal = "2h"\nstop = ["resolved"]')
    life = begun(GROUPS, ola).on("10:00", to("desk")).on("11:00", to("network"))
    assert life.stands("18:00", "Passed on") == [
        ("Passed on", 1, "cancelled", "1h 00m", "0m", "Mon 2 Mar 11:00")
    ]


def test_reopened_the_group_that_has_it_owes_again_and_waits_count_for_groups_too() -> None:
    life = begun(GROUPS, OLA).on("10:00", to("desk")).on("10:30", held()).on("11:00", RESUMED)
    life = life.on("11:30", RESOLVED).on("14:00", REOPENED)
    assert life.stands("15:00") == [
        ("Passed on", 1, "met", "1h 00m", "30m", "Mon 2 Mar 11:30"),
        ("Passed on", 2, "running", "1h 00m", "0m", "Mon 2 Mar 16:00"),
    ]


def test_given_to_a_group_when_it_is_over_that_group_owes_nothing_until_it_is_reopened() -> None:
    life = begun(GROUPS, OLA).on("10:00", RESOLVED).on("11:00", to("desk"))
    assert life.timers("12:00") == []
    assert life.on("12:00", REOPENED).stands("13:00") == [
        ("Passed on", 1, "running", "1h 00m", "0m", "Mon 2 Mar 14:00")
    ]


def test_another_priority_changes_what_a_group_owes_without_losing_what_it_spent() -> None:
    quick = OLA.replace('groups = ["desk"]', 'groups = ["desk"]\nwhen = { priority = [1] }') + (
        '[[ola]]\nname = "Some day"\ngroups = ["desk"]\ngoal = "8h"\n'
    )
    life = begun(GROUPS, quick).on("10:00", to("desk")).on("11:00", prioritised(1))
    assert life.stands("11:30") == [
        ("Some day", 1, "cancelled", "1h 00m", "0m", "Mon 2 Mar 11:00"),
        ("Passed on", 1, "running", "1h 30m", "0m", "Mon 2 Mar 12:00"),
    ]


@pytest.mark.parametrize(("verified", "began"), [("09:30", "10:00"), ("10:30", "10:30")])
def test_a_group_may_owe_only_from_a_moment_that_comes_while_it_has_it(
    verified: str, began: str
) -> None:
    """If it came before, the group owes from when it has the incident."""
    ola = OLA.replace('goal = "2h"', 'goal = "2h"\nstart = "verified"')
    steps: list[tuple[str, e.IncidentEvent]] = [("10:00", to("desk")), (verified, VERIFIED)]
    life = begun(GROUPS, ola)
    for at, event in sorted(steps, key=lambda step: step[0]):
        life = life.on(at, event)
    assert life.timer("11:00").began == life.us(began)


def test_who_had_the_incident_when_the_verdict_fell_is_told_with_it() -> None:
    """Broken at 13:00, while the desk had it; the network group resolved it."""
    life = begun(DONE).on("10:00", to("desk")).on("14:00", to("network")).on("15:00", RESOLVED)
    assert life.timer("18:00").holder == "desk"
    in_time = begun(DONE).on("10:00", to("desk")).on("11:00", to("network")).on("12:00", RESOLVED)
    assert in_time.timer("18:00").holder == "network"
    assert in_time.course.group_at(in_time.us("09:30")) is None
    assert begun(DONE).timer("10:00").holder is None
