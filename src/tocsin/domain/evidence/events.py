"""What can happen to a piece of evidence. This is the storage format: a name, a field and its
meaning never change. Add an event, or raise `schema` and write an upcaster with a fixture of the
old bytes.

The content lies outside the log, under the hash of its stored bytes. Who acted is in the envelope.
"""

from datetime import datetime

from tocsin.domain.evidence.values import Condition
from tocsin.domain.kernel import Event
from tocsin.domain.personal import Who, Words


class EvidenceAttached(Event, name="evidence.attached"):
    """Something that shows what happened is kept from here on, with the incident."""

    incident_id: str
    reference: str | None = None  # of the incident, as it was then
    number: int  # among the evidence of the incident, from 1
    name: Words  # of the file, as whoever attached it called it
    media_type: str
    size: int  # bytes of the content
    stored_size: int  # bytes as stored: sealed, if the vault is on
    sha256: str  # of the bytes as stored, in hexadecimal: they are found under it
    content_sha256: Words  # of the content; a hash of something short gives it away
    key: str | None = None  # the subject under whose key the content is sealed; none: in clear
    description: Words = ""
    source: Words = ""  # where it comes from
    collected_by: Who | None = None  # if not by whoever attached it
    collected_at: datetime | None = None  # if not when it was attached


class EvidenceAccessed(Event, name="evidence.accessed"):
    """The content was about to be handed over to whoever acted."""

    purpose: Words


class EvidenceTransferred(Event, name="evidence.transferred"):
    """Somebody else answers for it from now on."""

    to: Who
    reason: Words


class EvidenceChecked(Event, name="evidence.checked"):
    """Somebody compared what is stored with what was attached."""

    condition: Condition


class EvidenceDiscarded(Event, name="evidence.discarded"):
    """The content is not kept any longer."""

    reason: Words


EvidenceEvent = (
    EvidenceAttached | EvidenceAccessed | EvidenceTransferred | EvidenceChecked | EvidenceDiscarded
)
