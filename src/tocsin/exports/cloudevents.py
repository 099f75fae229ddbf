"""CloudEvents 1.0: one JSON document a line, for brokers, functions and event stores.

Attributes are those of the specification, its extensions sequence, partitioning, recorded time and
correlation, and a few of our own. `data` is what is stored, untouched.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_OID, uuid5

import orjson

from tocsin.exports.file import Output
from tocsin.exports.format import Choice, Counts
from tocsin.exports.reading import Line, Source
from tocsin.exports.selection import BadSelection

NAME = "cloudevents"
WHOLE, STREAMED = False, True
CHOICES = {
    "source": Choice("What the events come from. Default: an URN that is this log's own.", "URI")
}
DIGITS = 19
"""Of a sequence: as texts, positions must come in their order."""
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")
_LINE = orjson.OPT_APPEND_NEWLINE


def write(source: Source, out: Output, chosen: Mapping[str, str]) -> Counts:
    """Write a line for each event."""
    origin = _checked(chosen["source"]) if "source" in chosen else log_urn(source.first)
    events = 0
    for line in source.lines():
        out.stream.write(orjson.dumps(cloud_event(line, origin), option=_LINE))
        events += 1
    return {"events": events}


def log_urn(first: bytes) -> str:
    """The name of a log by its first event, which no other log has."""
    return f"urn:tocsin:log:{uuid5(NAMESPACE_OID, first.hex())}"


def cloud_event(line: Line, origin: str) -> dict[str, Any]:
    """An event as a CloudEvent in the JSON format; attributes without a value are left out."""
    raw = line.raw
    name, schema = raw["event"], raw["schema"]
    about = str(line.incident) if line.incident else raw["stream"]
    attributes = {
        "specversion": "1.0",
        "id": str(raw["position"]),
        "source": origin,
        "type": f"org.tocsin.{name}.v{schema}",
        "subject": about,
        "time": raw["occurred_at"],
        "datacontenttype": "application/json",
        "dataschema": f"urn:tocsin:event:{name}:v{schema}",
        "sequence": f"{raw['position']:0{DIGITS}}",
        "partitionkey": about,
        "recordedtime": raw["recorded_at"],
        "causationid": str(raw["causation"]) if raw["causation"] is not None else None,
        "commandid": raw["command_id"],
        "reference": _text(line.reference),
        "streamid": raw["stream"],
        "streamversion": raw["version"],
        "actor": _text(raw["actor"]),
        "via": _text(raw["via"]),
        "data": raw["data"],
    }
    return {name: value for name, value in attributes.items() if value is not None}


def _text(text: str | None) -> str | None:
    """An attribute: never empty, and without the characters that are forbidden there."""
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text) if text else None


def _checked(origin: str) -> str:
    try:
        fits = bool(origin.strip()) and origin.isprintable() and " " not in origin
        urlsplit(origin)
    except ValueError:
        fits = False
    if not fits or len(origin) > 500:
        raise BadSelection("source", f"takes a URI such as https://tocsin.example, not {origin!r}")
    return origin
