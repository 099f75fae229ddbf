"""What stands around each command of a batch: which it is, of which incident, under which key."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tocsin import door
from tocsin.domain.kernel import COMMANDS, Command
from tocsin.door import Flaw, Invalid
from tocsin.http import headers as said

AGGREGATE = "incident"
FIELDS = frozenset({"command", "incident", "as", "id", "if_match", "body"})
NAME_LENGTH = 200
VERSIONS = 2**31
Envelope = dict[str, Any]


@dataclass
class Item:
    """One command of a batch, read."""

    command: Command[Any]
    incident: str | None
    alias: str | None
    key: bytes | None
    if_match: int | None
    body: Any


def envelopes(raw: Any, most: int) -> list[Envelope]:
    """Return what stands around each command, checked: a batch that is wrong there does nothing.

    Raises:
        Invalid: it is not a list of commands in their envelopes; with all that is wrong.
    """
    if not isinstance(raw, dict) or set(raw) != {"commands"}:
        raise Invalid([Flaw("body", 'is an object with one field: {"commands": [...]}')])
    found = raw["commands"]
    if not isinstance(found, list) or not 1 <= len(found) <= most:
        raise Invalid([Flaw("commands", f"is a list of 1 to {most} commands")])
    flaws = [
        Flaw(f"commands.{place}.{field}", reason)
        for place, each in enumerate(found)
        for field, reason in _wrong(each)
    ]
    if flaws:
        raise Invalid(flaws)
    return found


def _wrong(raw: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(raw, dict):
        yield "command", "must be an object"
        return
    for name in sorted(raw.keys() - FIELDS):
        yield name[:60], f"is none of {', '.join(sorted(FIELDS))}"
    named = raw.get("command")
    if not isinstance(named, str) or (AGGREGATE, named) not in COMMANDS:
        yield "command", "must name a command, such as report or acknowledge"
    for field in ("incident", "as", "id"):
        text = raw.get(field, "-")
        if not isinstance(text, str) or not 0 < len(text) <= NAME_LENGTH:
            yield field, f"must be a text of 1 to {NAME_LENGTH} characters"
    version = raw.get("if_match", 0)
    if type(version) is not int or not 0 <= version < VERSIONS:
        yield "if_match", "must be a version"
    if not isinstance(raw.get("body", {}), dict):
        yield "body", "must be an object"


def open_one(raw: Envelope) -> Item:
    """Read one command.

    Raises:
        Malformed, Invalid, Problem: it cannot be read.
    """
    named = raw["command"]
    kind = COMMANDS[AGGREGATE, named]
    if kind.creates and ("incident" in raw or "if_match" in raw):
        raise Invalid([Flaw("incident", f"and if_match say nothing about {named}: it begins one")])
    if not kind.creates and ("incident" not in raw or "as" in raw):
        raise Invalid([Flaw("incident", f"must be named, and as must not, to {named}")])
    key = raw["id"].encode(errors="replace") if "id" in raw else None
    if key is not None:
        said.check_key(key)
    body = raw.get("body", {})
    command = door.read_value(kind, body)
    return Item(command, raw.get("incident"), raw.get("as"), key, raw.get("if_match"), body)


def schema(most: int) -> dict[str, Any]:
    """What the document says of a batch of up to so many commands."""
    name = {"type": "string", "minLength": 1, "maxLength": NAME_LENGTH}
    item = {
        "type": "object",
        "additionalProperties": False,
        "required": ["command"],
        "properties": {
            "command": {
                "type": "string",
                "enum": sorted(path for kind, path in COMMANDS if kind == AGGREGATE),
            },
            "incident": {**name, "description": "UUID, reference, or @ and a name from `as`."},
            "as": {**name, "description": "A name for the incident that this begins."},
            "id": {**name, "description": "As the header Idempotency-Key."},
            "if_match": {
                "type": "integer",
                "minimum": 0,
                "maximum": VERSIONS - 1,
                "description": "The version you saw.",
            },
            "body": {"type": "object", "description": "As for the route of the command."},
        },
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["commands"],
        "properties": {
            "commands": {"type": "array", "minItems": 1, "maxItems": most, "items": item}
        },
    }
