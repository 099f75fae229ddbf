"""A state as bytes: the same for the same state, whatever made it and wherever."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Any
from uuid import UUID

import orjson

from tocsin.domain.kernel import utc
from tocsin.domain.policy.record import Policy

UNTOLD = frozenset({"last_said"})
"""Fields that help decisions only, by digests whose bytes depend on how Python shows values."""
_CANONICAL = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z


def canonical(value: Any) -> bytes:
    """The value as canonical JSON: sorted keys, UTF-8, UTC with Z, no floats.

    Raises:
        TypeError: no state holds such a value.
    """
    return orjson.dumps(plain(value), option=_CANONICAL)


def plain(value: Any) -> Any:
    """The value in JSON's terms. A mapping whose keys are no texts becomes pairs in order."""
    match value:
        case None | bool():
            return value
        case datetime():
            return utc(value)
        case Enum():
            return plain(value.value)
        case str() | int():
            return value
        case date() | time():
            return value.isoformat()
        case timedelta():
            return str(value)
        case UUID():
            return str(value)
        case Policy():
            return {"version": value.version, "digest": value.digest}
        case Mapping():
            return _mapping(value)
        case frozenset() | set():
            return sorted((plain(each) for each in value), key=orjson.dumps)
        case tuple() | list():
            return [plain(each) for each in value]
    if is_dataclass(value):
        told = (field.name for field in fields(value) if field.name not in UNTOLD)
        return {name: plain(getattr(value, name)) for name in told}
    raise TypeError(f"no state holds a {type(value).__name__}")


def _mapping(value: Mapping[Any, Any]) -> Any:
    if all(type(key) is str for key in value):
        return {key: plain(each) for key, each in value.items()}
    pairs = ([plain(key), plain(each)] for key, each in value.items())
    return sorted(pairs, key=lambda pair: orjson.dumps(pair[0]))
