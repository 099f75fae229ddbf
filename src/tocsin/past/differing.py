"""What differs between two states, value by value."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any, NamedTuple

from tocsin.domain.kernel import utc

UNSAID = frozenset({"incident_id", "review_id", "version", "last_said"})
"""Fields that say which thing it is, or help decisions only."""


class Change(NamedTuple):
    """One value, as it was and as it is; none where there was, or is, nothing."""

    field: str
    """Its name; of a part of something, its path: `workarounds.W1.status`."""
    was: Any
    now: Any


def values(state: Any) -> dict[str, Any]:
    """Every value of a state by its path; of no state, none."""
    return {} if state is None else dict(_values(state))


def _values(state: Any) -> Iterator[tuple[str, Any]]:
    for name, value in vars(state).items():
        if name not in UNSAID:
            yield from _leaves(name, value)


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from _leaves(f"{path}.{name}", part)
    elif is_dataclass(value):
        for field in fields(value):
            if field.name != "name":
                yield from _leaves(f"{path}.{field.name}", getattr(value, field.name))
    else:
        yield path, value


def difference(before: Any, after: Any) -> list[Change]:
    """What has to be said to come from one state to the other; none for a state is that it was not
    there yet. In the order of the fields; what has no value was and is nothing."""
    was, now = values(before), values(after)
    return [
        Change(path, old, new)
        for path in {**was, **now}
        if not _same(old := was.get(path), new := now.get(path))
    ]


def _same(old: Any, new: Any) -> bool:
    return bool(old == new) or (_nothing(old) and _nothing(new))


def _nothing(value: Any) -> bool:
    return value is None or value in ("", ()) or value is False or value == 0


def line(change: Change) -> str:
    """A change as a line that people read, times in UTC."""
    name = change.field.replace("_", " ").replace(".", " ")
    if isinstance(change.was, tuple) or isinstance(change.now, tuple):
        was, now = change.was or (), change.now or ()
        gone = [f"- {said(each)}" for each in was if each not in now]
        come = [f"+ {said(each)}" for each in now if each not in was]
        return f"{name}: {', '.join([*gone, *come]) or 'in another order'}"
    return f"{name}: {said(change.was) or 'nothing'} -> {said(change.now) or 'nothing'}"


def said(value: Any) -> str:
    """A value as people read it; nothing for none."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return utc(value).isoformat().replace("+00:00", "Z")
        case tuple():
            return ", ".join(said(each) for each in value)
    if is_dataclass(value):
        return " ".join(str(each) for each in vars(value).values())
    return str(value)
