"""What would be forgotten, before anything is: whose names, which texts, and what cannot be."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

from tocsin.domain.subject.record import Subject
from tocsin.domain.subject.state import SUBJECT
from tocsin.domain.subject.values import SubjectKind, Texts, texts_stream
from tocsin.erasure.closing import living, of_texts
from tocsin.erasure.names import Names
from tocsin.erasure.scan import Finding, How, Progress, Sought, findings
from tocsin.store.log import Log

INCIDENTS = 100_000
"""Most incidents whose texts are forgotten with one person."""
EXAMPLES = 100
"""Legible values that a plan names, of as many as there are."""


class TooMuch(Exception):
    """More incidents than are forgotten at once. The sentence says what to do."""


@dataclass(frozen=True)
class Target:
    """One subject that is to be forgotten."""

    stream: UUID
    kind: SubjectKind
    keys: frozenset[str]
    """Which seal its values now."""
    values: int
    until: int
    incident: UUID | None = None
    name: str = ""
    """As the vault has it, of a person."""
    holds: tuple[str, ...] = ()
    """The legal holds that stand on it."""


@dataclass
class Seen:
    """What a look over the whole log has found of somebody."""

    position: int = 0
    """Up to where it looked."""
    by_how: Counter[How] = field(default_factory=Counter)
    by_event: Counter[str] = field(default_factory=Counter)
    by_subject: Counter[str] = field(default_factory=Counter)
    last: dict[str, int] = field(default_factory=dict)
    """The position of the last value under each key."""
    involved: dict[UUID, None] = field(default_factory=dict)
    mentioning: dict[UUID, None] = field(default_factory=dict)
    clear: list[Finding] = field(default_factory=list)
    """The first of what is legible for good."""
    apart: int = 0
    """Texts that mention them and belong to no incident."""

    def count(self, found: Finding) -> None:
        """Count one value, and keep nothing of it."""
        self.by_how[found.how] += 1
        self.by_event[found.event] += 1

    def add(self, found: Finding) -> None:
        """Take in one value.

        Raises:
            TooMuch: more incidents than are forgotten at once.
        """
        self.count(found)
        if found.how is How.NAMED:
            self.by_subject[found.subject] += 1
            self.last[found.subject] = found.position
        if found.how is How.CLEAR and len(self.clear) < EXAMPLES:
            self.clear.append(found)
        if found.how is How.MENTIONED and found.incident is None:
            self.apart += 1
        if found.incident is not None:
            self.involved[found.incident] = None
            if found.how is How.MENTIONED:
                self.mentioning[found.incident] = None
        if len(self.involved) > INCIDENTS:
            raise TooMuch(
                f"They have a part in more than {INCIDENTS:,} incidents: forget the person without"
                " texts, and the texts incident by incident."
            )


@dataclass(frozen=True)
class Plan:
    """What is to be forgotten together."""

    targets: tuple[Target, ...]
    seen: Seen

    @property
    def people(self) -> tuple[Target, ...]:
        """Those of it that are persons."""
        return tuple(each for each in self.targets if each.kind is SubjectKind.PERSON)

    @property
    def texts(self) -> tuple[Target, ...]:
        """Those of it that are the texts of incidents."""
        return tuple(each for each in self.targets if each.kind is SubjectKind.TEXTS)

    @property
    def held(self) -> tuple[Target, ...]:
        """Those of it that are under legal hold."""
        return tuple(each for each in self.targets if each.holds)


def subjects_of(log: Log, names: Iterable[str]) -> dict[str, str]:
    """Every subject that one of these names stands for, with the name as the vault has it. After a
    forgetting that was called off, one person may have several.

    Raises:
        VaultUnavailable: the vault cannot be read.
    """
    found: dict[str, str] = {}
    for name in names:
        for subject in log.vault.everyone(name):
            person = log.vault.whose(subject)
            if person is not None:
                found[subject] = person.name
    return found


def seen(log: Log, names: Names, subjects: Iterable[str], progress: Progress | None = None) -> Seen:
    """Look for somebody over the whole log.

    Raises:
        TooMuch: they have a part in more incidents than are forgotten at once.
        StoreUnavailable: the log cannot be read.
    """
    head = log.head()
    told = Seen(position=head)
    sought = Sought(names, frozenset(subjects))
    for found in findings(log, sought, until=head, progress=progress):
        told.add(found)
    return told


def plan(log: Log, subjects: dict[str, str], told: Seen, texts: Texts) -> Plan:
    """What goes when these subjects go: people last, since texts are found by their names."""
    people = [person(log, UUID(subject), told, name) for subject, name in subjects.items()]
    wanted: dict[UUID, None] = {}
    if texts is not Texts.NONE:
        wanted |= told.mentioning
    if texts is Texts.INVOLVED:
        wanted |= told.involved
    return Plan((*texts_of(log, wanted), *people), told)


def person(log: Log, stream: UUID, told: Seen, name: str = "") -> Target:
    """A person, as far as was seen."""
    known = str(stream)
    return Target(
        stream=stream,
        kind=SubjectKind.PERSON,
        keys=frozenset({known}),
        values=told.by_subject[known],
        until=told.last.get(known, 0),
        name=name,
        holds=standing(log, stream),
    )


def texts(log: Log, incident: UUID) -> Target:
    """The texts of an incident, with those of their keys that are there still."""
    sealed, stream = of_texts(log, incident), texts_stream(incident)
    return Target(
        stream=stream,
        kind=SubjectKind.TEXTS,
        keys=frozenset(living(log.vault, sealed.keys)),
        values=sealed.values,
        until=sealed.until,
        incident=incident,
        holds=standing(log, stream),
    )


def texts_of(log: Log, incidents: Iterable[UUID]) -> Iterator[Target]:
    """The texts of these incidents, but for those of which none can be read any more."""
    found = (texts(log, incident) for incident in incidents)
    return (each for each in found if each.keys)


def subject(log: Log, stream: UUID) -> Subject:
    """How a subject stands, by the log."""
    return SUBJECT.fold(stream, log.history(stream))


def standing(log: Log, stream: UUID) -> tuple[str, ...]:
    """The legal holds on a subject."""
    return subject(log, stream).standing
