"""What is found is complete: events, commands, refusals, and the doors they go through."""

import inspect
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from pydantic import TypeAdapter, ValidationError

import tocsin.asks  # noqa: F401 - defines refusals, too
from tests.domain.examples import EVERY_EVENT
from tests.domain.strategies import ANY_COMMAND
from tocsin.domain.incident import command as shared
from tocsin.domain.incident import events
from tocsin.domain.incident.command import IncidentCommand
from tocsin.domain.incident.values import KNOWN, Status
from tocsin.domain.kernel import COMMANDS, EVENTS, REFUSALS, Command, Event

OURS: dict[str, type[Command[Any]]] = {
    path: kind for (aggregate, path), kind in COMMANDS.items() if aggregate == "incident"
}
ASKED_FOR = """
    report log verify dismiss acknowledge categorise prioritise assign note diagnose
    request-information provide-information hold resume escalate declare-major stand-down
    identify-cause propose-workaround approve-workaround reject-workaround apply-workaround
    withdraw-workaround resolve record-test confirm reject-resolution reopen close cancel link
    unlink post-update correct
"""


@cache
def door(path: str) -> TypeAdapter[Any]:
    """Reads and writes one kind of command as JSON."""
    return TypeAdapter(OURS[path])


def test_every_command_of_the_lifecycle_is_there() -> None:
    assert set(ASKED_FOR.split()) == OURS.keys()


def test_the_union_of_events_is_the_catalogue() -> None:
    """One that is missing from it would never be folded."""
    in_module = {
        kind
        for _, kind in inspect.getmembers(events, inspect.isclass)
        if issubclass(kind, Event) and kind is not Event
    }
    assert set(get_args(events.IncidentEvent)) == in_module
    assert in_module == {kind for name, kind in EVENTS.items() if name.startswith("incident.")}


def test_there_is_an_example_of_every_event() -> None:
    assert {type(event) for event in EVERY_EVENT} == set(get_args(events.IncidentEvent))


def test_the_stored_names_are_these() -> None:
    """They are in the histories of others, for ever: this list only grows."""
    names = """
        acknowledged assigned cancelled categorised cause-identified closed confirmed corrected
        diagnosed dismissed escalated held imported information-provided information-requested
        linked logged major-declared major-stood-down noted prioritised reopened reported resolved
        resolution-rejected resolution-tested resumed sla-marked-breached unlinked update-posted
        verified workaround-applied workaround-approved workaround-proposed workaround-rejected
        workaround-withdrawn
    """
    assert {f"incident.{name}" for name in names.split()} <= EVENTS.keys()


def plain(hint: Any) -> bool:
    """Whether the canonical bytes have one way to say it."""
    if get_origin(hint) in (Union, UnionType):
        return all(plain(part) for part in get_args(hint))
    if get_origin(hint) in (tuple, dict):
        return hint in (tuple[str, ...], dict[str, str])
    return hint in (str, int, bool, datetime, type(None)) or issubclass(hint, StrEnum | IntEnum)


@pytest.mark.parametrize("event", get_args(events.IncidentEvent))
def test_an_event_has_only_fields_that_can_be_stored(event: type[Event]) -> None:
    hints = get_type_hints(event)
    for field in fields(event):  # type: ignore[arg-type]
        assert plain(hints[field.name]), f"{event.__name__}.{field.name}"


@pytest.mark.parametrize("kind", [*get_args(events.IncidentEvent), *OURS.values()])
def test_events_and_commands_say_what_they_mean(kind: type) -> None:
    assert is_dataclass(kind)
    assert (kind.__doc__ or "").rstrip().endswith(".")
    assert not (kind.__doc__ or "").startswith(f"{kind.__name__}(")


@pytest.mark.parametrize("path", OURS)
def test_a_command_is_called_as_its_path(path: str) -> None:
    kind = OURS[path]
    assert kind.__name__ == "".join(word.capitalize() for word in path.split("-"))
    assert kind.creates is (path == "report")


