"""The events that a post-mortem tells of.

Every row is kept, at its own time: as what it says where it says that for certain (`wording`),
otherwise as a note. What was only inferred (`course`) is written nowhere.
"""

import re
from collections.abc import Iterator
from datetime import datetime

from tocsin.domain.incident.events import (
    CauseIdentified,
    IncidentAcknowledged,
    IncidentCategorised,
    IncidentDiagnosed,
    IncidentEvent,
    IncidentImported,
    IncidentLogged,
    IncidentNoted,
    IncidentReported,
    IncidentResolved,
    UpdatePosted,
    WorkaroundApplied,
)
from tocsin.domain.incident.values import Audience, Source, Status, Visibility
from tocsin.importers.format import Happening
from tocsin.importers.post_mortem.course import Course, course
from tocsin.importers.post_mortem.documents import Document, Row
from tocsin.importers.post_mortem.times import Known
from tocsin.importers.post_mortem.wording import Sign, signs

SYSTEM = "post-mortem"
NOBODY = "unknown"
"""The actor: rows do not say who."""
WORKAROUND = "W1"
STATUS = "published"
"""How a document stood there: a post-mortem is written when all is over."""
ROOT_CAUSE = "root cause"
_ALARM = re.compile(r"\b(?:alert|alarm|warning)", re.IGNORECASE)
_PERSON = re.compile(r"\b(?:user|customer|client|developer|colleague)", re.IGNORECASE)


def happenings(document: Document) -> list[Happening]:
    """What happened, in the order in which it happened, but for the report, which opens it.

    The document has rows and no faults.
    """
    found = course(document.course)
    last = found.rows[-1].at
    telling = _Telling(found)
    return [
        *_opened(document, found),
        *(Happening(row.at, NOBODY, event) for row in found.rows for event in telling.of(row)),
        *_causes(document, last),
        Happening(last, NOBODY, _imported(document)),
    ]


def _opened(document: Document, found: Course) -> Iterator[Happening]:
    reported_at = (found.known or found.began or found.rows[0]).at
    began = None if found.inferred else _certain(found.began)
    yield Happening(
        reported_at,
        NOBODY,
        IncidentReported(
            title=document.title,
            description=document.summary,
            source=_source(found.known),
            impact_began_at=began,
            detected_at=_certain(found.known),
        ),
    )
    yield Happening(reported_at, NOBODY, IncidentLogged(reference=document.number))
    if document.stats.category:
        yield Happening(reported_at, NOBODY, IncidentCategorised(category=document.stats.category))


def _certain(row: Row | None) -> datetime | None:
    return None if row is None or row.moment.known is Known.OPEN else row.at


def _source(known: Row | None) -> Source:
    """How it came to be known. Where that is not said, it was a record of some kind."""
    if known is not None and _ALARM.search(known.text):
        return Source.AUTOMATED_ALERT
    if known is not None and _PERSON.search(known.text):
        return Source.USER_REPORT
    return Source.HELP_DESK_TICKET


def _imported(document: Document) -> IncidentImported:
    stats = document.stats
    figures = {
        "Time to detection": stats.detection.text,
        "Time to recovery": stats.recovery.text,
        "Time zone": document.zone,
        "File": document.file,
    }
    return IncidentImported(
        system=SYSTEM,
        foreign_id=document.number,
        foreign_status=STATUS,
        status=Status.CLOSED,
        attributes={**document.others, **{name: text for name, text in figures.items() if text}},
    )


def _causes(document: Document, last: datetime) -> Iterator[Happening]:
    """A cause that has a chapter of its own. Contributing factors are no cause."""
    for heading, text in document.others.items():
        if heading.casefold().startswith(ROOT_CAUSE):
            yield Happening(last, NOBODY, CauseIdentified(cause=text))


class _Telling:
    """What each row says, given the rows before it. Ask in their order."""

    def __init__(self, found: Course) -> None:
        self._known, self._relieved = found.known, found.relieved
        self._aware = found.known is None
        self._taken_on = self._relief = self._resolved = False

    def of(self, row: Row) -> Iterator[IncidentEvent]:
        """The events of a row: one that carries its words, and perhaps a step."""
        said, text = signs(row.text), words(row)
        self._aware = self._aware or row is self._known
        self._relief = self._relief or row is self._relieved
        step = self._step(said, row)
        if self._relief and not self._resolved and said & {Sign.RESTORED, Sign.LASTING}:
            self._resolved = True
            yield IncidentResolved(resolution_code=None, resolution=text)
        elif Sign.CAUSE in said:
            yield CauseIdentified(cause=text)
        elif said & {Sign.USERS_TOLD, Sign.PUBLIC_TOLD}:
            public = Sign.PUBLIC_TOLD in said
            audience = Audience.PUBLIC if public else Audience.AFFECTED_USERS
            yield UpdatePosted(audience=audience, message=text)
        elif Sign.FOUND in said:
            yield IncidentDiagnosed(findings=text)
        else:
            yield IncidentNoted(text=text, visibility=Visibility.INTERNAL)
        if step is not None:
            yield step

    def _step(self, said: frozenset[Sign], row: Row) -> IncidentEvent | None:
        if Sign.MITIGATED in said and row is self._relieved and Sign.RESTORED not in said:
            return WorkaroundApplied(workaround=WORKAROUND)
        if Sign.TAKEN_ON in said and self._aware and not self._taken_on:
            self._taken_on = True
            return IncidentAcknowledged()
        return None


def words(row: Row) -> str:
    """The words of a row, with its time as written where a rule put it in its place."""
    if row.moment.known is Known.EXACT:
        return row.text
    return f"{row.text} (time as written: {row.written})"
