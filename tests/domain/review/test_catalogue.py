"""What is found of reviews is complete: events, commands, words, and whatever people ask."""

import inspect
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from annotated_types import Len
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from tests.domain.kit import MONDAY, NOW
from tests.domain.review import examples as x
from tests.domain.review.kit import STREAM, recorded, review
from tests.domain.strategies import commands_on, events_of
from tocsin.domain.incident.state import INCIDENT
from tocsin.domain.kernel import COMMANDS, EVENTS, Command, Event, Refused, moment, replace
from tocsin.domain.policy import DEFAULT_POLICY
from tocsin.domain.review import events
from tocsin.domain.review.command import ReviewCommand
from tocsin.domain.review.commands.acting import Remind
from tocsin.domain.review.commands.opening import OpenReview, RequireReview
from tocsin.domain.review.refusals import ReviewNotOpen
from tocsin.domain.review.state import REVIEW, Review
from tocsin.domain.review.values import ReminderKind
from tocsin.domain.review.words import words

OURS: dict[str, type[Command[Any]]] = {
    path: kind for (aggregate, path), kind in COMMANDS.items() if aggregate == "review"
}
ASKED_FOR = """
    open-review name-facilitator name-participants record-finding withdraw-finding record-factor
    withdraw-factor identify-root-cause record-lesson withdraw-lesson agree-action reassign-action
    reschedule-action complete-action drop-action publish-review reopen-review
"""
NAMES = """
    opened made-mandatory facilitator-named participants-named finding-recorded finding-withdrawn
    factor-recorded factor-withdrawn root-cause-identified lesson-recorded lesson-withdrawn
    action-agreed action-reassigned action-rescheduled action-done action-dropped action-reminded
    published reopened
"""


def test_every_command_on_a_review_is_there() -> None:
    assert set(ASKED_FOR.split()) == OURS.keys()
    assert ["open-review"] == [path for path, kind in OURS.items() if kind.creates]


def test_no_other_aggregate_has_a_command_of_the_same_name() -> None:
    """Reports count commands by these words, and the reference links to them."""
    others = {path for aggregate, path in COMMANDS if aggregate != "review"}
    assert not others & OURS.keys()


def test_the_stored_names_are_these() -> None:
    """They are in the histories of others, for ever: this list only grows."""
    assert {f"review.{name}" for name in NAMES.split()} == {
        name for name in EVENTS if name.startswith("review.")
    }


def test_the_union_of_events_is_the_catalogue_and_there_is_an_example_of_each() -> None:
    in_module = {
        kind
        for _, kind in inspect.getmembers(events, inspect.isclass)
        if issubclass(kind, Event) and kind is not Event
    }
    assert set(get_args(events.ReviewEvent)) == in_module == {type(e) for e in x.EVERY_EVENT}


def plain(hint: Any) -> bool:
    """Whether the canonical bytes have one way to say it."""
    if get_origin(hint) in (Union, UnionType):
        return all(plain(part) for part in get_args(hint))
    return hint in (str, int, datetime, type(None), tuple[str, ...]) or issubclass(hint, StrEnum)


@pytest.mark.parametrize("event", get_args(events.ReviewEvent))
def test_an_event_has_only_fields_that_can_be_stored(event: type[Event]) -> None:
    hints = get_type_hints(event)
    for field in fields(event):  # type: ignore[arg-type]
        assert plain(hints[field.name]), f"{event.__name__}.{field.name}"


@pytest.mark.parametrize("kind", [*get_args(events.ReviewEvent), *OURS.values()])
def test_events_and_commands_say_what_they_mean(kind: type) -> None:
    assert is_dataclass(kind)
    assert (kind.__doc__ or "").rstrip().endswith(".")
    assert not (kind.__doc__ or "").startswith(f"{kind.__name__}(")


@pytest.mark.parametrize("path", OURS)
def test_a_command_is_called_as_its_path_and_has_its_time(path: str) -> None:
    kind = OURS[path]
    assert kind.__name__ == "".join(word.capitalize() for word in path.split("-"))
    assert issubclass(kind, ReviewCommand)
    assert kind.statuses


@pytest.mark.parametrize("path", OURS)
def test_every_text_and_list_of_a_command_has_a_limit(path: str) -> None:
    """A field without a limit would take a body of any size into a history that is for ever."""
    schema = TypeAdapter(OURS[path]).json_schema()
    for name, field in schema["properties"].items():
        if name in OURS[path].filled_by_desk:
            continue
        for shape in [field, field.get("items", {}), *field.get("anyOf", ())]:
            known = shape.keys() & {"enum", "const", "format", "$ref"}
            if shape.get("type") == "string" and not known:
                assert shape["maxLength"] <= 20_000, name
            if shape.get("type") == "array":
                assert shape["maxItems"] <= 50, name


