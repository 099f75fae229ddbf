"""The grammar of the domain: what an event, a command and a refusal are, and where they are found.

Nothing here knows incidents, databases or HTTP. An event says what happened, a command asks for
something and carries the rule that decides, a refusal says no in one sentence, and an aggregate
says how events add up to a state.
"""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from types import MappingProxyType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Generic,
    Protocol,
    TypeVar,
    dataclass_transform,
)
from uuid import UUID

from annotated_types import Len, Predicate

from tocsin.domain.personal import Personal, about_people
from tocsin.domain.printing import printable

E_co = TypeVar("E_co", covariant=True)
S = TypeVar("S", bound="State")
T = TypeVar("T")

Name = Annotated[str, Len(1, 200), Predicate(printable)]
"""A short name: of a person, group, service, code or key."""
Line = Annotated[str, Len(1, 500), Predicate(printable)]
"""One sentence."""
Text = Annotated[str, Len(1, 20_000), Predicate(printable)]
"""Free text that must say something."""
Note = Annotated[str, Len(0, 20_000), Predicate(printable)]
"""Free text that may stay empty."""

if TYPE_CHECKING:
    from dataclasses import replace as replace  # noqa: PLC0414
else:

    def replace(state: T, /, **changes: Any) -> T:
        """`dataclasses.replace` without running `__init__` again: ten times as fast, and a fold
        spends most of its time here. States have no `__post_init__`, so nothing is skipped."""
        copy = object.__new__(type(state))
        object.__setattr__(copy, "__dict__", state.__dict__ | changes)
        return copy


_events: dict[str, type["Event"]] = {}
EVENTS: Mapping[str, type["Event"]] = MappingProxyType(_events)
"""Every event there is, by stored name. Closed: a name that is not here is never decoded."""

_upcasters: dict[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]] = {}


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Event:
    """Something that happened. Its stored name is declared, never derived, and never changes.

    `schema` counts the shapes that the stored fields have had. A retired shape needs an upcaster.
    """

    event_name: ClassVar[str]
    schema: ClassVar[int]
    about_people: ClassVar[Mapping[str, Personal]]
    """The fields that say something about people, as their types declare."""

    def __init_subclass__(cls, *, name: str, schema: int = 1) -> None:
        dataclasses.dataclass(frozen=True, kw_only=True)(cls)
        known = _events.setdefault(name, cls)
        assert known.__qualname__ == cls.__qualname__, f"two events are named {name}"
        cls.event_name, cls.schema = name, schema
        cls.about_people = about_people(cls)

    def personal(self) -> Mapping[str, Personal]:
        """Which of its fields say something about people."""
        return self.about_people


