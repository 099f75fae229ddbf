"""How long an incident was in what: told line by line, read off as a table."""

from datetime import UTC

import pytest

from tests.clock.kit import Life, held
from tests.domain import examples as x
from tocsin.domain.clock.happening import in_order
from tocsin.domain.clock.plan import Rulebooks
from tocsin.domain.incident import events as e
from tocsin.domain.incident.values import Fact, HoldReason, Status
from tocsin.domain.kernel import replace
from tocsin.domain.openings import instant
from tocsin.lake.spells import spells

BEGUN = (x.REPORTED, x.LOGGED, e.IncidentAssigned(group="desk"))
NETWORK = e.IncidentAssigned(group="network")
VENDOR = held(HoldReason.AWAITING_VENDOR)


def begun() -> Life:
    return Life(Rulebooks()).on("09:00", *BEGUN).on("09:10", x.ACKNOWLEDGED)


def told(life: Life, *kinds: str) -> list[str]:
    """The spells of these kinds, the earliest first, as `value from-until`."""

    def at(us: int | None) -> str:
        return "" if us is None else f"{instant(us).astimezone(UTC):%H:%M}"

    found = [each for each in spells(in_order(life.happenings())) if each.spell in kinds]
    return [
        f"{each.value or each.spell} {at(each.began)}-{at(each.ended)}"
        for each in sorted(found, key=lambda each: (each.began, each.ended or 1 << 62))
    ]


def test_states_follow_one_another_and_ends_are_none() -> None:
    """Being reported took no time; being closed is nothing that anybody waits in."""
    life = begun().on("11:00", x.RESOLVED).on("12:00", x.CLOSED)
    assert told(life, "state") == [
        "new 09:00-09:10",
        "in-progress 09:10-11:00",
        "resolved 11:00-12:00",
    ]


def test_what_lasts_has_no_end() -> None:
    assert told(begun(), "state", "group", "open") == [
        "new 09:00-09:10",
        "open 09:00-",
        "desk 09:00-",
        "in-progress 09:10-",
    ]


def test_a_group_has_it_until_it_is_passed_on_or_resolved() -> None:
    """And has it again when it is reopened."""
    life = begun().on("10:00", NETWORK).on("11:00", x.RESOLVED).on("13:00", x.REOPENED)
    assert told(life, "group") == ["desk 09:00-10:00", "network 10:00-11:00", "network 13:00-"]
    assert told(life, "open") == ["open 09:00-11:00", "open 13:00-"]


def test_assigning_it_to_the_group_that_has_it_begins_nothing() -> None:
    life = begun().on("10:00", e.IncidentAssigned(group="desk", assignee="dana"))
    assert told(life, "group") == ["desk 09:00-"]


def test_in_nobodys_hands_it_is_in_no_group() -> None:
    life = begun().on("10:00", e.IncidentAssigned(group=None)).on("11:00", NETWORK)
    assert told(life, "group") == ["desk 09:00-10:00", "network 11:00-"]


def test_held_again_for_another_reason_is_another_hold() -> None:
    life = begun().on("10:00", held()).on("10:30", VENDOR).on("11:00", x.RESUMED)
    assert told(life, "hold") == ["awaiting-caller 10:00-10:30", "awaiting-vendor 10:30-11:00"]
    assert "on-hold 10:00-11:00" in told(life, "state")


def test_a_hold_that_took_no_time_was_a_hold() -> None:
    life = begun().on("10:00", held(), x.RESUMED)
    assert told(life, "hold") == ["awaiting-caller 10:00-10:00"]
    assert told(life, "state")[1:] == ["in-progress 09:10-10:00", "in-progress 10:00-"]


@pytest.mark.parametrize("end", [x.RESOLVED, x.CLOSED, x.CANCELLED])
def test_whatever_ends_the_incident_ends_its_hold(end: e.IncidentEvent) -> None:
    life = begun().on("10:00", held()).on("11:00", end)
    assert told(life, "hold") == ["awaiting-caller 10:00-11:00"]
    assert told(life, "open") == ["open 09:00-11:00"]


def test_a_major_incident_is_one_until_it_is_stood_down_or_over() -> None:
    life = begun().on("10:00", x.MAJOR).on("10:30", x.STOOD_DOWN).on("11:00", x.MAJOR)
    assert told(life.on("12:00", x.RESOLVED), "major") == ["major 10:00-10:30", "major 11:00-12:00"]


def test_a_correction_moves_the_end_of_what_it_ends() -> None:
    life = begun().on("12:00", x.RESOLVED)
    earlier = life.at("11:00").isoformat()
    now = e.IncidentCorrected(fact=Fact.RESOLVED_AT, was=None, now=earlier, reason="Typo")
    assert told(life.on("13:00", now), "open") == ["open 09:00-11:00"]


def test_what_was_entered_late_stands_where_it_happened() -> None:
    """The hold was told only after the work went on, but in the order of the world."""
    life = begun().on("11:00", x.NOTED).on("10:00", held(), known="11:30")
    life = life.on("10:20", x.RESUMED, known="11:30")
    assert told(life, "hold") == ["awaiting-caller 10:00-10:20"]


def test_a_record_that_was_taken_over_stands_where_it_stood() -> None:
    taken = replace(x.IMPORTED, status=Status.ON_HOLD)
    life = Life(Rulebooks()).on("09:00", x.REPORTED, x.LOGGED, taken).on("10:00", x.RESUMED)
    assert told(life, "state") == ["on-hold 09:00-10:00", "in-progress 10:00-"]
    assert told(life, "hold") == [], "for whom it waited is not known"
