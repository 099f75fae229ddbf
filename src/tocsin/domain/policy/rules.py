"""What a policy is made of: conditions, targets, escalations, approvals, groups. Values only.

Their fields are the compiled form of a policy, which is stored for ever: never rename one, and
give a new one a default that leaves older policies meaning what they meant.
"""

from dataclasses import dataclass

from tocsin.domain.incident.values import EscalationKind, HoldReason, Risk
from tocsin.domain.policy.values import Measure, Moment, Trigger


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What conditions are asked about: an incident as it stands at one moment."""

    priority: int | None = None
    category: str | None = None
    subcategory: str | None = None
    services: tuple[str, ...] = ()
    tenant: str | None = None
    major: bool = False
    breached: bool = False


@dataclass(frozen=True, kw_only=True)
class Condition:
    """Which incidents a rule is about. All that is said must hold; an empty list says nothing."""

    priority: tuple[int, ...] = ()
    category: tuple[str, ...] = ()
    """`network` means all of it, `network/vpn` that part."""
    service: tuple[str, ...] = ()
    tenant: tuple[str, ...] = ()
    major: bool | None = None
    breached: bool | None = None

    def holds(self, facts: Facts) -> bool:
        """Whether these are the facts of an incident that the rule is about."""
        return (
            (not self.priority or facts.priority in self.priority)
            and (not self.category or any(within(_path(facts), each) for each in self.category))
            and (not self.service or not set(self.service).isdisjoint(facts.services))
            and (not self.tenant or facts.tenant in self.tenant)
            and self.major in (None, facts.major)
            and self.breached in (None, facts.breached)
        )

    def covers(self, other: "Condition") -> bool:
        """Whether it holds wherever the other one does."""
        return (
            _covers(self.priority, other.priority)
            and _covers(self.service, other.service)
            and _covers(self.tenant, other.tenant)
            and (not self.category or _inside(other.category, self.category))
            and self.major in (None, other.major)
            and self.breached in (None, other.breached)
        )


def within(path: str, category: str) -> bool:
    """Whether a category is another one or a part of it."""
    return path == category or path.startswith(f"{category}/")


def _path(facts: Facts) -> str:
    return "/".join(part for part in (facts.category, facts.subcategory) if part)


def _covers(these: tuple[object, ...], those: tuple[object, ...]) -> bool:
    return not these or (bool(those) and set(those) <= set(these))


def _inside(those: tuple[str, ...], these: tuple[str, ...]) -> bool:
    return bool(those) and all(any(within(path, each) for each in these) for path in those)


@dataclass(frozen=True, kw_only=True)
class Target:
    """A promise in time: to those affected (SLA), or of one group to the others (OLA)."""

    name: str
    measure: Measure
    groups: tuple[str, ...] = ()
    """Whose promise it is, of a group's target."""
    when: Condition = Condition()
    goal_seconds: int
    """Of the calendar's working time."""
    calendar: str
    start: Moment
    stop: tuple[Moment, ...]
    pause: tuple[HoldReason, ...] = ()
    """The reasons for holding an incident during which its clock stands."""
    warn_percent: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Step:
    """Who is called in at one point of an escalation: exactly one of the last four."""

    after_seconds: int | None = None
    percent: int | None = None
    """Of the goal, when the escalation follows a target; 100 is the breach."""
    level: int | None = None
    group: str | None = None
    manager: int | None = None
    """How far up the line of managers of the group that holds the incident: 1 is the nearest."""
    person: str | None = None

    @property
    def kind(self) -> EscalationKind:
        """To other skills, or up the line."""
        functional = self.level is not None or self.group is not None
        return EscalationKind.FUNCTIONAL if functional else EscalationKind.HIERARCHICAL


@dataclass(frozen=True, kw_only=True)
class Escalation:
    """Who is called in, step by step, when something takes too long.

    It ends when the incident is resolved; one that waits for an acknowledgement also with that.
    """

    name: str
    when: Condition = Condition()
    trigger: Trigger
    since: Moment | None = None
    """From when elapsed time counts."""
    target: str | None = None
    """Whose percentages count."""
    calendar: str | None = None
    pause: tuple[HoldReason, ...] = ()
    steps: tuple[Step, ...]
    repeat_seconds: int | None = None
    """After the last step, it is taken again this often,"""
    repeat_times: int = 0
    """so many times."""


@dataclass(frozen=True, kw_only=True)
class Approval:
    """Which workarounds somebody must accept first, and who may. Nobody named: anybody else."""

    risk: Risk
    from_cost: int = 0
    groups: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    managers: bool = False
    """Whether the managers of the group that holds the incident may."""

    def asks(self, risk: Risk, cost: int) -> bool:
        """Whether a workaround of this risk and cost is one of those."""
        return self.risk is risk and cost >= self.from_cost


@dataclass(frozen=True, kw_only=True)
class Group:
    """People who share a queue."""

    name: str
    level: int
    members: tuple[str, ...] = ()
    managers: tuple[str, ...] = ()
    """Its line of managers, the nearest first."""
    calendar: str = "24x7"
