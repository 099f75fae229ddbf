"""A what-if over a million events: how many a second, beside how many processors there are."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from time import perf_counter
from uuid import UUID, uuid4

from tocsin.crew import processors
from tocsin.domain.incident import events as e
from tocsin.domain.incident.values import HoldReason, Impact, Source, Urgency
from tocsin.domain.kernel import Event, Recorded
from tocsin.domain.policy import DEFAULT_POLICY
from tocsin.settings import Settings
from tocsin.store.entries import Entry
from tocsin.store.log import Log
from tocsin.whatif.replay import Asked, pinned, replay
from tocsin.whatif.report import rendered

EVENTS = 1_000_000
AT_ONCE = 250
BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
MINUTES = 500_000
"""About a year, over which incidents are spread."""
GROUPS = [f"Group {number}" for number in range(40)]


@dataclass(frozen=True)
class Figures:
    """Events a second, of how many, by how many processors; and how many verdicts changed."""

    per_second: float
    events: int
    processors: int
    changed: int


def measure(home: Path) -> Figures:
    """Ask what would have breached with half the time for everything; the log is written once."""
    settings = Settings(home=home)
    prepared(home)
    log = Log.open(settings)
    half = [replace(each, goal_seconds=each.goal_seconds // 2) for each in DEFAULT_POLICY.targets]
    policy = replace(DEFAULT_POLICY, targets=tuple(half))
    question = pinned(log, Asked(policy=policy), settings.what_if_incidents)
    log.close()
    started = perf_counter()
    answer = replay(settings, question)
    seconds = perf_counter() - started
    assert answer is not None
    assert rendered(answer)
    changed = answer["verdicts"]["incidents"]
    assert changed, "half the time is not enough for somebody"
    return Figures(question.position / seconds, question.position, processors(), changed)


def prepared(home: Path) -> None:
    """Have the log there, with so many events at least."""
    log = Log.open(Settings(home=home), writer=True)
    if log.head() < EVENTS:
        _write(log)
    log.close()


def _write(log: Log) -> None:
    dice, number = Random(1), 0
    while (head := log.head()) < EVENTS:
        entries = []
        for _ in range(AT_ONCE):
            number += 1
            entries.append(_entry(uuid4(), _life(number, dice)))
        log.commit(entries)
        assert log.head() > head


def _life(number: int, dice: Random) -> Iterator[tuple[datetime, Event]]:
    """Nine events, from the report to the closed record, as long as it takes."""
    at = BEGIN + timedelta(minutes=dice.randrange(MINUTES))
    impact, urgency = dice.choice([*Impact]), dice.choice([*Urgency])
    priority = DEFAULT_POLICY.priority(impact, urgency).value
    yield at, e.IncidentReported(title="Alert", source=dice.choice([*Source]))
    yield at, e.IncidentLogged(reference=f"INC{number:07d}")
    yield (
        at,
        e.IncidentPrioritised(priority=priority, impact=impact, urgency=urgency, policy_version=1),
    )
    yield at, e.IncidentAssigned(group=dice.choice(GROUPS))
    story = (
        e.IncidentAcknowledged(),
        e.IncidentHeld(reason=dice.choice([*HoldReason])),
        e.IncidentResumed(),
        e.IncidentResolved(resolution_code="fixed", resolution="Restarted."),
        e.IncidentClosed(closure_code="fixed"),
    )
    for event in story:
        at += timedelta(minutes=dice.expovariate(1 / (60 * priority)))
        yield at, event


def _entry(stream: UUID, life: Iterator[tuple[datetime, Event]]) -> Entry:
    command_id = uuid4()
    drafts = tuple(
        Recorded(
            stream=stream, version=version, position=0, actor="bench", occurred_at=at,
            recorded_at=at, command_id=command_id, event=event,
        )
        for version, (at, event) in enumerate(life, 1)
    )  # fmt: skip
    return Entry(command_id=command_id, fingerprint=b"", drafts=drafts, answer=lambda _: b"")
