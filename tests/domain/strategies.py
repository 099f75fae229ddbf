"""Any event and any command, made from their fields: a new one is in it the day it is born.

Texts, names and times come from small pools, so that the same thing is said twice often enough.
"""

from dataclasses import fields, is_dataclass
from datetime import timedelta
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from annotated_types import Interval
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.domain.kit import MONDAY, NOW
from tocsin.domain.incident.events import IncidentCorrected, IncidentEvent
from tocsin.domain.incident.values import Fact, Source
from tocsin.domain.kernel import COMMANDS, EVENTS, Command, Event

TIMES = st.sampled_from([MONDAY, MONDAY + timedelta(minutes=1), NOW, NOW + timedelta(days=1)])
NAMES = st.sampled_from(["W1", "W2", "ann", "bob", "INC0000001"])
WRITTEN_TIMES = st.sampled_from(
    ["2026-03-02T08:00:00Z", "2026-03-02T10:30:00+01:00", "2030-01-01T00:00:00Z"]
)
ANY_TEXT = st.sampled_from(["yes", "no", *Source]) | WRITTEN_TIMES


def _values(hint: Any, limits: tuple[Any, ...] = ()) -> SearchStrategy[Any]:
    """Any value of a declared type: only those that events and commands may have."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hasattr(hint, "__metadata__"):
        return _values(hint.__origin__, hint.__metadata__)
    if origin in (Union, UnionType):
        return st.one_of(*(_values(argument) for argument in arguments))
    if origin is tuple:
        return st.lists(_values(arguments[0]), max_size=2).map(tuple)
    if origin is dict:
        return st.dictionaries(NAMES, NAMES, max_size=2)
    if hint is int:
        return _numbers(limits)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    plain: dict[Any, SearchStrategy[Any]] = {
        str: NAMES,
        bool: st.booleans(),
        NoneType: st.none(),
    }
    return plain.get(hint, TIMES)


def _numbers(limits: tuple[Any, ...]) -> SearchStrategy[int]:
    for limit in limits:
        if isinstance(limit, Interval):
            low, high = limit.ge, limit.le
            assert isinstance(low, int)
            assert isinstance(high, int)
            return st.sampled_from(sorted({low, low + 1, high}))
    return st.integers(0, 4)


def _any_of(
    kind: type[Event] | type[Command[Any]], known: dict[str, SearchStrategy[Any]]
) -> dict[str, SearchStrategy[Any]]:
    hints = get_type_hints(kind, include_extras=True)
    assert is_dataclass(kind)
    return {
        field.name: known[field.name] if field.name in known else _values(hints[field.name])
        for field in fields(kind)
    }


def _commands(
    kind: type[Command[Any]], more: dict[str, SearchStrategy[Any]]
) -> SearchStrategy[Command[Any]]:
    known: dict[str, SearchStrategy[Any]] = {
        **_any_of(kind, more),
        "occurred_at": st.just(NOW),
        "actor": st.sampled_from(["ann", "dana", "mia"]),
    }
    if "reference" in kind.filled_by_desk:
        known["reference"] = st.just("INC0000001")
    if "now" in known:
        known["now"] = ANY_TEXT
    return st.builds(kind, **known)


def _events(kind: type[Event], more: dict[str, SearchStrategy[Any]]) -> SearchStrategy[Any]:
    if kind is IncidentCorrected:
        return st.sampled_from(Fact).flatmap(_corrections)
    return st.builds(kind, **_any_of(kind, more))


def _corrections(fact: Fact) -> SearchStrategy[IncidentCorrected]:
    source = st.sampled_from([source.value for source in Source])
    now = WRITTEN_TIMES if fact.is_time else source if fact is Fact.SOURCE else NAMES
    return st.builds(
        IncidentCorrected, fact=st.just(fact), was=st.none() | NAMES, now=now, reason=NAMES
    )


def commands_on(aggregate: str, **known: SearchStrategy[Any]) -> SearchStrategy[Command[Any]]:
    """Any command on one kind of thing; `known` are fields that are not made from their types."""
    kinds = [kind for (of, _), kind in COMMANDS.items() if of == aggregate]
    return st.one_of(*(_commands(kind, known) for kind in kinds))


def events_of(prefix: str, **known: SearchStrategy[Any]) -> SearchStrategy[Any]:
    """Any event of one kind of thing."""
    kinds = [kind for name, kind in EVENTS.items() if name.startswith(prefix)]
    return st.one_of(*(_events(kind, known) for kind in kinds))


ANY_COMMAND: SearchStrategy[Command[Any]] = commands_on("incident")
ANY_EVENT: SearchStrategy[IncidentEvent] = events_of("incident.")
