"""Four incidents, reckoned by hand: what would have breached if critical ones had two hours?"""

from typing import Any

import pytest

from tests.whatif import kit
from tests.whatif.kit import ask, record, stream_of, writing
from tocsin.domain.policy import DEFAULT_DOCUMENT, DEFAULT_POLICY
from tocsin.domain.policy.state import POLICY_STREAM
from tocsin.policies.publishing import read
from tocsin.settings import Settings
from tocsin.whatif.report import rendered


def standing(**states: Any) -> dict[str, Any]:
    zero = {"met": 0, "breached": 0, "running": 0, "paused": 0, "cancelled": 0}
    return {"timers": sum(states.values()) if states else 0, **zero, **states}


def without_percent(row: dict[str, Any]) -> dict[str, Any]:
    """Percentages follow from the counts and are told apart."""
    return {
        side: {k: v for k, v in row[side].items() if k != "attainment_percent"}
        for side in ("before", "after")
    }


def rows(report: dict[str, Any], part: str) -> dict[Any, dict[str, Any]]:
    return {row[part]: without_percent(row) for row in report[f"by_{part}"]}


def test_timers_and_breaches_are_counted_on_both_sides(told: Settings) -> None:
    """A first response is promised within an hour until somebody says how urgent it is: of one
    incident nobody did for ten minutes, and then that timer was cancelled."""
    report = ask(told)
    assert report["incidents"] == 4
    assert without_percent(report["timers"]) == {
        "before": standing(met=7, breached=1, running=2, cancelled=1),
        "after": standing(met=3, breached=5, running=2, cancelled=1),
    }
    assert report["timers"]["before"]["attainment_percent"] == 87.5
    assert report["timers"]["after"]["attainment_percent"] == 37.5


def test_breaches_are_told_apart_by_measure(told: Settings) -> None:
    assert rows(ask(told), "measure") == {
        "first-response": {
            "before": standing(met=3, running=1, cancelled=1),
            "after": standing(met=2, breached=1, running=1, cancelled=1),
        },
        "update-cadence": {
            "before": standing(met=1, breached=1),
            "after": standing(breached=2),
        },
        "resolution": {
            "before": standing(met=3, running=1),
            "after": standing(met=1, breached=2, running=1),
        },
    }


def test_breaches_are_told_apart_by_priority(told: Settings) -> None:
    assert rows(ask(told), "priority") == {
        1: {"before": standing(met=2, breached=1), "after": standing(met=1, breached=5)},
        2: {"before": standing(met=3), "after": standing()},
        3: {"before": standing(met=2), "after": standing(met=2)},
        4: {"before": standing(running=2), "after": standing(running=2)},
        None: {"before": standing(cancelled=1), "after": standing(cancelled=1)},
    }


def test_breaches_are_told_apart_by_the_month_in_utc_in_which_timers_start(told: Settings) -> None:
    assert rows(ask(told), "month") == {
        "2026-03": {
            "before": standing(met=7, breached=1),
            "after": standing(met=3, breached=5),
        },
        "2026-04": {
            "before": standing(running=2, cancelled=1),
            "after": standing(running=2, cancelled=1),
        },
    }


def test_breaches_are_told_apart_by_the_group_that_had_it(told: Settings) -> None:
    found = rows(ask(told), "group")
    breaches = {
        group: tuple(row[side]["breached"] for side in ("before", "after"))
        for group, row in found.items()
    }
    assert breaches == {"mail": (0, 3), "network": (1, 2)}


def test_a_change_of_verdict_is_explained_by_the_clocks_of_both_sides(told: Settings) -> None:
    verdicts = ask(told)["verdicts"]
    assert verdicts["incidents"] == 2
    first, second = verdicts["listed"]
    assert first == {
        "incident_id": str(stream_of("INC0000001")),
        "reference": "INC0000001",
        "changes": [
            {
                "measure": "resolution",
                "group": None,
                "before": {"verdict": "met", "clocks_left_out": 0, "clocks": [RESOLUTION]},
                "after": {
                    "verdict": "breached",
                    "clocks_left_out": 0,
                    "clocks": [
                        RESOLUTION
                        | {
                            "state": "breached",
                            "due_at": "2026-03-02T10:00:00Z",
                            "breached_at": "2026-03-02T10:00:00Z",
                            "goal_seconds": 7_200,
                        }
                    ],
                },
            }
        ],
    }
    assert [
        (each["measure"], each["before"]["verdict"], each["after"]["verdict"])
        for each in second["changes"]
    ] == [
        ("first-response", "met", "breached"),
        ("resolution", "met", "breached"),
        ("update-cadence", "met", "breached"),
    ]
    targets = [
        [each[side]["clocks"][-1]["target"] for side in ("before", "after")]
        for each in second["changes"]
    ]
    assert targets[1] == ["Resolution: high", "Resolution: critical"]


RESOLUTION = {
    "target": "Resolution: critical",
    "cycle": 1,
    "state": "met",
    "priority": 1,
    "began_at": "2026-03-02T08:00:00Z",
    "ended_at": "2026-03-02T11:00:00Z",
    "due_at": "2026-03-02T12:00:00Z",
    "breached_at": None,
    "goal_seconds": 14_400,
    "spent_seconds": 10_800,
    "paused_seconds": 0,
}


