"""What happened to an incident in the order of the world, by all that its history says.

A history has two orders. In the order of its versions it is what was believed: its first so many
events are what was known when they had been recorded. Its chronicle is what happened: what was told
late stands where it happened, and a correction is heeded from when the fact held that it sets
right, not from when somebody noticed. The title and the other words of a report were always so.

The times are those that the clocks go by (`domain.clock.happening.in_order`).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from tocsin.domain.incident.chapters.keeping import value_of
from tocsin.domain.incident.events import (
    IncidentAcknowledged,
    IncidentCategorised,
    IncidentClosed,
    IncidentCorrected,
    IncidentEvent,
    IncidentImported,
    IncidentPrioritised,
    IncidentReopened,
    IncidentReported,
    IncidentResolved,
    MajorIncidentDeclared,
    MajorIncidentStoodDown,
)
from tocsin.domain.incident.values import Fact, Status
from tocsin.domain.kernel import Recorded, replace

ALWAYS_SO = frozenset(
    {
        Fact.TITLE,
        Fact.DESCRIPTION,
        Fact.SOURCE,
        Fact.REPORTER,
        Fact.IMPACT_BEGAN_AT,
        Fact.DETECTED_AT,
    }
)
"""Facts of the report: corrected, they were so from the beginning."""
MOVED: Mapping[Fact, tuple[type[IncidentEvent], int]] = {
    Fact.REPORTED_AT: (IncidentReported, 0),
    Fact.ACKNOWLEDGED_AT: (IncidentAcknowledged, 0),
    Fact.RESOLVED_AT: (IncidentResolved, -1),
    Fact.CLOSED_AT: (IncidentClosed, -1),
}
"""Of which step each correction moves the time: of the first of its kind, or of the last."""
TOLD: Mapping[Fact, IncidentEvent] = {
    Fact.ACKNOWLEDGED_AT: IncidentAcknowledged(),
    Fact.RESOLVED_AT: IncidentResolved(resolution_code=None, resolution=""),
    Fact.CLOSED_AT: IncidentClosed(closure_code=None),
}
"""The step that a correction tells of where nobody had: other systems say the time alone."""
ENDS = frozenset({Fact.RESOLVED_AT, Fact.CLOSED_AT})
ENDED = frozenset({Status.RESOLVED, Status.CLOSED})
AFTERWARDS = (IncidentReopened, IncidentClosed)
"""What can only follow an end: it still does when the end turns out to be later than that."""
SAID = (
    IncidentReported,
    IncidentPrioritised,
    IncidentCategorised,
    MajorIncidentDeclared,
    MajorIncidentStoodDown,
)
"""What is said of an incident at one instant holds for all that happens to it at that instant."""


class Deed(NamedTuple):
    """Something that happened."""

    recorded: Recorded[IncidentEvent]
    """As it is known: its time and its words as they were corrected."""
    told_by: tuple[int, ...]
    """Versions of the events that say so."""
    after: datetime
    """What it stands with in the order of the world: its own time, but where an end was moved."""


def chronicle(history: Iterable[Recorded[IncidentEvent]]) -> list[Deed]:
    """What happened, in order, by a history in the order of its versions."""
    deeds: list[Deed] = []
    for recorded in history:
        if isinstance(recorded.event, IncidentCorrected):
            _correct(deeds, recorded, recorded.event)
        else:
            deeds.append(_told(recorded))
    return sorted(deeds, key=_order)


def happened_by(history: Iterable[Recorded[IncidentEvent]], moment: datetime) -> list[Deed]:
    """What had happened by a moment, as far as it is known now; nothing if it began later."""
    past = list(history)
    if not any(isinstance(each.event, IncidentCorrected | IncidentReported) for each in past[1:]):
        # So it is with nearly all, and what is left out need not be put in order.
        begun = past and past[0].occurred_at <= moment
        past = [each for each in past if each.occurred_at <= moment] if begun else []
    deeds = chronicle(past)
    report = next(
        (each for each in deeds if isinstance(each.recorded.event, IncidentReported)), None
    )
    if report is not None and report.recorded.occurred_at > moment:
        return []
    return [deed for deed in deeds if deed.recorded.occurred_at <= moment]


def _told(recorded: Recorded[IncidentEvent]) -> Deed:
    return Deed(recorded, (recorded.version,), recorded.occurred_at)


def _order(deed: Deed) -> tuple[datetime, bool, int]:
    recorded = deed.recorded
    return deed.after, not isinstance(recorded.event, SAID), recorded.version


def _correct(deeds: list[Deed], recorded: Recorded[Any], event: IncidentCorrected) -> None:
    fact, value = event.fact, value_of(event.fact, event.now)
    if fact in ALWAYS_SO:
        _set_right(deeds, recorded, fact, value)
    elif fact in MOVED:
        if fact in ENDS:
            _take_back(deeds)
        _move(deeds, recorded, fact, value)
    else:
        # Users can work since an earlier time; or since a later one, which whoever folds what
        # happened learns together with the time that was wrong.
        was = value_of(fact, event.was) if event.was else value
        deeds.append(_told(replace(recorded, occurred_at=min(was, value))))


def _places(deeds: Sequence[Deed], kind: type[IncidentEvent]) -> list[int]:
    return [place for place, deed in enumerate(deeds) if isinstance(deed.recorded.event, kind)]


def _set_right(deeds: list[Deed], recorded: Recorded[Any], fact: Fact, value: Any) -> None:
    places = _places(deeds, IncidentReported)
    if not places:
        deeds.append(_told(recorded))
        return
    report = deeds[places[0]]
    words: dict[str, Any] = {fact.value: value}
    right = replace(report.recorded, event=replace(report.recorded.event, **words))
    told_by = (*report.told_by, recorded.version)
    deeds[places[0]] = report._replace(recorded=right, told_by=told_by)


def _move(deeds: list[Deed], recorded: Recorded[Any], fact: Fact, now: datetime) -> None:
    kind, which = MOVED[fact]
    places = _places(deeds, kind)
    if not places:
        step = TOLD.get(fact, recorded.event)
        deeds.append(_told(replace(recorded, event=step, occurred_at=now)))
        return
    step = deeds[places[which]]
    deeds[places[which]] = Deed(
        replace(step.recorded, occurred_at=now), (*step.told_by, recorded.version), now
    )
    if fact in ENDS:
        _keep_around(deeds, step.recorded, now)


def _keep_around(deeds: list[Deed], end: Recorded[Any], now: datetime) -> None:
    """What was on record before an end stays before it, and what followed it stays behind it:
    otherwise a hold of which everybody knew would open again what is over."""
    for place, deed in enumerate(deeds):
        version = deed.recorded.version
        before = version < end.version and deed.after > now
        followed = version > end.version and isinstance(deed.recorded.event, AFTERWARDS)
        if before or (followed and end.occurred_at <= deed.after < now):
            deeds[place] = deed._replace(after=now)


def _take_back(deeds: list[Deed]) -> None:
    """Once its end is corrected, a record that was taken over as ended says no more when that was.

    Unless it was reopened before the correction, which then is about a later end.
    """
    if _places(deeds, IncidentReopened):
        return
    for place, deed in enumerate(deeds):
        event = deed.recorded.event
        if isinstance(event, IncidentImported) and event.status in ENDED:
            going_on = replace(event, status=Status.IN_PROGRESS)
            deeds[place] = deed._replace(recorded=replace(deed.recorded, event=going_on))
