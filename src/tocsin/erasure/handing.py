"""All that is kept of a person as one document (Art. 15 GDPR): JSON for programs, Markdown to read.

It is written as it is found, so it takes no memory however much there is. What else an event says
is not theirs: it can be others' data, and stays out.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from tocsin.erasure.names import Names
from tocsin.erasure.planning import Seen
from tocsin.erasure.scan import Finding, How, Progress, Sought, findings
from tocsin.store.log import Log

FORMAT = 1
_OPTIONS = orjson.OPT_UTC_Z
REMEMBERED = 50_000
PART_BYTES = 65_536
FIRST_EVENTS = 5
"""Events in which an incident's reference is looked for."""


@dataclass(frozen=True)
class Dossier:
    """Of whom a document tells, and what is known besides the log."""

    names: Names
    subjects: dict[str, str]
    """The ids under which they stand, and their names."""
    keys: Iterable[dict[str, Any]] = ()
    accesses: Iterable[dict[str, Any]] = ()


class References:
    """What people call an incident."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._known: dict[UUID, str | None] = {}

    def __call__(self, incident: UUID | None) -> str | None:
        """Its reference, once it has one."""
        if incident is None:
            return None
        if incident not in self._known:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[incident] = self._look(incident)
        return self._known[incident]

    def _look(self, incident: UUID) -> str | None:
        for body in self._log.raw_history(incident, 0, FIRST_EVENTS):
            if reference := orjson.loads(body)["data"].get("reference"):
                return str(reference)
        return None


def line(found: Finding, references: References) -> dict[str, Any]:
    """One value as a document tells of it."""
    return {
        "how": found.how,
        "position": found.position,
        "incident_id": found.incident,
        "reference": references(found.incident),
        "event": found.event,
        "field": found.field,
        "occurred_at": found.occurred_at,
        "recorded_at": found.recorded_at,
        "value": found.value,
    }


def as_json(log: Log, dossier: Dossier, progress: Progress | None = None) -> Iterator[bytes]:
    """The document as JSON, in parts."""
    told, references = Seen(position=log.head()), References(log)
    head = {
        "tocsin-subject": FORMAT,
        "made_at": datetime.now(UTC),
        "position": told.position,
        "names": dossier.names.all,
        "subjects": [{"subject_id": s, "name": name} for s, name in dossier.subjects.items()],
    }
    yield _dump(head)[:-1] + b',"values":['
    yield from _joined(line(each, references) for each in _all(log, dossier, told, progress))
    yield b'],"keys":['
    yield from _joined(dossier.keys)
    yield b'],"accesses":['
    yield from _joined(dossier.accesses)
    yield b'],"summary":' + _dump(summary(told)) + b"}\n"


def _joined(items: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    for number, item in enumerate(items):
        yield (b",\n" if number else b"\n") + _dump(item)


def _dump(value: Any) -> bytes:
    return orjson.dumps(value, option=_OPTIONS)


def _all(log: Log, dossier: Dossier, told: Seen, progress: Progress | None) -> Iterator[Finding]:
    sought = Sought(dossier.names, frozenset(dossier.subjects))
    for found in findings(log, sought, until=told.position, progress=progress):
        told.count(found)
        yield found


def summary(told: Seen) -> dict[str, Any]:
    """How much there is of what."""
    return {
        "values": {how.value: told.by_how[how] for how in How},
        "events": dict(sorted(told.by_event.items())),
    }


def as_markdown(log: Log, dossier: Dossier, progress: Progress | None = None) -> Iterator[bytes]:
    """The document to read, in parts."""
    told, references = Seen(position=log.head()), References(log)
    yield _lines(
        f"# What is kept of {', '.join(dossier.names.all)}",
        f"Made {datetime.now(UTC):%Y-%m-%d %H:%M} UTC from the log up to position"
        f" {told.position:,}. What else these events say is not repeated: it may be others' data.",
        "## In the log",
        "| When | Incident | What | Field | How | Says |\n| --- | --- | --- | --- | --- | --- |",
        end="\n",
    )
    for found in _all(log, dossier, told, progress):
        yield _row(found, references)
    yield from _section("## API keys", dossier.keys, _key)
    yield from _section("## Read by them", dossier.accesses, _access)
    counts = "\n".join(f"- {how}: {told.by_how[how]:,}" for how in How)
    yield _lines("\n## How much", counts)


def _lines(*parts: str, end: str = "\n\n") -> bytes:
    return ("\n\n".join(parts) + end).encode()


def _row(found: Finding, references: References) -> bytes:
    where = references(found.incident) or str(found.incident or "")
    when = f"{found.occurred_at:%Y-%m-%d %H:%M}"
    cells = (when, where, found.event, found.field, found.how, found.value)
    return f"| {' | '.join(map(_cell, cells))} |\n".encode()


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _section(
    title: str, items: Iterable[dict[str, Any]], told: Callable[[dict[str, Any]], str]
) -> Iterator[bytes]:
    yield _lines(f"\n{title}")
    empty = True
    for item in items:
        empty = False
        yield f"- {told(item)}\n".encode()
    if empty:
        yield b"None.\n"


def _key(key: dict[str, Any]) -> str:
    ended = f", revoked {key['revoked_at']:%Y-%m-%d}" if key["revoked_at"] else ""
    return (
        f"{key['key_id']} ({', '.join(key['scopes'])}), since {key['created_at']:%Y-%m-%d}{ended}"
    )


def _access(entry: dict[str, Any]) -> str:
    times = f", {entry['times']} times" if entry["times"] > 1 else ""
    return f"{entry['at']:%Y-%m-%d %H:%M} {entry['what']}{times}"


def gathered(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The same in larger parts."""
    some, size = [], 0
    for part in parts:
        some.append(part)
        size += len(part)
        if size >= PART_BYTES:
            yield b"".join(some)
            some, size = [], 0
    yield b"".join(some)


FORMS: dict[str, Callable[..., Iterator[bytes]]] = {"json": as_json, "markdown": as_markdown}
MEDIA = {"json": "application/json", "markdown": "text/markdown; charset=utf-8"}
