"""What a message says, without any server: any wrapping is taken, and the content is strict."""

from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.jetstream.queueing import DISK, cloudevent
from tocsin.domain.incident.values import Impact, Urgency
from tocsin.jetstream.handling import chains
from tocsin.jetstream.incoming import (
    ALERT_FIELDS,
    COMMAND_FIELDS,
    Alert,
    Bad,
    Item,
    Order,
    Received,
    read,
)

NOTE: dict[str, Any] = {"command": "note", "incident": "INC9999999", "body": {"text": "Who?"}}


def message(content: Any, kind: str = "alert", sequence: int = 1) -> Received:
    data = content if isinstance(content, bytes) else orjson.dumps(content)
    return Received(sequence, kind, "k", {}, data, "")


def item(content: Any, kind: str = "alert", **headers: str) -> Item:
    return read(message(content, kind)._replace(headers=headers), "stream-1", 65_536)


@pytest.mark.parametrize(
    ("content", "kind", "code", "reason"),
    [
        (b"\xff", "alert", "not-json", "not JSON"),
        (b"[]", "alert", "not-json", "no object"),
        (b'{"a": NaN}', "alert", "not-json", "not JSON"),
        ({}, "alert", "invalid", "dedup_key is required"),
        ({**DISK, "dedup_key": "k" * 191}, "alert", "invalid", "190 may be"),
        ({**DISK, "colour": "red"}, "alert", "invalid", "colour is not a field of an alert"),
        ({**DISK, "action": "shout"}, "alert", "invalid", "action is one of"),
        ({**DISK, "action": []}, "alert", "invalid", "action is one of"),
        ({**DISK, "severity": 1}, "alert", "invalid", "severity is one of"),
        ({**DISK, "severity": ["critical"]}, "alert", "invalid", "severity is one of"),
        ({**DISK, "title": ""}, "alert", "invalid", "title is required"),
        ({**DISK, "id": ["x"]}, "alert", "invalid", "id is a text"),
        ({**DISK, "description": "x" * 70_000}, "alert", "too-large", "65536 may be"),
        (cloudevent(DISK, id=""), "alert", "bad-cloudevent", "a source and an id"),
        ({**cloudevent(DISK), "data": "x"}, "alert", "bad-cloudevent", "must be a JSON object"),
        ({"command": "explode"}, "command", "invalid", "must name a command"),
        ({"command": ["note"]}, "command", "invalid", "must name a command"),
        ({"command": "note", "body": {}}, "command", "invalid", "incident is required"),
        ({**NOTE, "body": "x"}, "command", "invalid", "body must be an object"),
        ({**NOTE, "incident": "@a"}, "command", "invalid", "dedup:"),
        ({**NOTE, "if_match": "3"}, "command", "invalid", "if_match"),
        ({**NOTE, "as": "a"}, "command", "invalid", "as is not a field of a command"),
        ({"command": "report", "incident": "X"}, "command", "invalid", "begins one"),
        (DISK, "song", "unknown-subject", "neither"),
    ],
)
def test_what_makes_no_sense_says_what_would(
    content: Any, kind: str, code: str, reason: str
) -> None:
    with pytest.raises(Bad, match=reason) as told:
        item(content, kind)
    assert told.value.code == code


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
FIELDS = st.sampled_from(["specversion", "source", "data", "time", *ALERT_FIELDS, *COMMAND_FIELDS])
ACTIONS = ANYTHING | st.sampled_from(["trigger", "resolve", "report", "note", "critical"])


@given(
    st.binary(max_size=20)
    | st.dictionaries(FIELDS, ACTIONS, max_size=8)
    | st.dictionaries(FIELDS, ACTIONS, max_size=8).map(cloudevent),
    st.sampled_from(["alert", "command"]),
    st.dictionaries(st.sampled_from(["Tocsin-Id", "ce-id", "ce-source"]), st.text(max_size=5)),
)
def test_no_message_ends_the_intake(content: Any, kind: str, headers: dict[str, str]) -> None:
    """Whatever comes is an alert, a command, or bad."""
    with suppress(Bad):
        found = item(content, kind, **headers)
        assert isinstance(found, Alert if kind == "alert" else Order)
        assert found.command_id.startswith("nats-")


