"""What differs between two states, and which event set each value."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain import examples as x
from tests.domain.kit import MONDAY, at, by, incident, recorded
from tests.past import kit
from tests.readmodels.streams import histories
from tocsin.domain.incident.events import IncidentAssigned, IncidentEvent, IncidentPrioritised
from tocsin.domain.incident.state import INCIDENT
from tocsin.domain.incident.values import LinkKind, Status
from tocsin.domain.incident.words import words
from tocsin.domain.kernel import Recorded
from tocsin.past.differing import Change, difference, line, values
from tocsin.past.moments import Moment, NoSuchVersion
from tocsin.past.reasons import NoSuchValue, why
from tocsin.past.telling import differing, explained, same_moment, verdicts

LIVED = (x.REPORTED, x.LOGGED, x.ACKNOWLEDGED, x.PRIORITISED, x.PROPOSED, x.APPLIED, x.RESOLVED)


def history(*events: Any) -> list[Recorded[IncidentEvent]]:
    return [recorded(version, each) for version, each in enumerate(events, 1)]


def test_what_differs_is_said_value_by_value() -> None:
    before, after = incident(*LIVED[:3]), incident(*LIVED[:4])
    assert difference(before, after) == [
        Change("impact", None, "high"),
        Change("urgency", None, "high"),
        Change("priority", None, 1),
    ]


def test_a_part_of_something_is_named_by_its_path() -> None:
    changed = {each.field: each for each in difference(incident(*LIVED[:5]), incident(*LIVED[:6]))}
    assert changed["workarounds.W1.status"] == ("workarounds.W1.status", "proposed", "applied")
    assert "workarounds.W1.description" not in changed


def test_what_has_no_value_was_and_is_nothing() -> None:
    """No false, no zero, no empty text of something that was not there before."""
    changed = {each.field for each in difference(incident(*LIVED[:4]), incident(*LIVED[:5]))}
    assert changed == {
        f"workarounds.W1.{part}" for part in ("description", "risk", "proposer", "status")
    }
    assert {each.field for each in difference(None, incident(x.REPORTED))} >= {"title", "status"}
    assert difference(None, None) == difference(incident(*LIVED), incident(*LIVED)) == []


@given(histories(), st.data())
def test_a_difference_leads_from_one_state_to_the_other(
    wild: Sequence[Recorded[Any]], data: st.DataObject
) -> None:
    """And back: every value that is left out is the same."""
    for past in kit.by_stream(wild).values():
        cut = data.draw(st.integers(0, len(past)))
        before = INCIDENT.fold(past[0].stream, past[:cut])
        after = INCIDENT.fold(past[0].stream, past)
        there = {each.field: each.now for each in difference(before, after)}
        back = {each.field: each.was for each in difference(before, after)}
        assert back == {each.field: each.now for each in difference(after, before)}
        for path, value in values(after).items():
            known = there.get(path, values(before).get(path))
            assert known == value or not (known or value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (Change("status", Status.NEW, Status.RESOLVED), "status: new -> resolved"),
        (Change("resolved_at", None, MONDAY), "resolved at: nothing -> 2026-03-02T09:00:00Z"),
        (Change("workarounds.W1.cost", 5, None), "workarounds W1 cost: 5 -> nothing"),
        (Change("major", False, True), "major: no -> yes"),
        (Change("services", ("a", "b"), ("b", "c")), "services: - a, + c"),
        (Change("services", ("a", "b"), ("b", "a")), "services: in another order"),
        (Change("services", None, ("a",)), "services: + a"),
    ],
)
def test_a_change_reads_as_one_line(change: Change, said: str) -> None:
    assert line(change) == said


def test_links_come_and_go() -> None:
    (change,) = difference(incident(x.REPORTED), incident(x.REPORTED, x.LINKED))
    assert line(change) == f"links: + {LinkKind.PROBLEM} PRB0000001"


def test_between_two_moments_the_events_are_told_that_make_the_difference() -> None:
    past = history(*LIVED)
    said = differing(INCIDENT, past, Moment(version=3), Moment(version=4), words)
    assert [each["version"] for each in said["events"]] == [4]
    assert said["without"] == []
    assert said["events"][0]["words"] == words(x.PRIORITISED)
    assert (said["from"]["version"], said["to"]["version"]) == (3, 4)
    assert said["reference"] == "INC0000001"
    assert [each["words"] for each in said["changes"]][-1] == "priority: nothing -> 1"


def test_backwards_it_tells_what_is_no_longer_counted() -> None:
    past = history(*LIVED)
    said = differing(INCIDENT, past, Moment(), Moment(version=6), words)
    assert [each["version"] for each in said["without"]] == [7]
    assert {"field": "status", "was": "resolved", "now": "in-progress"}.items() <= next(
        each for each in said["changes"] if each["field"] == "status"
    ).items()


def test_what_was_learnt_about_a_moment_is_a_difference_of_two_knowings() -> None:
    """Nothing new happened then, but more was known of it."""
    late = at(MONDAY + timedelta(minutes=1, seconds=30), IncidentAssigned(group="Network"))
    past = history(*LIVED[:3], late)
    told = [*past[:3], recorded(4, late)]
    first = Moment(as_of=MONDAY + timedelta(minutes=2), known_at=past[2].recorded_at)
    last = same_moment(first, Moment(known_at=MONDAY + timedelta(hours=1)))
    assert last.as_of == first.as_of
    said = differing(INCIDENT, told, Moment(version=3), Moment(), words)
    assert [each["field"] for each in said["changes"]] == ["group"]
    assert same_moment(first, Moment(as_of=MONDAY)).as_of == MONDAY
    assert same_moment(first, Moment()).as_of is None


def test_from_before_it_began_everything_is_new() -> None:
    past = history(*LIVED)
    never = [None, Moment(as_of=MONDAY - timedelta(1)), Moment(known_at=MONDAY - timedelta(1))]
    for first in never:
        said = differing(INCIDENT, past, first, Moment(version=1), words)
        assert said["from"]["version"] == 0
        assert {"field": "title", "was": None, "now": "E-mail is down"}.items() <= next(
            each for each in said["changes"] if each["field"] == "title"
        ).items()
    with pytest.raises(NoSuchVersion):
        differing(INCIDENT, past, Moment(version=9), Moment(), words)


def test_why_names_the_event_that_set_a_value_and_what_it_was_before() -> None:
    past = history(*LIVED, by("mia", IncidentPrioritised(priority=3, override_reason="Calm.")))
    (priority,) = why(INCIDENT, past, "priority")
    assert (priority.value, [each.value for each in priority.settings]) == (3, [3, 1])
    assert [each.by.version for each in priority.settings] == [8, 4]
    assert [each.by.actor for each in priority.settings] == ["mia", "dana"]


@given(histories())
def test_every_value_has_the_event_that_set_it_last(wild: Sequence[Recorded[Any]]) -> None:
    """It is there after that event, and was another one just before it."""
    for past in kit.by_stream(wild).values():
        for reason in why(INCIDENT, past):
            setting = reason.settings[0]
            upto = [each for each in past if each.version <= setting.by.version]
            now = values(INCIDENT.fold(past[0].stream, upto))
            before = values(INCIDENT.fold(past[0].stream, upto[:-1]))
            assert now[reason.field] == setting.value == reason.value
            assert before.get(reason.field) != reason.value


def test_of_a_part_it_tells_all_that_belongs_to_it() -> None:
    past = history(*LIVED)
    fields = {each.field for each in why(INCIDENT, past, "workarounds")}
    assert {"workarounds.W1.status", "workarounds.W1.risk"} <= fields
    assert fields == {each.field for each in why(INCIDENT, past, "workarounds.W1")}
    assert why(INCIDENT, history(x.REPORTED), "workarounds") == []


def test_what_nobody_ever_said_anything_of_was_set_by_nobody() -> None:
    (cause,) = why(INCIDENT, history(*LIVED), "cause")
    assert (cause.value, cause.settings) == (None, ())
    assert "cause" not in {each.field for each in why(INCIDENT, history(*LIVED))}
    said = explained(INCIDENT, history(*LIVED), Moment(), "cause", words)
    assert said["values"] == [{"field": "cause", "value": None, "set": None, "earlier": []}]


def test_a_value_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(NoSuchValue, match=r"prority is none of its values: .*priority.*"):
        why(INCIDENT, history(*LIVED), "prority")


def test_reasons_are_told_by_what_was_known() -> None:
    said = explained(INCIDENT, history(*LIVED), Moment(version=3), "status", words)
    assert said["version"] == 3
    (status,) = said["values"]
    assert status["set"]["event"] == "incident.acknowledged"
    assert [each["value"] for each in status["earlier"]] == ["new", "reported"]


def test_a_verdict_is_told_with_what_brought_it_and_what_promised_it() -> None:
    applied, met = {"version": 4}, {"version": 7}
    common = {"measure": "resolution", "target": "P1", "cycle": 1, "group": None, "goal_seconds": 9}
    changes = [
        {"kind": "activate", "at": 1, "cause": None},
        {"kind": "apply_sla", "at": 1, "cause": applied},
        {"kind": "fulfill", "at": 5, "cause": met, "spent_seconds": 4},
    ]
    (verdict,) = verdicts([{**common, "changes": changes}])
    assert (verdict["verdict"], verdict["cause"], verdict["promised_by"]) == ("met", met, applied)
    (late,) = verdicts(
        [{**common, "changes": [{"kind": "breach", "at": 5, "cause": None, "spent_seconds": 9}]}]
    )
    assert (late["verdict"], late["cause"], late["promised_by"]) == ("breached", None, None)
