"""Do events survive being bytes, for ever, and can bytes never become anything else?"""

import sys
from datetime import UTC, datetime
from enum import Enum
from types import MappingProxyType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID, uuid4

import orjson
import pytest
from eventsourcing.persistence import StoredEvent
from hypothesis import given
from hypothesis import strategies as st

from tests.store.samples import NOON, drafts, noted
from tocsin.domain import kernel
from tocsin.domain.incident import events
from tocsin.domain.incident.values import Source, Visibility
from tocsin.domain.kernel import EVENTS, Event, Recorded
from tocsin.store.mapper import CanonicalMapper, Unreadable, converter, decode, encode, placed

OURS = [cls for cls in EVENTS.values() if cls.__module__.startswith("tocsin.")]
INSTANTS = st.datetimes(timezones=st.just(UTC))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
PLAIN = {str: TEXTS, bool: st.booleans(), int: st.integers(-(2**53), 2**53), datetime: INSTANTS}


def values(hint: Any) -> Any:
    """Anything that a field of this type may hold."""
    if get_origin(hint) in (Union, UnionType):
        kinds = get_args(hint)
        return st.one_of([st.none() if kind is type(None) else values(kind) for kind in kinds])
    if get_origin(hint) is tuple:
        return st.lists(TEXTS, max_size=3).map(tuple)
    if get_origin(hint) is dict:
        return st.dictionaries(TEXTS, TEXTS, max_size=3)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    return PLAIN[hint]


@st.composite
def recorded(draw: st.DrawFn, cls: type[Event]) -> Recorded[Any]:
    """An event of this class with any fields, in any envelope."""
    hints = get_type_hints(cls)
    fields = {name: draw(values(hints[name])) for name in vars(cls)["__dataclass_fields__"]}
    return Recorded(
        stream=draw(st.uuids()),
        version=draw(st.integers(1, 10_000)),
        position=draw(st.integers(0, 2**53)),
        actor=draw(TEXTS),
        via=draw(st.none() | TEXTS),
        occurred_at=draw(INSTANTS),
        recorded_at=draw(INSTANTS),
        command_id=draw(st.uuids()),
        causation=draw(st.none() | st.integers(1, 2**53)),
        event=cls(**fields),
    )


@pytest.mark.parametrize("cls", OURS, ids=lambda cls: cls.event_name)
def test_every_event_survives_being_bytes(cls: type[Event]) -> None:
    """Any fields, any envelope: the same event comes back, and gives the same bytes again."""

    @given(recorded(cls))
    def survives(event: Recorded[Any]) -> None:
        body = encode(event)
        assert decode(body) == event
        assert encode(decode(body)) == body

    survives()


@given(recorded(events.IncidentImported), st.integers(1, 2**53))
def test_a_draft_gets_its_place_and_keeps_everything_else(
    draft: Recorded[Any], position: int
) -> None:
    """Even if a text in it looks like the place: quotes inside texts are escaped."""
    draft = kernel.replace(draft, position=0)
    assert placed(encode(draft), position) == encode(kernel.replace(draft, position=position))


def test_a_text_that_looks_like_the_place_is_left_alone() -> None:
    (draft,) = drafts(noted('"position":0,'), stream=uuid4(), after=0, command_id=uuid4())
    assert decode(placed(encode(draft), 7)) == kernel.replace(draft, position=7)


def test_what_was_placed_is_not_placed_again() -> None:
    with pytest.raises(AssertionError, match="only a draft"):
        placed(placed(a_body(), 7), 8)


def test_the_bytes_are_canonical() -> None:
    """The form is a promise to whoever hashed them: keys sorted, UTC with Z, no spaces."""
    event = Recorded(
        stream=UUID(int=1),
        version=2,
        position=3,
        actor="anna",
        occurred_at=NOON,
        recorded_at=NOON,
        command_id=UUID(int=4),
        event=noted("Zürich \n"),
    )
    expected = (
        '{"actor":"anna","causation":null,"command_id":"00000000-0000-0000-0000-000000000004",'
        '"data":{"text":"Zürich \\n","visibility":"public"},"event":"incident.noted",'
        '"occurred_at":"2026-03-01T12:00:00Z","position":3,"recorded_at":"2026-03-01T12:00:00Z",'
        '"schema":1,"stream":"00000000-0000-0000-0000-000000000001","version":2,"via":null}'
    )
    assert encode(event).decode() == expected


def a_body(**changes: Any) -> bytes:
    """The bytes of a note, with some of the envelope exchanged."""
    (draft,) = drafts(noted("x"), stream=uuid4(), after=0, command_id=uuid4())
    return orjson.dumps({**orjson.loads(encode(draft)), **changes}, option=orjson.OPT_SORT_KEYS)


GOOD = {"text": "x", "visibility": "public"}


