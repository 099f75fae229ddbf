"""What is kept of an access: who, when, what, and what for."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from tocsin.unavailable import StoreUnavailable

INCIDENTS = 100
"""Most incidents that one entry names: more make another entry."""
PURPOSE_LENGTH, ASKED_LENGTH = 200, 500


class Kind(StrEnum):
    """What was done with the data. Stored: a value never changes."""

    READ = "read"
    """One incident, review or piece of evidence was looked at."""
    LIST = "list"
    """Many were listed."""
    EXPORT = "export"
    """Data were written to a file of another format."""
    SUBJECT = "subject"
    """The data of one person were gathered, or handed over."""
    EVIDENCE = "evidence"
    """The content of a piece of evidence was handed over."""
    AUDIT = "audit"
    """The records of this journal were read, or an audit's export was made."""


class Through(StrEnum):
    """Which way the data went. Stored: a value never changes."""

    HTTP = "http"
    CLI = "cli"


class AccessTrouble(Exception):
    """Something about the journal cannot be done as asked. The sentence says why."""


class JournalUnavailable(StoreUnavailable):
    """The journal cannot be read or written at the moment."""


@dataclass(frozen=True, kw_only=True)
class Access:
    """Somebody saw data about people."""

    who: str
    """The owner of the key; on the command line, the user of the operating system."""
    what: str
    """The template of the route, or the name of the command."""
    kind: Kind
    through: Through
    key_id: str = ""
    """Of the key, over HTTP."""
    purpose: str = ""
    """What for, in the words of whoever asked."""
    incidents: tuple[UUID, ...] = ()
    """Those that it was about, where it was about some."""
    asked: str = ""
    """By what a list was asked for: the names of the parameters, whose values could be names."""
    rows: int = 0
    """How many were shown, of a list."""
    times: int = 1
    """How often, within the second that the entry stands for."""
    lost: int = 0
    """Accesses before this one that could not be kept."""


@dataclass(frozen=True, kw_only=True)
class Entry(Access):
    """An access, at its place in the journal."""

    number: int
    """From 1, without gaps."""
    at: datetime
    expired: bool = False
    """Whether nothing of it is kept any more but its number and its hash."""
