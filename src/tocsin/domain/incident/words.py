"""What happened, in words: one sentence for each event, for a timeline that people read."""

from typing import assert_never

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


def words(event: IncidentEvent) -> str:
    """The event as one sentence, without who and when: those are in its envelope."""
    if isinstance(event, reporting.Chapter):
        return reporting.words(event)
    if isinstance(event, triage.Chapter):
        return triage.words(event)
    if isinstance(event, investigation.Chapter):
        return investigation.words(event)
    if isinstance(event, escalation.Chapter):
        return escalation.words(event)
    if isinstance(event, workarounds.Chapter):
        return workarounds.words(event)
    if isinstance(event, resolution.Chapter):
        return resolution.words(event)
    if isinstance(event, keeping.Chapter):
        return keeping.words(event)
    assert_never(event)
