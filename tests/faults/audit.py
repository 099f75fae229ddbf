"""What was acknowledged, against what is in the log: nothing lost, nothing twice, no gaps."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tests.faults.load import Told
from tocsin.domain.incident.events import (
    IncidentLogged,
    IncidentNoted,
    IncidentReported,
    IncidentResolved,
)
from tocsin.domain.kernel import Recorded
from tocsin.settings import Settings
from tocsin.store.log import Log
from tocsin.store.sqlite_file import connect

PAGE = 5_000
AT_ONCE = 500


@dataclass(frozen=True)
class Audit:
    """The figures of one examination."""

    acknowledged: int
    events: int
    lost: tuple[str, ...]
    """Keys of commands whose effect, or whose answer, is not there as it was acknowledged."""
    doubled: tuple[str, ...]
    """What is there twice."""
    gaps: tuple[str, ...]
    """Positions and versions that are missing or out of order."""
    integrity: str

    @property
    def clean(self) -> bool:
        return not (self.lost or self.doubled or self.gaps) and self.integrity == "ok"


def audit(settings: Settings, heard: Sequence[Told]) -> Audit:
    """Read the log itself, beside the service, and compare."""
    with closing(Log.open(settings)) as log:
        events = list(every_event(log))
        answers: dict[UUID, tuple[bytes, bytes]] = {}
        ids = [told.command_id for told in heard]
        for start in range(0, len(ids), AT_ONCE):
            answers |= log.answers(ids[start : start + AT_ONCE])
    recorded: defaultdict[UUID, list[Recorded[Any]]] = defaultdict(list)
    for event in events:
        recorded[event.command_id].append(event)
    return Audit(
        acknowledged=len(heard),
        events=len(events),
        lost=tuple(
            told.key
            for told in heard
            if not _is_there(told, recorded[told.command_id], answers.get(told.command_id))
        ),
        doubled=tuple(_twice(events)),
        gaps=tuple(_gaps(events)),
        integrity="ok" if settings.database else _integrity(settings),
    )


def every_event(log: Log) -> Iterator[Recorded[Any]]:
    """The whole log, in order."""
    position = 0
    while page := log.page(position, PAGE):
        yield from page
        position = page[-1].position


def _is_there(
    told: Told, events: Sequence[Recorded[Any]], kept: tuple[bytes, bytes] | None
) -> bool:
    """Its events are there once, where the answer said; and the answer is kept as it was heard."""
    if told.status >= 400:
        return not events and kept is None
    fields = told.fields
    if not fields["changed"]:
        return not events and kept is not None and kept[1] == told.answer
    return (
        [event.event.event_name for event in events] == fields["events"]
        and {str(event.stream) for event in events} == {fields["incident_id"]}
        and (events[-1].position, events[-1].version) == (fields["position"], fields["version"])
        and kept is not None
        and kept[1] == told.answer
    )


def _twice(events: Iterable[Recorded[Any]]) -> Iterator[str]:
    """Each text and each reference was given out once, whatever command ids say."""
    said: Counter[str] = Counter()
    for recorded in events:
        match recorded.event:
            case IncidentNoted(text=text) | IncidentReported(title=text):
                said[text] += 1
            case IncidentResolved(resolution=text) | IncidentLogged(reference=text):
                said[text] += 1
    yield from (text for text, times in said.items() if times > 1)


def _gaps(events: Iterable[Recorded[Any]]) -> Iterator[str]:
    versions: Counter[UUID] = Counter()
    for place, recorded in enumerate(events, 1):
        versions[recorded.stream] += 1
        if recorded.position != place:
            yield f"position {recorded.position} at place {place}"
        if recorded.version != versions[recorded.stream]:
            yield f"version {recorded.version} of {recorded.stream}"


def _integrity(settings: Settings) -> str:
    with closing(connect(settings.log_file, write=False)) as connection:
        ((verdict,),) = connection.execute("PRAGMA integrity_check").fetchall()
        return str(verdict)