@pytest.mark.parametrize(
    ("severity", "urgency"),
    [
        ("critical", (Impact.HIGH, Urgency.HIGH)),
        ("error", (Impact.MEDIUM, Urgency.HIGH)),
        ("warning", (Impact.MEDIUM, Urgency.MEDIUM)),
        ("info", (Impact.LOW, Urgency.LOW)),
        (None, None),
    ],
)
def test_a_severity_is_impact_and_urgency(severity: Any, urgency: Any) -> None:
    alert = item({**DISK, "severity": severity})
    assert isinstance(alert, Alert)
    assert alert.urgency == urgency


def test_a_cloudevent_lends_its_time() -> None:
    alert = item(cloudevent(DISK, time="2026-03-02T08:00:00Z"))
    assert isinstance(alert, Alert)
    assert alert.body["detected_at"] == "2026-03-02T08:00:00Z"


def test_each_way_of_naming_a_message_makes_another_id() -> None:
    """Two senders that happen to use one word are two."""
    ways = [
        item({**DISK, "id": "1"}),
        item(cloudevent(DISK, id="1", source="s")),
        item(DISK, **{"Nats-Msg-Id": "1"}),
        item(DISK),
    ]
    assert len({each.command_id for each in ways}) == len(ways)


def test_without_any_name_the_place_in_the_stream_is_the_name() -> None:
    first = read(message(DISK, sequence=7), "stream-1", 65_536)
    assert first.command_id == read(message(DISK, sequence=7), "stream-1", 65_536).command_id
    assert first.command_id != read(message(DISK, sequence=8), "stream-1", 65_536).command_id
    assert first.command_id != read(message(DISK, sequence=7), "stream-2", 65_536).command_id


def test_what_was_asked_before_keeps_its_id() -> None:
    """However it is published again."""
    asked = item({**DISK, "id": "1"}).command_id
    again = item(DISK, **{"Tocsin-Command-Id": asked, "Nats-Msg-Id": "other"})
    assert again.command_id == asked


def test_nobody_can_name_an_id_of_another_kind() -> None:
    assert item(DISK, **{"Tocsin-Command-Id": "x"}).command_id == item(DISK).command_id


def told(*contents: Any) -> list[tuple[Received, Item]]:
    """What these say, queued one behind the other."""
    found = []
    for place, content in enumerate(contents):
        kind = "command" if "command" in content else "alert"
        received = message(content, kind, sequence=place)
        found.append((received, read(received, "stream-1", 65_536)))
    return found


def folded(*actions: str) -> list[tuple[str, int]]:
    """What is left of alerts of one key: each action, and how often it was said."""
    found = chains(told(*({**DISK, "action": action} for action in actions)))
    (chain,) = found.values()
    return [(step.item.action, len(step.said)) for step in chain if isinstance(step.item, Alert)]


def test_what_rings_again_is_asked_once() -> None:
    assert folded("trigger", "trigger", "trigger") == [("trigger", 3)]


def test_an_alarm_that_is_known_of_still_rings() -> None:
    assert folded("trigger", "acknowledge", "trigger") == [("trigger", 2), ("acknowledge", 1)]


def test_an_end_is_never_folded_away() -> None:
    assert folded("trigger", "resolve", "trigger") == [
        ("trigger", 1),
        ("resolve", 1),
        ("trigger", 1),
    ]


def test_a_command_in_between_may_have_ended_it() -> None:
    dismissed = {"command": "dismiss", "incident": "dedup:disk-1", "body": {"reason": "Test"}}
    (chain,) = chains(told(DISK, dismissed, DISK)).values()
    assert [type(step.item) for step in chain] == [Alert, Order, Alert]


def test_alarms_of_different_keys_do_not_wait_for_each_other() -> None:
    assert len(chains(told(DISK, {**DISK, "dedup_key": "disk-2"}))) == 2


def test_a_report_and_an_alert_of_one_key_are_one_chain() -> None:
    body = {"title": "Full", "source": "monitoring", "dedup_key": "disk-1"}
    assert len(chains(told({"command": "report", "body": body}, DISK))) == 1