@pytest.mark.parametrize("event", x.EVERY_EVENT, ids=lambda event: event.event_name)
def test_a_sentence_leaves_out_nothing_that_people_want_to_know(event: Any) -> None:
    """Every field that says something is in the words, or stands on the record itself."""
    sentence = words(event)
    assert sentence[0].isupper() or type(event) is events.ActionReminded
    for field in fields(event):
        value = getattr(event, field.name)
        if field.name in {"incident_id", "reference", "title", "since", "schema"}:
            continue
        for part in value if isinstance(value, tuple) else (value,):
            text = moment(part) if isinstance(part, datetime) else str(part)
            assert text.replace("-", " ") in sentence.replace("-", " ")


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        (
            replace(x.OPENED, facilitator=None, due_at=None),
            "Review opened: Nobody could work for three hours.",
        ),
        (replace(x.FOUND, evidence=""), "Finding F1: The log partition was full for an hour."),
        (
            x.OVERDUE,
            "ann reminded: action A1 is overdue since 2026-03-16 13:00 UTC.",
        ),
    ],
)
def test_what_was_not_said_is_not_told(event: Any, sentence: str) -> None:
    assert sentence == words(event)


BEGINNINGS: list[tuple[events.ReviewEvent, ...]] = [
    (),
    (x.OPENED,),
    (x.OPENED, x.FOUND, x.FACTOR, x.LESSON, x.AGREED),
    x.IS_PUBLISHED,
    (*x.IS_PUBLISHED, x.DONE, x.REOPENED),
]
KNOWN: dict[str, st.SearchStrategy[Any]] = {
    **{name: st.sampled_from([f"{letter}1", f"{letter}2"]) for name, letter in (
        ("finding", "F"), ("factor", "C"), ("lesson", "L"), ("action", "A"),
    )},
    "incident_id": st.just(x.OPENED.incident_id),
}  # fmt: skip
ANY_COMMAND: st.SearchStrategy[Command[Any]] = commands_on("review", **KNOWN) | st.sampled_from(
    [
        RequireReview(reason="It is to be.", policy_version=1),
        *(Remind(action="A1", kind=kind, since=5) for kind in ReminderKind),
    ]
).map(lambda command: replace(command, actor="dana", occurred_at=NOW))


@settings(max_examples=150)
@given(st.sampled_from(BEGINNINGS), st.lists(ANY_COMMAND, max_size=12))
def test_whatever_people_ask_a_review_keeps_its_promises(
    beginning: tuple[events.ReviewEvent, ...], asked: list[Command[Any]]
) -> None:
    """Asked again, nothing changes; what records something was listed; a name is given once."""
    state = review(*beginning)
    for command in asked:
        for event in decided(command, state):
            state = REVIEW.evolve(state, recorded(state.version + 1, event, NOW))
        assert decided(command, state) == ()
        for letter, entries in zip("FCLA", names_of(state), strict=True):
            assert entries == [f"{letter}{n}" for n in range(1, len(entries) + 1)]


def names_of(state: Review) -> list[list[str]]:
    kept: tuple[Any, ...] = (state.findings, state.factors, state.lessons, state.actions)
    return [list(each) for each in kept]


def decided(command: Command[Any], state: Review) -> tuple[Any, ...]:
    """What is recorded, after a look whether the list of the possible told the truth."""
    unasked = isinstance(command, RequireReview | Remind)
    listed = command.path in state.possible()
    if not state.version and not isinstance(command, OpenReview):
        assert not listed
        return ()  # the desk knows no such review
    try:
        found = tuple(command.decide(state, DEFAULT_POLICY))
    except Refused as no:
        for_the_status = isinstance(no, ReviewNotOpen)
        assert (for_the_status and listed) is False
        return ()
    assert listed or unasked or not found
    return found


@settings(max_examples=150)
@given(st.lists(events_of("review.", **KNOWN), max_size=15))
def test_whatever_happened_a_review_can_be_read(history: list[Any]) -> None:
    """The fold is lenient, and the words find something to say."""
    state = REVIEW.fold(STREAM, [recorded(n, e, MONDAY) for n, e in enumerate(history, 1)])
    assert len(history) == state.version
    for action in state.actions.values():
        assert [*action.reminders()] == sorted(action.reminders(), key=lambda each: each[1])
    assert all(words(event) for event in history)


def test_lists_of_people_have_a_limit() -> None:
    hints = get_type_hints(OURS["name-participants"], include_extras=True)
    assert Len(1, 50) in hints["participants"].__metadata__


def test_every_kind_of_stream_knows_the_class_of_its_states() -> None:
    """So that nobody takes a stream of one kind for one of another."""
    assert Review is REVIEW.states
    assert not isinstance(review(x.OPENED), INCIDENT.states)
