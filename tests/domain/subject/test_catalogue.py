"""What is found of subjects is complete: events, commands, words, and whatever people ask."""

import inspect
from dataclasses import fields
from enum import StrEnum
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from tests.domain.kit import NOW
from tests.domain.strategies import commands_on, events_of
from tests.domain.subject import kit as x
from tests.domain.subject.kit import decided, recorded, subject
from tocsin.domain.kernel import COMMANDS, EVENTS, Command, Event, replace
from tocsin.domain.subject import events
from tocsin.domain.subject.commands import CompletePurge
from tocsin.domain.subject.state import SUBJECT
from tocsin.domain.subject.values import SubjectKind, texts_stream
from tocsin.domain.subject.words import words

OURS: dict[str, type[Command[Any]]] = {
    path: kind for (aggregate, path), kind in COMMANDS.items() if aggregate == "subject"
}


def test_what_can_be_asked_is_this() -> None:
    assert OURS.keys() == {"forget", "place-hold", "lift-hold"}


def test_no_other_aggregate_has_a_command_of_the_same_name() -> None:
    """Reports count commands by these words, and the reference links to them."""
    assert not {path for aggregate, path in COMMANDS if aggregate != "subject"} & OURS.keys()


def test_the_stored_names_are_these() -> None:
    """They are in the histories of others, for ever: this list only grows."""
    names = "forgotten hold-placed hold-lifted purged"
    ours = {name for name in EVENTS if name.startswith("subject.")}
    assert ours == {f"subject.{name}" for name in names.split()}


def test_the_union_of_events_is_the_catalogue_and_there_is_an_example_of_each() -> None:
    in_module = {
        kind
        for _, kind in inspect.getmembers(events, inspect.isclass)
        if issubclass(kind, Event) and kind is not Event
    }
    assert set(get_args(events.SubjectEvent)) == in_module == {type(e) for e in x.EVERY_EVENT}


def plain(hint: Any) -> bool:
    """Whether the canonical bytes have one way to say it."""
    if get_origin(hint) in (Union, UnionType):
        return all(plain(part) for part in get_args(hint))
    return hint in (str, int, type(None), tuple[str, ...]) or issubclass(hint, StrEnum)


@pytest.mark.parametrize("event", get_args(events.SubjectEvent))
def test_an_event_has_only_fields_that_can_be_stored(event: type[Event]) -> None:
    hints = get_type_hints(event)
    assert all(plain(hints[field.name]) for field in fields(event))  # type: ignore[arg-type]


def test_only_reasons_say_anything_about_people_and_they_are_sealed() -> None:
    """What is recorded about forgetting somebody must not be what keeps them in the log."""
    told = {
        (kind.event_name, name)
        for kind in get_args(events.SubjectEvent)
        for name in kind.about_people
    }
    assert told == {("subject.hold-placed", "reason"), ("subject.hold-lifted", "reason")}


@pytest.mark.parametrize("path", OURS)
def test_nobody_says_when_it_happened_or_what_the_stream_stands_for(path: str) -> None:
    kind = OURS[path]
    assert {"occurred_at", "kind", "incident_id"} & {f.name for f in fields(kind)} <= set(
        kind.filled_by_desk
    )


@pytest.mark.parametrize("path", OURS)
def test_every_text_of_a_command_has_a_limit(path: str) -> None:
    schema = TypeAdapter(OURS[path]).json_schema()
    own = set(schema["properties"]) - set(OURS[path].filled_by_desk)
    for name in own:
        field = schema["properties"][name]
        for shape in [field, field.get("items", {}), *field.get("anyOf", ())]:
            if shape.get("type") == "string":
                assert shape["maxLength"] <= 500, name
            if shape.get("type") == "array":
                assert shape["maxItems"] <= 50, name


@pytest.mark.parametrize("event", x.EVERY_EVENT, ids=lambda event: event.event_name)
def test_a_sentence_leaves_out_nothing_that_people_want_to_know(event: Any) -> None:
    sentence = words(event)
    assert sentence[0].isupper()
    for field in fields(event):
        value = getattr(event, field.name)
        if field.name in {"kind", "incident_id", "forgotten"}:
            continue
        for part in value if isinstance(value, tuple) else (value,):
            assert str(part).replace("-", " ") in sentence.replace("-", " ")


def test_a_person_and_texts_are_told_apart() -> None:
    assert words(x.FORGOTTEN).startswith("A person is forgotten on request DSR-7")
    assert words(x.TEXTS_FORGOTTEN).startswith("The texts of an incident are forgotten")
    assert words(x.HELD).startswith("A person stands under legal hold LIT-1")
    assert words(x.TEXTS_HELD).startswith("The texts of an incident stand under legal hold")


def test_every_server_finds_the_same_stream_of_an_incidents_texts() -> None:
    assert str(texts_stream(x.INCIDENT_ID)) == "4c3a59a3-0362-5aa5-92fd-8f265ec190ad"


INCIDENTS = st.none() | st.just(str(x.INCIDENT_ID))
ANY_COMMAND = commands_on(
    "subject", kind=st.sampled_from(SubjectKind), incident_id=INCIDENTS
) | st.builds(CompletePurge, forgotten=st.integers(0, 4), places=st.just(("read models",))).map(
    lambda command: replace(command, actor="dpo", occurred_at=NOW)
)


@settings(max_examples=150)
@given(st.lists(ANY_COMMAND, max_size=12))
def test_whatever_people_ask_a_subject_keeps_its_promises(asked: list[Command[Any]]) -> None:
    """Asked again, nothing changes; what records something was listed; a hold is respected."""
    state = subject()
    for command in asked:
        found, _ = decided(state, command)
        unasked = isinstance(command, CompletePurge)
        assert not found or unasked or command.path in state.possible()
        for event in found:
            forgets = isinstance(event, events.SubjectForgotten)
            assert not (forgets and state.standing), "what is held is not forgotten"
            state = SUBJECT.evolve(state, recorded(state.version + 1, event))
        assert decided(state, command)[0] == ()


@settings(max_examples=150)
@given(st.lists(events_of("subject.", incident_id=INCIDENTS), max_size=15))
def test_whatever_happened_a_subject_can_be_read(history: list[Any]) -> None:
    """The fold is lenient, and the words find something to say."""
    state = subject(*history)
    assert len(history) == state.version
    assert state.earliest() is None
    assert all(words(event) for event in history)
    assert not [*SUBJECT.claims(state, x.FORGOTTEN)]
