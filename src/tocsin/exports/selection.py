"""Which part of the log is exported."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any
from uuid import UUID

import tocsin.aggregates  # noqa: F401 - every event is known once it is imported
from tocsin.domain.incident.record import Incident
from tocsin.domain.kernel import EVENTS
from tocsin.domain.policy.rules import within

REMEMBERED = 4_096
TIMES = {"occurred": "occurred_at", "recorded": "recorded_at"}
"""The two times of an event, as on the command line."""
CHOSEN_BY: Mapping[str, Callable[[Incident, str], bool]] = {
    "category": lambda incident, value: within(
        "/".join(part for part in (incident.category, incident.subcategory) if part), value
    ),
    "group": lambda incident, value: incident.group == value,
    "priority": lambda incident, value: str(incident.priority) == value,
    "service": lambda incident, value: value in incident.services,
    "source": lambda incident, value: incident.source == value,
}
"""What incidents can be chosen by: what is known of them in the end."""


class BadSelection(ValueError):
    """It cannot be exported so. `part` names what of it is wrong."""

    def __init__(self, part: str, reason: str) -> None:
        super().__init__(reason)
        self.part = part


class Stopped(Exception):
    """Somebody wants no more of it. `position` is the last that was written."""

    def __init__(self, position: int = 0) -> None:
        super().__init__("stopped")
        self.position = position


def named(patterns: Iterable[str]) -> frozenset[str]:
    """The events of these names; `incident.*` stands for all that begin so.

    Raises:
        BadSelection: there is none of such a name.
    """
    found: set[str] = set()
    for pattern in patterns:
        fitting = [name for name in EVENTS if fnmatchcase(name, pattern)]
        if not fitting:
            kinds = ", ".join(sorted({f"{name.partition('.')[0]}.*" for name in EVENTS}))
            raise BadSelection("events", f"knows no event {pattern[:60]!r}; there are {kinds}")
        found.update(fitting)
    return frozenset(found)


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Everything, unless something is said. What is said must all hold."""

    since: datetime | None = None
    """Events then or later,"""
    until: datetime | None = None
    """and before this,"""
    by: str = "occurred_at"
    """by this of their two times."""
    incidents: tuple[UUID, ...] = ()
    """Of these incidents, and of their clocks."""
    events: frozenset[str] = frozenset()
    """Of these names."""
    where: tuple[tuple[str, str], ...] = ()
    """Of incidents that came to this: of one key, one value must fit; all keys must."""
    after: int = 0
    """Behind this position,"""
    at: int | None = None
    """and not behind this one. None: the last event that there is."""

    def checked(self, head: int) -> int:
        """The position as far as which history goes.

        Raises:
            BadSelection: nothing can be chosen so.
        """
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise BadSelection("until", "is not after --since: no event lies between them")
        for part, position in (("at", self.at), ("after", self.after)):
            if position is not None and position > head:
                raise BadSelection(part, f"is beyond the end of the log, which is position {head}")
        return head if self.at is None else self.at

    def wants(self, name: str, at: datetime, position: int) -> bool:
        """Whether an event is chosen, by what it says of itself."""
        return (
            (not self.events or name in self.events)
            and (self.since is None or at >= self.since)
            and (self.until is None or at < self.until)
            and position > self.after
        )

    def wants_stored(self, raw: Mapping[str, Any]) -> bool:
        """The same of an event as it is stored."""
        return self.wants(raw["event"], instant(raw[self.by]), raw["position"])

    def admits(self, incident: Incident) -> bool:
        """Whether an incident is chosen, by what it came to."""
        wanted: dict[str, list[str]] = {}
        for key, value in self.where:
            wanted.setdefault(key, []).append(value)
        return all(
            any(CHOSEN_BY[key](incident, value) for value in values)
            for key, values in wanted.items()
        )


instant = lru_cache(REMEMBERED)(datetime.fromisoformat)
"""An instant as it is stored."""
