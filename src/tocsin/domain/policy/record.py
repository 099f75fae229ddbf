"""One version of an organisation's rules, as a value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import product
from types import MappingProxyType
from typing import Any, TypeVar

from tocsin.domain.calendar import ALWAYS, Calendar
from tocsin.domain.incident.values import Impact, Priority, Risk, Urgency
from tocsin.domain.policy import codec
from tocsin.domain.policy.rules import Approval, Condition, Escalation, Facts, Group, Target
from tocsin.domain.policy.values import Measure

K = TypeVar("K")
V = TypeVar("V")


def fixed(mapping: Mapping[K, V]) -> Mapping[K, V]:
    """A copy that nobody can change: decisions name the version that they were taken under."""
    return MappingProxyType(dict(mapping))


def _matrix() -> Mapping[tuple[Impact, Urgency], Priority]:
    """Each step down in impact or in urgency is one step down in priority."""
    pairs = product(enumerate(Impact), enumerate(Urgency))
    return fixed({(i, u): Priority(1 + x + y) for (x, i), (y, u) in pairs})


@dataclass(frozen=True, kw_only=True)
class Policy:
    """One version of the organisation's rules: plain values, with every holiday as a date.

    Two policies that mean the same have equal `compiled` texts, however they were written.
    """

    version: int = 1
    priorities: Mapping[tuple[Impact, Urgency], Priority] = field(default_factory=_matrix)
    """Which priority impact and urgency make together: every pair has one."""
    categories: tuple[str, ...] = ()
    """Every category there is, by its path: `network`, `network/vpn`."""
    levels: Mapping[int, str] = field(default_factory=lambda: fixed({}))
    """The support levels, by number, with what people call them."""
    groups: Mapping[str, Group] = field(default_factory=lambda: fixed({}))
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: fixed({}))
    """Who has which role."""
    calendars: Mapping[str, Calendar] = field(default_factory=lambda: fixed({"24x7": ALWAYS}))
    targets: tuple[Target, ...] = ()
    """Of several that fit, the first one of each measure holds; of group targets, the first one
    of each group."""
    escalations: tuple[Escalation, ...] = ()
    """All that fit hold."""
    approvals: tuple[Approval, ...] = ()
    confirmation_required: bool = False
    """Whether somebody affected must confirm a resolution before the record is closed."""
    auto_close_days: int | None = None
    """Days after which a resolved incident is closed."""
    reviews: tuple[Condition, ...] = ()
    """When a review is mandatory: where any of these holds."""

    @property
    def compiled(self) -> str:
        """All that it means, as canonical JSON; its version is not a part of that."""
        return codec.text(self)

    @property
    def digest(self) -> str:
        """The SHA-256 of what it means, in hexadecimal digits."""
        return sha256(self.compiled.encode()).hexdigest()

    def __reduce__(self) -> tuple[Any, ...]:
        return restored, (self.compiled, self.version)

    def priority(self, impact: Impact, urgency: Urgency) -> Priority:
        """What comes first, by the matrix."""
        return self.priorities[impact, urgency]

    def target(self, measure: Measure, facts: Facts) -> Target | None:
        """What is promised to those affected, if anything is."""
        fitting = (each for each in self.targets if each.measure is measure)
        return next((each for each in fitting if each.when.holds(facts)), None)

    def group_target(self, group: str, facts: Facts) -> Target | None:
        """What a group promises to the others, if anything."""
        fitting = (each for each in self.targets if group in each.groups)
        return next((each for each in fitting if each.when.holds(facts)), None)

    def escalations_of(self, facts: Facts) -> tuple[Escalation, ...]:
        """Every escalation that such an incident is subject to."""
        return tuple(each for each in self.escalations if each.when.holds(facts))

    def approval_required(self, risk: Risk, cost: int) -> bool:
        """Whether somebody else must accept the risk and cost (whole currency units) first."""
        return any(each.asks(risk, cost) for each in self.approvals)

    def approvers(self, risk: Risk, cost: int, group: str | None) -> frozenset[str] | None:
        """Who may accept such a workaround of an incident that `group` holds; none: anybody else.

        Where several rules ask, those who may by all of them may.
        """
        asking = [each for each in self.approvals if each.asks(risk, cost)]
        named = [self._named(each, group) for each in asking if _names(each)]
        return frozenset.intersection(*named) if named else None

    def _named(self, rule: Approval, group: str | None) -> frozenset[str]:
        people = {one for role in rule.roles for one in self.roles[role]}
        people |= {one for name in rule.groups for one in self.groups[name].members}
        if rule.managers and group is not None and group in self.groups:
            people |= {*self.groups[group].managers}
        return frozenset(people)

    def review_required(self, facts: Facts) -> bool:
        """Whether there must be a review of such an incident."""
        return any(each.holds(facts) for each in self.reviews)


def _names(rule: Approval) -> bool:
    return bool(rule.groups or rule.roles or rule.managers)


def restored(compiled: str, version: int) -> Policy:
    """The policy that a compiled text is.

    Raises:
        LookupError: it was compiled by a newer Tocsin.
        ValueError: it is no compiled policy.
    """
    return codec.value(Policy, compiled, version=version)
