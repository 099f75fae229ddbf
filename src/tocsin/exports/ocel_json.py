"""OCEL 2.0 as JSON: events and the objects they are about, for object-centric process mining."""

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import datetime
from typing import Any

import orjson

from tocsin.exports.file import Output
from tocsin.exports.format import Choice, Counts
from tocsin.exports.ocel import (
    INITIAL,
    OBJECT_TYPES,
    OcelEvent,
    OcelIncident,
    Thing,
    tell,
)
from tocsin.exports.reading import Source
from tocsin.exports.values import Value, declared, written

NAME = "ocel-json"
WHOLE, STREAMED = True, True
CHOICES: Mapping[str, Choice] = {}

TYPES = {int: "integer", bool: "boolean", datetime: "time", str: "string"}
NOTHING = "null"
"""The value of an attribute from when it has none any more: the schema knows only texts."""
SHELF = """
    CREATE TABLE events (at TEXT, position INTEGER, type TEXT, body BLOB,
        PRIMARY KEY (at, position)) WITHOUT ROWID;
    CREATE TABLE objects (id TEXT PRIMARY KEY, type TEXT, body BLOB) WITHOUT ROWID;
"""


def write(source: Source, out: Output, _chosen: Mapping[str, str]) -> Counts:
    """Write one document: types, objects by their ids, events in the order in which they happened.

    Its parts wait in a temporary database, since the types come first and objects only once.
    """
    with closing(sqlite3.connect("")) as shelf:
        shelf.executescript(SHELF)
        counts = tell(source, Shelf(shelf))
        (objects,) = shelf.execute("SELECT count(*) FROM objects").fetchone()
        _write(shelf, out)
    return {**counts, "objects": objects}


class Shelf:
    """Takes in events and objects, each as the JSON that it will be."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def event(self, event: OcelEvent) -> None:
        """Keep an event."""
        name, at = event.kind.event_name, written(event.at)
        body = {
            "id": event.id,
            "type": name,
            "time": at,
            "attributes": [
                {"name": key, "value": written(value)} for key, value in event.attributes.items()
            ],
            "relationships": _related(event.relations),
        }
        row = (at, event.recorded.position, name, orjson.dumps(body))
        self._database.execute("INSERT INTO events VALUES (?, ?, ?, ?)", row)

    def thing(self, thing: Thing) -> None:
        """Keep an object, unless it is there."""
        named = [] if thing.type == "incident" else [_timed("name", thing.name, INITIAL)]
        self._keep("OR IGNORE", thing, named, {})

    def incident(self, incident: OcelIncident) -> None:
        """Keep an incident, also when it was no more than a name before."""
        attributes = [_timed(key, value, INITIAL) for key, value in incident.attributes.items()]
        attributes += [_timed(name, value, written(at)) for at, name, value in incident.changes]
        self._keep("OR REPLACE", incident.thing, attributes, incident.relations)

    def _keep(
        self, how: str, thing: Thing, attributes: list[Any], relations: Mapping[Thing, str]
    ) -> None:
        body = {
            "id": thing.id,
            "type": thing.type,
            "attributes": attributes,
            "relationships": _related(relations),
        }
        row = (thing.id, thing.type, orjson.dumps(body))
        self._database.execute(f"INSERT {how} INTO objects VALUES (?, ?, ?)", row)


def _related(relations: Mapping[Thing, str]) -> list[dict[str, str]]:
    return [{"objectId": thing.id, "qualifier": how} for thing, how in relations.items()]


def _timed(name: str, value: Value | None, time: str) -> dict[str, str]:
    return {"name": name, "value": NOTHING if value is None else written(value), "time": time}


def _write(shelf: sqlite3.Connection, out: Output) -> None:
    kinds = [name for (name,) in shelf.execute("SELECT DISTINCT type FROM events ORDER BY type")]
    types = [name for (name,) in shelf.execute("SELECT DISTINCT type FROM objects ORDER BY type")]
    out.write('{"eventTypes":[\n')
    _list(out, (_type(name, declared(name)) for name in kinds))
    out.write('],"objectTypes":[\n')
    _list(out, (_type(name, OBJECT_TYPES[name]) for name in types))
    out.write('],"objects":[\n')
    _list(out, (body for (body,) in shelf.execute("SELECT body FROM objects ORDER BY id")))
    out.write('],"events":[\n')
    events = shelf.execute("SELECT body FROM events ORDER BY at, position")
    _list(out, (body for (body,) in events))
    out.write("]}\n")


def _type(name: str, attributes: Mapping[str, type]) -> bytes:
    listed = [{"name": each, "type": TYPES[kind]} for each, kind in attributes.items()]
    return orjson.dumps({"name": name, "attributes": listed})


def _list(out: Output, items: Iterable[bytes]) -> None:
    for number, item in enumerate(items):
        out.stream.write(b",\n" + item if number else item)
    out.write("\n")
