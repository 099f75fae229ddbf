"""What happens to incidents of an imagined company: a week has its rhythm, and no two are alike.

Drawn by lot from a seed, so that the same history is there every time. Half of the incidents are
resolved within four days; some are passed on, held, reopened, set right, or never end.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random

from tocsin.domain.incident import events as e
from tocsin.domain.incident.values import (
    Audience,
    EscalationKind,
    Fact,
    HoldReason,
    Impact,
    LinkKind,
    Risk,
    Source,
    Urgency,
    Visibility,
)
from tocsin.domain.kernel import Event
from tocsin.domain.policy import DEFAULT_POLICY

BEGIN = datetime(2011, 1, 3, tzinfo=UTC)
"""A Monday."""
WEEKS = 16
SERVICES, CATEGORIES, GROUPS, ITEMS, PEOPLE = 60, 40, 30, 2_000, 400
WEEKDAYS = (1.15, 1.05, 1.0, 1.0, 0.9, 0.3, 0.25)
HOURS = (*(0.2,) * 6, 0.5, 1.0, 2.0, 3.0, 3.0, 2.5, 2.0, 2.5, 2.5, 2.0, 1.5, 1.0, *(0.5,) * 6)
_DAYS = list(accumulate(WEEKDAYS * WEEKS))
_HOURS = list(accumulate(HOURS))
_SERVICES = list(accumulate(1 / (place + 4) for place in range(SERVICES)))
RESOLVED_DAYS = {1: 0.2, 2: 1.0, 3: 2.5, 4: 4.0, 5: 5.0}
"""The median, by priority."""
LEVELS = [*Impact], (1, 3, 8), [*Urgency], (1, 3, 6)
Step = tuple[datetime, Event]
FIXED = "Restarted, and watched for a while."


@dataclass
class Life:
    """One incident, while its story is made up."""

    number: int
    dice: Random
    at: datetime
    priority: int = 3
    group: int = 0

    def after(self, median_minutes: float, spread: float = 1.0) -> datetime:
        """Some time later: half of the times sooner than the median."""
        minutes = median_minutes * self.dice.lognormvariate(0.0, spread)
        self.at += timedelta(minutes=minutes, milliseconds=1)
        return self.at

    def happens(self, share: float) -> bool:
        """Whether something happens that does in such a share of the cases."""
        return self.dice.random() < share


def life(number: int, dice: Random) -> Iterator[Step]:
    """What happens to one incident, and when: from its report on, in order."""
    day = dice.choices(range(len(_DAYS)), cum_weights=_DAYS)[0]
    hour = dice.choices(range(24), cum_weights=_HOURS)[0]
    at = BEGIN + timedelta(days=day, hours=hour, seconds=dice.randrange(3_600))
    one = Life(number, dice, at)
    yield from _opened(one)
    if one.happens(0.045):
        yield one.after(120), _ended_early(one)
        return
    yield from _taken_on(one)
    yield from _worked_on(one)
    yield from _resolved(one, RESOLVED_DAYS[one.priority] * 1_440)
    if one.happens(0.05):
        yield one.after(600), e.IncidentReopened(reason="It is back.")
        yield from _resolved(one, RESOLVED_DAYS[one.priority] * 360)
    yield from _closed(one)


def _opened(one: Life) -> Iterator[Step]:
    dice = one.dice
    service = dice.choices(range(SERVICES), cum_weights=_SERVICES)[0]
    category = (service * 7 + dice.randrange(3)) % CATEGORIES
    one.group = (category * 3 + dice.randrange(2)) % GROUPS
    item = f"ci-{service:02}-{dice.randrange(ITEMS // SERVICES):03}"
    yield (
        one.at,
        e.IncidentReported(
            title=f"Service {service} does not answer",
            source=dice.choices([*Source], (5, 2, 2, 1))[0],
            reporter=f"person {dice.randrange(5_000)}",
            services=(f"service {service:02}",),
            configuration_items=(item,) if one.happens(0.7) else (),
        ),
    )
    yield one.after(0.1), e.IncidentLogged(reference=f"INC000{one.number:09}")
    if one.happens(0.6):
        kind = f"part {dice.randrange(4)}"
        yield (
            one.after(1),
            e.IncidentCategorised(category=f"category {category:02}", subcategory=kind),
        )
    if one.happens(0.8):
        impacts, of_impact, urgencies, of_urgency = LEVELS
        impact = dice.choices(impacts, of_impact)[0]
        urgency = dice.choices(urgencies, of_urgency)[0]
        one.priority = DEFAULT_POLICY.priority(impact, urgency).value
        ranked = {"impact": impact, "urgency": urgency}
        yield (
            one.after(1),
            e.IncidentPrioritised(priority=one.priority, policy_version=1, **ranked),
        )
    if one.happens(0.65):
        yield one.after(5), _assigned(one)


def _ended_early(one: Life) -> Event:
    if one.happens(0.3):
        return e.IncidentDismissed(reason="Nothing was wrong.")
    return e.IncidentCancelled(reason="Reported twice.")


def _assigned(one: Life, person: bool = False) -> Event:
    assignee = f"person {one.group * 13 + one.dice.randrange(13)}" if person else None
    return e.IncidentAssigned(group=f"group {one.group:02}", assignee=assignee, level=1)


def _taken_on(one: Life) -> Iterator[Step]:
    if one.happens(0.55):
        yield one.after(12 * one.priority), e.IncidentAcknowledged()
    if one.happens(0.01 if one.priority > 1 else 0.15):
        yield (
            one.after(15),
            e.MajorIncidentDeclared(incident_manager="person 7", meeting_place="room 1"),
        )
        yield one.after(20), _update()
        yield one.after(60), _update()
        if one.happens(0.7):
            yield one.after(120), e.MajorIncidentStoodDown(reason="Under control.")


def _update() -> Event:
    return e.UpdatePosted(audience=Audience.AFFECTED_USERS, message="We are working on it.")


def _worked_on(one: Life) -> Iterator[Step]:
    dice, home = one.dice, one.group
    if one.happens(0.16):
        one.group = dice.randrange(GROUPS)
        yield one.after(240), _assigned(one)
        if one.happens(0.25):
            one.group = home
            yield one.after(120), _assigned(one)
    if one.happens(0.12):
        yield one.after(60), _assigned(one, person=True)
    if one.happens(0.06):
        skills = one.happens(0.75)
        kind = EscalationKind.FUNCTIONAL if skills else EscalationKind.HIERARCHICAL
        yield one.after(180), e.IncidentEscalated(kind=kind, level=2, reason="No progress.")
    if one.happens(0.14):
        yield one.after(120), e.IncidentHeld(reason=dice.choice([*HoldReason]))
        yield one.after(1_500), e.IncidentResumed()
    if one.happens(0.08):
        yield (
            one.after(120),
            e.IncidentNoted(text="Looked at the logs.", visibility=Visibility.INTERNAL),
        )
    if one.happens(0.04):
        yield from _eased(one)
    if one.happens(0.04):
        target, kind = f"PRB{dice.randrange(900):05}", dice.choice([*LinkKind])
        yield one.after(30), e.IncidentLinked(kind=kind, target=target)


def _eased(one: Life) -> Iterator[Step]:
    yield (
        one.after(60),
        e.WorkaroundProposed(
            workaround="W1", description="Use the other one.", cost=0, risk=Risk.LOW,
            approval_required=False, policy_version=1,
        ),
    )  # fmt: skip
    known = f"KE{one.dice.randrange(300):04}" if one.happens(0.5) else None
    yield one.after(30), e.WorkaroundApplied(workaround="W1", known_error=known)


def _resolved(one: Life, median_minutes: float) -> Iterator[Step]:
    code = one.dice.choice(["fixed", "workaround", "no-fault-found", "third-party"])
    before = one.at
    yield (
        one.after(median_minutes, 1.2),
        e.IncidentResolved(resolution_code=code, resolution=FIXED),
    )
    if one.happens(0.01):
        earlier = before + (one.at - before) * 0.9
        yield (
            one.after(60),
            e.IncidentCorrected(
                fact=Fact.RESOLVED_AT,
                was=None,
                now=earlier.isoformat(),
                reason="It was back before.",
            ),
        )


def _closed(one: Life) -> Iterator[Step]:
    if one.happens(0.2):
        mark = one.dice.choices(range(1, 6), (1, 1, 3, 6, 5))[0]
        satisfaction = mark if one.happens(0.7) else None
        yield (
            one.after(300),
            e.ResolutionConfirmed(confirmed_by="person 1", satisfaction=satisfaction),
        )
    if one.happens(0.97):
        yield one.after(4_000, 0.3), e.IncidentClosed(closure_code="done")