def upcaster(name: str, schema: int) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """Register how the stored fields of a retired shape become those of the next one."""

    def register(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        assert (name, schema) not in _upcasters, f"two upcasters for {name} {schema}"
        _upcasters[name, schema] = function
        return function

    return register


def upcast(name: str, schema: int, fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a stored event in the shape that its class has today.

    Raises:
        LookupError: the shape is newer than this program, or nobody wrote its upcaster.
    """
    current = _events[name].schema
    if schema > current:
        raise LookupError(f"{name} has schema {schema}; this version reads up to {current}")
    for step in range(schema, current):
        fields = _upcasters[name, step](fields)
    return fields


IMPORTS = "import:"
"""How each way begins on which the histories of other systems come."""


def taken_over(via: str | None) -> bool:
    """Whether what came this way came with the history of another system."""
    return via is not None and via.startswith(IMPORTS)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recorded(Generic[E_co]):
    """An event in its envelope: where it stands in the log, who acted, and both of its times."""

    stream: UUID
    version: int
    """Place in the history of its own stream, from 1."""
    position: int
    """Place in the whole log, from 1, without gaps, in commit order."""
    actor: str
    via: str | None = None
    """The service whose key sent the command, when it acted for somebody else."""
    occurred_at: datetime
    recorded_at: datetime
    command_id: UUID
    causation: int | None = None
    """Position of the event that a reaction answered with this one."""
    event: E_co

    @property
    def originator_id(self) -> UUID:
        """The eventsourcing library's word for the stream."""
        return self.stream

    @property
    def originator_version(self) -> int:
        """The eventsourcing library's word for the version."""
        return self.version


class State(Protocol):
    """What the desk needs to know of an aggregate's state."""

    @property
    def version(self) -> int: ...

    def earliest(self) -> datetime | None:
        """The moment before which nothing can have happened to it, if it has begun."""
        ...

    def possible(self) -> tuple[str, ...]:
        """The paths of the commands that it would consider now."""
        ...


@dataclasses.dataclass(frozen=True)
class Aggregate(Generic[S]):
    """How the events of one kind of stream add up, and which names they hold exclusively."""

    name: str
    initial: Callable[[UUID], S]
    evolve: Callable[[S, Recorded[Any]], S]
    claims: Callable[[S, Event], Iterable["Claim"]]
    only: UUID | None = None
    """Its one stream, where there is only one."""
    always: bool = False
    """Whether its streams are there before their first event: it never begins."""
    known_by: tuple[str, ...] = ()
    """The fields of its state that receipts name it by, besides its id."""

    def __post_init__(self) -> None:
        AGGREGATES.setdefault(self.name, self)

    @cached_property
    def states(self) -> type[S]:
        """The class of its states."""
        return type(self.initial(UUID(int=0)))

    def named(self, stream: UUID, state: S) -> dict[str, Any]:
        """How a receipt names a stream: by its id, and by what people call it."""
        called = {field: getattr(state, field, None) for field in self.known_by}
        return {f"{self.name}_id": stream, **called}

    def fold(self, stream: UUID, history: Iterable[Recorded[Any]], start: S | None = None) -> S:
        """Return the state after `history`, beginning with `start` or with nothing."""
        state = start if start is not None else self.initial(stream)
        for recorded in history:
            state = self.evolve(state, recorded)
        return state


AGGREGATES: dict[str, Aggregate[Any]] = {}
"""Every kind of stream there is, by name. The stored names of its events begin with it."""


def aggregate_of(event: Event) -> Aggregate[Any]:
    """The kind of stream that an event belongs to."""
    return AGGREGATES[event.event_name.partition(".")[0]]


@dataclasses.dataclass(frozen=True)
class Claim:
    """A name that at most one stream holds at a time: a reference, a deduplication key.

    Taken and released in the transaction of the event that says so. A `firm` claim that somebody
    else holds makes the command lose the race; any other is then simply not taken.
    """

    kind: str
    key: str
    take: bool = True
    firm: bool = True


class Refused(Exception):
    """A rule said no. Nothing was recorded. The facts are attributes, the reason one sentence."""

    code: ClassVar[str]
    possible: tuple[str, ...] = ()
    """The commands that are possible instead, filled in where the refusal is answered."""

    def __init_subclass__(cls, *, code: str) -> None:
        cls.code = code
        known = REFUSALS.setdefault(code, cls)
        assert known.__qualname__ == cls.__qualname__, f"two refusals have the code {code}"

    def facts(self) -> dict[str, Any]:
        """The particulars, by name."""
        return {k: v for k, v in vars(self).items() if k != "possible" and v is not None}


REFUSALS: dict[str, type[Refused]] = {}


@dataclass_transform(frozen_default=True, kw_only_default=True)
@dataclasses.dataclass(frozen=True, kw_only=True)
class Command(Generic[S]):
    """Something that is asked for, with the rule that decides it.

    `decide` yields events, yields nothing (it is already so), or raises a `Refused`.
    """

    path: ClassVar[str]
    aggregate: ClassVar[Aggregate[Any]]
    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}
    creates: ClassVar[bool] = False
    """Whether it begins a new stream."""
    filled_by_desk: ClassVar[tuple[str, ...]] = ()
    """Fields that no caller may state."""

    occurred_at: datetime | None = None
    """When it happened in the world, if not now. The desk fills it in before it asks `decide`."""
    actor: Name | None = None
    """Who acted, if not the caller itself. The desk fills it in before it asks `decide`."""

    def __init_subclass__(cls, *, path: str | None = None, creates: bool = False) -> None:
        dataclasses.dataclass(frozen=True, kw_only=True)(cls)
        if path is not None:
            cls.path, cls.creates = path, creates
            known = COMMANDS.setdefault((cls.aggregate.name, path), cls)
            assert known.__qualname__ == cls.__qualname__, f"two commands are called {path}"

    @classmethod
    def possible(cls, state: S) -> bool:
        """Whether asking for it could record anything while things stand so."""
        return True

    def decide(self, state: S, policy: Any) -> Iterator[Any]:
        """Yield what happens. Pure: the same answer for the same state, policy and command."""
        raise NotImplementedError


COMMANDS: dict[tuple[str, str], type[Command[Any]]] = {}
"""Every command there is, by aggregate and path."""


def utc(moment: datetime) -> datetime:
    """The same instant, in UTC."""
    return moment.astimezone(UTC)


def moment(time: datetime) -> str:
    """An instant as people read it: to the minute, in UTC."""
    return f"{utc(time):%Y-%m-%d %H:%M} UTC"
