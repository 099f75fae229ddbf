"""One trace an incident, in XML that any XES reader takes."""

from datetime import datetime
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from tests.exports.kit import REFERENCE, STREAM, TITLE, exported
from tests.whatif.kit import record_all
from tocsin.exports.selection import Selection
from tocsin.exports.xes import EXTENSIONS
from tocsin.exports.xml import element
from tocsin.store.log import Log

NS = "{http://www.xes-standard.org/}"
KINDS = {"string", "date", "int", "boolean", "id"}
FIRST = """<event>
<string key="concept:name" value="incident.held"/>
<date key="time:timestamp" value="2026-03-02T08:02:00.000000Z"/>
<string key="org:resource" value="anna"/>
<string key="org:group" value="network"/>
<string key="lifecycle:transition" value="suspend"/>
<string key="status" value="on-hold"/>
<int key="position" value="5"/>
<int key="version" value="5"/>
<date key="recorded_at" value="2026-03-02T08:02:00.000000Z"/>
<string key="actor" value="anna"/>
"""


def parsed(content: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(content)


def attributes(node: ElementTree.Element) -> dict[str, str]:
    kinds = {f"{NS}{kind}" for kind in KINDS}
    return {each.attrib["key"]: each.attrib["value"] for each in node if each.tag in kinds}


def check(root: ElementTree.Element) -> None:
    """What the schema of XES asks for: order, keys, prefixes, globals, classifiers."""
    order = ["extension", "global", "classifier", *KINDS, "trace"]
    places = [order.index(each.tag.removeprefix(NS)) for each in root]
    ranks = [min(place, 3) if place < len(order) - 1 else 4 for place in places]
    assert ranks == sorted(ranks), "extensions, globals, classifiers, attributes, traces"
    declared = {each.attrib["prefix"] for each in root.findall(f"{NS}extension")}
    everywhere = {
        each.attrib["scope"]: set(attributes(each)) for each in root.findall(f"{NS}global")
    }
    for each in root.findall(f"{NS}classifier"):
        assert set(each.attrib["keys"].split()) <= everywhere["event"]
    traces = root.findall(f"{NS}trace")
    nodes = [("trace", each) for each in traces]
    nodes += [("event", each) for trace in traces for each in trace.findall(f"{NS}event")]
    for scope, node in nodes:
        keys = [each.attrib["key"] for each in node if "key" in each.attrib]
        assert len(keys) == len(set(keys)), "a key stands once"
        assert everywhere[scope] <= set(keys)
        assert {key.split(":")[0] for key in keys if ":" in key} <= declared
        for each in node.findall(f"{NS}date"):
            assert datetime.fromisoformat(each.attrib["value"]).tzinfo is not None


def test_a_trace_is_an_incident_and_says_what_it_came_to(log: Log) -> None:
    content, counts = exported(log, "xes")
    root = parsed(content)
    (trace,) = root.findall(f"{NS}trace")
    assert counts == {"events": 10, "incidents": 1}
    case = attributes(trace)
    assert case == {
        "concept:name": REFERENCE,
        "identity:id": str(STREAM),
        "reference": REFERENCE,
        "incident_id": str(STREAM),
        "title": TITLE,
        "source": "monitoring",
        "status": "resolved",
        "priority": "2",
        "group": "mail",
        "assignee": "bo",
        "major": "false",
        "resolution_code": "fixed",
        "services": "e-mail",
        "configuration_items": "mx1, mx2",
        "reassignment_count": "1",
        "reopen_count": "0",
        "detected_at": "2026-03-02T07:55:00.000000Z",
        "reported_at": "2026-03-02T08:00:00.000000Z",
        "mitigated_at": "2026-03-02T08:09:00.000000Z",
        "resolved_at": "2026-03-02T08:09:00.000000Z",
    }


def test_events_stand_in_the_order_of_the_world_with_the_group_of_the_time(log: Log) -> None:
    (trace,) = parsed(exported(log, "xes")[0]).findall(f"{NS}trace")
    told = [attributes(event) for event in trace.findall(f"{NS}event")]
    assert [
        (
            each["concept:name"],
            each["time:timestamp"][14:16],
            each.get("org:group"),
            each.get("lifecycle:transition"),
        )
        for each in told
    ] == [
        ("incident.reported", "00", None, None),
        ("incident.logged", "00", None, "schedule"),
        ("incident.prioritised", "00", None, None),
        ("incident.assigned", "01", "network", "assign"),
        ("incident.held", "02", "network", "suspend"),
        ("incident.assigned", "04", "mail", "reassign"),
        ("incident.resumed", "05", "mail", "resume"),
        ("incident.linked", "06", "mail", None),
        ("clock.breached", "08", "mail", None),
        ("incident.resolved", "09", "mail", "complete"),
    ]


def test_the_document_has_what_the_standard_asks_for(log: Log) -> None:
    record_all(log)
    root = parsed(exported(log, "xes")[0])
    check(root)
    assert root.attrib == {"xes.version": "1849-2016", "xes.features": ""}
    assert {each.attrib["name"] for each in root.findall(f"{NS}extension")} == set(EXTENSIONS)
    assert attributes(root)["lifecycle:model"] == "standard"
    names = [attributes(trace)["concept:name"] for trace in root.findall(f"{NS}trace")]
    assert names == [REFERENCE, *(f"INC000000{number}" for number in range(1, 5))]


def test_an_event_is_one_line_an_attribute(log: Log) -> None:
    content, _ = exported(log, "xes", Selection(events=frozenset({"incident.held"})))
    text = content.decode()
    begin = text.index("<event>")
    assert text[begin : begin + len(FIRST)] == FIRST
    assert text.endswith(
        '<string key="reason" value="awaiting-caller"/>\n</event>\n</trace>\n</log>\n'
    )


def test_an_incident_without_a_chosen_event_is_no_trace(log: Log) -> None:
    content, counts = exported(log, "xes", Selection(events=frozenset({"incident.closed"})))
    assert counts == {"events": 0, "incidents": 0}
    assert not parsed(content).findall(f"{NS}trace")


@given(st.text())
def test_any_text_survives_xml_or_is_replaced_as_said(text: str) -> None:
    read = ElementTree.fromstring(element("title", text)).attrib["value"]
    assert len(read) == len(text)
    for was, now in zip(text, read, strict=True):
        if was < " " and was not in "\t\n\r":
            assert now == chr(0x2400 + ord(was))
        elif was in "\ufffe\uffff":
            assert now == "\ufffd"
        else:
            assert now == was