def statuses(path: str) -> frozenset[Status]:
    kind = OURS[path]
    assert issubclass(kind, IncidentCommand)
    return kind.statuses


@pytest.mark.parametrize("path", OURS)
def test_a_command_is_part_of_the_lifecycle(path: str) -> None:
    assert statuses(path)
    assert statuses(path) <= ({Status.UNREPORTED} if path == "report" else KNOWN)


@pytest.mark.parametrize("status", sorted(KNOWN))
def test_no_status_is_a_dead_end(status: Status) -> None:
    """Something leads on from everywhere, if only reopening."""
    ways = ("log", "resolve", "close", "reopen")
    assert any(status in statuses(path) for path in ways)


@pytest.mark.parametrize("path", OURS)
def test_a_command_has_a_schema(path: str) -> None:
    """The HTTP door makes its documentation from it."""
    schema = door(path).json_schema()
    assert schema["additionalProperties"] is False
    assert {"occurred_at", "actor"} <= schema["properties"].keys()


@pytest.mark.parametrize("path", OURS)
def test_every_text_and_list_of_a_command_has_a_limit(path: str) -> None:
    """A field without a limit would take a body of any size into a history that is for ever."""
    schema = door(path).json_schema()
    for name, field in schema["properties"].items():
        for shape in [field, field.get("items", {}), *field.get("anyOf", ())]:
            known = shape.keys() & {"enum", "const", "format", "$ref"}
            match shape.get("type"):
                case "string" if not known:
                    assert shape["maxLength"] <= 20_000, name
                case "array":
                    assert shape["maxItems"] <= 50, name
                case "integer":
                    assert shape["minimum"] <= shape["maximum"] <= 1_000_000_000, name


@given(ANY_COMMAND)
def test_a_command_comes_through_json_as_it_was(command: Command[Any]) -> None:
    json = door(command.path).dump_json(command)
    assert door(command.path).validate_json(json) == command


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("report", '{"title": "x", "source": "rumour"}'),
        ("report", '{"title": "", "source": "monitoring"}'),
        ("report", '{"title": "%s", "source": "monitoring"}' % ("x" * 501)),
        ("report", '{"title": "a\\u0000b", "source": "monitoring"}'),
        ("report", '{"title": "x", "source": "monitoring", "colour": "red"}'),
        ("report", '{"source": "monitoring"}'),
        ("report", '{"title": "x", "source": "monitoring", "users": [""]}'),
        ("assign", '{"level": 0}'),
        ("assign", '{"level": 5}'),
        ("escalate", '{"kind": "functional", "level": 5}'),
        ("escalate", '{"level": 2}'),
        ("confirm", '{"satisfaction": 0}'),
        ("confirm", '{"satisfaction": 6}'),
        ("propose-workaround", '{"description": "x", "risk": "low", "cost": -1}'),
        ("propose-workaround", '{"description": "x", "risk": "low", "cost": 1000000001}'),
        ("prioritise", '{"priority": 6}'),
        ("hold", '{"reason": "coffee"}'),
        ("note", '{"text": ""}'),
        ("close", "{}"),
    ],
)
def test_what_a_command_does_not_take_is_refused_at_the_door(path: str, body: str) -> None:
    with pytest.raises(ValidationError):
        door(path).validate_json(body)


def test_the_desk_alone_gives_references() -> None:
    assert {path for path, kind in OURS.items() if kind.filled_by_desk} == {"report", "log"}


@pytest.mark.parametrize("code", REFUSALS)
def test_a_refusal_says_what_it_means(code: str) -> None:
    kind = REFUSALS[code]
    assert (kind.__doc__ or "").rstrip().endswith(".")
    assert code == code.lower()
    assert not kind.__name__.endswith("Error")


def test_only_what_is_shared_is_no_command() -> None:
    assert not hasattr(shared.IncidentCommand, "path")
