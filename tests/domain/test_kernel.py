"""The grammar: what events, commands and refusals share, and how they are found."""

from collections.abc import Iterator
from dataclasses import FrozenInstanceError, dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, ClassVar

import pytest

from tests.domain.examples import ACKNOWLEDGED, NEW, NOTED
from tests.domain.kit import MONDAY, STREAM, recorded
from tocsin.domain import kernel
from tocsin.domain.incident.events import IncidentEvent
from tocsin.domain.kernel import (
    COMMANDS,
    EVENTS,
    REFUSALS,
    Aggregate,
    Claim,
    Command,
    Event,
    Recorded,
    Refused,
    moment,
    replace,
    taken_over,
    upcast,
    upcaster,
    utc,
)
from tocsin.domain.printing import printable


@pytest.fixture(autouse=True)
def catalogues() -> Iterator[None]:
    """What a test here declares is forgotten after it: nobody else should find it."""
    known: list[dict[Any, Any]] = [kernel._events, kernel._upcasters, COMMANDS, REFUSALS]
    before = [dict(catalogue) for catalogue in known]
    yield
    for catalogue, entries in zip(known, before, strict=True):
        catalogue.clear()
        catalogue.update(entries)


@dataclass(frozen=True)
class Door:
    """A state of something that is no incident."""

    version: int = 0
    open: bool = False

    def earliest(self) -> datetime | None:
        return None

    def possible(self) -> tuple[str, ...]:
        return ()


def _evolve(door: Door, event: Recorded[Any]) -> Door:
    return Door(version=event.version, open=not door.open)


def _claims(door: Door, event: Event) -> Iterator[Claim]:
    yield Claim("door", "front")


DOOR = Aggregate(name="door", initial=lambda _: Door(), evolve=_evolve, claims=_claims)


def test_an_event_is_found_by_the_name_it_declares() -> None:
    class DoorOpened(Event, name="door.opened"):
        """Somebody can enter."""

        by: str

    assert EVENTS["door.opened"] is DoorOpened
    assert (DoorOpened.event_name, DoorOpened.schema) == ("door.opened", 1)
    assert DoorOpened(by="ann") == DoorOpened(by="ann")


def test_two_events_never_have_one_name() -> None:
    """Half of the history could not be told from the other half."""
    with pytest.raises(AssertionError, match=r"two events are named incident\.noted"):

        class Scribbled(Event, name="incident.noted"):
            """Another meaning."""


def test_an_event_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        NOTED.text = "Something else"  # type: ignore[misc]


def test_the_catalogue_is_closed() -> None:
    with pytest.raises(TypeError):
        EVENTS["incident.invented"] = Event  # type: ignore[index]


def retired_shapes() -> None:
    """An event that has had three shapes."""

    class DoorPainted(Event, name="door.painted", schema=3):
        """It has another colour."""

        colour: str
        coats: int

    @upcaster("door.painted", 1)
    def spelled(fields: dict[str, Any]) -> dict[str, Any]:
        return {"colour": fields["color"]}

    @upcaster("door.painted", 2)
    def counted(fields: dict[str, Any]) -> dict[str, Any]:
        return {**fields, "coats": 1}


@pytest.mark.parametrize(
    ("schema", "fields"),
    [(1, {"color": "red"}), (2, {"colour": "red"}), (3, {"colour": "red", "coats": 1})],
)
def test_every_shape_that_an_event_has_had_is_read(schema: int, fields: dict[str, Any]) -> None:
    """One function for each retired shape: the oldest passes through all of them."""
    retired_shapes()
    assert upcast("door.painted", schema, fields) == {"colour": "red", "coats": 1}


def test_a_shape_from_the_future_is_not_guessed_at() -> None:
    retired_shapes()
    with pytest.raises(LookupError, match="schema 4; this version reads up to 3"):
        upcast("door.painted", 4, {})


def test_a_shape_without_its_upcaster_is_not_guessed_at() -> None:
    class DoorLocked(Event, name="door.locked", schema=2):
        """Nobody can enter."""

    with pytest.raises(LookupError):
        upcast("door.locked", 1, {})


def test_a_shape_is_upcast_in_one_way_only() -> None:
    retired_shapes()
    with pytest.raises(AssertionError, match=r"two upcasters for door\.painted 1"):
        upcaster("door.painted", 1)(lambda fields: fields)


