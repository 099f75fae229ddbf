"""What can happen to a subject: a person who is named in the log, or the free text of an incident.
This is the storage format: a name, a field and its meaning never change. Add an event, or raise
`schema` and write an upcaster with a fixture of the old bytes.

A person's stream is the id that stands in the log instead of the name; that of an incident's texts
follows from the incident. Nothing here says who the person is. Who asked for what is in the
envelope.
"""

from tocsin.domain.kernel import Event
from tocsin.domain.personal import Words
from tocsin.domain.subject.values import Basis, SubjectKind


class SubjectForgotten(Event, name="subject.forgotten"):
    """From here on nobody may open what is sealed for this subject: its keys are to be destroyed,
    and whatever was made of it is to be made again without it."""

    kind: SubjectKind
    incident_id: str | None = None  # whose texts; none for a person
    basis: Basis
    request: str  # under which it is filed elsewhere; says nothing about the person
    values: int  # stored values that this closes, as counted when it was asked
    until: int  # position of the last event that holds one of them; 0 when there was none


class HoldPlaced(Event, name="subject.hold-placed"):
    """It must be kept for now, whoever asks: for legal claims, or by law (Art. 17(3) GDPR)."""

    kind: SubjectKind
    incident_id: str | None = None  # whose texts; none for a person
    hold: str  # its name: the number of the matter that needs it
    reason: Words


class HoldLifted(Event, name="subject.hold-lifted"):
    """This matter does not need it any more. Others may."""

    hold: str
    reason: Words


class SubjectPurged(Event, name="subject.purged"):
    """What was forgotten is gone from everything that is made of the log."""

    forgotten: int  # version of the `subject.forgotten` that this completes
    places: tuple[str, ...]  # which were looked through, made anew or emptied


SubjectEvent = SubjectForgotten | HoldPlaced | HoldLifted | SubjectPurged
