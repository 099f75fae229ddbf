"""What is found of evidence is complete: events, commands, words, and whatever people ask."""

import inspect
from dataclasses import fields
from datetime import datetime
from enum import StrEnum
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from tests.domain.evidence import kit as x
from tests.domain.evidence.kit import STREAM, recorded
from tests.domain.strategies import events_of
from tocsin.domain.evidence import events
from tocsin.domain.evidence.state import EVIDENCE
from tocsin.domain.evidence.words import words
from tocsin.domain.kernel import COMMANDS, EVENTS, Command, Event, moment, replace
from tocsin.domain.personal import Personal

OURS: dict[str, type[Command[Any]]] = {
    path: kind for (aggregate, path), kind in COMMANDS.items() if aggregate == "evidence"
}


def test_what_can_be_asked_is_this() -> None:
    """That it was handed over, or checked, only those can say who did it."""
    assert OURS.keys() == {"transfer", "discard"}


def test_no_other_aggregate_has_a_command_of_the_same_name() -> None:
    """Reports count commands by these words, and the reference links to them."""
    assert not {path for aggregate, path in COMMANDS if aggregate != "evidence"} & OURS.keys()


def test_the_stored_names_are_these() -> None:
    """They are in the histories of others, for ever: this list only grows."""
    names = "attached accessed transferred checked discarded"
    ours = {name for name in EVENTS if name.startswith("evidence.")}
    assert ours == {f"evidence.{name}" for name in names.split()}


def test_the_union_of_events_is_the_catalogue_and_there_is_an_example_of_each() -> None:
    in_module = {
        kind
        for _, kind in inspect.getmembers(events, inspect.isclass)
        if issubclass(kind, Event) and kind is not Event
    }
    assert set(get_args(events.EvidenceEvent)) == in_module == {type(e) for e in x.EVERY_EVENT}


def test_what_is_said_of_people_is_sealed() -> None:
    """The hash of the content as well: that of a telephone number gives it away."""
    assert x.ATTACHED.personal() == {
        "name": Personal.TEXT,
        "content_sha256": Personal.TEXT,
        "description": Personal.TEXT,
        "source": Personal.TEXT,
        "collected_by": Personal.PERSON,
    }
    assert x.TRANSFERRED.personal() == {"to": Personal.PERSON, "reason": Personal.TEXT}


def plain(hint: Any) -> bool:
    """Whether the canonical bytes have one way to say it."""
    if get_origin(hint) in (Union, UnionType):
        return all(plain(part) for part in get_args(hint))
    return hint in (str, int, datetime, type(None)) or issubclass(hint, StrEnum)


@pytest.mark.parametrize("event", get_args(events.EvidenceEvent))
def test_an_event_has_only_fields_that_can_be_stored(event: type[Event]) -> None:
    hints = get_type_hints(event)
    for field in fields(event):  # type: ignore[arg-type]
        assert plain(hints[field.name]), f"{event.__name__}.{field.name}"


@pytest.mark.parametrize("kind", [*get_args(events.EvidenceEvent), *OURS.values()])
def test_events_and_commands_say_what_they_mean(kind: type) -> None:
    assert (kind.__doc__ or "").rstrip().endswith(".")
    assert not (kind.__doc__ or "").startswith(f"{kind.__name__}(")


@pytest.mark.parametrize("path", OURS)
def test_every_text_of_a_command_has_a_limit(path: str) -> None:
    schema = TypeAdapter(OURS[path]).json_schema()
    for name, field in schema["properties"].items():
        for shape in [field, *field.get("anyOf", ())]:
            if shape.get("type") == "string" and not shape.keys() & {"enum", "format"}:
                assert shape["maxLength"] <= 4_000, name


@pytest.mark.parametrize("event", x.EVERY_EVENT, ids=lambda event: event.event_name)
def test_a_sentence_leaves_out_nothing_that_people_want_to_know(event: Any) -> None:
    """Every field that says something is in the words, or stands on the record itself."""
    sentence = words(event)
    assert sentence[0].isupper()
    for field in fields(event):
        value = getattr(event, field.name)
        if field.name in {"incident_id", "reference", "stored_size", "key"} or "sha" in field.name:
            continue
        assert (moment(value) if isinstance(value, datetime) else str(value)) in sentence


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {},
            (
                "Attached as number 1: mx1.log (text/plain, 4711 B), collected by ann at"
                " 2026-03-02 09:00 UTC, from mx1: The log of the mail server."
            ),
        ),
        (
            {"collected_by": None, "source": "", "description": ""},
            (
                "Attached as number 1: mx1.log (text/plain, 4711 B), collected at"
                " 2026-03-02 09:00 UTC."
            ),
        ),
        (
            {"collected_at": None, "source": "", "description": ""},
            "Attached as number 1: mx1.log (text/plain, 4711 B), collected by ann.",
        ),
        (
            {"collected_by": None, "collected_at": None, "description": ""},
            "Attached as number 1: mx1.log (text/plain, 4711 B), from mx1.",
        ),
    ],
)
def test_what_was_not_said_is_not_told(changes: dict[str, Any], sentence: str) -> None:
    assert words(replace(x.ATTACHED, **changes)) == sentence


@settings(max_examples=100)
@given(st.lists(events_of("evidence.", incident_id=st.just(str(x.INCIDENT_ID))), max_size=10))
def test_whatever_happened_a_piece_can_be_read(history: list[Any]) -> None:
    """The fold is lenient, and the words find something to say."""
    state = EVIDENCE.fold(STREAM, [recorded(n, e) for n, e in enumerate(history, 1)])
    assert len(history) == state.version
    assert all(words(event) for event in history)
    assert tuple(EVIDENCE.claims(state, x.ATTACHED)) == ()
