"""What the published schemas of OCEL 2.0 ask for, and what they cannot say."""

import sqlite3
from typing import Any

from jsonschema import Draft7Validator, FormatChecker

TEXT = {"type": "string"}
TIME = {"type": "string", "format": "date-time"}


def _all(required: str, **properties: Any) -> dict[str, Any]:
    item = {"type": "object", "properties": properties, "required": required.split()}
    return {"type": "array", "items": item}


_TYPES = _all("name attributes", name=TEXT, attributes=_all("name type", name=TEXT, type=TEXT))
_RELATED = _all("objectId qualifier", objectId=TEXT, qualifier=TEXT)
SCHEMA = {
    "type": "object",
    "required": ["eventTypes", "objectTypes", "events", "objects"],
    "properties": {
        "eventTypes": _TYPES,
        "objectTypes": _TYPES,
        "events": _all(
            "id type time",
            id=TEXT,
            type=TEXT,
            time=TIME,
            attributes=_all("name value", name=TEXT, value=TEXT),
            relationships=_RELATED,
        ),
        "objects": _all(
            "id type",
            id=TEXT,
            type=TEXT,
            attributes=_all("name value time", name=TEXT, value=TEXT, time=TIME),
            relationships=_RELATED,
        ),
    },
}
KINDS = {"string", "time", "integer", "float", "boolean"}


def check_document(document: dict[str, Any]) -> None:
    """The JSON schema, and that everything that is named is there, declared, and there once."""
    validator = Draft7Validator(SCHEMA, format_checker=FormatChecker())
    assert [error.message for error in validator.iter_errors(document)] == []
    objects = {each["id"] for each in document["objects"]}
    for kind in ("event", "object"):
        things = document[f"{kind}s"]
        declared = {each["name"]: each["attributes"] for each in document[f"{kind}Types"]}
        assert {each["type"] for each in things} == set(declared)
        assert len({each["id"] for each in things}) == len(things)
        assert {one["type"] for each in declared.values() for one in each} <= KINDS
        for each in things:
            names = {one["name"] for one in declared[each["type"]]}
            assert {one["name"] for one in each["attributes"]} <= names
            assert {one["objectId"] for one in each["relationships"]} <= objects


def check_database(database: sqlite3.Connection) -> None:
    """The tables and columns of the relational schema, and that every reference leads somewhere."""
    tables = {
        name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    }
    expected = {"event_map_type", "object_map_type", "event", "object"}
    expected |= {"event_object", "object_object"}
    for kind, columns in (("event", set()), ("object", {"ocel_changed_field"})):
        mapped = database.execute(f"SELECT ocel_type, ocel_type_map FROM {kind}_map_type")
        for name, part in mapped.fetchall():
            expected.add(f"{kind}_{part}")
            info = database.execute(f"PRAGMA table_info({kind}_{part})").fetchall()
            kinds = {column[1]: column[2] for column in info}
            assert kinds.keys() >= {"ocel_id", "ocel_time", *columns}
            assert kinds["ocel_time"] == "TIMESTAMP"
            counted = (
                f"SELECT (SELECT count(*) FROM {kind} WHERE ocel_type = ?),"
                f" (SELECT count(DISTINCT ocel_id) FROM {kind}_{part})"
            )
            there, told = database.execute(counted, (name,)).fetchone()
            assert there == told > 0
    assert tables == expected
    assert database.execute("PRAGMA foreign_key_check").fetchall() == []
    assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
