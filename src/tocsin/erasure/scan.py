"""Where in the log is somebody named, and which texts speak of them?

The log itself is searched, page by page, whatever its size: no index could promise to be complete.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson

from tocsin.domain.personal import Personal
from tocsin.erasure.names import Names, fold
from tocsin.store.log import Log
from tocsin.store.sealing import SEALED, Broken, is_sealed, opened, subjects_in

PAGE = 5_000
"""Events that are looked at before the next ones are read."""
REMEMBERED = 50_000
"""Streams of which is remembered what incident they belong to."""
TEXTS = (b'{"sealed":["text"', b'{"sealed":["json"')
ENVELOPE = ("actor", "via")

Progress = Callable[[int, int], None]
"""Takes the position that was looked at last, and the last one there is."""


class How(StrEnum):
    """In which way somebody stands in an event."""

    NAMED = "named"
    """By name, sealed under their own key."""
    MENTIONED = "mentioned"
    """In free text, sealed under the key of its stream."""
    CLEAR = "clear"
    """Legibly: nothing that is in the log can take this out of it."""
    UNREADABLE = "unreadable"
    """Nobody knows: the event was tampered with. `tocsin verify` says more."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One value of one event in which somebody stands."""

    how: How
    position: int
    stream: UUID
    version: int
    event: str
    occurred_at: datetime
    recorded_at: datetime
    field: str
    """As `actor`, `title` or `users.0`."""
    value: str
    subject: str
    """Under whose key it is sealed; empty where it is legible."""
    incident: UUID | None
    """To which it belongs, if to any."""


@dataclass(frozen=True)
class Sought:
    """Whom to look for."""

    names: Names
    subjects: frozenset[str]
    """Under which they stand in the log."""


def findings(
    log: Log, sought: Sought, *, until: int | None = None, progress: Progress | None = None
) -> Iterator[Finding]:
    """Every value up to a position (or the end of the log) in which somebody stands, in order.

    Raises:
        StoreUnavailable: the log cannot be read.
        VaultUnavailable: the keys cannot be read, so that nobody can look into texts.
    """
    head, after, whose = log.head() if until is None else until, 0, Whose(log)
    needle = sought.names.needle(sought.subjects)
    while after < head and (page := log.raw_page(after, min(PAGE, head - after))):
        wanted = [
            body
            for _, body in page
            if any(mark in body for mark in TEXTS) or needle.search(fold(body.decode()))
        ]
        log.seals.preload(subjects_in(wanted))
        for body in wanted:
            yield from _in_event(body, log, sought, whose)
        after = page[-1][0]
        if progress is not None:
            progress(after, head)


def _in_event(body: bytes, log: Log, sought: Sought, whose: "Whose") -> Iterator[Finding]:
    raw = orjson.loads(body)
    sealed = {path: tuple(value[SEALED][:2]) for path, value in _values(raw) if is_sealed(value)}
    found = [
        (How.CLEAR, path, value, "")
        for path, value in _values(raw)
        if isinstance(value, str) and sought.names.in_text(value)
    ]
    try:
        values = dict(_values(opened(raw, log.seals))) if sealed else {}
    except Broken:
        found.append((How.UNREADABLE, "", "", ""))
        values = {}
    for path, (kind, subject) in sealed.items():
        value = _text(values.get(path, ""))
        if kind == Personal.PERSON and subject in sought.subjects:
            found.append((How.NAMED, path, value, subject))
        elif kind != Personal.PERSON and sought.names.in_text(value):
            found.append((How.MENTIONED, path, value, subject))
    if found:
        incident = whose(raw)
        for how, path, value, subject in found:
            yield Finding(
                how=how,
                position=raw["position"],
                stream=UUID(raw["stream"]),
                version=raw["version"],
                event=raw["event"],
                occurred_at=datetime.fromisoformat(raw["occurred_at"]),
                recorded_at=datetime.fromisoformat(raw["recorded_at"]),
                field=path,
                value=value,
                subject=subject,
                incident=incident,
            )


def _values(raw: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each value that a stored event holds, with its place: texts, and sealed ones as they are."""
    for name in ENVELOPE:
        yield name, raw[name]
    for name, value in raw["data"].items():
        if isinstance(value, list):
            yield from ((f"{name}.{number}", each) for number, each in enumerate(value))
        else:
            yield name, value if not isinstance(value, dict) or is_sealed(value) else _text(value)


def _text(value: Any) -> str:
    """A value as one text: texts by name are several."""
    if isinstance(value, dict):
        return "\n".join(f"{name}: {text}" for name, text in value.items())
    return value if isinstance(value, str) else ""


class Whose:
    """Which incident a stream belongs to: it stands in clear in one of its first events."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._known: dict[str, UUID | None] = {}

    def __call__(self, raw: Mapping[str, Any]) -> UUID | None:
        """The incident that an event belongs to, if any."""
        stream: str = raw["stream"]
        if raw["event"].startswith("incident."):
            return UUID(stream)
        if about := raw["data"].get("incident_id"):
            return UUID(about)
        if stream not in self._known:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[stream] = self._look(UUID(stream))
        return self._known[stream]

    def _look(self, stream: UUID) -> UUID | None:
        for body in self._log.raw_history(stream, 0, 1):
            about = orjson.loads(body)["data"].get("incident_id")
            return UUID(about) if about else None
        return None
