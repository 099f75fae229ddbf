"""Commands of every kind, from a small world: the fewer the words, the more often they collide.

Commands are taken from the catalogue, so a new one enters the day it is born.
"""

import dataclasses
import types
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from annotated_types import Interval
from hypothesis import strategies as st

import tocsin.domain.incident.commands  # noqa: F401  every command is found
from tocsin.domain.incident.commands.reporting import Report
from tocsin.domain.incident.values import Source
from tocsin.domain.kernel import COMMANDS, Command

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""When the clock of each run begins."""
PEOPLE = ("ann", "bob", "dana")
DEDUP_KEYS = ("mail-queue", "disk-full", "Größe/漢字 'x'")
MOMENTS = [START + timedelta(minutes=10 * n) for n in range(-12, 12)]
TEXTS = (
    "It is down.",
    "It works again.",
    'He said: "position":0,"x"',
    "Größe, 漢字, \U0001f525, tab\tand\nnewline",
    '{"event":"incident.closed"}',
)
WORDS: dict[str, tuple[str, ...]] = {
    "actor": PEOPLE,
    "assignee": PEOPLE,
    "confirmed_by": PEOPLE,
    "dedup_key": DEDUP_KEYS,
    "group": ("Service Desk", "Server Team"),
    "now": (*TEXTS, *(moment.isoformat() for moment in MOMENTS[::6]), Source.MONITORING),
    "reporter": PEOPLE,
    "users": PEOPLE,
    "target": ("PRB0000001", "INC0000001", "INC0000002"),
    "workaround": ("W1", "W2"),
}
"""What fields of these names say. All others say one of the texts."""

ALL = {path: command for (kind, path), command in COMMANDS.items() if kind == "incident"}
MOMENT = st.sampled_from(MOMENTS)


def of(command: type[Command[Any]]) -> st.SearchStrategy[Any]:
    """Commands of one class: every field that a caller may state, within its limits."""
    hints = get_type_hints(command, include_extras=True)
    given = {
        field.name: _values(field.name, hints[field.name])
        for field in dataclasses.fields(command)
        if field.name not in command.filled_by_desk
    }
    # Most people say what they do when they do it, and for themselves.
    given["occurred_at"] = st.sampled_from((None,) * 4 * len(MOMENTS) + (*MOMENTS,))
    if "log" in given:
        given["log"] = st.sampled_from((True, True, True, False))
    given["actor"] = st.sampled_from((None, None, *PEOPLE))
    return st.builds(command, **given)


@cache
def by_path(path: str) -> st.SearchStrategy[Any]:
    """Commands of the class with this path."""
    return of(ALL[path])


def _values(name: str, hint: Any) -> st.SearchStrategy[Any]:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        (inner,) = (each for each in arguments if each is not type(None))
        return st.none() | _values(name, inner)
    if origin is Annotated:
        limits = [each for each in arguments[1:] if isinstance(each, Interval)]
        if limits:
            least, most = limits[0].ge, limits[0].le
            assert isinstance(least, int)
            assert isinstance(most, int)
            return st.integers(least, most)
        return _values(name, arguments[0])
    if origin is tuple:
        return st.lists(_values(name, arguments[0]), max_size=2, unique=True).map(tuple)
    if hint is bool:
        return st.booleans()
    if hint is datetime:
        return MOMENT
    if hint is str:
        return st.sampled_from(WORDS.get(name, TEXTS))
    assert isinstance(hint, type), f"nothing is known of {name}: {hint}"
    assert issubclass(hint, Enum), f"nothing is known of {name}: {hint}"
    return st.sampled_from(list(hint))


REPORT = by_path(Report.path)
ANY = st.sampled_from(sorted(set(ALL) - {Report.path})).flatmap(by_path)
