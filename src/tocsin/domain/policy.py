"""What the organisation has decided, apart from any one incident: priorities, approvals, closing.

A decision names the version of the policy that it was taken under, so that it can be explained
after the policy has changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from types import MappingProxyType

from tocsin.domain.incident.values import Impact, Priority, Risk, Urgency


def _matrix() -> Mapping[tuple[Impact, Urgency], Priority]:
    """Each step down in impact or in urgency is one step down in priority.

    It is ServiceNow's matrix as shipped: high x high is 1, low x low is 5.
    """
    pairs = product(enumerate(Impact), enumerate(Urgency))
    return MappingProxyType({(i, u): Priority(1 + x + y) for (x, i), (y, u) in pairs})


def _approvals() -> Mapping[Risk, int]:
    """High risk always asks, medium risk asks when it is also expensive, low risk never."""
    return MappingProxyType({Risk.HIGH: 0, Risk.MEDIUM: 1_000})


@dataclass(frozen=True, kw_only=True)
class Policy:
    """One version of the organisation's rules."""

    version: int = 1
    priorities: Mapping[tuple[Impact, Urgency], Priority] = field(default_factory=_matrix)
    """Which priority impact and urgency make together: every pair has one."""
    approval_from_cost: Mapping[Risk, int] = field(default_factory=_approvals)
    """The cost from which a workaround of that risk needs approval; a risk not named never does."""
    confirmation_required: bool = False
    """Whether somebody affected must confirm a resolution before the record is closed."""

    def priority(self, impact: Impact, urgency: Urgency) -> Priority:
        """What comes first, by the matrix."""
        return self.priorities[impact, urgency]

    def approval_required(self, risk: Risk, cost: int) -> bool:
        """Whether somebody else must accept the risk and cost (whole currency units) first."""
        threshold = self.approval_from_cost.get(risk)
        return threshold is not None and cost >= threshold


DEFAULT_POLICY = Policy()
