"""What is kept of the people and cases whose keys lie here, and what can go wrong."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tocsin.unavailable import StoreUnavailable


class VaultUnavailable(StoreUnavailable):
    """The vault cannot be opened, read or written. The sentence says why, and the way out."""


class VaultTrouble(Exception):
    """Something about the vault cannot be done. The sentence says why."""


class Kind(StrEnum):
    """Whose key it is."""

    PERSON = "person"
    CASE = "case"
    """The free text of one stream."""
    UNKNOWN = "unknown"
    """Forgotten, the log says; this vault never knew it."""


FORGOTTEN = "[forgotten]"
"""What stands in place of a text whose key was destroyed because somebody asked for it."""
LOST = "[key lost]"
"""What stands in place of a text whose key should be there and is not."""
NOTICED_SECONDS = 2.0
"""By then every process has noticed that a subject was retired, and seals nothing more with its
key. Who destroys a key earlier loses what was sealed meanwhile."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody whose name is sealed in the log, and whose key is still there."""

    subject: str
    name: str
    """As it was written when it was first seen."""
    created_at: datetime
    retired_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How much there is."""

    people: int
    cases: int
    """Keys of free text that some stream uses."""
    spare: int
    """Keys of free text that no stream is known to use."""
    retired: int
    forgotten: int
    generation: int
    """Raised by every retirement and destruction."""
    waiting: int
    """Keys that a rotation has not reached yet."""


@dataclass(frozen=True, kw_only=True)
class Lock:
    """One key-encryption key: what locks the keys of subjects away."""

    number: int
    master: str
    """Which master key it is locked with."""
    created_at: datetime
    retired_at: datetime | None
    keys: int
    """How many keys it locks."""
