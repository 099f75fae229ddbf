"""A report of a period: one pass over the log, and what lies beside it."""

from collections.abc import Callable
from datetime import UTC, datetime

from tocsin.audit.report.checking import Check
from tocsin.audit.report.facts import Listed, Report
from tocsin.audit.report.surroundings import accesses, key_changes, policies
from tocsin.audit.report.tallying import Tally
from tocsin.audit.report.telling import Telling
from tocsin.domain.policy.state import POLICY_STREAM
from tocsin.ledger.notary import keys_ever
from tocsin.policies.versions import versions
from tocsin.process import unswept
from tocsin.replaying.period import Period, Progress, events, never, recorded_at, silent
from tocsin.settings import Settings
from tocsin.store.log import Log

LATE_SECONDS = 3_600
"""From so long between happening and being recorded on, an entry counts as late."""


def report_of(
    settings: Settings,
    log: Log,
    period: Period,
    *,
    late_seconds: int = LATE_SECONDS,
    progress: Progress = silent,
    stop: Callable[[], bool] = never,
) -> Report:
    """What happened in a period. What is recorded meanwhile is left out.

    Raises:
        Stopped: `stop` said so.
        Torn: the log has a gap.
        Unreadable: an event cannot be decoded.
    """
    head, made_at = log.head(), datetime.now(UTC)
    tally = Tally(late_seconds)
    check = Check(log, keys_ever(log), lambda point: period.holds(point.made_at))
    for page in events(log, head, progress=progress, stop=stop):
        with unswept():
            check.add([body for _, body in page])
            for position, body in page:
                if period.holds(recorded_at(body)):
                    tally.add(log, position, body)
    told = Telling(log)
    return Report(
        since=period.since,
        until=period.until,
        made_at=made_at,
        place=log.place,
        head=head,
        volume=tally.volume(),
        actors=tally.acting(),
        imported=tally.imported,
        policies=policies(versions(log.history(POLICY_STREAM)), period),
        corrections=told.corrections(tally),
        late_seconds=late_seconds,
        late=told.late(tally),
        subjects=told.happened(tally, "subject"),
        evidence=told.happened(tally, "evidence"),
        keys=key_changes(settings, period),
        access=accesses(settings, log.seals, period),
        checkpoints=Listed(count=check.count, named=check.named),
        verification=check.outcome(tally.last),
    )
