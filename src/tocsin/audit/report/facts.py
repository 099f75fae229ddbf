"""What a report says, before anybody knows how it is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import orjson

T = TypeVar("T")

MOST = 1_000
"""Things of one kind that a report names; it counts all of them."""


@dataclass(frozen=True, kw_only=True)
class Listed(Generic[T]):
    """How many there are, and as many of them as a report can name."""

    count: int
    named: Sequence[T]


@dataclass(frozen=True, kw_only=True)
class Count:
    """How often something is there."""

    name: str
    events: int


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What was recorded of one kind of stream."""

    name: str
    events: int
    begun: int
    """Streams whose first event it was."""


@dataclass(frozen=True, kw_only=True)
class Volume:
    """What was recorded."""

    events: int
    first: int | None
    """Position of the first event,"""
    last: int | None
    """and of the last."""
    kinds: Sequence[Kind]
    names: Sequence[Count]
    days: Listed[Count]
    """By the day on which they were recorded, in UTC."""


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Somebody who acted, and through which service."""

    name: str
    via: str | None
    events: int


@dataclass(frozen=True, kw_only=True)
class Happened:
    """An event that auditors ask about, in words."""

    position: int
    stream: str
    """What people call the record that it belongs to."""
    event: str
    says: str
    actor: str
    via: str | None
    occurred_at: datetime
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True)
class Correction(Happened):
    """A fact that was recorded wrongly, and put right."""

    fact: str
    was: str | None
    now: str
    reason: str
    late_seconds: int
    """Since the incident was first recorded."""


@dataclass(frozen=True, kw_only=True)
class Late(Happened):
    """Something that was recorded long after it happened."""

    late_seconds: int


@dataclass(frozen=True, kw_only=True)
class PolicyVersion:
    """A version of the policy, and what it changed."""

    version: int
    digest: str
    published_at: datetime | None
    """None for the one that was there from the beginning."""
    published_by: str | None
    position: int | None
    note: str
    differences: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class KeyChange:
    """Something that was done to an API key."""

    key_id: str
    change: str
    at: datetime
    by: str
    detail: str


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Who read data about people, how, and how often."""

    who: str
    kind: str
    what: str
    through: str
    times: int
    rows: int


@dataclass(frozen=True, kw_only=True)
class Accesses:
    """What the access journal says."""

    entries: int
    readers: Listed[Reader]
    taken: Listed[dict[str, Any]]
    """Each time that data were taken away: exports, subjects, evidence, audits."""
    expired: int = 0
    lost: int = 0
    """Reads of which only their number could be kept."""


@dataclass(frozen=True, kw_only=True)
class Outside:
    """A place outside that has a checkpoint."""

    place: str
    kind: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Signed:
    """A checkpoint, and who outside has it."""

    size: int
    root: str
    made_at: datetime
    outside: Sequence[Outside] = ()


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What came of hashing every stored event again."""

    events: int
    root: str
    """Of the tree of all of them."""
    kept: bool
    """Whether the store keeps a tree at all: without one there is nothing to compare with."""
    checkpoints: int
    """How many were compared: each said the root that was worked out again."""
    keys: Sequence[str]
    """The public keys with which the signatures were checked: those that signed for this log, as
    it says itself. Compare them with those that you were given."""
    covering: Signed | None
    """The first checkpoint that covers the whole period."""
    faults: Listed[str]

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults.count


@dataclass(frozen=True, kw_only=True)
class Report:
    """A period of the record, for those who audit it."""

    since: datetime | None
    until: datetime | None
    made_at: datetime
    place: str
    head: int
    """Where the log ended when it was made."""
    volume: Volume
    actors: Listed[Actor]
    imported: int
    """Events that came by import, from another system."""
    policies: Sequence[PolicyVersion]
    """The one that was in force when it began, and every one that was published in it."""
    corrections: Listed[Correction]
    late_seconds: int
    """From how many seconds on an entry counts as late."""
    late: Listed[Late]
    """The latest of them."""
    subjects: Listed[Happened]
    """Erasures, and what was held from being erased."""
    evidence: Listed[Happened]
    keys: Listed[KeyChange] | None
    """None when there are no keys in this place."""
    access: Accesses | None
    """None when no journal is kept in this place."""
    checkpoints: Listed[Signed]
    verification: Verification

    def json(self) -> bytes:
        """The report as JSON: times in ISO 8601 UTC, durations in seconds."""
        told = {**vars(self), "sound": self.verification.sound}
        return orjson.dumps(told, option=orjson.OPT_UTC_Z | orjson.OPT_INDENT_2) + b"\n"