def test_an_aggregate_is_the_fold_of_its_events() -> None:
    happened: tuple[IncidentEvent, ...] = (*NEW, ACKNOWLEDGED)
    history = [recorded(n, event) for n, event in enumerate(happened, 1)]
    assert DOOR.fold(STREAM, history) == Door(version=3, open=True)
    assert DOOR.fold(STREAM, []) == Door()
    assert DOOR.fold(STREAM, history[1:], start=Door(version=1)) == Door(version=3)


def test_a_recorded_event_speaks_the_words_of_the_library_that_stores_it() -> None:
    event = recorded(7, NOTED)
    assert (event.originator_id, event.originator_version) == (STREAM, 7)


class Open(Command[Door]):
    """What all commands on a door share: no path, so no command of its own."""

    aggregate: ClassVar[Aggregate[Any]] = DOOR


def test_a_command_is_found_by_its_aggregate_and_path() -> None:
    class Knock(Open, path="knock"):
        """Say that somebody is there."""

        times: int = 1

    assert COMMANDS["door", "knock"] is Knock
    assert (Knock.path, Knock.creates) == ("knock", False)
    assert (Knock().times, Knock().actor, Knock().occurred_at) == (1, None, None)
    assert Knock.possible(Door())
    assert [path for kind, path in COMMANDS if kind == "door"] == ["knock"]


def test_a_command_may_begin_a_stream() -> None:
    class Hang(Open, path="hang", creates=True):
        """Put in a new door."""

    assert Hang.creates


def test_a_command_without_a_rule_is_a_mistake_of_the_program() -> None:
    class Slam(Open, path="slam"):
        """Nobody wrote what comes of it."""

    with pytest.raises(NotImplementedError):
        Slam().decide(Door(), None)


def test_two_commands_never_have_one_path() -> None:
    class Ring(Open, path="ring"):
        """Say that somebody is there, loudly."""

    with pytest.raises(AssertionError, match="two commands are called ring"):

        class Bell(Open, path="ring"):
            """Another meaning."""


def test_a_refusal_tells_its_facts() -> None:
    class Locked(Refused, code="locked"):
        """It needs a key."""

        def __init__(self, key: str | None) -> None:
            super().__init__("The door is locked.")
            self.key = key

    no = Locked("brass")
    no.possible = ("knock",)
    assert (REFUSALS["locked"], no.code) == (Locked, "locked")
    assert no.facts() == {"key": "brass"}
    assert Locked(None).facts() == {}
    assert str(no) == "The door is locked."


def test_two_refusals_never_have_one_code() -> None:
    with pytest.raises(AssertionError, match="two refusals have the code too-many"):

        class Crowded(Refused, code="too-many"):
            """Another meaning."""


def test_a_changed_copy_leaves_the_original_alone() -> None:
    door = Door()
    opened = replace(door, open=True)
    assert (door.open, opened.open, opened.version) == (False, True, 0)
    assert isinstance(opened, Door)


@pytest.mark.parametrize(
    "text", ["", "Größe", "two\nlines", "tab\tand\r\nreturn", "日本語", "5\u00a0%", "👩\u200d💻"]
)
def test_text_that_people_write_is_printable(text: str) -> None:
    assert printable(text)


@pytest.mark.parametrize(
    "text", ["\x00", "a\x1b[31mred", "\ud800", "line\u2028separator", "\x7f", "\u202egnp.exe"]
)
def test_text_that_breaks_terminals_and_columns_is_not(text: str) -> None:
    assert not printable(text)


def test_instants_are_utc() -> None:
    oslo = MONDAY.astimezone(timezone(timedelta(hours=1)))
    assert utc(oslo).isoformat() == "2026-03-02T09:00:00+00:00"
    assert moment(oslo) == "2026-03-02 09:00 UTC"


def test_a_claim_is_firm_unless_it_says_otherwise() -> None:
    assert (Claim("reference", "INC1").take, Claim("reference", "INC1").firm) == (True, True)


@pytest.mark.parametrize(
    ("via", "over"), [("import:servicenow-audit", True), ("important", False), (None, False)]
)
def test_what_came_with_another_systems_history_says_so(via: str | None, over: bool) -> None:
    assert taken_over(via) is over
