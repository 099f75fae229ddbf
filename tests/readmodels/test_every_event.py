"""Has every read model thought of every event?

An event that is added and forgotten in one read model makes its counts drift for ever. So each
must either change when it happens, or be named here as of no concern to that read model.
"""

from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.readmodels.conftest import named
from tests.readmodels.streams import (
    BEGIN,
    IMPORTED,
    KINDS,
    LOGGED,
    REPORTED,
    Scribe,
    histories,
    stream,
    wild,
)
from tocsin.domain.incident import events
from tocsin.domain.incident.state import INCIDENT
from tocsin.domain.incident.values import (
    OPEN,
    Audience,
    EscalationKind,
    Fact,
    LinkKind,
    Risk,
    Status,
)
from tocsin.domain.kernel import EVENTS, Event
from tocsin.readmodels import found
from tocsin.readmodels.projection import within

TALK: set[type[Event]] = {
    events.IncidentNoted,
    events.IncidentDiagnosed,
    events.InformationRequested,
    events.InformationProvided,
    events.CauseIdentified,
    events.WorkaroundProposed,
    events.WorkaroundApproved,
    events.WorkaroundRejected,
    events.ResolutionTested,
}
"""Only counted by a list: it shows neither texts nor proposals."""
BESIDE_THE_WORK: set[type[Event]] = TALK | {
    events.IncidentVerified,
    events.IncidentCategorised,
    events.WorkaroundApplied,
    events.WorkaroundWithdrawn,
    events.ResolutionConfirmed,
    events.ResolutionRejected,
    events.IncidentLinked,
    events.IncidentUnlinked,
    events.UpdatePosted,
    events.SlaMarkedBreached,
}
"""Says nothing of who holds the work, or whether there is any."""
BESIDE_THE_CLOCKS: set[type[Event]] = TALK | {
    events.ResolutionRejected,
    events.IncidentLinked,
    events.IncidentUnlinked,
    events.SlaMarkedBreached,
}
"""Begins, stops, ends or replaces no timer. What another system marked is no verdict of ours."""
IRRELEVANT: dict[str, set[type[Event]]] = {
    "agenda": BESIDE_THE_CLOCKS,
    "incidents": TALK,
    "open_queue": BESIDE_THE_WORK,
    "sla_timers": BESIDE_THE_CLOCKS,
    "timeline": set(),
    "workload": BESIDE_THE_WORK | {events.MajorIncidentDeclared, events.MajorIncidentStoodDown},
}
OF_OTHERS = {"action_items", "evidence", "reviews"}
"""They are not about incidents, and are held to the same beside."""
COUNTS = {"version", "position", "updated_at"}
LATER = BEGIN.replace(year=2030)
LIVES: tuple[tuple[Event, ...], ...] = (
    (),
    (REPORTED,),
    (REPORTED, LOGGED),
    (REPORTED, LOGGED, IMPORTED),
    (
        REPORTED,
        LOGGED,
        events.IncidentVerified(source=REPORTED.source),
        events.IncidentPrioritised(priority=3),
        events.MajorIncidentDeclared(incident_manager="ann", meeting_place="here"),
        events.WorkaroundApplied(workaround="W1"),
        events.IncidentLinked(kind=LinkKind.PROBLEM, target="mail"),
        events.IncidentResolved(resolution_code="fixed", resolution="Put it right."),
        events.ResolutionConfirmed(confirmed_by="ben", satisfaction=4),
    ),
)
"""Places in a life where something that matters could happen."""
EXAMPLES: dict[type[Event], Event] = {
    events.WorkaroundWithdrawn: events.WorkaroundWithdrawn(workaround="W1", reason="worse"),
    events.IncidentUnlinked: events.IncidentUnlinked(kind=LinkKind.PROBLEM, target="mail"),
    events.IncidentCorrected: events.IncidentCorrected(
        fact=Fact.REPORTED_AT, was=None, now=LATER.isoformat(), reason="it was later"
    ),
    events.UpdatePosted: events.UpdatePosted(
        audience=Audience.PUBLIC, message="Soon.", next_update_due=LATER
    ),
    events.IncidentCategorised: events.IncidentCategorised(category="mail"),
    events.IncidentPrioritised: events.IncidentPrioritised(priority=1),
    events.IncidentAssigned: events.IncidentAssigned(group="network", assignee="cleo"),
    events.IncidentEscalated: events.IncidentEscalated(
        kind=EscalationKind.FUNCTIONAL, group="network"
    ),
}


def example(kind: type[Event]) -> Event:
    """One event of each class: by hand where a wild one would mean nothing."""
    if kind in EXAMPLES:
        return EXAMPLES[kind]
    return {type(e): e for life in LIVES for e in life}.get(kind) or simplest(kind)


