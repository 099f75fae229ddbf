"""The record is kept: what it belongs to, who was told, what was wrong in it."""

from datetime import datetime
from typing import Any, assert_never

from tocsin.domain.incident.events import (
    IncidentCorrected,
    IncidentLinked,
    IncidentUnlinked,
    SlaMarkedBreached,
    UpdatePosted,
)
from tocsin.domain.incident.record import Incident, Related
from tocsin.domain.incident.values import Fact, LinkKind, Source
from tocsin.domain.kernel import moment, replace, utc

Chapter = IncidentLinked | IncidentUnlinked | UpdatePosted | IncidentCorrected | SlaMarkedBreached


def fold(incident: Incident, event: Chapter, actor: str) -> Incident:
    """The incident after an event of this chapter."""
    match event:
        case IncidentLinked(kind=kind, target=target):
            others = _without(incident.links, kind, target)
            return replace(incident, links=(*others, Related(kind=kind, target=target)))
        case IncidentUnlinked(kind=kind, target=target):
            return replace(incident, links=_without(incident.links, kind, target))
        case UpdatePosted(next_update_due=due):
            return replace(incident, next_update_due=due).said(event, actor)
        case IncidentCorrected(fact=fact, now=now):
            return corrected(incident, fact, value_of(fact, now))
        case SlaMarkedBreached():
            return replace(incident, sla_marked_breached=True)
        case unknown:
            assert_never(unknown)


def _without(links: tuple[Related, ...], kind: LinkKind, target: str) -> tuple[Related, ...]:
    gone = Related(kind=kind, target=target)
    return tuple(link for link in links if link != gone)


def corrected(incident: Incident, fact: Fact, value: Any) -> Incident:
    """The incident with one fact set right."""
    changes: dict[str, Any] = {fact.value: value}
    return replace(incident, **changes)


def value_of(fact: Fact, text: str) -> Any:
    """What the text of a correction stands for: a text, a `Source`, or an instant in UTC.

    Raises:
        ValueError: it is no such thing.
        OverflowError: it is a time outside the calendar.
    """
    if fact is Fact.SOURCE:
        return Source(text)
    if not fact.is_time:
        return text
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return utc(time)


def words(event: Chapter) -> str:
    """The event as one sentence."""
    match event:
        case IncidentLinked(kind=kind, target=target):
            return f"Linked to {_named(kind)} {target}."
        case IncidentUnlinked(kind=kind, target=target):
            return f"No longer linked to {_named(kind)} {target}."
        case UpdatePosted(audience=audience, message=message, next_update_due=due):
            told = f"Told {audience.replace('-', ' ')}: {message}"
            return f"{told} (Next update due {moment(due)}.)" if due else told
        case IncidentCorrected(fact=fact, was=was, now=now, reason=reason):
            what = fact.replace("_", " ") + (f" from {was}" if was else "")
            return f"Corrected {what} to {now}: {reason}"
        case SlaMarkedBreached(system=system):
            return f"Service level missed, by the verdict of {system}."
        case unknown:
            assert_never(unknown)


def _named(kind: LinkKind) -> str:
    return "its cause," if kind is LinkKind.CAUSED_BY else kind.replace("-", " ")
