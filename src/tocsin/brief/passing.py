"""Through whose hands it went, for what it waited, and who was involved when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from tocsin.domain.clock.happening import Happening, in_order
from tocsin.domain.clock.values import TIMEKEEPER
from tocsin.domain.incident.events import IncidentAssigned, IncidentEscalated, MajorIncidentDeclared
from tocsin.domain.kernel import Recorded
from tocsin.domain.openings import SECOND_US, instant, microseconds
from tocsin.lake.spells import GROUP, HOLD, MAJOR, STATE, Spell, spells


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """A time in a state, in a group's hands, on hold, or as a major incident."""

    what: str
    value: str | None
    since: datetime
    until: datetime | None
    """None while it lasts."""
    seconds: int
    """So far."""


@dataclass(frozen=True, kw_only=True)
class HandOff:
    """From one group to another."""

    at: datetime
    origin: str
    to: str
    held_seconds: int
    """How long the first one had had it."""
    back: bool
    """Whether the other one had had it before."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody, or some service, who had to do with it."""

    name: str
    first: datetime
    last: datetime
    actions: int
    """Events that they caused."""
    roles: tuple[str, ...]
    """`assignee`, `incident manager`, `manager`: what they were made."""


def stretches(happenings: Sequence[Happening], as_of: datetime) -> list[Stretch]:
    """How the time of an incident was spent: states, groups, holds, as a major incident."""
    now = microseconds(as_of)
    found = [each for each in spells(in_order(happenings)) if each.spell in _SHOWN]
    found.sort(key=lambda each: (each.began, _SHOWN.index(each.spell)))
    return [_stretch(each, now) for each in found]


_SHOWN = (STATE, GROUP, HOLD, MAJOR)


def _stretch(spell: Spell, now: int) -> Stretch:
    end = spell.ended if spell.ended is not None else max(now, spell.began)
    return Stretch(
        what=spell.spell,
        value=spell.value,
        since=instant(spell.began),
        until=None if spell.ended is None else instant(spell.ended),
        seconds=(end - spell.began) // SECOND_US,
    )


def hand_offs(spent: Sequence[Stretch]) -> list[HandOff]:
    """Where it went from one group to another; where nobody had it between, too."""
    groups = [each for each in spent if each.what == GROUP]
    seen: set[str | None] = set()
    found = []
    for before, after in pairwise(groups):
        seen.add(before.value)
        if before.value != after.value:
            found.append(
                HandOff(
                    at=after.since,
                    origin=str(before.value),
                    to=str(after.value),
                    held_seconds=before.seconds,
                    back=after.value in seen,
                )
            )
    return found


def people(history: Sequence[Recorded[Any]]) -> list[Person]:
    """Everybody who acted or was made something, in the order in which they came in."""
    found: dict[str, list[datetime]] = {}
    actions: dict[str, int] = {}
    roles: dict[str, list[str]] = {}
    for each in sorted(history, key=lambda each: (each.occurred_at, each.version)):
        if each.actor != TIMEKEEPER:
            found.setdefault(each.actor, []).append(each.occurred_at)
            actions[each.actor] = actions.get(each.actor, 0) + 1
        for name, role in _made(each.event):
            found.setdefault(name, []).append(each.occurred_at)
            known = roles.setdefault(name, [])
            if role not in known:
                known.append(role)
    return [
        Person(
            name=name,
            first=min(when),
            last=max(when),
            actions=actions.get(name, 0),
            roles=tuple(roles.get(name, ())),
        )
        for name, when in found.items()
    ]


def _made(event: Any) -> list[tuple[str, str]]:
    match event:
        case IncidentAssigned(assignee=str(name)):
            return [(name, "assignee")]
        case MajorIncidentDeclared(incident_manager=name):
            return [(name, "incident manager")]
        case IncidentEscalated(manager=str(name)):
            return [(name, "manager")]
    return []
