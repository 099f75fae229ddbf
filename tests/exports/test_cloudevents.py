"""One CloudEvent a line, by the rules of the specification."""

import re
from datetime import datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.exports.kit import REFERENCE, STREAM, TITLE, exported
from tocsin.domain.kernel import EVENTS
from tocsin.exports.cloudevents import cloud_event
from tocsin.exports.reading import Line
from tocsin.exports.selection import BadSelection, Selection
from tocsin.store.log import Log

REQUIRED = {"id", "source", "specversion", "type"}
FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")


def lines(content: bytes) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in content.splitlines()]


def check(event: dict[str, Any]) -> None:
    """The rules of CloudEvents 1.0 and of the extensions that are used."""
    assert event.keys() >= REQUIRED
    for name, value in event.items():
        assert re.fullmatch("[a-z0-9]{1,20}", name), name
        if name != "data":
            assert type(value) in (str, int), (name, value)
            assert value != ""
            assert not FORBIDDEN.search(str(value)), (name, value)
            assert not isinstance(value, int) or abs(value) < 2**31, (name, value)
    assert event["specversion"] == "1.0"
    for name in ("source", "dataschema"):
        assert re.match("[a-z][a-z0-9+.-]*:", event[name]), event[name]
    for name in ("time", "recordedtime"):
        assert datetime.fromisoformat(event[name]).tzinfo is not None


def test_an_event_in_its_envelope(log: Log) -> None:
    content, counts = exported(log, "cloudevents", source="https://tocsin.example/log")
    events = lines(content)
    assert counts == {"events": 12}
    assert events[0] == {
        "specversion": "1.0",
        "id": "1",
        "source": "https://tocsin.example/log",
        "type": "org.tocsin.incident.reported.v1",
        "subject": str(STREAM),
        "time": "2026-03-02T08:00:00Z",
        "datacontenttype": "application/json",
        "dataschema": "urn:tocsin:event:incident.reported:v1",
        "sequence": "0000000000000000001",
        "partitionkey": str(STREAM),
        "recordedtime": "2026-03-02T08:00:00Z",
        "commandid": events[1]["commandid"],
        "reference": REFERENCE,
        "streamid": str(STREAM),
        "streamversion": 1,
        "actor": "anna",
        "data": {**events[0]["data"], "title": TITLE, "services": ["e-mail"]},
    }
    assert events[9]["subject"] == str(STREAM) != events[9]["streamid"]


def test_every_line_keeps_the_rules(log: Log) -> None:
    for event in lines(exported(log, "cloudevents")[0]):
        check(event)


def test_sequences_sort_as_positions_do(log: Log) -> None:
    events = lines(exported(log, "cloudevents")[0])
    sequences = [event["sequence"] for event in events]
    assert sequences == sorted(sequences)
    assert [int(each) for each in sequences] == list(range(1, 13))


def test_source_and_id_name_an_event_wherever_it_was_exported(log: Log, shared: Log) -> None:
    here = lines(exported(log, "cloudevents")[0])[4:]
    assert lines(exported(log, "cloudevents", Selection(after=4))[0]) == here
    assert lines(exported(shared, "cloudevents")[0])[4:] == here
    assert here[0]["source"].startswith("urn:tocsin:log:")


@pytest.mark.parametrize("source", ["", " ", "a b", "http://[", "x" * 501])
def test_a_source_that_is_no_uri_is_refused(log: Log, source: str) -> None:
    with pytest.raises(BadSelection, match="takes a URI"):
        exported(log, "cloudevents", source=source)


@given(st.text(), st.text(), st.sampled_from(sorted(EVENTS)))
def test_whoever_acted_an_envelope_keeps_the_rules(actor: str, reference: str, name: str) -> None:
    raw = {
        "actor": actor,
        "via": actor,
        "causation": 2**40,
        "command_id": str(STREAM),
        "data": {"text": actor},
        "event": name,
        "occurred_at": "2026-03-02T08:00:00Z",
        "recorded_at": "2026-03-02T08:00:00.000001Z",
        "position": 2**40,
        "schema": 1,
        "stream": str(STREAM),
        "version": 3,
    }
    event = cloud_event(Line(raw, None, reference), "urn:x:y")
    check(orjson.loads(orjson.dumps(event)))
    assert orjson.loads(orjson.dumps(event))["data"] == {"text": actor}
