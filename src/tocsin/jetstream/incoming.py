"""What queues for us, read: alerts of any monitoring, and commands, as plain JSON or CloudEvents.

Each has an id of its own, which does not change when it is delivered or published again: whatever
is asked under it is done once.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, NamedTuple

import orjson

import tocsin.aggregates  # noqa: F401 - every command is known once it is imported
from tocsin.domain.incident.values import Impact, Source, Urgency
from tocsin.domain.kernel import COMMANDS
from tocsin.jetstream.streams import MSG_ID

ID: Final = "Tocsin-Id"
"""Header: what the sender calls this message, for ever."""
COMMAND_ID: Final = "Tocsin-Command-Id"
PUBLISHED: Final = "Tocsin-Msg-Id"
"""Headers of what was parked: what was asked under, and how it was published, the first time."""
_COMMAND_ID: Final = re.compile("nats-[0-9a-f]{40}")
KEY_LENGTH: Final = 190
NAME_LENGTH: Final = 200
TRIGGER, ACKNOWLEDGE, RESOLVE = "trigger", "acknowledge", "resolve"
ACTIONS: Final = (TRIGGER, ACKNOWLEDGE, RESOLVE)
CRITICAL, HIGH = (Impact.HIGH, Urgency.HIGH), (Impact.MEDIUM, Urgency.HIGH)
MEDIUM, LOW = (Impact.MEDIUM, Urgency.MEDIUM), (Impact.LOW, Urgency.LOW)
SEVERITIES: Final = {
    "critical": CRITICAL,
    "high": HIGH,
    "error": HIGH,
    "medium": MEDIUM,
    "warning": MEDIUM,
    "low": LOW,
    "info": LOW,
}
"""Impact and urgency, from which the policy makes a priority."""
ALERT_FIELDS: Final = (
    "dedup_key", "action", "title", "description", "severity", "service", "services",
    "configuration_items", "source", "time", "resolution", "id",
)  # fmt: skip
COMMAND_FIELDS: Final = ("command", "incident", "if_match", "body", "id")


class Received(NamedTuple):
    """A message as it was delivered."""

    sequence: int
    kind: str
    """`alert` or `command`: the subject says so."""
    key: str
    """The rest of the subject, by which messages keep their order."""
    headers: Mapping[str, str]
    data: bytes
    reply: str
    """Where it is acknowledged."""


class Bad(Exception):
    """A message that cannot be taken in: a code, and the reason in a sentence."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True)
class Alert:
    """Something rings, is known, or has ceased to ring."""

    command_id: str
    dedup_key: str
    action: str
    body: Mapping[str, Any]
    """Of the command that the action is."""
    urgency: tuple[Impact, Urgency] | None = None

    @property
    def chain(self) -> str:
        """Those of one chain are handled in order."""
        return f"key {self.dedup_key}"


@dataclass(frozen=True)
class Order:
    """A command, as `POST /commands` takes it."""

    command_id: str
    chain: str
    envelope: Mapping[str, Any]


Item = Alert | Order


def read(received: Received, origin: str, most: int) -> Item:
    """What a message says. `origin` names the stream that it was delivered from.

    Raises:
        Bad: nothing that can be taken in.
    """
    if len(received.data) > most:
        raise Bad("too-large", f"The message has {len(received.data)} bytes; {most} may be.")
    content, named, time = _unwrapped(received)
    command_id = _command_id(received, content, named, origin)
    if received.kind == "alert":
        return _alert(content, command_id, time)
    if received.kind == "command":
        return _order(content, command_id)
    raise Bad("unknown-subject", f"{received.kind[:60]!r} is neither `alert` nor `command`.")


def _unwrapped(received: Received) -> tuple[dict[str, Any], str, str | None]:
    """The content, how a CloudEvent around it is called (or nothing), and its time."""
    try:
        found = orjson.loads(received.data)
    except orjson.JSONDecodeError as error:
        raise Bad("not-json", f"The message is not JSON: {error}.") from error
    if not isinstance(found, dict):
        raise Bad("not-json", "The message is JSON, but no object.")
    headers = {name.lower(): value for name, value in received.headers.items()}
    if "ce-id" in headers and "ce-source" in headers:
        return found, f"{headers['ce-source']}\n{headers['ce-id']}", headers.get("ce-time")
    if "specversion" not in found:
        return found, "", None
    source, name, content = found.get("source"), found.get("id"), found.get("data")
    if not (isinstance(source, str) and isinstance(name, str) and source and name):
        raise Bad("bad-cloudevent", "A CloudEvent needs a source and an id.")
    if not isinstance(content, dict):
        raise Bad("bad-cloudevent", "The data of the CloudEvent must be a JSON object.")
    return content, f"{source}\n{name}", found.get("time")


