"""From bytes to a command: what the outside sends is read once, strictly, and all times become UTC.

Whoever brings bytes in uses this door: a single request, a batch, the command line.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import cache
from types import NoneType
from typing import Any, Generic, NoReturn, TypeVar, get_args, get_type_hints

import orjson
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from tocsin.domain.kernel import Command

C = TypeVar("C", bound=Command[Any])

DEPTH = 32
_SHALLOW = 2
_SHOWN = 60
"""Letters of somebody's input that are repeated to them."""


class Malformed(Exception):
    """The bytes are not the JSON that is wanted. The sentence says what, where, and the way out."""


@dataclass(frozen=True)
class Flaw:
    """What is wrong with one field."""

    field: str
    reason: str


class Invalid(Exception):
    """The JSON is no such command: all its flaws at once."""

    def __init__(self, flaws: Sequence[Flaw]) -> None:
        super().__init__("; ".join(f"{flaw.field}: {flaw.reason}" for flaw in flaws))
        self.flaws = tuple(flaws)


def parse(body: bytes, depth: int = DEPTH) -> Any:
    """Return the JSON value, refusing what readers of JSON disagree about.

    Raises:
        Malformed: not UTF-8, not JSON, NaN or infinite, nested too deeply, or a name twice in
            one object.
    """
    try:
        value = _DECODE(body.decode())
        if b"\\u" in body:
            orjson.loads(body)  # half of a surrogate pair is no text: it cannot be stored
        if body.count(b"{") + body.count(b"[") > depth and _is_deeper(value, depth):
            raise Malformed(f"The body is nested more than {depth} deep.")
        return value
    except RecursionError as error:
        raise Malformed(f"The body is nested more than {depth} deep.") from error
    except UnicodeDecodeError as error:
        raise Malformed(f"Byte {error.start} of the body is not UTF-8.") from error
    except json.JSONDecodeError as error:
        if not body.strip():
            raise Malformed("The body is empty; send a JSON object, at least {}.") from error
        raise Malformed(
            f"The body is not JSON: {error.msg} at line {error.lineno} column {error.colno}"
            f" (character {error.pos})."
        ) from error
    except ValueError as error:  # an integer of thousands of digits
        raise Malformed("The body holds a number that is too large.") from error


def _is_deeper(container: Any, depth: int) -> bool:
    """Whether a container holds containers, more than `depth` of them in all."""
    level = [container]
    for _ in range(depth):
        level = [
            child
            for each in level
            for child in (each.values() if isinstance(each, dict) else each)
            if isinstance(child, dict | list)
        ]
    return bool(level)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Malformed(f"{_shown(twice)} stands twice in one object; say it once.")
    return found


def _constant(name: str) -> NoReturn:
    raise Malformed(f"{name} is not JSON; leave the field out or state a number.")


def _float(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise Malformed(f"{text[:_SHOWN]} is too large a number.")
    return number


_DECODE = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_constant, parse_float=_float
).decode


def read(command: type[C], body: bytes, depth: int = DEPTH) -> C:
    """Return the command that the bytes are, with every time in UTC.

    Raises:
        Malformed: they are not a JSON object.
        Invalid: a field is missing, unknown, of another type or beyond its limits.
    """
    raw = _plain(body) if depth >= _SHALLOW else None
    if raw is None:
        raw = parse(body, depth)
    if not isinstance(raw, dict):
        raise Malformed(f"The body must be a JSON object with the fields of {command.path}.")
    return _reader(command)(raw, body)  # type: ignore[no-any-return, arg-type]


def _plain(body: bytes) -> dict[str, Any] | None:
    """The value that `parse` would return, in a quarter of the time, if the body is an object of
    texts, lists of texts, and what has no parts. None: let `parse` look.

    An object with a name twice has more texts than what is made of it: four quotes stand for each
    name and text, or three and more for one that holds some, which takes a backslash.
    """
    if b"\\" in body:
        return None
    try:
        raw = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if type(raw) is not dict:
        return None
    texts = len(raw)
    for value in raw.values():
        kind = type(value)
        if kind is str:
            texts += 1
        elif kind is list:
            for each in value:
                if type(each) is not str:
                    return None
            texts += len(value)
        elif value is not None and kind is not bool and kind is not int:
            return None
    return raw if 2 * texts == body.count(b'"') else None


