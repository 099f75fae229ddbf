"""Rows on their way into the log: exactly once, in file order, without guessing.

What an earlier run stored is recognised by its command id. A row that says something else than it
did then is reported and changes nothing: history is never rewritten by importing it again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import NAMESPACE_URL, UUID, uuid5

from tocsin.domain.incident.events import IncidentLogged
from tocsin.domain.incident.state import INCIDENT
from tocsin.domain.kernel import IMPORTS, Claim, Event, Recorded, replace
from tocsin.importers.format import Happening
from tocsin.importers.report import Report, RowReport
from tocsin.store.entries import Entry, Failed, Outcome, Stored, Taken

NAMESPACE = uuid5(NAMESPACE_URL, "tocsin:importers")
MAX_EVENTS = 10_000
"""Of one incident, as for any."""
MAX_TRIES = 5
"""Of one entry, when others write to the same log meanwhile."""


class Target(Protocol):
    """What an import needs of the log."""

    def answers(self, command_ids: Sequence[UUID], /) -> dict[UUID, tuple[bytes, bytes]]:
        """Fingerprint and answer of each of these that was stored before."""
        ...

    def commit(self, entries: Sequence[Entry], /) -> list[Outcome]:
        """Store a batch in one transaction."""
        ...

    def history(self, stream: UUID, /) -> list[Recorded[Any]]:
        """One stream's events, in order."""
        ...

    def holder(self, kind: str, key: str, /) -> UUID | None:
        """The stream that holds a name."""
        ...

    def next_reference(self) -> str:
        """A reference that nobody else gets."""
        ...


@dataclass(slots=True)
class Track:
    """One incident on its way: as far as the file was read, and as the log has it."""

    number: str
    stream: UUID
    file: str | None = None
    """Which one it comes from, where there are several."""
    rows: int = 0
    aside: int | None = None
    """The line from which on its rows wait."""
    version: int | None = None
    """Of its stream in the log; None while nobody asked."""
    ahead: set[UUID] = field(default_factory=set)
    """Rows further on in the file that the log has already."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A row with events, or a whole document of them, on its way into the log."""

    line: int
    ordinal: int
    track: Track
    command_id: UUID
    fingerprint: bytes
    happenings: list[Happening]
    rows: int = 1
    """How many rows it stands for."""
    name: str | None = None
    """What people call it, if it is no row."""

    def __str__(self) -> str:
        return self.name or f"Row {self.ordinal} of this incident"


