"""Incidents to put to the clocks, across a change of the clocks on the wall, and policies."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TypeVar
from uuid import UUID

from hypothesis import strategies as st

from tests.clock.oracle import MINUTE_US, OVER, Published, Window, minutes
from tocsin.domain.calendar import ALWAYS, WEEKDAYS, Calendar, ClosedDate, Closure, week
from tocsin.domain.incident import events as e
from tocsin.domain.incident.values import (
    Audience,
    EscalationKind,
    Fact,
    HoldReason,
    Source,
    Visibility,
)
from tocsin.domain.kernel import Event, Recorded
from tocsin.domain.openings import instant
from tocsin.domain.policy import Policy
from tocsin.domain.policy.rules import Condition, Target
from tocsin.domain.policy.values import Measure, Moment

E = TypeVar("E", bound=Event)
DAY = 24 * 60
LIFE, LENGTH = 20 * DAY, 45 * DAY
"""How long an incident may take, and how long somebody looks at it."""
WINDOWS = tuple(
    Window(minutes(datetime(2026, month, day, tzinfo=UTC)), LENGTH)
    for month, day in ((3, 20), (10, 16))
)
"""Each has a change of the clocks in it, and a public holiday."""

OFFICE = Calendar(
    name="office",
    zone="Europe/Vienna",
    week=week({day: ["08:00-12:00", "12:30-17:00"] for day in WEEKDAYS[:5]}),
    closed=(ClosedDate(date(2026, 4, 6), "Easter"), ClosedDate(date(2026, 10, 26), "National")),
    closures=(
        Closure(
            datetime(2026, 3, 24, 9, tzinfo=UTC), datetime(2026, 3, 24, 11, tzinfo=UTC), "Fire"
        ),
    ),
)
NIGHTS = Calendar(
    name="nights", zone="America/New_York", week=week({day: ["22:00-06:00"] for day in WEEKDAYS})
)
QUARTERS = Calendar(name="quarters", zone="Asia/Kathmandu", week=OFFICE.week)
CALENDARS = (ALWAYS, OFFICE, NIGHTS, QUARTERS)

STREAM, COMMAND = UUID(int=7), UUID(int=8)
REASONS = (HoldReason.AWAITING_CALLER, HoldReason.AWAITING_VENDOR)
GROUPS = ("desk", "network")
STOPS = {
    Measure.FIRST_RESPONSE: (Moment.ACKNOWLEDGED, Moment.RESOLVED),
    Measure.UPDATE_CADENCE: (Moment.RESOLVED,),
    Measure.RESOLUTION: (Moment.RESOLVED,),
    Measure.GROUP: (Moment.PASSED_ON, Moment.RESOLVED),
}
STARTS = {
    Measure.FIRST_RESPONSE: Moment.REPORTED,
    Measure.UPDATE_CADENCE: Moment.LOGGED,
    Measure.RESOLUTION: Moment.REPORTED,
    Measure.GROUP: Moment.ASSIGNED,
}

CONDITIONS = st.sampled_from(
    [
        Condition(),
        Condition(),
        Condition(priority=(1,)),
        Condition(priority=(1, 2)),
        Condition(priority=(2, 3)),
        Condition(category=("network",)),
        Condition(category=("network/vpn",)),
        Condition(service=("mail",)),
        Condition(major=True),
        Condition(major=False, priority=(1, 2, 3)),
    ]
)
GOALS = st.sampled_from([15, 60, 240, 480, 1440, 3 * 1440, 8 * 1440]) | st.integers(1, 12 * 1440)


@dataclass(frozen=True)
class Life:
    """One incident with the policies that were in force meanwhile."""

    history: tuple[Recorded[e.IncidentEvent], ...]
    """In the order in which it was recorded."""
    published: Published
    as_of: int
    window: Window


@st.composite
def targets(draw: st.DrawFn, measure: Measure, place: int) -> Target:
    """A target; of the same place in another policy, one of the same name."""
    groups = draw(st.sampled_from([GROUPS, GROUPS[:1]])) if measure is Measure.GROUP else ()
    return Target(
        name=f"{measure} {place}",
        measure=measure,
        groups=groups,
        when=draw(CONDITIONS),
        goal_seconds=60 * draw(GOALS),
        calendar=draw(st.sampled_from(CALENDARS)).name,
        start=STARTS[measure],
        stop=STOPS[measure],
        pause=draw(st.sampled_from([REASONS[:1], REASONS, ()])),
        warn_percent=draw(st.sampled_from([(), (50,), (75, 90)])),
    )


@st.composite
def policies(draw: st.DrawFn, version: int) -> Policy:
    """A policy with some targets of every kind."""
    return Policy(
        version=version,
        calendars={each.name: each for each in CALENDARS},
        targets=tuple(
            draw(targets(measure, place))
            for measure in Measure
            for place in range(draw(st.integers(0, 3)))
        ),
    )


REPORTED = st.sampled_from([("mail",), (), ("mail", "web")]).map(
    lambda services: e.IncidentReported(title="Down", source=Source.MONITORING, services=services)
)
LOGGED = e.IncidentLogged(reference="INC0000001")
DISMISSED, CANCELLED = e.IncidentDismissed(reason="No."), e.IncidentCancelled(reason="No.")
ACKNOWLEDGED, RESUMED = e.IncidentAcknowledged(), e.IncidentResumed()
RESOLVED = e.IncidentResolved(resolution_code="fixed", resolution="Done.")
CLOSED, REOPENED = e.IncidentClosed(closure_code="done"), e.IncidentReopened(reason="Again.")
PRIORITISED = [e.IncidentPrioritised(priority=n, override_reason="So.") for n in (1, 2, 3)]
CATEGORISED = [
    e.IncidentCategorised(category="network"),
    e.IncidentCategorised(category="network", subcategory="vpn"),
    e.IncidentCategorised(category="software"),
]
HELD = [e.IncidentHeld(reason=reason) for reason in (*REASONS, HoldReason.AWAITING_CHANGE)]
ASSIGNED: list[e.IncidentEvent] = [e.IncidentAssigned(group=group) for group in (*GROUPS, None)]
ESCALATED = [
    e.IncidentEscalated(kind=EscalationKind.FUNCTIONAL, group="network"),
    e.IncidentEscalated(kind=EscalationKind.FUNCTIONAL, level=2),
]
MAJOR: list[e.IncidentEvent] = [
    e.MajorIncidentDeclared(incident_manager="ivo", meeting_place="Here"),
    e.MajorIncidentStoodDown(reason="No."),
]
TOLD: list[e.IncidentEvent] = [
    e.UpdatePosted(audience=Audience.AFFECTED_USERS, message="Soon."),
    e.UpdatePosted(audience=Audience.RESPONDERS, message="Look there."),
    e.IncidentNoted(text="Soon.", visibility=Visibility.PUBLIC),
    e.IncidentNoted(text="Odd.", visibility=Visibility.INTERNAL),
]
WORK: list[e.IncidentEvent] = [
    *PRIORITISED, *CATEGORISED, *HELD, *HELD, *ASSIGNED, *ESCALATED, *MAJOR, *TOLD, ACKNOWLEDGED,
    ACKNOWLEDGED, ACKNOWLEDGED, RESUMED, RESUMED, e.WorkaroundApplied(workaround="W1"), RESOLVED,
    RESOLVED, CLOSED, CANCELLED,
]  # fmt: skip
AFTERWARDS: list[e.IncidentEvent] = [*PRIORITISED[:2], *TOLD[:1], MAJOR[1], REOPENED, REOPENED]


def possible(past: Sequence[e.IncidentEvent]) -> Sequence[e.IncidentEvent]:
    """What can happen to an incident to which that has happened."""
    ended = next(
        (each for each in reversed(past) if isinstance(each, OVER | e.IncidentReopened)), None
    )
    if isinstance(ended, e.IncidentResolved):
        return [*AFTERWARDS, CLOSED, CLOSED]
    if isinstance(ended, OVER):
        return [REOPENED]
    if not any(isinstance(each, e.IncidentLogged) for each in past):
        return [LOGGED] * 20 + [DISMISSED]
    return WORK


GAPS = st.sampled_from([1, 14, 15, 16, 59, 60, 61, 240, 480, 1000, 1440]) | st.integers(1, 3000)
Told = list[tuple[int, e.IncidentEvent]]
"""Events, each with the minute at which it happens."""


@st.composite
def deeds(draw: st.DrawFn) -> Told:
    """What happens to an incident, in the order of the world, in minutes after its report.

    No two things happen in one minute.
    """
    at = 0
    found: Told = [(0, draw(REPORTED))]
    for _ in range(draw(st.integers(1, 14))):
        at += draw(GAPS)
        if at > LIFE:
            break
        event = draw(st.sampled_from(possible([event for _, event in found])))
        found.append((at, event))
    return found


CORRECTABLE: list[tuple[type[e.IncidentEvent], Fact, int]] = [
    (e.IncidentReported, Fact.REPORTED_AT, 0),
    (e.IncidentAcknowledged, Fact.ACKNOWLEDGED_AT, 0),
    (e.IncidentResolved, Fact.RESOLVED_AT, -1),
    (e.IncidentClosed, Fact.CLOSED_AT, -1),
]
LATE = st.sampled_from([0, 0, 0, 1, 3, 6])


BEFORE = st.lists(st.sampled_from([0, 0, 1, 2, 4, 8]), min_size=1, max_size=3)
FIRST = st.just([0])
"""Before which event of the incident a policy is published: any, or the first one."""


@st.composite
def lives(
    draw: st.DrawFn, *, before: st.SearchStrategy[list[int]] = BEFORE, corrected: bool = True
) -> Life:
    """An incident, told in some order, maybe corrected, under one policy or several."""
    window = draw(st.sampled_from(WINDOWS))
    begin = window.begin + draw(st.integers(3 * DAY, 12 * DAY))
    told = [(begin + at, event) for at, event in draw(deeds())]
    late = [-1, *(place + draw(LATE) for place in range(1, len(told)))]
    recorded = [told[place] for place in sorted(range(len(told)), key=lambda place: late[place])]
    if corrected:
        recorded += draw(corrections(told, recorded))
    as_of = max(at for at, _ in told) + draw(GAPS)
    history, published = logged(recorded, draw(before))
    numbered = tuple((at, draw(policies(number))) for number, at in enumerate(published, 2))
    return Life(history, numbered, as_of, window)


@st.composite
def corrections(draw: st.DrawFn, told: Told, recorded: Told) -> Told:
    """At most one of each kind, to a minute at which nothing else happened."""
    found: Told = []
    taken, last = {at for at, _ in told}, max(at for at, _ in told)
    for kind, fact, which in draw(st.lists(st.sampled_from(CORRECTABLE), max_size=2, unique=True)):
        at = [at for at, event in recorded if isinstance(event, kind)]
        if at:
            earlier = max((each for each in taken if each < at[which]), default=at[which] - DAY)
            later = min((each for each in taken if each > at[which]), default=last + 1)
            if fact is Fact.ACKNOWLEDGED_AT:
                earlier, later = min(taken), last
            now = draw(st.integers(earlier, later))
            if now not in taken:
                taken.add(now)
                says = instant(now * MINUTE_US).isoformat()
                corrected = e.IncidentCorrected(fact=fact, was=None, now=says, reason="Wrong.")
                found.append((last, corrected))
    return found


def logged(
    told: Told, published_before: Sequence[int]
) -> tuple[tuple[Recorded[e.IncidentEvent], ...], list[int]]:
    """Events in a log, and the positions of the policies that were published in between."""
    history: list[Recorded[e.IncidentEvent]] = []
    published: list[int] = []
    waiting, position = sorted(published_before), 0
    for version, (at, event) in enumerate(told, 1):
        while waiting and waiting[0] < version:
            waiting.pop(0)
            position += 1
            published.append(position)
        position += 1
        history.append(in_envelope(event, version, position, at))
    published += range(position + 1, position + 1 + len(waiting))
    return tuple(history), published


def in_envelope(
    event: E, version: int, position: int, at: int, stream: UUID = STREAM
) -> Recorded[E]:
    """An event as the log would hold it; it was recorded on time, or late."""
    return Recorded(
        stream=stream,
        version=version,
        position=position,
        actor="ann",
        via=None,
        occurred_at=instant(at * MINUTE_US),
        recorded_at=instant((at + version) * MINUTE_US),
        command_id=COMMAND,
        causation=None,
        event=event,
    )


def promising(version: int, *found: tuple[Measure, Condition, int]) -> Policy:
    """A policy of a few targets on a calendar that never closes, with goals in minutes."""
    return Policy(
        version=version,
        targets=tuple(
            Target(
                name=f"{measure} {place}",
                measure=measure,
                when=when,
                goal_seconds=60 * goal,
                calendar=ALWAYS.name,
                start=STARTS[measure],
                stop=STOPS[measure],
            )
            for place, (measure, when, goal) in enumerate(found)
        ),
    )


def life(events: Sequence[e.IncidentEvent], *published: tuple[int, Policy]) -> Life:
    """An event each hour, and each policy before one of them, counted from 0."""
    window = WINDOWS[0]
    told = [(window.begin + 60 * place, event) for place, event in enumerate(events)]
    history, positions = logged(told, [before for before, _ in published])
    policies = tuple(zip(positions, (policy for _, policy in published), strict=True))
    return Life(history, policies, told[-1][0] + 60, window)


P1, P2, P3 = PRIORITISED
FIRST_ONLY = Condition(priority=(1,))
PROMISED_AGAIN = life(
    [e.IncidentReported(title="Down", source=Source.MONITORING), LOGGED, P1, P2, TOLD[0], P1],
    (0, promising(2, (Measure.UPDATE_CADENCE, FIRST_ONLY, 30))),
)
"""An update comes while none is promised, and then some are promised again."""
REOPENED_TO_NOTHING = life(
    [e.IncidentReported(title="Down", source=Source.MONITORING), LOGGED, P1, RESOLVED, REOPENED],
    (0, promising(2, (Measure.RESOLUTION, FIRST_ONLY, 600))),
    (4, promising(3)),
)
"""By the time that it is reopened, another policy promises nothing."""
ANSWERED_LONG_AGO = life(
    [
        e.IncidentReported(title="Down", source=Source.MONITORING),
        LOGGED,
        ACKNOWLEDGED,
        RESOLVED,
        REOPENED,
        P1,
    ],
    (0, promising(2, (Measure.FIRST_RESPONSE, FIRST_ONLY, 600))),
)
"""A first response is promised only after somebody has responded."""