def read_value(command: type[C], raw: Any) -> C:
    """Return the command that a JSON value is, which `parse` has returned before.

    Raises:
        Malformed: it is not an object, or a text in it is not Unicode.
        Invalid: a field is missing, unknown, of another type or beyond its limits.
    """
    if not isinstance(raw, dict):
        raise Malformed(f"The body must be a JSON object with the fields of {command.path}.")
    return _reader(command)(raw, dump(raw))  # type: ignore[no-any-return, arg-type]


def dump(raw: Any) -> bytes:
    """Return one form of a JSON value, whatever the order of its names and its white space.

    Raises:
        Malformed: a text in it is not Unicode, or an integer takes more than 64 bits.
    """
    try:
        return orjson.dumps(raw, option=orjson.OPT_SORT_KEYS)
    except TypeError as error:
        raise Malformed(f"The body cannot be kept: {error}.") from error


def canonical(body: bytes) -> bytes:
    """Return the same JSON in the form in which two equal requests are equal bytes.

    Raises:
        Malformed: see `dump`.
    """
    return dump(_DECODE(body.decode()))


class _Reader(Generic[C]):
    """How one class of command is read, compiled once."""

    def __init__(self, command: type[C]) -> None:
        self.adapter = TypeAdapter(command)
        hints = get_type_hints(command)
        self.names = [f.name for f in fields(command) if f.name not in command.filled_by_desk]
        self.instants = [name for name in self.names if datetime in _alternatives(hints[name])]
        self.forbidden = command.filled_by_desk

    def __call__(self, raw: Mapping[str, Any], body: bytes) -> C:
        try:
            command = self.adapter.validate_json(body, strict=True)
        except ValidationError as error:
            details = error.errors(include_url=False, include_input=False)
            if details[0]["type"] == "json_invalid":
                raise Malformed(f"{details[0]['msg']}.") from error
            raise Invalid([self._flaw(each) for each in details]) from error
        flaws = [self._unknown(name) for name in self.forbidden if name in raw]
        for name in self.instants:
            if (moment := getattr(command, name)) is not None:
                flaws += self._to_utc(command, name, moment, raw[name])
        if flaws:
            raise Invalid(flaws)
        return command

    def _to_utc(self, command: C, name: str, moment: datetime, text: str) -> list[Flaw]:
        if moment.tzinfo is None:
            return [Flaw(name, "needs its time zone, as in 2026-03-01T14:05:00Z or +01:00")]
        if text[4:5] != "-":
            return [Flaw(name, "is written like 2026-03-01T14:05:00Z")]
        try:
            command.__dict__[name] = moment.astimezone(UTC)
        except OverflowError:
            return [Flaw(name, "lies outside the years 1 to 9999")]
        return []

    def _flaw(self, details: ErrorDetails) -> Flaw:
        field = ".".join(_shown(str(part)) for part in details["loc"]) or "body"
        match details["type"]:
            case "unexpected_keyword_argument" | "extra_forbidden":
                return self._unknown(field)
            case "missing" | "missing_keyword_only_argument":
                return Flaw(field, "is required")
            case "predicate_failed":
                return Flaw(field, "holds a control character or another that is not printable")
            case _:
                return Flaw(field, details["msg"])

    def _unknown(self, name: str) -> Flaw:
        return Flaw(name, f"is not a field of this command; these are: {', '.join(self.names)}")


def _alternatives(hint: Any) -> tuple[Any, ...]:
    return tuple(each for each in get_args(hint) if each is not NoneType) or (hint,)


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


@cache
def _reader(command: type[C]) -> _Reader[C]:
    return _Reader(command)
