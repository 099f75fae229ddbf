"""A record with everything in it that auditors ask about, before, within and behind a period."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from tests.access.kit import LISTED, READ
from tests.ledger.kit import signed
from tests.store.samples import told
from tests.whatif.kit import published
from tocsin.access import Journal
from tocsin.domain.evidence.events import EvidenceAccessed, EvidenceAttached
from tocsin.domain.incident.events import IncidentCorrected, IncidentLogged, IncidentReported
from tocsin.domain.incident.values import Fact, Source
from tocsin.domain.kernel import Event, Recorded
from tocsin.domain.policy.state import POLICY_STREAM
from tocsin.domain.subject.events import HoldPlaced, SubjectForgotten
from tocsin.domain.subject.values import Basis, SubjectKind
from tocsin.keys import Keys, Scope
from tocsin.replaying.period import Period
from tocsin.settings import Settings
from tocsin.store.entries import Entry, Stored
from tocsin.store.log import Log

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
END = datetime(2026, 3, 3, tzinfo=UTC)
PERIOD = Period(since=BEGIN, until=END)
NAMES = UUID("6f1c0d4e-3c5b-4f60-9b1a-2d8f00c0ffee")
MAIL, WEB, PERSON, FILE = (uuid5(NAMES, name) for name in ("mail", "web", "person", "file"))


class Scene:
    """A log that is written event by event."""

    def __init__(self, log: Log) -> None:
        self.log = log

    def add(
        self,
        stream: UUID,
        event: Event,
        at: datetime,
        *,
        actor: str = "ada",
        via: str | None = None,
        late: timedelta = timedelta(0),
    ) -> int:
        """Record an event `late` after it happened; return its position."""
        version = self.log.version(stream) + 1
        command = uuid5(stream, str(version))
        draft: Recorded[Any] = Recorded(
            stream=stream, version=version, position=0, actor=actor, via=via,
            occurred_at=at - late, recorded_at=at, command_id=command, event=event,
        )  # fmt: skip
        entry = Entry(command_id=command, fingerprint=b"", drafts=(draft,), answer=told)
        (outcome,) = self.log.commit([entry])
        assert isinstance(outcome, Stored)
        return outcome.positions[0]


def reported(title: str) -> IncidentReported:
    return IncidentReported(
        title=title, description="It does not answer.", source=Source.MONITORING, reporter="ada"
    )


def played(log: Log) -> None:
    """Two incidents: one of before the period, one of its first day."""
    scene = Scene(log)
    noon = BEGIN + timedelta(hours=12)
    scene.add(MAIL, reported("Mail is down"), BEGIN - timedelta(hours=2))
    scene.add(MAIL, IncidentLogged(reference="INC0000001"), BEGIN - timedelta(hours=2))
    scene.add(WEB, reported("Web is down"), noon, actor="ivo", late=timedelta(hours=3))
    scene.add(WEB, IncidentLogged(reference="INC0000002"), noon, actor="ivo", via="portal")
    wrong = IncidentCorrected(
        fact=Fact.TITLE, was="Mail is down", now="Mail is slow", reason="It was never down."
    )
    scene.add(MAIL, wrong, noon + timedelta(hours=1))
    days = timedelta(days=30)
    scene.add(WEB, IncidentLogged(reference="INC0000002"), noon, via="import:other", late=days)
    attached = EvidenceAttached(
        incident_id=str(WEB), reference="INC0000002", number=1, name="hall.jpg",
        media_type="image/jpeg", size=10, stored_size=10, sha256="ab" * 32,
        content_sha256="cd" * 32,
    )  # fmt: skip
    scene.add(FILE, attached, noon, actor="ivo")
    scene.add(FILE, EvidenceAccessed(purpose="Claim 7"), noon, actor="eve")
    hold = HoldPlaced(kind=SubjectKind.PERSON, hold="LIT-1", reason="A claim is pending.")
    scene.add(PERSON, hold, noon, actor="counsel")
    forgotten = SubjectForgotten(
        kind=SubjectKind.PERSON, basis=Basis.OBJECTION, request="DSR-9", values=3, until=4
    )
    scene.add(PERSON, forgotten, END - timedelta(microseconds=1), actor="counsel")
    scene.add(WEB, wrong, END, actor="late")


def publish(log: Log, document: str, at: datetime) -> None:
    """A version of the policy."""
    scene = Scene(log)
    for _, event in published(2, document):
        scene.add(POLICY_STREAM, event, at, actor="governor")


def looked_at(settings: Settings, log: Log) -> None:
    """A read and an export within the period, and a read before it."""
    journal = Journal.open(settings, log.seals)
    try:
        journal.note(READ, at=BEGIN - timedelta(days=1))
        journal.note(READ, LISTED, at=BEGIN + timedelta(hours=1))
    finally:
        journal.close()


def keyed(settings: Settings) -> str:
    """A key that was issued and revoked; its id."""
    keys = Keys.open(settings)
    try:
        _, key = keys.create("portal", [Scope.WRITE], by="root")
        keys.revoke(key.key_id, by="root")
        return key.key_id
    finally:
        keys.close()


__all__ = ["BEGIN", "END", "PERIOD", "Scene", "keyed", "looked_at", "played", "publish", "signed"]
