"""What is kept of keys: all but their secrets."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Scope(StrEnum):
    """What a key lets its owner do."""

    READ = "incidents:read"
    WRITE = "incidents:write"
    AUDIT = "audit:read"
    REBUILD = "projections:rebuild"
    ERASE = "erasure:execute"
    """Find, hand over and forget what is kept of a person; place and lift legal holds."""
    EVIDENCE = "evidence:read"
    """Have the content of evidence handed over."""
    ADMIN = "admin"
    """Everything, the other scopes included."""


RESERVED = "timekeeper"
"""The name of what acts when nobody does: no key may speak in it."""


class KeyTrouble(Exception):
    """Something about a key cannot be done. The sentence says why."""


class KeysUnavailable(Exception):
    """The keys cannot be read or written at the moment."""


@dataclass(frozen=True, kw_only=True)
class Key:
    """A key as it is kept: everything but its secret."""

    key_id: str
    owner: str
    """Who acts with it: the actor of the events that its commands record."""
    scopes: frozenset[Scope]
    digest: bytes
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    """To the minute."""

    def allows(self, scope: Scope) -> bool:
        """Whether its scopes include this one."""
        return scope in self.scopes or Scope.ADMIN in self.scopes


@dataclass(frozen=True, kw_only=True)
class Change:
    """What somebody once did to a key."""

    number: int
    key_id: str
    change: str
    at: datetime
    by: str
    detail: str
