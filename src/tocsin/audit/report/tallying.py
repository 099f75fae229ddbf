"""The events of a period, counted and picked out as they pass by."""

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol

import orjson

from tocsin.audit.report.facts import MOST, Actor, Count, Kind, Listed, Volume
from tocsin.domain.kernel import Recorded, taken_over

DAYS = 10_000
"""Days that are told apart: more than a log lives."""
CORRECTED = "incident.corrected"
PICKED = ("subject", "evidence")
"""Kinds of streams of which a report tells every event."""
Body = bytes


class Opening(Protocol):
    """What opens stored events."""

    def decode(self, body: bytes) -> Recorded[Any]: ...


@dataclass
class Tally:
    """All that one pass finds."""

    late_seconds: int
    events: int = 0
    first: int | None = None
    last: int | None = None
    imported: int = 0
    late: int = 0
    names: Counter[str] = field(default_factory=Counter)
    begun: Counter[str] = field(default_factory=Counter)
    days: Counter[str] = field(default_factory=Counter)
    actors: Counter[tuple[str, str | None]] = field(default_factory=Counter)
    """By how the actor is stored: one that is sealed by its subject."""
    called: dict[str, str] = field(default_factory=dict)
    picked: dict[str, list[Body]] = field(default_factory=dict)
    """Stored events that are told, by what they are told as."""
    counted: Counter[str] = field(default_factory=Counter)
    """How many there were of each."""
    latest: list[tuple[int, int, Body]] = field(default_factory=list)
    """A heap: how late, at which position, and the event."""

    def add(self, log: Opening, position: int, body: bytes) -> None:
        """Take in one event of the period."""
        raw: Mapping[str, Any] = orjson.loads(body)
        name, via = raw["event"], raw["via"]
        kind = name.partition(".")[0]
        self.events += 1
        self.first = self.first or position
        self.last = position
        self.names[name] += 1
        self.begun[kind] += raw["version"] == 1
        if len(self.days) < DAYS:
            self.days[raw["recorded_at"][:10]] += 1
        self.actors[self._actor(log, raw["actor"], body), via] += 1
        if name == CORRECTED or kind in PICKED:
            self._pick(name if name == CORRECTED else kind, body)
        if taken_over(via):
            self.imported += 1
            return
        seconds = int((_instant(raw["recorded_at"]) - _instant(raw["occurred_at"])).total_seconds())
        if seconds >= self.late_seconds:
            self._late(seconds, position, body)

    def _actor(self, log: Opening, actor: Any, body: bytes) -> str:
        if type(actor) is str:
            return actor
        subject = str(actor["sealed"][1])
        if subject not in self.called:
            self.called[subject] = log.decode(body).actor
        return subject

    def _pick(self, what: str, body: bytes) -> None:
        self.counted[what] += 1
        some = self.picked.setdefault(what, [])
        if len(some) < MOST:
            some.append(body)

    def _late(self, seconds: int, position: int, body: bytes) -> None:
        self.late += 1
        entry = (seconds, -position, body)
        if len(self.latest) < MOST:
            heapq.heappush(self.latest, entry)
        else:
            heapq.heappushpop(self.latest, entry)

    def volume(self) -> Volume:
        """What was recorded."""
        kinds: Counter[str] = Counter()
        for name, count in self.names.items():
            kinds[name.partition(".")[0]] += count
        days = sorted(self.days.items())
        return Volume(
            events=self.events,
            first=self.first,
            last=self.last,
            kinds=[
                Kind(name=kind, events=count, begun=self.begun[kind])
                for kind, count in most_first(kinds)
            ],
            names=[Count(name=name, events=count) for name, count in most_first(self.names)],
            days=Listed(
                count=len(days), named=[Count(name=day, events=n) for day, n in days[-MOST:]]
            ),
        )

    def acting(self) -> Listed[Actor]:
        """Who acted, the most active first. People are named who can be."""
        found: Counter[tuple[str, str | None]] = Counter()
        for (actor, via), count in self.actors.items():
            found[self.called.get(actor, actor), via] += count
        named = [
            Actor(name=name, via=via, events=count)
            for (name, via), count in sorted(
                found.items(), key=lambda each: (-each[1], each[0][0], each[0][1] or "")
            )
        ]
        return Listed(count=len(named), named=named[:MOST])


def most_first(counts: Mapping[str, int]) -> Iterable[tuple[str, int]]:
    """Names and counts, the highest first."""
    return sorted(counts.items(), key=lambda each: (-each[1], each[0]))


_instant = lru_cache(8_192)(datetime.fromisoformat)
