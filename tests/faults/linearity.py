"""Does each incident behave as if one command were done after the other, each at once?

Every answer carries the version that the incident had then, so the order is known and nothing has
to be searched: it takes the time of sorting. The service is held to what it says itself: no version
is given to two, none is missing, whoever comes after an answer sees it, and what is read is what
was there at that version. A command that nobody heard of again may be there or not, but not twice.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from math import inf
from typing import NamedTuple
from uuid import UUID


class Heard(StrEnum):
    """What came of a request, as far as its caller knows."""

    DONE = "done"
    REFUSED = "refused"
    NOTHING = "nothing"


@dataclass(frozen=True, kw_only=True, slots=True)
class Act:
    """One command or one look at an incident, from the first call to the last word about it."""

    incident: UUID
    called: float
    returned: float = inf
    heard: Heard
    command: UUID | None = None
    """None for a look."""
    version: int = 0
    """What the answer says: the version behind it, or that of what was read."""
    events: int = 0
    """How many the answer says were recorded."""
    position: int = 0
    again: bool = False
    """A command that had been answered before: it is to get that answer, and do nothing."""
    seen: bytes | None = None
    """Of a look at the history: the chain of the commands that it names, as `chain` makes it."""


class Fault(NamedTuple):
    """A promise that was broken."""

    kind: str
    what: str


class Point(NamedTuple):
    """When something was asked and answered, and between which places it must have happened."""

    called: float
    returned: float
    low: int
    high: int
    what: str


def chain(commands: Iterable[UUID]) -> list[bytes]:
    """A hash of each beginning of a history, the empty one first."""
    hashes = [b""]
    for command in commands:
        hashes.append(sha256(hashes[-1] + command.bytes).digest())
    return hashes


def faults(acts: Sequence[Act], recorded: Mapping[UUID, Sequence[UUID]]) -> list[Fault]:
    """Every broken promise; `recorded` says whose command each version of each incident is."""
    by_incident: defaultdict[UUID, list[Act]] = defaultdict(list)
    for act in acts:
        by_incident[act.incident].append(act)
    found: list[Fault] = []
    for incident, own in by_incident.items():
        found += _of_one(own, recorded.get(incident, ()))
    found += overtaken(
        Point(
            a.called, a.returned, a.position - a.events, a.position, f"{a.command}, by its position"
        )
        for a in acts
        if a.heard is Heard.DONE and a.events and not a.again
    )
    return found


def _of_one(acts: Sequence[Act], recorded: Sequence[UUID]) -> Iterator[Fault]:
    commands = [act for act in acts if act.command is not None]
    yield from _misplaced(commands, recorded)
    yield from _uninvited(commands, recorded)
    yield from _misread(acts, recorded)
    yield from overtaken(_points(acts, recorded))


def _misplaced(commands: Sequence[Act], recorded: Sequence[UUID]) -> Iterator[Fault]:
    """Each answered command is where its answer says, and nobody else was told so."""
    told: dict[int, UUID] = {}
    for act in commands:
        if act.heard is not Heard.DONE:
            continue
        for version in range(act.version - act.events + 1, act.version + 1):
            assert act.command is not None
            other = told.setdefault(version, act.command)
            if other != act.command:
                yield Fault("doubled", f"version {version} was given to {other} and {act.command}")
            if not 0 < version <= len(recorded):
                yield Fault("lost", f"{act.command} was told version {version}, which is not there")
            elif recorded[version - 1] != act.command:
                there = recorded[version - 1]
                yield Fault("lost", f"{act.command} was told version {version}, of {there}")


def _uninvited(commands: Sequence[Act], recorded: Sequence[UUID]) -> Iterator[Fault]:
    """What is recorded was asked for, once, and not refused."""
    allowed = {act.command: act.events for act in commands if act.heard is Heard.DONE}
    unheard = {act.command for act in commands if act.heard is Heard.NOTHING} - allowed.keys()
    runs = Counter(
        command
        for command, before in zip(recorded, (None, *recorded), strict=False)
        if command != before
    )
    for command, events in Counter(recorded).items():
        if command not in allowed and command not in unheard:
            yield Fault("unasked", f"{command} is recorded, though it was refused or never sent")
        elif runs[command] > 1 or allowed.get(command, events) != events:
            yield Fault("doubled", f"{command} is recorded with {events} events")


def _misread(acts: Sequence[Act], recorded: Sequence[UUID]) -> Iterator[Fault]:
    """Every look is at a beginning of the history."""
    hashes = chain(recorded)
    for act in acts:
        if act.heard is not Heard.DONE or act.events:
            continue
        if act.version >= len(hashes):
            yield Fault("misread", f"version {act.version} was seen, which never was")
        elif act.seen is not None and act.seen != hashes[act.version]:
            yield Fault("misread", f"version {act.version} was seen as it never was")


def _points(acts: Sequence[Act], recorded: Sequence[UUID]) -> Iterator[Point]:
    """Where in the order of versions each act must have happened."""
    last = {command: version for version, command in enumerate(recorded, 1)}
    size = Counter(recorded)
    for act in acts:
        if act.heard is Heard.DONE and not act.again:
            low = act.version - act.events
            what = f"{act.command or 'a look'} at version {act.version}"
            yield Point(act.called, act.returned, low, act.version, what)
        elif act.heard is Heard.NOTHING and act.command in last:
            high = last[act.command]
            what = f"{act.command}, unheard of, at version {high}"
            yield Point(act.called, inf, high - size[act.command], high, what)


def overtaken(points: Iterable[Point]) -> Iterator[Fault]:
    """Whoever is asked after an answer has seen what that answer had seen."""
    asked = sorted(points, key=lambda point: point.called)
    answered = sorted(asked, key=lambda point: point.returned)
    heard, furthest = 0, Point(0.0, 0.0, 0, 0, "")
    for point in asked:
        while answered[heard].returned < point.called:
            furthest = max(furthest, answered[heard], key=lambda each: each.high)
            heard += 1
        if point.low < furthest.high:
            yield Fault("stale", f"{point.what} was asked after the answer to {furthest.what}")
