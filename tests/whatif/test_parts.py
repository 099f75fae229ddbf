"""The parts of a replay: how history is divided, read and added up, and how a question is named."""

import random
from collections import defaultdict
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.readmodels.streams import histories
from tests.whatif import kit
from tocsin.domain.clock.happening import BY_NAME, happening
from tocsin.domain.incident import events as e
from tocsin.domain.incident.state import INCIDENT
from tocsin.domain.incident.values import Fact, Source
from tocsin.domain.kernel import Recorded
from tocsin.domain.openings import microseconds
from tocsin.domain.policy import DEFAULT_POLICY
from tocsin.domain.policy.history import PolicyHistory
from tocsin.store.mapper import Unreadable, encode
from tocsin.whatif.question import BadQuestion, Question, conditions
from tocsin.whatif.reading import Reader
from tocsin.whatif.shares import EVENTS_AT_MOST, MOST, NUMBERS, shares
from tocsin.whatif.tally import Tally, merged

QUESTION = Question(
    policy=DEFAULT_POLICY,
    since=kit.MARCH,
    where=(("group", "network"), ("priority", "1")),
    position=26,
    as_of=kit.APRIL,
    mark="0" * 64,
    listed=10,
)


def read(history: list[Recorded[Any]]) -> Reader:
    reader = Reader(PolicyHistory())
    for each in history:
        if each.event.event_name in BY_NAME:
            reader.take(each.stream.bytes, encode(each))
    return reader


@given(histories())
def test_bytes_are_read_as_the_domain_reads_events(history: list[Recorded[Any]]) -> None:
    """Whatever stands in the log: what clocks look at, and what incidents are chosen by."""
    told: dict[UUID, list[Recorded[Any]]] = defaultdict(list)
    for each in history:
        told[each.stream].append(each)
    pasts = read(history).pasts
    for stream, events in told.items():
        past = pasts.get(stream.bytes)
        wanted = [seen for each in events if (seen := happening(each, 1)) is not None]
        found = past.happenings if past is not None else []
        assert [(*w[:4], w.value) for w in wanted if w.kind != "prioritised"] == [
            (*f[:4], f.value) for f in found if f.kind != "prioritised"
        ]
        if past is None:
            continue
        incident = INCIDENT.fold(stream, events)
        assert (incident.reference, incident.source) == (past.reference, past.source)
        assert (incident.priority, incident.group) == (past.priority, past.group)
        assert tuple(incident.services) == tuple(past.services)
        path = [part for part in (incident.category, incident.subcategory) if part]
        assert "/".join(path) == past.category


def test_a_corrected_report_counts_from_when_it_was() -> None:
    story = kit.critical()
    before = kit.MARCH - kit.HOUR
    fact = Fact.REPORTED_AT
    corrected = e.IncidentCorrected(fact=fact, was=None, now=before.isoformat(), reason="Late")
    past = read(recorded([*story, (kit.MARCH + kit.DAY, corrected)])).pasts
    (found,) = past.values()
    assert found.reported == microseconds(before)


def recorded(story: list[kit.When]) -> list[Recorded[Any]]:
    return [
        Recorded(
            stream=UUID(int=1),
            version=number,
            position=number,
            actor="anna",
            occurred_at=at,
            recorded_at=at,
            command_id=UUID(int=2),
            event=event,
        )
        for number, (at, event) in enumerate(story, 1)
    ]


def test_fields_that_came_later_are_read_as_the_log_reads_them() -> None:
    (first, *_) = recorded([(kit.MARCH, e.IncidentReported(title="x", source=Source.MONITORING))])
    raw = orjson.loads(encode(first))
    for name in ("services", "users", "dedup_key"):
        del raw["data"][name]
    reader = Reader(PolicyHistory())
    reader.take(first.stream.bytes, orjson.dumps(raw))
    (past,) = reader.pasts.values()
    assert ([*past.services], past.source) == ([], "monitoring")


@pytest.mark.parametrize("body", [b"{", b"{}", b'{"event": "incident.vanished", "data": {}}'])
def test_what_cannot_be_read_is_never_skipped(body: bytes) -> None:
    with pytest.raises(Unreadable):
        Reader(PolicyHistory()).take(b"", body)


@given(st.integers(0, 10**9), st.integers(1, 10**6))
def test_every_incident_is_in_exactly_one_share(events: int, size: int) -> None:
    divided = shares(events, size)
    ends = [number for share in divided for number in (share.part.start, share.part.stop)]
    assert ends[0] == 0
    assert ends[-1] == NUMBERS
    assert ends[1:-1:2] == ends[2::2]
    assert all(share.part for share in divided)


def test_shares_grow_with_the_log_while_they_fit_into_memory() -> None:
    assert len(shares(0, 250_000)) == 1
    assert len(shares(1_000_000, 250_000)) == 4
    assert len(shares(100_000_000, 250_000)) == MOST
    assert len(shares(1_000_000_000, 250_000)) == 1_000_000_000 // EVENTS_AT_MOST


def test_tallies_add_up_in_any_order() -> None:
    """And each list keeps the first by reference, however many there are."""
    parts = []
    for number in range(4):
        part = Tally(listed=3)
        part.counts["timers", "before", "resolution", 1] = number
        for step in range(2_000):
            reference = f"INC{number * 2_000 + step:07d}"
            part.add("verdicts", {"reference": reference, "incident_id": "x"})
        parts.append(part)
    expected = merged(parts, 3)
    assert expected.counts["verdicts",] == 8_000
    assert expected.counts["timers", "before", "resolution", 1] == 6
    assert [each["reference"] for each in expected.list("verdicts")] == [
        "INC0000000",
        "INC0000001",
        "INC0000002",
    ]
    random.Random(1).shuffle(parts)
    again = merged((Tally.read(part.text, 3) for part in parts), 3)
    assert again.counts == expected.counts
    assert again.list("verdicts") == expected.list("verdicts")


def test_a_question_is_what_its_text_says() -> None:
    again = Question.read(QUESTION.text)
    assert again.digest == QUESTION.digest
    assert again.policy.digest == QUESTION.policy.digest
    assert (again.since, again.as_of, again.where) == (kit.MARCH, kit.APRIL, QUESTION.where)


@pytest.mark.parametrize(
    "change",
    [
        {"policy": replace(DEFAULT_POLICY, auto_close_days=3)},
        {"against": DEFAULT_POLICY},
        {"since": None},
        {"until": kit.APRIL},
        {"where": ()},
        {"position": 27},
        {"mark": "1" * 64},
        {"listed": 11},
    ],
)
def test_another_question_has_another_name(change: dict[str, Any]) -> None:
    """Also the same one about another log, whose last event is another."""
    assert replace(QUESTION, **change).digest != QUESTION.digest


def test_conditions_have_one_order() -> None:
    assert conditions([("priority", "2"), ("group", "a"), ("priority", "2")]) == (
        ("group", "a"),
        ("priority", "2"),
    )


@pytest.mark.parametrize(
    ("pair", "reason"),
    [
        (("colour", "red"), "knows category, group, priority, service, source, not 'colour'"),
        (("priority", "6"), "takes for priority one of 1, 2, 3, 4, 5, not '6'"),
        (("source", "gossip"), "takes for source one of user-report"),
        (("group", ""), "takes 1 to 500 characters for group"),
    ],
)
def test_a_condition_that_cannot_be_is_refused(pair: tuple[str, str], reason: str) -> None:
    with pytest.raises(BadQuestion, match=reason) as refused:
        conditions([pair])
    assert refused.value.part == "where"
