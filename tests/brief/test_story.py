"""The timeline with its gaps, whose hands it went through, what people were told."""

from datetime import timedelta

import pytest

from tests.brief.kit import DESK, NETWORK, begun, brief, x
from tests.clock.kit import Life, held
from tocsin.domain.clock.plan import Rulebooks
from tocsin.domain.incident import events as e
from tocsin.domain.incident.values import Audience, Fact, HoldReason
from tocsin.domain.kernel import replace

HOUR = 3_600


def gaps(life: Life, until: str = "18:00") -> list[str]:
    return [f"{each.since:%H:%M}-{each.until:%H:%M}" for each in brief(life, until).gaps]


@pytest.mark.parametrize(("priority", "minutes"), [(1, 30), (2, 60), (3, 480), (4, 1440)])
def test_silence_is_a_gap_when_it_lasts_longer_than_its_priority_allows(
    priority: int, minutes: int
) -> None:
    life = begun(priority)
    end = life.at("09:10") + timedelta(minutes=minutes)
    assert gaps(life, f"{end:%Y-%m-%d %H:%M}") == []
    (gap,) = brief(life, f"{end + timedelta(minutes=1):%Y-%m-%d %H:%M}").gaps
    assert (gap.since, gap.seconds) == (life.at("09:10"), (minutes + 1) * 60)
    assert gap.expected_seconds == minutes * 60
    assert gap.after == "Acknowledged."


def test_nobody_expects_to_hear_of_what_is_on_hold_or_over() -> None:
    life = begun(1).on("09:20", held()).on("11:00", x.RESUMED).on("11:10", x.RESOLVED)
    assert gaps(life) == []


def test_a_priority_counts_from_when_it_was_set() -> None:
    """Two silent hours are a gap under the second priority only."""
    life = begun(3).on("11:10", e.IncidentPrioritised(priority=2, override_reason="The board."))
    assert gaps(life.on("13:10", x.RESOLVED)) == ["11:10-13:10"]


def test_the_timeline_stands_in_the_order_of_the_world() -> None:
    life = begun().on("12:00", x.NOTED).on("10:00", x.DIAGNOSED, known="12:30")
    told = brief(life).timeline
    assert [each.at for each in told] == sorted(each.at for each in told)
    late = [each for each in told if each.late_seconds]
    assert [(each.event, each.late_seconds) for each in late] == [
        ("incident.diagnosed", 2 * HOUR + HOUR // 2)
    ]


def test_what_was_taken_over_from_elsewhere_was_not_told_late() -> None:
    life = begun().on("10:00", x.DIAGNOSED, known="12:30")
    *rest, last = life.history
    taken = replace(life, history=(*rest, replace(last, via="import:servicenow-audit")))
    assert not any(each.late_seconds for each in brief(taken).timeline)


def test_only_what_had_happened_by_then_is_told() -> None:
    life = begun().on("12:00", x.RESOLVED)
    early = brief(life, "11:00")
    assert early.timeline[-1].event == "incident.acknowledged"
    assert early.incident.resolved_at is None


def test_corrections_are_told_with_what_was_said_before() -> None:
    life = begun().on("12:00", x.RESOLVED)
    now = life.at("11:00").isoformat()
    fixed = e.IncidentCorrected(fact=Fact.RESOLVED_AT, was="12:00", now=now, reason="Typo")
    (told,) = brief(life.on("13:00", fixed)).corrections
    assert (told.fact, told.was, told.now, told.reason) == ("resolved_at", "12:00", now, "Typo")


def test_a_hand_off_says_how_long_the_first_group_had_it_and_whether_it_came_back() -> None:
    life = begun().on("10:00", NETWORK).on("12:00", DESK).on("13:00", x.RESOLVED)
    there, back = brief(life).hand_offs
    assert (there.origin, there.to, there.held_seconds, there.back) == (
        "desk", "network", HOUR, False,
    )  # fmt: skip
    assert (back.origin, back.to, back.held_seconds, back.back) == (
        "network", "desk", 2 * HOUR, True,
    )  # fmt: skip


def test_what_lasts_is_counted_up_to_then() -> None:
    life = begun().on("10:00", held(HoldReason.AWAITING_VENDOR))
    (hold,) = (each for each in brief(life, "11:30").spent if each.what == "hold")
    assert (hold.value, hold.until, hold.seconds) == ("awaiting-vendor", None, HOUR * 3 // 2)


def test_everybody_who_acted_or_was_made_something_is_named_once() -> None:
    life = begun().on("10:00", NETWORK, x.TO_MANAGER, x.MAJOR)
    people = {each.name: each for each in brief(life).people}
    assert people["dana"].roles == ("assignee",)
    assert people["ivo"].roles == ("assignee", "incident manager")
    assert (people["ivo"].actions, people["dana"].actions) == (0, 8)
    assert people["mia"].roles == ("manager",)


def update(message: str, due: str | None = None) -> e.UpdatePosted:
    at = Life(Rulebooks()).at(due) if due else None
    return e.UpdatePosted(audience=Audience.AFFECTED_USERS, message=message, next_update_due=at)


def test_an_update_is_late_by_what_the_one_before_had_promised() -> None:
    life = begun().on("10:00", update("Soon", "11:00")).on("11:20", update("Still"))
    first, second = brief(life).told.updates
    assert (first.promised, first.late_seconds) == (None, 0)
    assert (second.promised, second.late_seconds) == (life.at("11:00"), 20 * 60)


def test_a_promise_that_nobody_kept_is_told_up_to_the_end() -> None:
    promised = begun().on("10:00", update("Soon", "11:00"))
    assert [each.late_seconds for each in brief(promised, "12:00").told.missed] == [HOUR]
    assert brief(promised, "11:00").told.missed == ()
    resolved = promised.on("11:30", x.RESOLVED)
    assert [each.late_seconds for each in brief(resolved, "18:00").told.missed] == [HOUR // 2]


def test_who_resolves_in_time_owes_nobody_an_update() -> None:
    life = begun().on("10:00", update("Soon", "11:00")).on("10:30", x.RESOLVED)
    assert brief(life).told.missed == ()


def test_a_workaround_is_told_from_its_proposal_to_its_end() -> None:
    life = begun().on("10:00", x.PROPOSED).on("10:40", x.APPROVED).on("10:50", x.APPLIED)
    (way,) = brief(life.on("12:00", x.WITHDRAWN)).workarounds
    assert (way.decision, way.waited_seconds) == ("approved", 40 * 60)
    assert (way.applied_at, way.withdrawn_at) == (life.at("10:50"), life.at("12:00"))


def test_a_workaround_that_was_rejected_says_why() -> None:
    life = begun().on("10:00", x.PROPOSED).on("10:40", x.REJECTED)
    (way,) = brief(life).workarounds
    assert (way.decision, way.applied_at) == ("rejected: Too risky.", None)


def test_what_is_said_of_workarounds_that_nobody_proposed_is_left_out() -> None:
    """A history from elsewhere may apply what it never proposed."""
    assert brief(begun().on("10:00", x.APPLIED, x.WITHDRAWN, x.APPROVED)).workarounds == ()
