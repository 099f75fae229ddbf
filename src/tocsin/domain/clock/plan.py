"""What a policy promises for an incident as it stands, ready to be measured."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from tocsin.domain.incident.values import Impact, Urgency
from tocsin.domain.kernel import Recorded
from tocsin.domain.policy.events import DefaultRecorded
from tocsin.domain.policy.history import PolicyHistory
from tocsin.domain.policy.record import Policy
from tocsin.domain.policy.rules import Escalation, Facts, Step, Target
from tocsin.domain.policy.values import Measure, Moment, Trigger
from tocsin.domain.worktime import WorkTime, worktime

SECOND = 1_000_000
REMEMBERED = 10_000
"""Kinds of incident whose plans are kept at hand; services have free names."""
PROMISES = (Measure.FIRST_RESPONSE, Measure.UPDATE_CADENCE, Measure.RESOLUTION)
ENDS = frozenset({Moment.RESOLVED, Moment.CLOSED})


class Mark(NamedTuple):
    """Something that falls due when so much working time is spent."""

    amount_us: int
    name: str
    """Unique within its plan."""
    percent: int | None = None
    """Of a warning."""
    escalation: Escalation | None = None
    step: int = 0
    """Of the escalation, from 1."""
    repetition: int = 0


BREACH = "breach"


@dataclass(frozen=True, eq=False)
class Plan:
    """How a clock runs: when it starts and stops, when it stands, and what falls due on it."""

    name: str
    measure: Measure | None
    """None for the clock of an escalation, which promises nobody anything."""
    group: str | None
    start: Moment
    stop: frozenset[Moment]
    pause: frozenset[str]
    work: WorkTime
    goal_us: int | None
    marks: tuple[Mark, ...]
    """By amount."""
    policy_version: int
    begins: frozenset[Any] = field(init=False)
    ends: frozenset[Any] = field(init=False)
    """The moments that a clock heeds before it begins, and while it runs."""

    def __post_init__(self) -> None:
        told = {Moment.UPDATED} if self.measure is Measure.UPDATE_CADENCE else set()
        object.__setattr__(self, "begins", frozenset({self.start}))
        object.__setattr__(self, "ends", self.stop | told)

    def same(self, other: "Plan | None") -> bool:
        """Whether it says the same, maybe in another version of the policy."""
        return other is self or (
            other is not None
            and (self.name, self.group, self.goal_us, self.marks, self.pause)
            == (other.name, other.group, other.goal_us, other.marks, other.pause)
            and (self.start, self.stop) == (other.start, other.stop)
            and self.work.calendar == other.work.calendar
        )


class Kind(NamedTuple):
    """What rules look at: incidents of one kind have the same plans."""

    priority: int | None = None
    category: str | None = None
    subcategory: str | None = None
    services: tuple[str, ...] = ()
    major: bool = False

    def facts(self) -> Facts:
        """The same, as conditions are asked about it."""
        return Facts(
            priority=self.priority,
            category=self.category,
            subcategory=self.subcategory,
            services=self.services,
            major=self.major,
        )


class Plans(NamedTuple):
    """All that holds for incidents of one kind."""

    promises: tuple[Plan | None, ...]
    """In the order of `PROMISES`."""
    escalations: dict[str, Plan]
    """Those that count by themselves; those that follow a target are among its marks."""


class Rulebook:
    """One version of the policy, as clocks use it.

    With `by_matrix`, priorities that somebody derived from impact and urgency are derived again by
    the matrix of this policy: what would have come first under it.
    """

    def __init__(self, policy: Policy, *, by_matrix: bool = False) -> None:
        self.policy, self.by_matrix = policy, by_matrix
        self.has_groups = any(target.groups for target in policy.targets)
        self._plans: dict[Kind, Plans] = {}
        self._of_groups: dict[tuple[str, Kind], Plan | None] = {}
        self._made: dict[tuple[str, str | None, tuple[str, ...]], Plan] = {}

    def priority(
        self, priority: int, impact: str | None, urgency: str | None, by_hand: bool
    ) -> int:
        """What comes first under these rules, of a priority as it was recorded."""
        if not self.by_matrix or by_hand or impact is None or urgency is None:
            return priority
        return int(self.policy.priority(Impact(impact), Urgency(urgency)))

    def plans(self, kind: Kind) -> Plans:
        """What holds for such an incident."""
        known = self._plans.get(kind)
        if known is None:
            if len(self._plans) >= REMEMBERED:
                self._plans.clear()
            known = self._plans[kind] = self._planned(kind)
        return known

    def of_group(self, group: str, kind: Kind) -> Plan | None:
        """What a group promises the others about such an incident, if anything."""
        if not self.has_groups:
            return None
        key = (group, kind)
        if key not in self._of_groups:
            if len(self._of_groups) >= REMEMBERED:
                self._of_groups.clear()
            facts = kind.facts()
            target = self.policy.group_target(group, facts)
            self._of_groups[key] = self._plan(target, facts, group)
        return self._of_groups[key]

    def manager(self, group: str | None, steps_up: int) -> str | None:
        """Who stands so far up the line of a group, if anybody does."""
        known = self.policy.groups.get(group) if group is not None else None
        line = known.managers if known is not None else ()
        return line[steps_up - 1] if steps_up <= len(line) else None

    def _planned(self, kind: Kind) -> Plans:
        facts = kind.facts()
        promises = (self.policy.target(measure, facts) for measure in PROMISES)
        alone = (e for e in self.policy.escalations_of(facts) if e.trigger is not Trigger.TARGET)
        return Plans(
            tuple(self._plan(target, facts, None) for target in promises),
            {each.name: self._alone(each) for each in alone},
        )

    def _plan(self, target: Target | None, facts: Facts, group: str | None) -> Plan | None:
        """The plan of a target. The same facts and target make the very same plan."""
        if target is None:
            return None
        following = [
            each
            for each in self.policy.escalations_of(facts)
            if each.trigger is Trigger.TARGET and each.target == target.name
        ]
        key = (target.name, group, tuple(each.name for each in following))
        if key not in self._made:
            self._made[key] = Plan(
                name=target.name,
                measure=target.measure,
                group=group,
                start=target.start,
                stop=frozenset(target.stop),
                pause=frozenset(target.pause),
                work=worktime(self.policy.calendars[target.calendar]),
                goal_us=target.goal_seconds * SECOND,
                marks=tuple(sorted(_marks(target, following))),
                policy_version=self.policy.version,
            )
        return self._made[key]

    def _alone(self, escalation: Escalation) -> Plan:
        key = (escalation.name, "", ())
        if key not in self._made:
            waits = escalation.trigger is Trigger.UNACKNOWLEDGED
            self._made[key] = Plan(
                name=escalation.name,
                measure=None,
                group=None,
                start=escalation.since or (Moment.REPORTED if waits else Moment.LOGGED),
                stop=ENDS | {Moment.ACKNOWLEDGED} if waits else ENDS,
                pause=frozenset(escalation.pause),
                work=worktime(self.policy.calendars[escalation.calendar or "24x7"]),
                goal_us=None,
                marks=tuple(_steps(escalation)),
                policy_version=self.policy.version,
            )
        return self._made[key]


def _marks(target: Target, following: list[Escalation]) -> Iterator[Mark]:
    goal_us = target.goal_seconds * SECOND
    for percent in target.warn_percent:
        yield Mark(goal_us * percent // 100, f"{percent}", percent)
    yield Mark(goal_us, BREACH)
    for escalation in following:
        for number, step in enumerate(escalation.steps, 1):
            amount = goal_us * (step.percent or 0) // 100
            yield Mark(amount, f"{escalation.name}/{number}", None, escalation, number)


def _steps(escalation: Escalation) -> Iterator[Mark]:
    """The steps, then the last one again and again."""
    amount = 0
    for number, step in enumerate(escalation.steps, 1):
        amount = (step.after_seconds or 0) * SECOND
        yield Mark(amount, f"{number}", None, escalation, number)
    for repetition in range(1, escalation.repeat_times + 1):
        amount += (escalation.repeat_seconds or 0) * SECOND
        number = len(escalation.steps)
        yield Mark(amount, f"{number}+{repetition}", None, escalation, number, repetition)


def step_of(mark: Mark) -> Step:
    """The step of the escalation that a mark stands for."""
    assert mark.escalation is not None
    return mark.escalation.steps[mark.step - 1]


Rules = Callable[[int], Rulebook]
"""The rulebook of each version of the policy."""


class Rulebooks:
    """The rules as they were, each version's own: what clocks need to know besides the events."""

    stream: UUID = PolicyHistory.stream

    def __init__(self, policies: PolicyHistory | None = None) -> None:
        self.policies = policies or PolicyHistory()
        self._books: dict[int, Rulebook] = {}

    def add(self, recorded: Recorded[Any]) -> None:
        """Take note of an event of the policy's stream: of any, in any order, and again."""
        self.policies.add(recorded)
        if isinstance(recorded.event, DefaultRecorded):
            self._books.pop(recorded.event.version, None)

    def in_force(self, position: int) -> int:
        """The number of the version under which the event at a position was decided."""
        return self.policies.in_force(position)

    def __call__(self, version: int) -> Rulebook:
        """One version's rules.

        Raises:
            KeyError: nobody has published it.
        """
        book = self._books.get(version)
        if book is None:
            book = self._books[version] = Rulebook(self.policies.version(version))
        return book
