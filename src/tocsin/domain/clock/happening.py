"""What clocks need to know of an event: a few words that can be kept for ever at little cost."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from tocsin.domain.incident import events
from tocsin.domain.incident.values import Audience, EscalationKind, Fact, Status, Visibility
from tocsin.domain.kernel import Event, Recorded
from tocsin.domain.openings import microseconds
from tocsin.domain.worktime import EARLIEST, LATEST

Fields = Mapping[str, Any]


class Happening(NamedTuple):
    """One event of an incident, as clocks see it."""

    at: int
    """When it happened in the world, in microseconds since 1970."""
    version: int
    """Its place in the incident's history."""
    policy: int
    """The number of the policy in force where it stands in the log."""
    kind: str
    """Its stored name without `incident.`."""
    value: Any = None
    """What of it matters, as JSON."""


def clock_stream(incident_id: UUID) -> UUID:
    """The stream on which time leaves its marks, beside that of the incident."""
    return uuid5(incident_id, "tocsin:clock")


def reach(at: int) -> int:
    """The instant, or the nearest that calendars know: clocks of other centuries stand still."""
    if EARLIEST <= at <= LATEST:
        return at
    return EARLIEST if at < EARLIEST else LATEST


def _instant(value: datetime | str | None) -> int | None:
    if value is None:
        return None
    return microseconds(datetime.fromisoformat(value) if isinstance(value, str) else value)


def _nothing(_: Fields) -> None:
    return None


def _prioritised(data: Fields) -> Any:
    by_hand = data["override_reason"] is not None
    return [data["priority"], data["impact"], data["urgency"], by_hand]


def _updated(data: Fields) -> Any:
    told = data["audience"] != Audience.RESPONDERS
    return [told, _instant(data["next_update_due"])]


TIMES = (Fact.REPORTED_AT, Fact.ACKNOWLEDGED_AT, Fact.RESOLVED_AT, Fact.CLOSED_AT)
"""The corrections that move a clock."""

READERS: dict[type[Event], Callable[[Fields], Any]] = {
    events.IncidentReported: lambda data: list(data["services"]),
    events.IncidentLogged: _nothing,
    events.IncidentImported: lambda data: data["status"],
    events.IncidentVerified: _nothing,
    events.IncidentDismissed: _nothing,
    events.IncidentAcknowledged: _nothing,
    events.IncidentCategorised: lambda data: [data["category"], data["subcategory"]],
    events.IncidentPrioritised: _prioritised,
    events.IncidentAssigned: lambda data: data["group"],
    events.IncidentNoted: _nothing,
    events.IncidentHeld: lambda data: [data["reason"], _instant(data["until"])],
    events.IncidentResumed: _nothing,
    events.IncidentEscalated: lambda data: data["group"],
    events.MajorIncidentDeclared: _nothing,
    events.MajorIncidentStoodDown: _nothing,
    events.WorkaroundApplied: lambda data: [data["workaround"], _instant(data["expires_at"])],
    events.WorkaroundWithdrawn: lambda data: data["workaround"],
    events.IncidentResolved: _nothing,
    events.ResolutionConfirmed: _nothing,
    events.IncidentReopened: _nothing,
    events.IncidentClosed: _nothing,
    events.IncidentCancelled: _nothing,
    events.UpdatePosted: _updated,
    events.IncidentCorrected: lambda data: [data["fact"], _instant(data["now"])],
}
"""What of each event matters to clocks. The others never do."""
ALWAYS: Callable[[Fields], bool] = lambda _: True  # noqa: E731
UNLESS: dict[type[Event], Callable[[Fields], bool]] = {
    events.IncidentNoted: lambda data: data["visibility"] == Visibility.PUBLIC,
    events.IncidentEscalated: lambda data: (
        data["kind"] == EscalationKind.FUNCTIONAL and data["group"] is not None
    ),
    events.IncidentCorrected: lambda data: data["fact"] in TIMES,
}
"""Events that matter only when this holds of their fields."""
BY_NAME = {
    kind.event_name: (kind.event_name.partition(".")[2], read, UNLESS.get(kind, ALWAYS))
    for kind, read in READERS.items()
}


def happening(recorded: Recorded[Any], policy: int) -> Happening | None:
    """What clocks need to know of an event, decided under this policy; none if nothing."""
    event = recorded.event
    # Only of a record that was taken over it matters when that was.
    taken_over = type(event) is events.IncidentImported
    return told(
        event.event_name,
        vars(event),
        microseconds(recorded.occurred_at),
        microseconds(recorded.recorded_at) if taken_over else 0,
        recorded.version,
        policy,
    )


def told(
    name: str, data: Fields, at: int, recorded_at: int, version: int, policy: int
) -> Happening | None:
    """`happening` of an event's stored name and fields, as they are stored or decoded."""
    known = BY_NAME.get(name)
    if known is None:
        return None
    kind, read, matters = known
    if not matters(data):
        return None
    value: Any = read(data)
    if kind == "imported":
        value = [value, recorded_at]
    return Happening(reach(at), version, policy, kind, value)


CORRECTED = {
    Fact.REPORTED_AT: ("reported", 0),
    Fact.ACKNOWLEDGED_AT: ("acknowledged", 0),
    Fact.RESOLVED_AT: ("resolved", -1),
    Fact.CLOSED_AT: ("closed", -1),
}
"""Of which happening each correction moves the time: of the first of its kind, or of the last."""


ENDS = {"resolved", "closed"}
SAID = {"reported", "prioritised", "categorised", "major-declared", "major-stood-down"}
"""What rules look at."""


def in_order(happenings: Iterable[Happening]) -> list[Happening]:
    """Happenings in the order in which they took place, as is known after all of them.

    A correction moves the time of what it corrects; where there is no such thing, it tells of it.
    What is said of an incident at one instant holds for all that happens to it at that instant.
    """
    known = list(happenings)
    if any(each.kind == "corrected" for each in known):
        known.sort(key=lambda each: each.version)
        corrections = [each for each in known if each.kind == "corrected"]
        known = [each for each in known if each.kind != "corrected"]
        for correction in corrections:
            _correct(known, correction)
    known.sort(key=lambda each: (each.at, each.kind not in SAID, each.version))
    return known


def _correct(known: list[Happening], correction: Happening) -> None:
    fact, now = correction.value
    kind, which = CORRECTED[fact]
    places = [
        place
        for place, each in enumerate(known)
        if each.kind == kind and each.version < correction.version
    ]
    _take_back(known, kind, correction.version)
    if not places:
        empty: list[str] | None = [] if kind == "reported" else None
        known.append(correction._replace(at=reach(now), kind=kind, value=empty))
    else:
        known[places[which]] = known[places[which]]._replace(at=reach(now))


def _take_back(known: list[Happening], kind: str, version: int) -> None:
    """Once its end is corrected, a record that was taken over as ended says no more when that was.

    Unless it was reopened before the correction, which then is about a later end.
    """
    if kind in ENDS and not any(e.kind == "reopened" and e.version < version for e in known):
        for place, each in enumerate(known):
            if each.kind == "imported" and each.version < version and each.value[0] in ENDS:
                value = [Status.IN_PROGRESS, each.value[1]]
                known[place] = each._replace(value=value)
