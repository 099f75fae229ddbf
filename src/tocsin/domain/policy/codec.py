"""The compiled form of a policy: canonical JSON, stored for ever, equal for equal meaning.

It has the fields of the values, by name. Hours are written as on a roster, dates and instants in
ISO 8601. A field that an older text lacks has its default; a text in a newer format is refused.
"""

import json
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, date, datetime
from enum import Enum
from functools import cache
from types import MappingProxyType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from tocsin.domain.calendar import Hours

T = TypeVar("T")
FORMAT = 1
LEFT_OUT = frozenset({"version", "always"})
"""A version is no meaning, and whether a calendar never closes follows from its hours."""


def text(policy: Any) -> str:
    """The compiled form."""
    known = {"format": FORMAT, **plain(policy)}
    return json.dumps(known, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def plain(value: Any) -> Any:
    """A value as JSON has it. What is as its default says is written too: defaults may change."""
    match value:
        case Hours():
            return str(value)
        case Enum():
            return value.value
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case Mapping():
            return {_key(key): plain(each) for key, each in value.items()}
        case tuple():
            return [plain(each) for each in value]
        case _ if is_dataclass(value):
            names = (each.name for each in fields(value) if each.name not in LEFT_OUT)
            return {name: plain(getattr(value, name)) for name in names}
    return value


def _key(key: Any) -> str:
    return "/".join(map(str, key)) if isinstance(key, tuple) else str(key)


def value(kind: type[T], compiled: str, **more: Any) -> T:
    """The value of a compiled form, with `more` of its fields said.

    Raises:
        LookupError: it is of a newer format.
        ValueError: it is none.
    """
    raw = json.loads(compiled)
    if raw.get("format", FORMAT) > FORMAT:
        raise LookupError(
            f"The policy is in format {raw['format']}; this version reads up to {FORMAT}."
        )
    read: Callable[[Any], T] = _record_reader(kind)
    return read({**raw, **more})


@cache
def _reader(hint: Any) -> Callable[[Any], Any]:
    """How a value of this type is read from JSON."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        inner = _reader(next(each for each in arguments if each is not types.NoneType))
        return lambda raw: None if raw is None else inner(raw)
    if origin is tuple:
        inner = _reader(arguments[0])
        if arguments[-1] is not Ellipsis:
            return lambda raw: tuple(_reader(a)(each) for a, each in _split(arguments, raw))
        return lambda raw: tuple(map(inner, raw))
    if origin is Mapping:
        key, inner = _reader(arguments[0]), _reader(arguments[1])
        return lambda raw: MappingProxyType({key(k): inner(v) for k, v in raw.items()})
    if hint is Hours:
        return Hours.read
    if hint in (datetime, date):
        read: Callable[[Any], Any] = hint.fromisoformat
        return read
    if is_dataclass(hint):
        return _record_reader(hint)
    return hint if isinstance(hint, type) else _reader(get_args(hint))


def _split(arguments: tuple[Any, ...], raw: str) -> Iterable[tuple[Any, Any]]:
    """The parts of a key that was made of several."""
    return zip(arguments, raw.split("/"), strict=True)


def _record_reader(kind: Any) -> Callable[[Any], Any]:
    hints = get_type_hints(kind)
    known = [each for each in fields(kind) if each.init]
    required = {each.name for each in known if each.default is each.default_factory is MISSING}

    def read(raw: dict[str, Any]) -> Any:
        if missing := required - raw.keys():
            raise ValueError(f"A {kind.__name__} lacks {', '.join(sorted(missing))}.")
        given = {each.name: raw[each.name] for each in known if each.name in raw}
        return kind(**{name: _reader(hints[name])(each) for name, each in given.items()})

    return read
