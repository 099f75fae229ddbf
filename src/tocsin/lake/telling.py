"""From stored bytes to what the lake tells of an event: no event object is made on the way."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from enum import Enum
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

import tocsin.aggregates  # noqa: F401 - every event is known once it is imported
from tocsin.domain.kernel import EVENTS
from tocsin.domain.openings import microseconds
from tocsin.store.mapper import Unreadable, decode

REMEMBERED = 8_192
_KINDS: dict[str, Any] = {**EVENTS}
_SHAPES = {name: (kind.schema, len(fields(kind))) for name, kind in _KINDS.items()}


class Told(NamedTuple):
    """One event of the log, its fields as JSON has them."""

    position: int
    stream: str
    version: int
    name: str
    schema: int
    actor: str
    via: str | None
    occurred_us: int
    recorded_us: int
    command_id: str
    causation: int | None
    stored: Mapping[str, Any]
    """Its fields as they are stored."""
    data: Mapping[str, Any]
    """Its fields in the shape that they have today."""


@lru_cache(REMEMBERED)
def instant_us(text: str) -> int:
    """Microseconds since 1970 of an instant as it is stored."""
    return microseconds(datetime.fromisoformat(text))


def when(value: str | None) -> int | None:
    """The same of an instant that may be missing."""
    return None if value is None else instant_us(value)


def told(body: bytes) -> Told:
    """What stored bytes say.

    Raises:
        Unreadable: they cannot be decoded.
    """
    try:
        raw = orjson.loads(body)
        name, stored = raw["event"], raw["data"]
        data = stored
        if (raw["schema"], len(stored)) != _SHAPES[name]:
            data = {key: _plain(value) for key, value in vars(decode(body).event).items()}
        return Told(
            raw["position"],
            raw["stream"],
            raw["version"],
            name,
            raw["schema"],
            raw["actor"],
            raw["via"],
            instant_us(raw["occurred_at"]),
            instant_us(raw["recorded_at"]),
            raw["command_id"],
            raw["causation"],
            stored,
            data,
        )
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise Unreadable(f"{type(error).__name__}: {error}: {body[:200]!r}") from error


def _plain(value: Any) -> Any:
    """A field of an event as JSON has it."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value