class Storing:
    """The way of one run's rows into the log."""

    def __init__(self, log: Target, *, name: str, system: str, report: Report) -> None:
        self._log, self._system, self._report = log, system, report
        self._via = f"{IMPORTS}{name}"

    def track(self, number: str, file: str | None = None) -> Track:
        """Begin an incident."""
        return Track(number, uuid5(NAMESPACE, f"{self._system}:{number}"), file)

    def command_id(self, number: str, ordinal: int) -> UUID:
        """The command that the row in this place of this incident is, in every run."""
        return uuid5(NAMESPACE, f"{self._system}:{number}:{ordinal}")

    def store(self, rows: Sequence[Pending], recorded_at: datetime) -> None:
        """Store the rows that the log does not have, in one transaction, and report on all."""
        known = self._log.answers([row.command_id for row in rows]) if rows else {}
        batch: list[tuple[Pending, Entry]] = []
        for row in rows:
            if row.command_id in known:
                self._recognise(row, known[row.command_id][0])
            elif entry := self._entry(row, recorded_at):
                batch.append((row, entry))
        outcomes = self._log.commit([entry for _, entry in batch]) if batch else []
        lost = []
        for (row, _), outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Stored):
                self._stored(row)
            else:
                lost.append(row)
        for row in lost:
            self._again(row, recorded_at)

    def refuse(self, track: Track, line: int, problem: str, advice: str, *, rows: int = 1) -> None:
        """Report a row, and let the rest of its incident wait for it, unless it only differs."""
        if problem == "not-stored":
            track.aside = line if track.aside is None else min(line, track.aside)
        self._report.add(
            RowReport(
                file=track.file,
                line=line,
                problem=problem,
                number=track.number,
                advice=advice,
                rows=rows,
            )
        )

    def waits(self, track: Track, line: int) -> None:
        """Report a row behind one that was not imported."""
        advice = f"It waits for line {track.aside}: repair that one, and import the file again."
        self.refuse(track, line, "waiting", advice)

    def _entry(self, row: Pending, recorded_at: datetime) -> Entry | None:
        """The row as an entry behind what the log has of its incident, if it belongs there."""
        track = row.track
        if track.aside is not None and track.aside < row.line:
            self.waits(track, row.line)
            return None
        if track.version is None:
            self._ask(row)
        version = track.version or 0
        if track.ahead:
            advice = "Later rows of its incident were imported without it. Nothing was changed."
            self.refuse(track, row.line, "differs", advice)
            return None
        if version + len(row.happenings) > MAX_EVENTS:
            advice = f"Its incident would have more than {MAX_EVENTS} events."
            self.refuse(track, row.line, "not-stored", advice, rows=row.rows)
            return None
        events = [happening.event for happening in row.happenings]
        claims: tuple[Claim, ...] = ()
        if row.ordinal == 1:
            events = [self._referenced(event, track.stream) for event in events]
            claims = _claims(track.stream, events)
        template = self._template(row, recorded_at)
        drafts = tuple(
            replace(template, version=version + place, actor=actor, occurred_at=at, event=event)
            for place, ((at, actor, _), event) in enumerate(
                zip(row.happenings, events, strict=True), start=1
            )
        )
        track.version = version + len(drafts)
        return Entry(
            command_id=row.command_id,
            fingerprint=row.fingerprint,
            drafts=drafts,
            claims=claims,
            answer=_nothing,
        )

    def _template(self, row: Pending, recorded_at: datetime) -> Recorded[Any]:
        """What the drafts of one row have in common. A large import makes millions."""
        happening = row.happenings[0]
        return Recorded(
            stream=row.track.stream,
            version=0,
            position=0,
            actor=happening.actor,
            via=self._via,
            occurred_at=happening.at,
            recorded_at=recorded_at,
            command_id=row.command_id,
            event=happening.event,
        )

    def _ask(self, row: Pending) -> None:
        """Ask the log how far it has an incident that it may have in part, or that somebody may
        have worked on here since."""
        track = row.track
        if row.ordinal == 1:
            track.version = 0
            return
        history = self._log.history(track.stream)
        track.version = history[-1].version if history else 0
        track.ahead = {recorded.command_id for recorded in history if recorded.via == self._via}
        track.ahead -= {self.command_id(track.number, n) for n in range(1, row.ordinal + 1)}

    def _referenced(self, event: Event, stream: UUID) -> Any:
        """The foreign number stays the reference, unless another incident has it here."""
        if isinstance(event, IncidentLogged):
            holder = self._log.holder("reference", event.reference)
            if holder is not None and holder != stream:
                return replace(event, reference=self._log.next_reference())
        return event

    def _again(self, row: Pending, recorded_at: datetime) -> None:
        """Try a row alone that lost against somebody else."""
        outcome: Outcome | None = None
        for _ in range(MAX_TRIES):
            row.track.version = None
            if stored := self._log.answers([row.command_id]):
                self._recognise(row, stored[row.command_id][0])
                return
            entry = self._entry(row, recorded_at)
            if entry is None:
                return
            (outcome,) = self._log.commit([entry])
            if isinstance(outcome, Stored):
                self._stored(row)
                return
            if isinstance(outcome, Failed):
                break
            if isinstance(outcome, Taken) and outcome.claim.kind != "reference":
                break
        row.track.version = None
        self.refuse(row.track, row.line, "not-stored", _why(outcome), rows=row.rows)

    def _stored(self, row: Pending) -> None:
        self._report.imported += row.rows
        self._report.events += len(row.happenings)
        self._report.incidents += row.ordinal == 1

    def _recognise(self, row: Pending, fingerprint: bytes) -> None:
        row.track.ahead.discard(row.command_id)
        if fingerprint == row.fingerprint:
            self._report.known += row.rows
            return
        advice = f"{row} is not what it was when it was imported. Nothing was changed."
        self.refuse(row.track, row.line, "differs", advice, rows=row.rows)


def _claims(stream: UUID, events: Sequence[Event]) -> tuple[Claim, ...]:
    fresh = INCIDENT.initial(stream)
    return tuple(claim for event in events for claim in INCIDENT.claims(fresh, event))


def _nothing(_positions: Sequence[int]) -> bytes:
    """Nobody waits for the answer to a row."""
    return b""


def _why(outcome: Outcome | None) -> str:
    match outcome:
        case Taken(claim=claim, holder=holder):
            return f"{claim.key} is in the log already, as incident {holder}."
        case Failed(error=error):
            return f"It cannot be stored: {error}."
        case _:
            return "Others kept writing to this incident: import the file again."
