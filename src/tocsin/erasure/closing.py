"""Which keys does forgetting something destroy? The log knows: its stored values name them."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import orjson

from tocsin.domain.evidence.events import EvidenceAttached
from tocsin.domain.personal import Personal
from tocsin.domain.review.values import review_stream
from tocsin.domain.subject.values import SubjectKind, texts_stream
from tocsin.evidence.pieces import streams
from tocsin.store.log import Log
from tocsin.store.sealing import MARK
from tocsin.vault import FORGOTTEN, Vault

FORGETS = ("subject.forgotten",)
AT_ONCE = 500


@dataclass(frozen=True)
class Forgotten:
    """One `subject.forgotten` in the log: what it says in clear."""

    position: int
    stream: UUID
    version: int
    kind: SubjectKind
    incident: UUID | None
    recorded_at: str


@dataclass(frozen=True)
class Sealed:
    """What is sealed under some keys."""

    keys: frozenset[str]
    values: int
    until: int
    """The position of the last event that holds one; 0 when there is none."""


def forgotten(log: Log, after: int = 0, until: int | None = None) -> list[Forgotten]:
    """What the log says is forgotten, by the events after a position."""
    head, found = log.head() if until is None else until, list[Forgotten]()
    while page := log.raw_named(FORGETS, after, head, AT_ONCE):
        found += [_read(position, body) for position, body in page]
        after = page[-1][0]
    return found


def _read(position: int, body: bytes) -> Forgotten:
    raw = orjson.loads(body)
    data = raw["data"]
    return Forgotten(
        position=position,
        stream=UUID(raw["stream"]),
        version=raw["version"],
        kind=SubjectKind(data["kind"]),
        incident=UUID(data["incident_id"]) if data["incident_id"] else None,
        recorded_at=raw["recorded_at"],
    )


def text_streams(log: Log, incident: UUID) -> list[UUID]:
    """The streams whose free text goes when that of an incident goes."""
    own = [incident, review_stream(incident), texts_stream(incident)]
    return [*own, *streams(log, incident)]


def of_texts(log: Log, incident: UUID, before: int | None = None) -> Sealed:
    """What is sealed in the texts of an incident, in events before a position."""
    histories = log.raw_histories(text_streams(log, incident))
    return _sealed((body for bodies in histories.values() for body in bodies), before)


def closed_by(log: Log, said: Forgotten) -> set[str]:
    """The keys that a `subject.forgotten` is the end of: those in use until then, no later ones.

    What was said about a person's own legal holds goes with the person.
    """
    if said.incident is not None:
        return set(of_texts(log, said.incident, said.position).keys)
    about = _sealed(log.raw_history(said.stream), said.position)
    return {str(said.stream), *about.keys}


def _sealed(bodies: Iterable[bytes], before: int | None) -> Sealed:
    keys, values, until = set[str](), 0, 0
    for body in bodies:
        own = _text_keys(body)
        if not own:
            continue
        raw = orjson.loads(body)
        position = raw["position"]
        if before is None or position < before:
            keys.update(own)
            if raw["event"] == EvidenceAttached.event_name and raw["data"]["key"]:
                keys.add(raw["data"]["key"])
            values, until = values + len(own), max(until, position)
    return Sealed(frozenset(keys), values, until)


def _text_keys(body: bytes) -> list[str]:
    """The keys of the free text in an event, one for each value."""
    parts = (part.split(b'"', 3) for part in body.split(MARK)[1:])
    person = Personal.PERSON.encode()
    return [part[2].decode("ascii") for part in parts if part[0] != person]


def living(vault: Vault, keys: Iterable[str]) -> list[str]:
    """Those of some keys that are not destroyed yet, or of which nothing is known."""
    wanted = sorted(keys)
    vault.preload(wanted)
    return [key for key in wanted if vault.key(key) is not None or vault.missing(key) != FORGOTTEN]


def reconcile(log: Log, vault: Vault) -> int:
    """Destroy every key of what the log says is forgotten, and say how many there were.

    Usually there are none. A vault that was restored from an old backup has them again.

    Raises:
        StoreUnavailable: the log cannot be read.
        VaultUnavailable: the vault cannot be read or written.
    """
    destroyed = 0
    for said in forgotten(log):
        if alive := living(vault, closed_by(log, said)):
            destroyed += vault.destroy(alive)
    return destroyed
