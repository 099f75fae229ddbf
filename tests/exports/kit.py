"""One incident whose exports can be written down by hand, and ways to export it."""

from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from uuid import UUID

from tests.whatif.kit import (
    MARCH,
    STRICTER,
    When,
    entry_of,
    published,
    record,
    stream_of,
)
from tocsin.domain.clock.events import TargetBreached
from tocsin.domain.clock.happening import clock_stream
from tocsin.domain.incident import events as e
from tocsin.domain.incident.values import HoldReason, LinkKind, Source
from tocsin.domain.kernel import Claim, Event
from tocsin.domain.policy.state import POLICY_STREAM
from tocsin.domain.policy.values import Measure
from tocsin.exports import formats
from tocsin.exports.format import Counts
from tocsin.exports.reading import Source as Reading
from tocsin.exports.run import to_file, to_stream
from tocsin.exports.selection import Selection
from tocsin.store.entries import Stored
from tocsin.store.log import Log

REFERENCE = "INC0000007"
STREAM = stream_of(REFERENCE)
TITLE = 'No "mail" <at all> & =1+1'
EVERYTHING = Selection()


def at(minute: int) -> datetime:
    return MARCH + timedelta(minutes=minute)


def story() -> list[When]:
    """Held, handed over, linked to a problem, resolved; the hand-over was recorded late."""
    reported = e.IncidentReported(
        title=TITLE,
        source=Source.MONITORING,
        services=("e-mail",),
        configuration_items=("mx1", "mx2"),
        detected_at=at(-5),
    )
    return [
        (at(0), reported),
        (at(0), e.IncidentLogged(reference=REFERENCE)),
        (at(0), e.IncidentPrioritised(priority=2)),
        (at(1), e.IncidentAssigned(group="network")),
        (at(2), e.IncidentHeld(reason=HoldReason.AWAITING_CALLER)),
        (at(5), e.IncidentResumed()),
        (at(4), e.IncidentAssigned(group="mail", assignee="bo")),
        (at(6), e.IncidentLinked(kind=LinkKind.PROBLEM, target="PRB1")),
        (at(9), e.IncidentResolved(resolution_code="fixed", resolution="Restarted.")),
    ]


def breach() -> TargetBreached:
    return TargetBreached(
        incident_id=str(STREAM),
        incident_version=1,
        measure=Measure.RESOLUTION,
        target="Resolution: high",
        since=1,
        goal_seconds=480,
        policy_version=1,
    )


def record_story(log: Log) -> None:
    """The incident, at positions 1 to 9, what its clock says, and a policy."""
    entry = replace(entry_of(STREAM, 0, story()), claims=(Claim("reference", REFERENCE),))
    (outcome,) = log.commit([entry])
    assert isinstance(outcome, Stored), outcome
    record(log, clock_stream(STREAM), [(at(8), breach())])
    record(log, POLICY_STREAM, published(2, STRICTER))


def exported(
    log: Log, name: str, selection: Selection = EVERYTHING, **chosen: str
) -> tuple[bytes, Counts]:
    """What a format makes of a log, on a stream."""
    out = BytesIO()
    named = {key.replace("_", "-"): value for key, value in chosen.items()}
    counts = to_stream(formats()[name], Reading(log, selection), out, named)
    return out.getvalue(), counts


def made(log: Log, name: str, file: Path, selection: Selection = EVERYTHING) -> Counts:
    """The same in a file."""
    return to_file(formats()[name], Reading(log, selection), file, {}, force=False)


def told(log: Log, *happened: Event, actor: str = "anna", stream: UUID = STREAM) -> None:
    """Record events of one moment, by somebody."""
    entry = entry_of(stream, log.version(stream), [(MARCH, event) for event in happened])
    drafts = tuple(replace(draft, actor=actor) for draft in entry.drafts)
    (outcome,) = log.commit([replace(entry, drafts=drafts)])
    assert isinstance(outcome, Stored), outcome