@pytest.mark.parametrize(
    "changes",
    [
        {"event": "incident.unheard-of"},
        {"event": None},
        {"event": ["incident.noted"]},
        {"schema": 2},
        {"schema": 0},
        {"schema": "1"},
        {"data": None},
        {"data": {}},
        {"data": {**GOOD, "visibility": "secret"}},
        {"data": {**GOOD, "visibility": ["public"]}},
        {"stream": "not-a-uuid"},
        {"stream": 7},
        {"occurred_at": "yesterday"},
        {"occurred_at": 7},
    ],
    ids=repr,
)
def test_bytes_that_say_something_unknown_are_unreadable(changes: dict[str, Any]) -> None:
    """Whoever reads them must stop: a skipped event would falsify everything after it."""
    assert decode(a_body()).event == noted("x")
    with pytest.raises(Unreadable):
        decode(a_body(**changes))


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{}", b"\xff", b'{"a":', b"7"])
def test_bytes_that_are_no_event_are_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        decode(body)


@given(st.binary(max_size=200))
def test_no_bytes_lead_to_any_other_error(body: bytes) -> None:
    with pytest.raises(Unreadable):
        decode(body)


@pytest.mark.parametrize(
    "topic", ["this", "antigravity:geohash", "os:system", "eventsourcing.popo"]
)
def test_a_name_that_looks_like_a_module_is_never_imported(topic: str) -> None:
    before = set(sys.modules)
    with pytest.raises(Unreadable):
        decode(a_body(event=topic))
    with pytest.raises(Unreadable):
        CanonicalMapper(None).to_domain_event(  # type: ignore[arg-type]
            StoredEvent(uuid4(), 1, topic, a_body(event=topic))
        )
    assert set(sys.modules) == before


def test_fields_that_came_later_have_their_defaults_in_old_bytes() -> None:
    """Adding a field with a default needs no new schema."""
    old = {"title": "Mail is down", "source": "monitoring"}
    read = decode(a_body(event="incident.reported", data=old)).event
    assert read == events.IncidentReported(title="Mail is down", source=Source.MONITORING)


def test_fields_that_are_no_more_are_passed_over() -> None:
    assert decode(a_body(data={**GOOD, "colour": "red"})).event == noted("x")


@pytest.fixture
def retired(monkeypatch: pytest.MonkeyPatch) -> Any:
    """An event in its third shape. In the first it had `who` and `minutes`, then `seconds`."""
    catalogue = dict(EVENTS)
    monkeypatch.setattr(kernel, "_events", catalogue)
    monkeypatch.setattr(kernel, "_upcasters", {})
    monkeypatch.setattr("tocsin.store.mapper.EVENTS", MappingProxyType(catalogue))

    class Paused(Event, name="test.paused", schema=3):
        by: str
        seconds: int
        visibility: Visibility

    @kernel.upcaster("test.paused", 1)
    def _(fields: dict[str, Any]) -> dict[str, Any]:
        return {"who": fields["who"], "seconds": fields["minutes"] * 60}

    @kernel.upcaster("test.paused", 2)
    def _(fields: dict[str, Any]) -> dict[str, Any]:
        return {"by": fields["who"], "seconds": fields["seconds"], "visibility": "public"}

    return Paused


OLD_BYTES = (
    b'{"actor":"anna","causation":null,"command_id":"00000000-0000-0000-0000-000000000004",'
    b'"data":{"minutes":2,"who":"bert"},"event":"test.paused",'
    b'"occurred_at":"2019-03-01T12:00:00Z","position":3,"recorded_at":"2019-03-01T12:00:00Z",'
    b'"schema":1,"stream":"00000000-0000-0000-0000-000000000001","version":2,"via":null}'
)
"""As the first version wrote them. Never to be changed."""


def test_old_bytes_are_read_through_every_upcaster_in_turn(retired: Any) -> None:
    expected = retired(by="bert", seconds=120, visibility=Visibility.PUBLIC)
    assert decode(OLD_BYTES).event == expected
    second = OLD_BYTES.replace(b'"minutes":2', b'"seconds":90').replace(b'schema":1', b'schema":2')
    assert decode(second).event == retired(by="bert", seconds=90, visibility=Visibility.PUBLIC)
    assert b'"schema":3' in encode(decode(OLD_BYTES))


def test_bytes_from_a_newer_program_are_unreadable_to_this_one(retired: Any) -> None:
    with pytest.raises(Unreadable, match="has schema 4; this version reads up to 3"):
        decode(OLD_BYTES.replace(b'schema":1', b'schema":4'))


def test_a_shape_that_nobody_upcasts_is_unreadable(retired: Any) -> None:
    kernel._upcasters.pop(("test.paused", 2))
    with pytest.raises(Unreadable):
        decode(OLD_BYTES)


@pytest.mark.parametrize("hint", [float, bytes, list[str], dict[str, int], tuple[int, ...], object])
def test_an_event_cannot_have_a_field_whose_bytes_would_be_doubtful(hint: Any) -> None:
    """Floats differ between languages, the others change their type on the way."""
    with pytest.raises(TypeError, match="cannot store"):
        converter(hint)


@pytest.mark.parametrize("cls", OURS, ids=lambda cls: cls.event_name)
def test_every_event_has_only_fields_that_can_be_stored(cls: type[Event]) -> None:
    hints = get_type_hints(cls)
    readers = [converter(hints[name]) for name in vars(cls)["__dataclass_fields__"]]
    assert all(reader is None or callable(reader) for reader in readers)
