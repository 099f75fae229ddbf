"""How the life of one incident is told: what people did, what time did, how its promises stand."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from textwrap import dedent

from tests.life.rules import at
from tocsin.domain.incident.command import IncidentCommand
from tocsin.domain.incident.commands.investigation import Hold, Resume
from tocsin.domain.incident.commands.keeping import Correct, PostUpdate
from tocsin.domain.incident.commands.reporting import Report
from tocsin.domain.incident.commands.resolution import Reopen, Resolve
from tocsin.domain.incident.commands.triage import Acknowledge, Assign, Categorise, Prioritise
from tocsin.domain.incident.values import Audience, Fact, HoldReason, Impact, Source, Urgency
from tocsin.domain.kernel import replace

HIGH, MEDIUM, LOW = Impact
P1 = Prioritise(impact=HIGH, urgency=Urgency.HIGH)
P2 = Prioritise(impact=HIGH, urgency=Urgency.MEDIUM)
P3 = Prioritise(impact=MEDIUM, urgency=Urgency.MEDIUM)
P4 = Prioritise(impact=LOW, urgency=Urgency.MEDIUM)
P5 = Prioritise(impact=LOW, urgency=Urgency.LOW)
TAKEN = Acknowledge()
RESUMED = Resume()
DESK, NETWORK, OPERATIONS = (Assign(group=name) for name in ("desk", "network", "operations"))
BATCH = Categorise(category="batch")
RESOLVED = Resolve(resolution_code="fixed", resolution="It works again.")
REOPENED = Reopen(reason="It is back.")


def reported(title: str) -> Report:
    """Somebody rings."""
    return Report(title=title, source=Source.USER_REPORT)


def held(reason: HoldReason, until: str | None = None) -> Hold:
    """Others are waited for."""
    return Hold(reason=reason, until=at(until) if until else None)


def told(message: str, then: str | None = None) -> PostUpdate:
    """Those affected hear how it stands, and maybe when they will hear again."""
    due = at(then) if then else None
    return PostUpdate(audience=Audience.AFFECTED_USERS, message=message, next_update_due=due)


def corrected(fact: Fact, now: str) -> Correct:
    """It was at another time than the record says."""
    return Correct(fact=fact, now=at(now).isoformat(), reason="The slip of paper says so.")


def on(when: str, command: IncidentCommand) -> IncidentCommand:
    """The same, stating that it happened then, though it is told only now."""
    return replace(command, occurred_at=at(when))


@dataclass(frozen=True)
class Story:
    """The life of one incident, as the rules have it. Nothing of it was copied from an answer."""

    name: str
    people: tuple[tuple[str, *tuple[IncidentCommand, ...]], ...]
    """What they did, and when. Without a report, it comes from another system."""
    time: str = ""
    """What time does: when it is due, and when that is known, if not at once."""
    stands: str = ""
    """How each promise stands at the end, and in which cycle."""

    @property
    def acts(self) -> list[str]:
        """What time does, line by line."""
        return dedent(self.time).strip().splitlines()

    @property
    def verdicts(self) -> list[str]:
        """How each promise stands, line by line."""
        return sorted(dedent(self.stands).strip().splitlines())

    def deeds(self) -> Iterator[tuple[datetime, "Story", tuple[IncidentCommand, ...]]]:
        """What people did, with the instant."""
        for when, *commands in self.people:
            yield at(when), self, tuple(commands)
