"""What happened, in words: one sentence for each event, for a timeline that people read."""

from collections.abc import Callable
from typing import Any, get_args

from tocsin.domain.incident.chapters import (
    escalation,
    investigation,
    keeping,
    reporting,
    resolution,
    triage,
    workarounds,
)
from tocsin.domain.incident.events import IncidentEvent

CHAPTERS: tuple[Any, ...] = (
    reporting,
    triage,
    investigation,
    escalation,
    workarounds,
    resolution,
    keeping,
)
SAID_BY: dict[type[IncidentEvent], Callable[[Any], str]] = {
    kind: chapter.words for chapter in CHAPTERS for kind in get_args(chapter.Chapter)
}
"""Looked up, because a timeline puts every event into words. Each chapter's match is exhaustive."""
assert SAID_BY.keys() == set(get_args(IncidentEvent)), "every event belongs to one chapter"


def words(event: IncidentEvent) -> str:
    """The event as one sentence, without who and when: those are in its envelope."""
    return SAID_BY[type(event)](event)
