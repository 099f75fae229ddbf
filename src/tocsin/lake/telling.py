"""From stored bytes to what the lake tells of an event: no event object is made on the way."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tocsin.store.bare import fields_today, instant_us, veiled
from tocsin.store.mapper import Unreadable


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
    """Its fields as they are stored, veiled."""
    data: Mapping[str, Any]
    """Its fields in the shape that they have today."""


def when(value: str | None) -> int | None:
    """Microseconds since 1970 of a stored instant that may be missing."""
    return None if value is None else instant_us(value)


def told(body: bytes) -> Told:
    """What stored bytes say.

    Raises:
        Unreadable: they cannot be decoded.
    """
    try:
        raw = veiled(body)
        return Told(
            raw["position"],
            raw["stream"],
            raw["version"],
            raw["event"],
            raw["schema"],
            raw["actor"],
            raw["via"],
            instant_us(raw["occurred_at"]),
            instant_us(raw["recorded_at"]),
            raw["command_id"],
            raw["causation"],
            raw["data"],
            fields_today(raw, body),
        )
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise Unreadable(f"{type(error).__name__}: {error}: {body[:200]!r}") from error
