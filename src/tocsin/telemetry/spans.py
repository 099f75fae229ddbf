"""A stretch of work with its beginning, its end and what it belongs to, until it is sent."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

_TRACEPARENT = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_SAMPLED = 1
STATE_BYTES = 512
"""Longest `tracestate` that is taken along."""

Value = str | int | float | bool


class Place(NamedTuple):
    """A span, as others name it."""

    trace_id: int
    span_id: int


@dataclass(frozen=True, slots=True)
class Parent:
    """The span of a caller, from its `traceparent` (W3C Trace Context)."""

    place: Place
    sampled: bool
    state: str = ""


@dataclass(slots=True)
class Span:
    """Something that was done."""

    name: str
    place: Place
    start: float
    """As the performance counter has it; so is the end."""
    end: float
    attributes: Mapping[str, Value] = field(default_factory=dict)
    parent: Place | None = None
    remote: bool = False
    """Whether the parent is a caller's."""
    links: tuple[Place, ...] = ()
    serves: bool = False
    """Whether it answers a request."""
    failed: bool = False
    state: str = ""


def new_trace() -> int:
    """Chance for the id of a trace."""
    return int.from_bytes(os.urandom(16), "big") or 1


def new_span() -> int:
    """Chance for the id of a span."""
    return int.from_bytes(os.urandom(8), "big") or 1


def parent(traceparent: bytes | None, tracestate: bytes | None = None) -> Parent | None:
    """The caller's span; none when it names none, or not as the standard has it."""
    said = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
    if said is None or said[1] == b"ff" or (said[1] == b"00" and said[5]):
        return None
    place = Place(int(said[2], 16), int(said[3], 16))
    if not (place.trace_id and place.span_id):
        return None
    state = tracestate if tracestate and len(tracestate) <= STATE_BYTES else b""
    return Parent(place, bool(int(said[4], 16) & _SAMPLED), state.decode("latin-1"))
