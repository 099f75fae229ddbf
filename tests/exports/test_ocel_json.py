"""Events, objects, and how they belong together, as one JSON document."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.exports.kit import REFERENCE, STREAM, TITLE, exported, record_story, told
from tests.exports.ocel_rules import check_document
from tests.whatif.kit import record_all, stream_of
from tocsin.domain.incident.events import IncidentLinked, IncidentNoted
from tocsin.domain.incident.values import LinkKind, Visibility
from tocsin.domain.kernel import EVENTS
from tocsin.exports.ocel import LINKED, OBJECT_TYPES
from tocsin.exports.values import ENVELOPE, attribute, declared
from tocsin.store.log import Log

INCIDENT = f"incident:{REFERENCE}"


def document(log: Log) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(exported(log, "ocel-json")[0])
    return read


def by_id(things: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {each["id"]: each for each in things}


def related(thing: dict[str, Any]) -> dict[str, str]:
    return {each["objectId"]: each["qualifier"] for each in thing["relationships"]}


def test_events_name_the_objects_that_they_are_about(log: Log) -> None:
    events = document(log)["events"]
    held = {"group:network": "held by"}
    mail = {"group:mail": "held by"}
    assert [(each["id"], each["type"], related(each)) for each in events] == [
        (each, name, {INCIDENT: "incident"} | more)
        for each, name, more in [
            (
                "event:1",
                "incident.reported",
                {
                    "service:e-mail": "affects",
                    "asset:mx1": "concerns",
                    "asset:mx2": "concerns",
                },
            ),
            ("event:2", "incident.logged", {}),
            ("event:3", "incident.prioritised", {}),
            ("event:4", "incident.assigned", {"group:network": "assigned to"}),
            ("event:5", "incident.held", held),
            ("event:7", "incident.assigned", {"group:mail": "assigned to"}),
            ("event:6", "incident.resumed", mail),
            ("event:8", "incident.linked", {"problem:PRB1": "problem"} | mail),
            ("event:10", "clock.breached", mail),
            ("event:9", "incident.resolved", mail),
        ]
    ]


def test_an_incident_says_what_lasts_and_when_the_rest_changed(log: Log) -> None:
    incident = by_id(document(log)["objects"])[INCIDENT]
    told = [(one["name"], one["value"], one["time"][11:16]) for one in incident["attributes"]]
    assert incident["type"] == "incident"
    assert told == [
        ("reference", REFERENCE, "00:00"),
        ("incident_id", str(STREAM), "00:00"),
        ("title", TITLE, "00:00"),
        ("source", "monitoring", "00:00"),
        ("status", "new", "08:00"),
        ("major", "false", "08:00"),
        ("priority", "2", "08:00"),
        ("group", "network", "08:01"),
        ("status", "on-hold", "08:02"),
        ("hold_reason", "awaiting-caller", "08:02"),
        ("group", "mail", "08:04"),
        ("assignee", "bo", "08:04"),
        ("status", "in-progress", "08:05"),
        ("hold_reason", "null", "08:05"),
        ("status", "resolved", "08:09"),
        ("resolution_code", "fixed", "08:09"),
    ]
    assert {one["time"][:10] for one in incident["attributes"][:4]} == {"1970-01-01"}
    assert related(incident) == {
        "service:e-mail": "affects",
        "asset:mx1": "concerns",
        "asset:mx2": "concerns",
        "problem:PRB1": "problem",
    }


def test_the_document_keeps_the_published_schema(log: Log) -> None:
    record_all(log)
    content, counts = exported(log, "ocel-json")
    read = json.loads(content)
    check_document(read)
    assert list(read) == ["eventTypes", "objectTypes", "objects", "events"]
    assert counts == {
        "events": len(read["events"]),
        "incidents": 5,
        "event-to-object relations": sum(len(e["relationships"]) for e in read["events"]),
        "objects": len(read["objects"]),
    }
    assert [each["time"] for each in read["events"]] == sorted(e["time"] for e in read["events"])


def test_people_are_no_objects(log: Log) -> None:
    assert {each["type"] for each in document(log)["objects"]} == {
        "asset", "group", "incident", "problem", "service",
    }  # fmt: skip


def test_another_incident_is_an_object_before_and_after_its_own_history(log: Log) -> None:
    """A link may name an incident that comes later, or that is not in the log at all."""
    link = LinkKind.RELATED_INCIDENT
    told(log, IncidentLinked(kind=link, target="INC0000001"))
    told(log, IncidentLinked(kind=link, target="INC7777777"))
    assert by_id(document(log)["objects"])["incident:INC0000001"]["attributes"] == []
    record_all(log)
    told(log, IncidentLinked(kind=link, target=REFERENCE), stream=stream_of("INC0000001"))
    read = document(log)
    check_document(read)
    objects = by_id(read["objects"])
    assert objects["incident:INC0000001"]["attributes"] != []
    assert objects["incident:INC7777777"]["attributes"] == []
    assert related(objects["incident:INC0000001"])[INCIDENT] == "related-incident"


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_no_field_of_an_event_takes_the_place_of_its_envelope(name: str) -> None:
    fields = EVENTS[name].__dataclass_fields__  # type: ignore[attr-defined]
    assert len(declared(name)) == len(ENVELOPE) + len(fields)
    assert {attribute(field) for field in fields} | set(ENVELOPE) == set(declared(name))


def test_every_kind_of_link_leads_to_a_type_of_objects() -> None:
    assert set(LINKED) == set(LinkKind)
    assert set(LINKED.values()) <= set(OBJECT_TYPES)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(min_size=1), actor=st.text(min_size=1))
def test_any_text_comes_back(empty: Log, text: str, actor: str) -> None:
    if not empty.head():
        record_story(empty)
    told(empty, IncidentNoted(text=text, visibility=Visibility.PUBLIC), actor=actor)
    read = by_id(document(empty)["events"])[f"event:{empty.head()}"]
    attributes = {one["name"]: one["value"] for one in read["attributes"]}
    assert (attributes["text"], attributes["actor"]) == (text, actor)
