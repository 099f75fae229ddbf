"""Stored events without their objects: for who reads millions of them and wants a few fields."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from enum import Enum
from functools import lru_cache
from typing import Any

import orjson

import tocsin.aggregates  # noqa: F401 - every event is known once it is imported
from tocsin.domain.kernel import EVENTS
from tocsin.domain.openings import microseconds
from tocsin.store.mapper import decode
from tocsin.store.sealing import MARK, VEIL, opened

REMEMBERED = 8_192
"""Instants that are not read twice: events of one command share them."""
_KINDS: dict[str, Any] = {**EVENTS}
_SHAPES = {name: (kind.schema, len(fields(kind))) for name, kind in _KINDS.items()}


@lru_cache(REMEMBERED)
def instant_us(text: str) -> int:
    """Microseconds since 1970 of an instant as it is stored."""
    return microseconds(datetime.fromisoformat(text))


def veiled(body: bytes) -> dict[str, Any]:
    """A stored event as JSON has it, a pseudonym in place of each person and no sealed text.

    Raises:
        ValueError: it is no JSON.
    """
    raw: dict[str, Any] = orjson.loads(body)
    return opened(raw, VEIL) if MARK in body else raw


def fields_today(raw: Mapping[str, Any], body: bytes) -> Mapping[str, Any]:
    """The fields of a stored event in the shape that they have today, as JSON has them. `raw` is
    what its bytes say: of a retired shape, or before fields came later, the bytes are decoded.

    Raises:
        KeyError: nobody knows an event of that name.
        Unreadable: it cannot be decoded.
    """
    data: Mapping[str, Any] = raw["data"]
    if (raw["schema"], len(data)) == _SHAPES[raw["event"]]:
        return data
    return {name: _plain(value) for name, value in vars(decode(body).event).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value
