"""From the log to rows: the same whatever the ranges, and true of every incident in the end."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections import incidents
from tests.clock.kit import MATRIX, held, in_log, prioritised, published, sla
from tests.lake.memory import added, scribe, written
from tests.readmodels.streams import BEGIN, histories, plausible, stream
from tests.readmodels.streams import Scribe as Envelopes
from tocsin.domain.clock.events import TargetBreached
from tocsin.domain.clock.happening import clock_stream
from tocsin.domain.clock.plan import Rulebooks
from tocsin.domain.incident import events as e
from tocsin.domain.incident.values import Fact, Source
from tocsin.domain.kernel import Recorded
from tocsin.domain.openings import MINUTE_US, microseconds
from tocsin.domain.policy.values import Measure
from tocsin.lake.tables import EVENTS, INCIDENTS, TABLES

MANY = plausible(40, seed=3)
SHARED = {
    "reference": "reference", "status": "status", "open": "open", "priority": "priority",
    "category": "category", "subcategory": "subcategory", "group": "group", "source": "source",
    "first_category": "first_category", "first_priority": "first_priority", "impact": "impact",
    "urgency": "urgency", "resolution_code": "resolution_code", "closure_code": "closure_code",
    "reopen_count": "reopens", "reassignment_count": "reassignments",
    "functional_escalations": "escalations_functional", "confirmed": "confirmed",
    "hierarchical_escalations": "escalations_hierarchical", "raised_count": "raised",
    "lowered_count": "lowered", "satisfaction": "satisfaction",
    "sla_marked_breached": "marked_breached",
}  # fmt: skip
"""What the read model of incidents and the lake both tell."""
MOMENTS = (
    "impact_began", "detected", "logged", "acknowledged", "mitigated", "first_resolved",
    "resolved", "closed",
)  # fmt: skip


@st.composite
def cuts(draw: st.DrawFn, end: int) -> list[int]:
    """Places at which a history of that length is cut."""
    inner = draw(st.sets(st.integers(1, max(end - 1, 1)), max_size=4)) if end > 1 else set()
    return sorted({*inner, end})


@given(st.data(), histories())
def test_what_holds_in_the_end_does_not_depend_on_the_ranges(
    data: st.DataObject, history: list[Recorded[Any]]
) -> None:
    """Whatever was said on the way and is true no more was taken back, once for each time."""
    end = len(history)
    whole = added(written(scribe(history), [end]))
    assert added(written(scribe(history), data.draw(cuts(end)))) == whole
    for table in TABLES:
        assert all(times > 0 for times in whole.get(table.name, Counter()).values())


@given(st.data(), histories())
def test_a_scribe_who_begins_in_the_middle_says_the_same(
    data: st.DataObject, history: list[Recorded[Any]]
) -> None:
    """What was said before is known from the log: nothing else has to survive a restart."""
    end = len(history)
    after, until = sorted(data.draw(st.tuples(st.integers(0, end), st.integers(0, end))))
    going = scribe(history)
    going.write(0, after)
    assert sorted_rows(scribe(history).write(after, until)) == sorted_rows(
        going.write(after, until)
    )


def test_incidents_that_are_not_at_hand_are_read_again() -> None:
    """One that keeps only a single incident in memory says what one says that keeps all."""
    ranges = range(20, len(MANY) + 20, 20)
    forgetful = written(scribe(MANY, cached=1), ranges)
    assert [sorted_rows(each) for each in forgetful] == [
        sorted_rows(each) for each in written(scribe(MANY), ranges)
    ]


def test_a_glimpse_says_what_writing_says_and_changes_nothing() -> None:
    looking, plain = scribe(MANY), scribe(MANY)
    looking.write(0, 50)
    plain.write(0, 50)
    for until in (50, 60, 60, 110):
        seen = sorted_rows(looking.glimpse(50, until))
    assert sorted_rows(looking.write(50, 110)) == seen == sorted_rows(plain.write(50, 110))
    assert sorted_rows(looking.write(110, 140)) == sorted_rows(plain.write(110, 140))


def test_parts_are_the_whole_and_share_nothing() -> None:
    """Whoever reads by incident on several processors gets every row once."""
    history = [*MANY, breach(MANY)]
    end = len(history)
    parts = [scribe(history, range(n * 16_384, (n + 1) * 16_384)) for n in range(4)]
    rows = [each.write(0, end) for each in parts]
    whole = scribe(history).write(0, end)
    for table in TABLES:
        together = [row for each in rows for row in each[table.name]]
        assert Counter(together) == Counter(whole[table.name])


@given(histories())
def test_the_lake_tells_of_an_incident_what_its_read_model_tells(
    history: list[Recorded[Any]],
) -> None:
    rows: dict[str, incidents.Row] = {}
    for recorded in history:
        key = str(recorded.stream)
        rows[key] = incidents.fold(rows.get(key), recorded)
    said = {row["incident_id"]: row for row in now(history, "incidents")}
    assert said.keys() == rows.keys()
    for key, row in rows.items():
        for ours, theirs in SHARED.items():
            assert getattr(row, ours) == said[key][theirs], theirs
        for moment in MOMENTS:
            at = getattr(row, f"{moment}_at")
            assert said[key][f"{moment}_us"] == (None if at is None else microseconds(at)), moment


def test_every_row_has_the_columns_of_its_table() -> None:
    history = [*MANY, breach(MANY)]
    for name, rows in scribe(history).write(0, len(history)).items():
        (table,) = (each for each in TABLES if each.name == name)
        for row in rows:
            for column, value in zip(table.columns, row, strict=True):
                kinds: Any = {"int64": int, "string": str, "bool": bool}[column.type]
                assert value is None or type(value) is kinds, column
                assert value is not None or not column.required, column


def test_an_event_is_told_with_what_was_known_right_after_it() -> None:
    envelopes = Envelopes()
    history = [
        envelopes.record(stream(1), event)
        for event in (
            e.IncidentReported(title="Mail", source=Source.MONITORING, services=("mail", "web")),
            e.IncidentLogged(reference="INC0000001"),
            e.IncidentAssigned(group="desk", assignee="dana"),
            prioritised(2),
            held(),
        )
    ]
    rows = [dict(zip(EVENTS.names, row, strict=True)) for row in events_of(history)]
    assert [row["prev_event"] for row in rows] == [
        None, "incident.reported", "incident.logged", "incident.assigned", "incident.prioritised",
    ]  # fmt: skip
    assert [row["prev_us"] for row in rows[1:]] == [row["occurred_us"] for row in rows[:-1]]
    last = rows[-1]
    assert (last["status_before"], last["status"]) == ("new", "on-hold")
    assert (last["group"], last["assignee"], last["priority"]) == ("desk", "dana", 2)
    assert (last["service"], last["reported_us"]) == ("mail", rows[0]["occurred_us"])
    assert last["data"] == '{"detail":"","reason":"awaiting-caller","until":null}'


def test_what_time_did_stands_with_the_incident_that_it_is_about() -> None:
    """And counts for nothing among those who acted, nor as its last own event."""
    history = [*MANY, breach(MANY)]
    row = dict(zip(EVENTS.names, events_of(history)[-1], strict=True))
    assert row["incident_id"] == str(MANY[-1].stream) != row["stream"]
    own = [each for each in MANY if each.stream == MANY[-1].stream]
    assert row["prev_event"] == own[-1].event.event_name
    before, after = now(MANY, "incidents"), now(history, "incidents")
    assert before == after


def test_a_correction_takes_back_what_was_said_before() -> None:
    """In the range in which it was recorded, not in that of what it corrects."""
    envelopes = Envelopes()
    history = [
        envelopes.record(stream(1), event)
        for event in (
            e.IncidentReported(title="Mail", source=Source.MONITORING),
            e.IncidentLogged(reference="INC0000001"),
            e.IncidentResolved(resolution_code="fixed", resolution="Done."),
        )
    ]
    earlier = history[1].occurred_at
    history.append(
        envelopes.record(
            stream(1),
            e.IncidentCorrected(
                fact=Fact.RESOLVED_AT, was=None, now=earlier.isoformat(), reason="Typo"
            ),
        )
    )
    _, later = written(scribe(history), [3, 4])
    place, sign = INCIDENTS.place("resolved_us"), INCIDENTS.place("sign")
    said = {row[sign]: row[place] for row in later["incidents"]}
    assert said == {-1: microseconds(history[2].occurred_at), 1: microseconds(earlier)}


def test_a_range_without_news_of_an_incident_says_nothing_of_it() -> None:
    first, second = written(scribe(MANY[:60]), [60, 60])
    assert first["incidents"]
    assert not any(second.values())


def test_verdicts_come_with_the_promise_that_was_kept_or_broken() -> None:
    """Running clocks are not told of; one that was missed is, and what it took once it ended."""
    document = sla("Fast", "10m") + sla("Slow", "10h", measure="first-response")
    rules = published(MATRIX + document, before=(1,))
    acknowledged = (e.IncidentAcknowledged(), 60)
    said = {row["target"]: row for row in now(story(acknowledged), "timers", rules)}
    assert {name: row["verdict"] for name, row in said.items()} == {
        "Fast": "breached",
        "Slow": "met",
    }
    fast = said["Fast"]
    assert fast["verdict_us"] == fast["began_us"] + fast["goal_us"]
    assert (fast["ended_us"], fast["spent_us"]) == (None, 0)
    resolved = (e.IncidentResolved(resolution_code=None, resolution="Done"), 90)
    over = now(story(acknowledged, resolved), "timers", rules)
    (fast,) = (row for row in over if row["target"] == "Fast")
    assert fast["spent_us"] == fast["ended_us"] - fast["began_us"] == 90 * MINUTE_US
    assert (fast["agreement"], fast["holder"], fast["cycle"]) == ("SLA", None, 1)


@pytest.mark.parametrize("table", TABLES)
def test_the_month_of_every_row_is_known(table: Any) -> None:
    column = table.columns[table.place(table.month)]
    assert (column.required, column.type) == (True, "int64")


def story(*more: tuple[e.IncidentEvent, int]) -> list[Recorded[Any]]:
    """An incident that was reported and logged, and what came so many minutes later."""
    told = [
        (e.IncidentReported(title="Mail", source=Source.MONITORING), 0),
        (e.IncidentLogged(reference="INC0000001"), 0),
        *more,
    ]
    return [
        in_log(event, stream(1), place, place, BEGIN + timedelta(minutes=minutes))
        for place, (event, minutes) in enumerate(told, 1)
    ]


def breach(history: list[Recorded[Any]]) -> Recorded[Any]:
    """That time ran out for the incident of the last event."""
    last = history[-1]
    event = TargetBreached(
        incident_id=str(last.stream),
        incident_version=last.version,
        measure=Measure.RESOLUTION,
        target="Whatever",
        since=1,
        goal_seconds=60,
        policy_version=1,
    )
    position = last.position + 1
    return in_log(event, clock_stream(last.stream), 1, position, last.recorded_at)


def now(
    history: list[Recorded[Any]], name: str, rules: Rulebooks | None = None
) -> list[dict[str, Any]]:
    """What a table says in the end, by column."""
    (table,) = (each for each in TABLES if each.name == name)
    rows = added(written(scribe(history, rules=rules), [len(history)])).get(name, Counter())
    assert set(rows.values()) <= {1}
    named = (dict(zip(table.names[2:], row, strict=True)) for row in rows)
    return sorted(named, key=lambda row: (row["incident_id"], str(row)))


def events_of(history: list[Recorded[Any]]) -> list[tuple[Any, ...]]:
    return scribe(history).write(0, len(history))["events"]


def sorted_rows(drafts: Any) -> dict[str, list[str]]:
    """In an order of their own: a scribe promises none."""
    return {name: sorted(map(repr, rows)) for name, rows in drafts.items()}