def test_only_a_priority_that_a_matrix_made_is_made_by_another(told: Settings) -> None:
    """Not one set by hand, nor one of a system with other rules."""
    priorities = ask(told)["priorities"]
    assert priorities == {
        "incidents": 1,
        "decisions": 1,
        "moves": [{"before": 2, "after": 1, "incidents": 1}],
        "listed": [
            {
                "incident_id": str(stream_of("INC0000002")),
                "reference": "INC0000002",
                "before": 2,
                "after": 1,
            }
        ],
    }


def test_escalations_that_would_have_fallen_due_are_counted_step_by_step(told: Settings) -> None:
    """Half of four hours had passed at ten, three quarters when it was resolved: too late."""
    escalations = ask(told)["escalations"]
    critical = "A critical one takes long"
    assert escalations["steps"] == [
        {
            "escalation": critical,
            "step": 1,
            "before": {"times": 1, "incidents": 1},
            "after": {"times": 2, "incidents": 2},
        },
        {
            "escalation": critical,
            "step": 2,
            "before": {"times": 0, "incidents": 0},
            "after": {"times": 2, "incidents": 2},
        },
    ]
    assert escalations["incidents"] == 2
    assert [each["steps"] for each in escalations["listed"]] == [
        [{"escalation": critical, "step": 2, "before": 0, "after": 1}],
        [
            {"escalation": critical, "step": 1, "before": 0, "after": 1},
            {"escalation": critical, "step": 2, "before": 0, "after": 1},
        ],
    ]


def test_a_report_says_what_was_asked(told: Settings) -> None:
    report = ask(told, where=[("group", "network")], since=kit.MARCH)
    assert report["question"] == {
        "policy": read(kit.STRICTER).policy.digest,
        "against": None,
        "since": "2026-03-02T08:00:00Z",
        "until": None,
        "where": ["group=network"],
        "position": 26,
        "as_of": "2026-04-02T12:00:00Z",
    }


def test_the_same_policy_changes_nothing(told: Settings) -> None:
    report = ask(told, DEFAULT_DOCUMENT)
    assert report["timers"]["before"] == report["timers"]["after"]
    assert [report[each]["incidents"] for each in ("verdicts", "priorities", "escalations")] == [
        0, 0, 0,
    ]  # fmt: skip


def test_before_is_each_event_under_the_policy_that_was_in_force(settings: Settings) -> None:
    """The stricter policy was published between the two incidents: the second one was critical,
    and breached, already."""
    with writing(settings) as log:
        record(log, stream_of("INC0000001"), kit.critical())
        record(log, POLICY_STREAM, kit.published(2, kit.STRICTER))
        record(log, stream_of("INC0000002"), kit.high(priority=1, policy_version=2))
    assert breaches(ask(settings)) == (4, 5)
    assert listed(ask(settings), "verdicts") == ["INC0000001"]
    assert breaches(ask(settings, DEFAULT_DOCUMENT)) == (4, 1)
    assert listed(ask(settings, DEFAULT_DOCUMENT), "priorities") == ["INC0000002"]


def test_against_a_policy_it_is_that_one_everywhere(settings: Settings) -> None:
    with writing(settings) as log:
        record(log, POLICY_STREAM, kit.published(2, kit.STRICTER))
        record(log, stream_of("INC0000001"), kit.critical())
        record(log, stream_of("INC0000002"), kit.high(priority=1, policy_version=2))
    assert breaches(ask(settings)) == (5, 5)
    assert breaches(ask(settings, against=1)) == (1, 5)
    assert breaches(ask(settings, against=2)) == (5, 5)
    named = ask(settings, against=DEFAULT_POLICY)
    assert rendered(named) == rendered(ask(settings, against=1))
    assert named["question"]["against"] == DEFAULT_POLICY.digest


def test_history_ends_where_it_was_pinned(told: Settings) -> None:
    """At position 6 the first incident is acknowledged and nothing more: its clocks run on until
    then."""
    report = ask(told, at=6)
    assert (report["incidents"], report["question"]["position"]) == (1, 6)
    assert report["question"]["as_of"] == "2026-03-02T08:10:00Z"
    assert report["timers"]["before"]["running"] == 2
    early = ask(told, at=0)
    assert (early["incidents"], early["timers"]["after"]["timers"]) == (0, 0)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"where": [("group", "network")]}, 2),
        ({"where": [("priority", "1")]}, 1),
        ({"where": [("priority", "1"), ("priority", "2")]}, 2),
        ({"where": [("priority", "1"), ("group", "mail")]}, 0),
        ({"where": [("service", "e-mail")]}, 1),
        ({"where": [("source", "monitoring")]}, 1),
        ({"where": [("category", "network")]}, 1),
        ({"where": [("category", "network/vpn")]}, 1),
        ({"where": [("category", "net")]}, 0),
        ({"since": kit.LAST_NIGHT}, 2),
        ({"since": kit.LAST_NIGHT, "until": kit.APRIL}, 1),
        ({"until": kit.LAST_NIGHT}, 2),
    ],
)
def test_incidents_are_chosen_by_what_they_came_to(
    settings: Settings, where: dict[str, Any], expected: int
) -> None:
    with writing(settings) as log:
        kit.record_all(log)
    assert ask(settings, **where)["incidents"] == expected


def breaches(report: dict[str, Any]) -> tuple[int, int]:
    before, after = (report["timers"][side]["breached"] for side in ("before", "after"))
    return before, after


def listed(report: dict[str, Any], name: str) -> list[str]:
    return [each["reference"] for each in report[name]["listed"]]