def _command_id(received: Received, content: Mapping[str, Any], named: str, origin: str) -> str:
    """The id of what is asked: stated, or that of the CloudEvent, or that of its publication. If
    nobody gave it any, its place in the stream must do: published again, it is another."""
    headers = received.headers
    if _COMMAND_ID.fullmatch(headers.get(COMMAND_ID, "")):
        return headers[COMMAND_ID]
    if stated := headers.get(ID) or content.get("id"):
        if not isinstance(stated, str) or len(stated) > NAME_LENGTH:
            raise Bad("invalid", f"id is a text of 1 to {NAME_LENGTH} characters.")
        return named_id("id", stated)
    if named:
        return named_id("cloudevent", named)
    if published := headers.get(PUBLISHED) or headers.get(MSG_ID):
        return named_id("message", published)
    return _place_id(received, origin)


def own_id(received: Received, origin: str) -> str | None:
    """The id of what is asked in a message that may be bad; none if its headers may yet tell."""
    with suppress(Bad):
        content, named, _ = _unwrapped(received)
        return _command_id(received, content, named, origin)
    return None if received.headers else _place_id(received, origin)


def _place_id(received: Received, origin: str) -> str:
    """The id of a message that nobody gave any."""
    return named_id("place", f"{origin}\n{received.sequence}")


def named_id(way: str, name: str) -> str:
    """The id of what is asked in a message of this name."""
    digest = sha256(b"\n".join((way.encode(), name.encode()))).hexdigest()
    return f"nats-{digest[:40]}"


def _alert(content: Mapping[str, Any], command_id: str, time: str | None) -> Alert:
    _known(content, ALERT_FIELDS, "an alert")
    key = _text(content, "dedup_key", most=KEY_LENGTH)
    action = content.get("action", TRIGGER)
    if action not in ACTIONS:
        raise Bad("invalid", f"action is one of {', '.join(ACTIONS)}.")
    at = content.get("time", time)
    if action == ACKNOWLEDGE:
        return Alert(command_id, key, action, _some(occurred_at=at))
    if action == RESOLVE:
        text = content.get("resolution") or "The alert has ceased."
        body = _some(occurred_at=at, resolution_code="alert-ceased", resolution=text)
        return Alert(command_id, key, action, body)
    severity = content.get("severity")
    if severity is not None and not (isinstance(severity, str) and severity in SEVERITIES):
        raise Bad("invalid", f"severity is one of {', '.join(SEVERITIES)}.")
    services = content.get("services", [])
    if (service := content.get("service")) is not None:
        services = [service]
    body = _some(
        title=_text(content, "title"),
        description=content.get("description"),
        source=content.get("source", Source.AUTOMATED_ALERT.value),
        services=services or None,
        configuration_items=content.get("configuration_items"),
        detected_at=at,
        dedup_key=key,
    )
    return Alert(command_id, key, action, body, SEVERITIES[severity] if severity else None)


def _order(content: Mapping[str, Any], command_id: str) -> Order:
    _known(content, COMMAND_FIELDS, "a command")
    named = content.get("command")
    kind = COMMANDS.get(("incident", named)) if isinstance(named, str) else None
    if kind is None:
        raise Bad("invalid", "command must name a command, such as report or acknowledge.")
    body = content.get("body", {})
    if not isinstance(body, dict):
        raise Bad("invalid", "body must be an object.")
    envelope = {"command": named, "id": command_id, "body": body}
    if kind.creates:
        if "incident" in content or "if_match" in content:
            raise Bad("invalid", f"incident and if_match say nothing about {named}: it begins one.")
        key = body.get("dedup_key")
        return Order(command_id, f"key {key}" if key else f"own {command_id}", envelope)
    envelope["incident"] = incident = _text(content, "incident")
    if incident.startswith("@"):
        raise Bad("invalid", "incident is an id, a reference, or dedup: and a key.")
    if (version := content.get("if_match")) is not None:
        if type(version) is not int or not 0 <= version < 2**31:
            raise Bad("invalid", "if_match must be a version.")
        envelope["if_match"] = version
    return Order(command_id, incident.replace("dedup:", "key ", 1), envelope)


def _known(content: Mapping[str, Any], fields: tuple[str, ...], what: str) -> None:
    if strange := sorted(content.keys() - set(fields)):
        known = ", ".join(fields)
        raise Bad("invalid", f"{strange[0][:60]} is not a field of {what}; these are: {known}.")


def _text(content: Mapping[str, Any], name: str, most: int = NAME_LENGTH) -> str:
    found = content.get(name)
    if not isinstance(found, str) or not found.strip():
        raise Bad("invalid", f"{name} is required, and a text.")
    if name != "title" and len(found) > most:
        raise Bad("invalid", f"{name} has {len(found)} characters; {most} may be.")
    return found


def _some(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
