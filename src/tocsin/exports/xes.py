"""XES (IEEE 1849): one trace for each incident, for process mining by case.

An incident is taken for one work item of the standard lifecycle: `lifecycle:transition` stands at
the events that are such a step, and nowhere else.
"""

from collections.abc import Iterable, Iterator, Mapping

from tocsin.domain.incident import events as e
from tocsin.domain.incident.record import Incident
from tocsin.domain.kernel import Event
from tocsin.exports.file import Output
from tocsin.exports.format import Choice, Counts
from tocsin.exports.reading import Happened, Past, Source
from tocsin.exports.values import Value, lasting, said, standing
from tocsin.exports.xml import element, tag

NAME = "xes"
WHOLE, STREAMED = True, True
CHOICES: Mapping[str, Choice] = {}

EXTENSIONS = {
    "Concept": "concept",
    "Identity": "identity",
    "Lifecycle": "lifecycle",
    "Organizational": "org",
    "Time": "time",
}
CLASSIFIERS = {
    "Event name": "concept:name",
    "Resource": "org:resource",
    "Event name and resource": "concept:name org:resource",
}
GLOBAL_TIME = '<date key="time:timestamp" value="1970-01-01T00:00:00.000000Z"/>'
TRANSITIONS: Mapping[type[Event], str] = {
    e.IncidentLogged: "schedule",
    e.IncidentAssigned: "assign",
    e.IncidentAcknowledged: "start",
    e.IncidentHeld: "suspend",
    e.IncidentResumed: "resume",
    e.IncidentResolved: "complete",
    e.IncidentCancelled: "pi_abort",
    e.IncidentDismissed: "pi_abort",
}
"""Events that are steps of the standard lifecycle. An assignment after the first is `reassign`."""
TIMES = (
    "impact_began_at", "detected_at", "reported_at", "acknowledged_at", "mitigated_at",
    "resolved_at", "closed_at",
)  # fmt: skip
SEVERAL = ("services", "configuration_items")


def write(source: Source, out: Output, _chosen: Mapping[str, str]) -> Counts:
    """Write a trace for each incident."""
    out.write(_head(source.position))
    incidents = events = 0
    for past in source.pasts():
        wanted = past.wanted
        out.write(trace(past, wanted))
        incidents += 1
        events += len(wanted)
    out.write("</log>\n")
    return {"events": events, "incidents": incidents}


def trace(past: Past, wanted: Iterable[Happened]) -> str:
    """An incident with those of its events that are chosen."""
    lines = ["<trace>\n"]
    lines += _lines(_of_case(past))
    assigned = _first_assignment(past.happened)
    for each in wanted:
        lines.append("<event>\n")
        lines += _lines(_of_event(each, assigned))
        lines.append("</event>\n")
    lines.append("</trace>\n")
    return "".join(lines)


def _lines(attributes: Iterable[tuple[str, Value]]) -> Iterator[str]:
    return (element(key, value) for key, value in attributes)


def _of_case(past: Past) -> Iterator[tuple[str, Value]]:
    incident = past.incident
    yield "concept:name", past.name
    yield "identity:id", str(incident.incident_id)
    yield from lasting(incident).items()
    yield from ((name, value) for name, value in standing(incident).items() if value is not None)
    for name in SEVERAL:
        if names := getattr(incident, name):
            yield name, ", ".join(names)
    yield from _figures(incident)


def _figures(incident: Incident) -> Iterator[tuple[str, Value]]:
    yield "reassignment_count", incident.reassignment_count
    yield "reopen_count", incident.reopen_count
    for name in TIMES:
        if (time := getattr(incident, name)) is not None:
            yield name, time


def _of_event(each: Happened, assigned: int | None) -> Iterator[tuple[str, Value]]:
    recorded, incident = each.recorded, each.incident
    yield "concept:name", recorded.event.event_name
    yield "time:timestamp", recorded.occurred_at
    yield "org:resource", recorded.actor
    if incident.group is not None:
        yield "org:group", incident.group
    if transition := TRANSITIONS.get(type(recorded.event)):
        again = transition == "assign" and recorded.position != assigned
        yield "lifecycle:transition", "reassign" if again else transition
    yield "status", incident.status.value
    yield from said(recorded)


def _first_assignment(happened: Iterable[Happened]) -> int | None:
    found = (each.recorded for each in happened)
    return next((one.position for one in found if isinstance(one.event, e.IncidentAssigned)), None)


def _head(position: int) -> str:
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>\n',
        '<log xes.version="1849-2016" xes.features="" xmlns="http://www.xes-standard.org/">\n',
    ]
    for name, prefix in EXTENSIONS.items():
        uri = f"http://www.xes-standard.org/{prefix}.xesext"
        lines.append(tag("extension", name=name, prefix=prefix, uri=uri))
    lines += ['<global scope="trace">\n', element("concept:name", "unknown"), "</global>\n"]
    lines += ['<global scope="event">\n', element("concept:name", "unknown"), f"{GLOBAL_TIME}\n"]
    lines += [element("org:resource", "unknown"), "</global>\n"]
    for name, keys in CLASSIFIERS.items():
        lines.append(tag("classifier", name=name, scope="event", keys=keys))
    lines += [element("concept:name", "Tocsin"), element("lifecycle:model", "standard")]
    lines.append(element("position", position))
    return "".join(lines)