def simplest(kind: type[Event]) -> Event:
    found_one: list[Event] = []

    @settings(max_examples=1, database=None, derandomize=True)
    @given(wild(kind))
    def look(event: Event) -> None:
        found_one.append(event)

    look()
    return found_one[0]


def fold_for(fold: Any, row: Any, recorded: Any) -> Any:
    return fold(row, recorded, recorded.stream)


def changes(name: str, kind: type[Event]) -> bool:
    """Whether an event of a class changes a row (or state) anywhere in a life, but for counts."""
    projection = named(name)
    context = projection.context() if projection.context else None
    fold: Any = within(context, projection.fold)
    if projection.takes_key:
        fold = partial(fold_for, fold)
    for life in LIVES:
        scribe = Scribe()
        row: Any = None
        for event in life:
            row = fold(row, scribe.record(stream(1), event))
        before = vars(row) if row is not None else {}
        after = vars(fold(row, scribe.record(stream(1), example(kind))))
        if row is not None and {k: v for k, v in before.items() if k not in COUNTS} != {
            k: v for k, v in after.items() if k not in COUNTS
        }:
            return True
    return False


def test_every_read_model_says_what_does_not_concern_it() -> None:
    assert {projection.name for projection in found()} == {*IRRELEVANT, *OF_OTHERS}


def test_every_event_of_an_incident_is_offered_to_every_read_model() -> None:
    """The union that the folds name has all events of the catalogue that are about incidents."""
    of_incidents = {e for name, e in EVENTS.items() if e.__module__ == events.__name__}
    assert of_incidents == set(KINDS)
    for projection in found():
        if projection.name not in OF_OTHERS:
            assert of_incidents <= projection.events


@pytest.mark.parametrize("name", sorted(IRRELEVANT))
def test_every_event_is_folded_or_known_not_to_matter(name: str) -> None:
    """In both directions: neither forgotten, nor called irrelevant while it is folded."""
    folded = {kind for kind in KINDS if changes(name, kind)}
    assert set(KINDS) - folded == IRRELEVANT[name]


SHARED = {
    "incidents": (
        "version status reference title source reporter services verified imported_from category"
        " subcategory impact urgency priority group assignee level reassignment_count"
        " functional_escalations hierarchical_escalations major next_update_due resolution_code"
        " closure_code confirmed satisfaction reopen_count sla_marked_breached impact_began_at"
        " detected_at reported_at acknowledged_at resolved_at closed_at"
    ),
    "open_queue": "status reference title assignee level priority major reopen_count",
    "workload": "status priority",
}
"""Facts that a row and the aggregate both know, under the same name."""


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(history=histories())
def test_rows_agree_with_the_incident_itself(history: Any) -> None:
    """A list must not tell another story than the record, whatever happened."""
    streams = {recorded.stream for recorded in history}
    for of in streams:
        own = [recorded for recorded in history if recorded.stream == of]
        incident = INCIDENT.fold(of, own)
        waits = incident.status in OPEN and incident.reference is not None
        for name, fields in SHARED.items():
            projection = named(name)
            row: Any = None
            for recorded in own:
                row = projection.fold(row, recorded)
            for field in fields.split():
                assert getattr(incident, field) == getattr(row, field), (name, field)
            if name == "incidents":
                assert (incident.status in OPEN) == row.open
                assert [f"{link.kind} {link.target}" for link in incident.links] == [*row.links]
            if name == "open_queue":
                assert waits == row.waiting
                assert (incident.status is Status.ON_HOLD) == row.on_hold
            if name == "workload":
                assert waits == row.open


PROPOSALS = {
    events.WorkaroundProposed,
    events.WorkaroundApproved,
    events.WorkaroundRejected,
}
AFTER_PROPOSALS = [kind for kind in KINDS if kind not in PROPOSALS]


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(history=st.lists(st.sampled_from(AFTER_PROPOSALS).flatmap(wild), max_size=12))
def test_mitigation_is_dated_as_in_the_incident(history: Any) -> None:
    """With workarounds that were proposed before, as the commands see to."""
    scribe = Scribe()
    proposed = [
        events.WorkaroundProposed(
            workaround=name,
            description="Use the other one.",
            cost=0,
            risk=Risk.LOW,
            approval_required=False,
            policy_version=1,
        )
        for name in ("network", "mail", "(none)", "O'Brien", "Ä")
    ]
    told = [scribe.record(stream(1), event) for event in [REPORTED, *proposed, *history]]
    incident = INCIDENT.fold(stream(1), told)
    row: Any = None
    for recorded in told:
        row = named("incidents").fold(row, recorded)
    assert incident.mitigated_at == row.mitigated_at
