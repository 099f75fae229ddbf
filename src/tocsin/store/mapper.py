"""Events to bytes and back. The bytes are canonical, stored once, and hashed as stored.

Only names in the catalogue are decoded, and only into the types that their fields declare: no
import path, no class name and no magic key in stored data is ever followed.
"""

import dataclasses
import types
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import orjson
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import Mapper, StoredEvent

import tocsin.aggregates  # noqa: F401  what is stored can be of any kind
from tocsin.domain.kernel import EVENTS, Event, Recorded, upcast
from tocsin.ids import uuid
from tocsin.store.sealing import MARK, VEIL, Seals, opened, sealed_event

_CANONICAL = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z
_PLACE = b'"position":0,'
_ENVELOPE = attrgetter(
    "actor", "causation", "command_id", "occurred_at", "recorded_at", "stream", "version", "via"
)

REMEMBERED = 32_768
"""Streams whose ids are not read twice: those of the incidents that move now."""

Converter = Callable[[Any], Any]


class Unreadable(Exception):
    """A stored event cannot be decoded. Whoever reads it must stop, never skip."""


def encode(recorded: Recorded[Any], seals: Seals = VEIL) -> bytes:
    """Return the canonical bytes: JSON with sorted keys, UTF-8, no floats, UTC with Z. What they
    say about people is sealed if there are keys.

    Raises:
        TypeError: a text is not Unicode (a lone surrogate).
    """
    event = recorded.event
    actor, causation, command_id, occurred_at, recorded_at, stream, version, via = _ENVELOPE(
        recorded
    )
    data: Mapping[str, Any] = vars(event)
    if seals.sealing:
        stream = str(stream)
        actor, data = sealed_event(event, actor, stream, version, seals)
    return orjson.dumps(
        {
            "actor": actor,
            "causation": causation,
            "command_id": command_id,
            "data": data,
            "event": event.event_name,
            "occurred_at": occurred_at,
            "position": recorded.position,
            "recorded_at": recorded_at,
            "schema": event.schema,
            "stream": stream,
            "version": version,
            "via": via,
        },
        option=_CANONICAL,
    )


def placed(body: bytes, position: int) -> bytes:
    """Return the bytes of a draft (position 0) as those of the event at `position`.

    Quotes inside texts are escaped, so the last place that looks like the field is the field.
    """
    head, found, tail = body.rpartition(_PLACE)
    assert found, "only a draft can be placed"
    return b'%b"position":%d,%b' % (head, position, tail)


def decode(body: bytes, seals: Seals = VEIL) -> Recorded[Any]:
    """Return the event in its envelope, opened as far as there are keys.

    Raises:
        Unreadable: not JSON, an unknown name, a newer schema, a field of another type, or a sealed
            value that is not what was sealed there.
    """
    try:
        raw = orjson.loads(body)
        if MARK in body:
            opened(raw, seals)
        name, data = raw["event"], raw["data"]
        cls: Any = EVENTS[name]
        if raw["schema"] != cls.schema:
            data = upcast(name, raw["schema"], data)
        event = _decoder(cls)(data)
        recorded: Recorded[Any] = object.__new__(Recorded)
        at, recorded_at = raw["occurred_at"], raw["recorded_at"]
        occurred_at = _instant(at)
        fields = {
            "stream": _stream(raw["stream"]),
            "version": raw["version"],
            "position": raw["position"],
            "actor": raw["actor"],
            "via": raw["via"],
            "occurred_at": occurred_at,
            "recorded_at": occurred_at if recorded_at == at else _instant(recorded_at),
            "command_id": _uuid(raw["command_id"]),
            "causation": raw["causation"],
            "event": event,
        }
        # Frozen dataclasses set their fields one by one; a rebuild decodes millions.
        object.__setattr__(recorded, "__dict__", fields)
        return recorded
    except (KeyError, ValueError, TypeError, AttributeError, LookupError) as error:
        raise Unreadable(f"{type(error).__name__}: {error}: {bytes(body[:200])!r}") from error


def shown(body: bytes, seals: Seals) -> bytes:
    """The bytes as they would be had nothing been sealed, as far as there are keys.

    Raises:
        Unreadable: a sealed value is not what was sealed there.
    """
    if MARK not in body:
        return body
    try:
        return orjson.dumps(opened(orjson.loads(body), seals), option=_CANONICAL)
    except (KeyError, ValueError, TypeError) as error:
        raise Unreadable(f"{type(error).__name__}: {error}: {bytes(body[:200])!r}") from error


def _uuid(text: str) -> UUID:
    number = int(text.replace("-", ""), 16)
    if number >> 128:
        raise ValueError("a UUID has 128 bits")
    return uuid(number)


_stream = lru_cache(REMEMBERED)(_uuid)
_instant = datetime.fromisoformat


@cache
def _decoder(cls: Any) -> Callable[[dict[str, Any]], Event]:
    """Compile how the stored fields of one event class become its attributes."""
    hints = get_type_hints(cls)
    all_fields = dataclasses.fields(cls)
    names = {each.name for each in all_fields}
    defaults = {
        each.name: each.default for each in all_fields if each.default is not dataclasses.MISSING
    }
    converters = [
        (each.name, convert) for each in all_fields if (convert := converter(hints[each.name]))
    ]

    def build(data: dict[str, Any]) -> Event:
        if data.keys() != names:
            data = {**defaults, **{k: v for k, v in data.items() if k in names}}
            if missing := names - data.keys():
                raise KeyError(f"{cls.event_name} lacks {sorted(missing)}")
        for name, convert in converters:
            if (value := data[name]) is not None:
                data[name] = convert(value)
        event: Event = object.__new__(cls)
        object.__setattr__(event, "__dict__", data)
        return event

    return build


def converter(hint: Any) -> Converter | None:
    """How a JSON value becomes a field of this type; None where it already is one.

    Raises:
        TypeError: events may not have such a field.
    """
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        (inner,) = (each for each in arguments if each is not type(None))
        return converter(inner)
    if hint in (str, int, bool) or (origin in (dict, Mapping) and arguments == (str, str)):
        return None
    if hint is datetime:
        return datetime.fromisoformat
    if origin is tuple and arguments == (str, ...):
        return tuple
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {member.value: member for member in hint}.__getitem__
    raise TypeError(f"an event cannot store a field of type {hint}")


class CanonicalMapper(Mapper[UUID]):
    """Our bytes, in the library's words."""

    seals: Seals = VEIL
    """With whose keys events are opened."""

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        """Encode one event in its envelope."""
        assert isinstance(domain_event, Recorded)
        return StoredEvent(
            originator_id=domain_event.stream,
            originator_version=domain_event.version,
            topic=domain_event.event.event_name,
            state=encode(domain_event),
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        """Decode one event in its envelope."""
        return decode(stored_event.state, self.seals)
