"""What the rest of history says of an incident: its kind's norm, its like, its trends."""

from dataclasses import dataclass, field
from datetime import date, datetime

from tocsin.brief.times import Norm


@dataclass(frozen=True, kw_only=True)
class Alike:
    """A past incident that reads alike."""

    incident_id: str
    reference: str | None
    title: str
    score_percent: int
    """Of the score that the incident's own text reaches."""
    terms: tuple[str, ...]
    """The words that they share and that tell most."""
    shares: tuple[str, ...]
    """Of category, service and item, those that are the same."""
    resolution: str


@dataclass(frozen=True, kw_only=True)
class Recurrence:
    """Incidents with the same service, item and category, close to one another."""

    service: str | None
    item: str | None
    category: str | None
    incidents: int
    """In the window, this one among them."""
    window_days: int
    expected: str
    """How many were to be expected by the rate before, with two decimals."""
    references: tuple[str, ...]
    linked_to_problem: bool
    """Whether any of them is linked to a problem record."""


@dataclass(frozen=True, kw_only=True)
class Trending:
    """Something of which there are more than there used to be, or fewer."""

    dimension: str
    value: str
    kind: str
    """`rising`, `change point` or `unusual day`."""
    since: date
    words: str
    """The numbers that justify it."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """All of it, as far as the lake had come."""

    position: int = 0
    as_of: datetime | None = None
    norms: dict[str, Norm] = field(default_factory=dict)
    """By measure."""
    similar: tuple[Alike, ...] = ()
    recurring: Recurrence | None = None
    trending: tuple[Trending, ...] = ()
    missing: str = ""
    """Why there is nothing of it, and what to do about that."""
