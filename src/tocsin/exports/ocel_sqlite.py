"""OCEL 2.0 as an SQLite database: the same in tables, for SQL and object-centric process mining."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime

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

NAME = "ocel-sqlite"
WHOLE, STREAMED = True, False
CHOICES: Mapping[str, Choice] = {}

TYPES = {int: "INTEGER", bool: "BOOLEAN", datetime: "TIMESTAMP", str: "TEXT"}
SETTINGS = """
    PRAGMA page_size = 4096; PRAGMA encoding = 'UTF-8'; PRAGMA auto_vacuum = NONE;
    PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536;
"""
"""The same pages for the same log. The file is not there until it is whole, so nothing in it needs
a journal."""
TABLES = """
    CREATE TABLE event_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT);
    CREATE TABLE object_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT);
    CREATE TABLE event (ocel_id TEXT PRIMARY KEY, ocel_type TEXT,
        FOREIGN KEY (ocel_type) REFERENCES event_map_type (ocel_type));
    CREATE TABLE object (ocel_id TEXT PRIMARY KEY, ocel_type TEXT,
        FOREIGN KEY (ocel_type) REFERENCES object_map_type (ocel_type));
    CREATE TABLE event_object (ocel_event_id TEXT, ocel_object_id TEXT, ocel_qualifier TEXT,
        PRIMARY KEY (ocel_event_id, ocel_object_id, ocel_qualifier),
        FOREIGN KEY (ocel_event_id) REFERENCES event (ocel_id),
        FOREIGN KEY (ocel_object_id) REFERENCES object (ocel_id));
    CREATE TABLE object_object (ocel_source_id TEXT, ocel_target_id TEXT, ocel_qualifier TEXT,
        PRIMARY KEY (ocel_source_id, ocel_target_id, ocel_qualifier),
        FOREIGN KEY (ocel_source_id) REFERENCES object (ocel_id),
        FOREIGN KEY (ocel_target_id) REFERENCES object (ocel_id));
"""
"""The tables that every log has."""


def write(source: Source, out: Output, _chosen: Mapping[str, str]) -> Counts:
    """Make the database."""
    assert out.path is not None, "a database needs a file"
    with closing(sqlite3.connect(out.path)) as database:
        database.executescript(SETTINGS + TABLES)
        with database:
            tables = Tables(database)
            counts = tell(source, tables)
            tables.finish()
        (objects,) = database.execute("SELECT count(*) FROM object").fetchone()
    return {**counts, "objects": objects}


class Tables:
    """Takes in events and objects, each as a row of its own table."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._inserts: dict[str, str] = {}

    def event(self, event: OcelEvent) -> None:
        """Insert an event and what it is about."""
        name = event.kind.event_name
        table = self._table("event", name, declared(name))
        self._put("event", event.id, name)
        values = event.attributes
        cells = (_cell(values.get(column)) for column in declared(name))
        self._database.execute(self._inserts[table], (event.id, written(event.at), *cells))
        for thing, how in event.relations.items():
            self._put("event_object", event.id, thing.id, how)

    def thing(self, thing: Thing) -> None:
        """Insert an object, unless it is there."""
        self._table("object", thing.type, OBJECT_TYPES[thing.type])
        sql = "INSERT OR IGNORE INTO object VALUES (?, ?)"
        new = self._database.execute(sql, (thing.id, thing.type)).rowcount
        if new and thing.type != "incident":
            self._object(thing, INITIAL, {"name": thing.name})

    def incident(self, incident: OcelIncident) -> None:
        """Insert an incident, its changes, and what it belongs to."""
        thing = incident.thing
        self.thing(thing)
        self._object(thing, INITIAL, incident.attributes)
        for at, name, value in incident.changes:
            self._object(thing, written(at), {name: value}, changed=name)
        for other, how in incident.relations.items():
            self._put("object_object", thing.id, other.id, how)

    def finish(self) -> None:
        """Give a row to incidents of which only their names are known."""
        if "object_incident" in self._inserts:
            self._database.execute(
                f"INSERT INTO {_table('incident', 'object')} (ocel_id, ocel_time)"
                " SELECT ocel_id, ? FROM object WHERE ocel_type = 'incident' AND ocel_id NOT IN"
                f" (SELECT ocel_id FROM {_table('incident', 'object')}) ORDER BY ocel_id",
                (INITIAL,),
            )

    def _object(
        self,
        thing: Thing,
        time: str,
        values: Mapping[str, Value | None],
        changed: str | None = None,
    ) -> None:
        cells = (_cell(values.get(column)) for column in OBJECT_TYPES[thing.type])
        sql = self._inserts[f"object_{thing.type}"]
        self._database.execute(sql, (thing.id, time, changed, *cells))

    def _put(self, table: str, *cells: str) -> None:
        marks = ", ".join("?" * len(cells))
        self._database.execute(f"INSERT INTO {table} VALUES ({marks})", cells)

    def _table(self, kind: str, name: str, attributes: Mapping[str, type]) -> str:
        """The table of a type, made when the first of the type comes."""
        key = f"{kind}_{name}"
        if key in self._inserts:
            return key
        ids = ["ocel_id TEXT PRIMARY KEY" if kind == "event" else "ocel_id TEXT"]
        ids.append("ocel_time TIMESTAMP")
        if kind == "object":
            ids.append("ocel_changed_field TEXT")
        columns = [f'"{each}" {TYPES[of]}' for each, of in attributes.items()]
        table = _table(name, kind)
        self._database.execute(
            f"CREATE TABLE {table} ({', '.join([*ids, *columns])},"
            f" FOREIGN KEY (ocel_id) REFERENCES {kind} (ocel_id))"
        )
        self._put(f"{kind}_map_type", name, type_map(name))
        marks = ", ".join("?" * (len(ids) + len(columns)))
        self._inserts[key] = f"INSERT INTO {table} VALUES ({marks})"
        return key


def type_map(name: str) -> str:
    """The name of a type as part of a table's: incident.major-declared as IncidentMajorDeclared."""
    return "".join(part.capitalize() for part in name.replace(".", "-").split("-"))


def _table(name: str, kind: str) -> str:
    return f"{kind}_{type_map(name)}"


def _cell(value: Value | None) -> str | int | None:
    if isinstance(value, bool):
        return int(value)
    return value if isinstance(value, int | str) or value is None else written(value)
