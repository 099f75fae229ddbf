"""What an event and an incident say, as attributes with a name and one of five types."""

import dataclasses
import types
from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

import orjson

from tocsin.domain.incident.record import Incident
from tocsin.domain.kernel import EVENTS, Recorded, utc

Value = str | int | bool | datetime
ENVELOPE: Mapping[str, type] = {
    "position": int,
    "version": int,
    "recorded_at": datetime,
    "actor": str,
    "via": str,
    "command_id": str,
    "causation": int,
}
"""What stands around every event, by type. When it happened is its time, not an attribute."""
STANDING: Mapping[str, type] = {
    "status": str,
    "priority": int,
    "impact": str,
    "urgency": str,
    "category": str,
    "subcategory": str,
    "group": str,
    "assignee": str,
    "level": int,
    "hold_reason": str,
    "major": bool,
    "resolution_code": str,
    "closure_code": str,
    "satisfaction": int,
}
"""What of an incident changes in its life."""
LASTING: Mapping[str, type] = {
    "reference": str,
    "incident_id": str,
    "title": str,
    "source": str,
    "reporter": str,
    "imported_from": str,
}
"""What of an incident stays: corrections apart, it is said once."""


def attribute(field: str) -> str:
    """How a field of an event is called as an attribute."""
    return f"data_{field}" if field in ENVELOPE or field == "status" else field


@cache
def declared(name: str) -> Mapping[str, type]:
    """The attributes of an event of this name, by type."""
    kind: Any = EVENTS[name]
    hints = get_type_hints(kind)
    fields = {attribute(each.name): _type(hints[each.name]) for each in dataclasses.fields(kind)}
    return {**ENVELOPE, **fields}


def said(recorded: Recorded[Any]) -> Iterator[tuple[str, Value]]:
    """The attributes of an event that say something."""
    for name in ENVELOPE:
        if (value := _value(getattr(recorded, name))) is not None:
            yield name, value
    for field, stored in vars(recorded.event).items():
        if (value := _value(stored)) is not None:
            yield attribute(field), value


def standing(incident: Incident) -> dict[str, Value | None]:
    """What changes, as it stands."""
    return {name: _value(getattr(incident, name)) for name in STANDING}


def lasting(incident: Incident) -> dict[str, Value]:
    """What stays, as far as anything is said."""
    found = {name: _value(getattr(incident, name)) for name in LASTING}
    return {name: value for name, value in found.items() if value is not None}


def written(value: Value) -> str:
    """A value as text: times in UTC, to the microsecond."""
    if isinstance(value, datetime):
        return f"{utc(value).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _type(hint: Any) -> type:
    if get_origin(hint) in (Union, types.UnionType):
        (hint,) = (each for each in get_args(hint) if each is not type(None))
    return hint if hint in (int, bool, datetime) else str


def _value(stored: Any) -> Value | None:
    """None where nothing is said. Several texts, and texts by name, are one text: as JSON."""
    if stored is None or stored in ("", (), {}):
        return None
    if isinstance(stored, Enum):
        value: Value = stored.value
        return value
    if isinstance(stored, bool | int | str | datetime):
        return stored
    if isinstance(stored, tuple | dict):
        return orjson.dumps(stored, option=orjson.OPT_SORT_KEYS).decode()
    return str(stored)
