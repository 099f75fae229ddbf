"""Which incidents a list could tell of, from the stored events alone and without a key.

It looks at where each incident stood, and at nothing else: who is named here is then folded whole.
To name too many costs time, to name too few would be wrong. So the few incidents are always named
whose end was corrected and that were reopened: in what order that happened only the whole of their
history says.
"""

from collections.abc import Callable, Iterator
from typing import Any, Protocol
from uuid import UUID

import orjson

from tocsin.domain.clock.happening import Happening, in_order, reach
from tocsin.domain.incident.events import IncidentCorrected, IncidentImported
from tocsin.domain.incident.status import ALWAYS, OTHERWISE, led
from tocsin.domain.incident.values import Fact, Status
from tocsin.domain.kernel import EVENTS, taken_over
from tocsin.past.wanted import Wanted
from tocsin.store.bare import fields_today, instant_us
from tocsin.store.mapper import Unreadable

SPAN = 20_000
"""Positions that one read looks at."""
CORRECTED, IMPORTED = IncidentCorrected.event_name, IncidentImported.event_name
LOGGED, REOPENED = "incident.logged", "incident.reopened"
_KINDS: dict[str, Any] = {**EVENTS}
_ALWAYS = {name: ALWAYS[kind] for name, kind in _KINDS.items() if kind in ALWAYS}
_LED = {name: kind for name, kind in _KINDS.items() if kind in OTHERWISE}
LEADING = (*sorted({*_ALWAYS, *_LED}), CORRECTED)
"""The stored names of what says where an incident stands, and when."""
_MOVED = {Fact.REPORTED_AT, Fact.ACKNOWLEDGED_AT, Fact.RESOLVED_AT, Fact.CLOSED_AT}
_ENDS = {Fact.RESOLVED_AT, Fact.CLOSED_AT}

Shows = Callable[..., bool]
Step = tuple[int, int, str, Any]
"""When it happened, the version, the stored name, and what of it matters."""
Advance = Callable[[int], None]
"""Told how many positions are looked at."""


class Readable(Protocol):
    """A log, as far as it is read here."""

    def raw_share(
        self, names: Any, part: range, after: int, until: int
    ) -> list[tuple[bytes, bytes]]: ...


def scan(
    log: Readable, shows: Shows, wanted: Wanted, part: range, advance: Advance = lambda _: None
) -> list[UUID]:
    """The incidents of a part that could be shown at a moment.

    Raises:
        Unreadable: an event cannot be decoded.
    """
    lives: dict[bytes, list[Step]] = {}
    known = wanted.known_us
    silent: set[bytes] = set()
    for after in range(0, wanted.until, SPAN):
        until = min(after + SPAN, wanted.until)
        for stream, body in log.raw_share(LEADING, part, after, until):
            if stream in silent:
                continue
            step, learnt, imported = _step(body, known is not None)
            if known is not None and learnt > known:
                if not imported:  # whatever comes later was recorded later still
                    silent.add(stream)
            elif step is not None:
                lives.setdefault(stream, []).append(step)
        advance(until)
    return [UUID(bytes=stream) for stream, life in lives.items() if _shown(life, shows, wanted)]


def _step(body: bytes, learnt: bool) -> tuple[Step | None, int, bool]:
    try:
        raw = orjson.loads(body)
        name, value = raw["event"], None
        imported = learnt and taken_over(raw["via"])
        known_us = instant_us(raw["occurred_at" if imported else "recorded_at"]) if learnt else 0
        if name == IMPORTED:
            value = fields_today(raw, body)["status"]
        elif name == CORRECTED:
            data = fields_today(raw, body)
            if data["fact"] not in _MOVED:
                return None, known_us, imported
            value = data["fact"], instant_us(data["now"])
        step = instant_us(raw["occurred_at"]), raw["version"], name, value
        return step, known_us, imported
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise Unreadable(f"{type(error).__name__}: {error}: {body[:200]!r}") from error


def _shown(life: list[Step], shows: Shows, wanted: Wanted) -> bool:
    at = wanted.as_of_us
    if at is None:
        return _stands(((name, value) for _, _, name, value in life), shows)
    if any(name == CORRECTED for _, _, name, _ in life):
        return _doubtful(life) or _stands(_by_then(life, at), shows)
    life.sort(key=lambda step: (step[0], step[2] != "incident.reported", step[1]))
    return _stands(((name, value) for when, _, name, value in life if reach(when) <= at), shows)


def _doubtful(life: list[Step]) -> bool:
    names = {name for _, _, name, _ in life}
    moved = any(name == CORRECTED and value[0] in _ENDS for _, _, name, value in life)
    return moved and REOPENED in names


def _by_then(life: list[Step], at: int) -> Iterator[tuple[str, Any]]:
    """What had happened, with every correction heeded: as clocks go by it."""
    happenings = [
        Happening(reach(when), version, 0, name.partition(".")[2], _as_clocks_see(name, value))
        for when, version, name, value in life
    ]
    for each in in_order(happenings):
        if each.at <= at:
            yield f"incident.{each.kind}", each.value[0] if each.kind == "imported" else None


def _as_clocks_see(name: str, value: Any) -> Any:
    return [value, 0] if name == IMPORTED else value


def _stands(steps: Any, shows: Shows) -> bool:
    """Whether what has come to stand so is shown."""
    status, logged = Status.UNREPORTED, False
    for name, value in steps:
        kind = _LED.get(name)
        if kind is not None:
            imported = Status(value) if name == IMPORTED else status
            status = led(status, logged=logged, kind=kind, imported=imported)
            logged = logged or name == LOGGED
        else:
            status = _ALWAYS.get(name, status)
    return shows(status, logged=logged)
