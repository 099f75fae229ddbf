"""Which policy are decisions taken under now, and since which event?

A decision says which version of the policy's stream it rests on, and the log takes it only while
that is the last one. So the policy that held for an event is the last that was published before it,
on any number of servers, and nobody has to ask the log before each decision.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from tocsin.domain.kernel import Recorded
from tocsin.domain.policy import Policy
from tocsin.domain.policy.state import POLICY, POLICY_STREAM, InForce

History = Callable[[UUID, int], list[Recorded[Any]]]


class PolicyInForce:
    """The policy as it was last seen. `overtaken` says that somebody has published another."""

    def __init__(self, history: History) -> None:
        self._history = history
        self.state: InForce = POLICY.initial(POLICY_STREAM)
        self.overtaken = True

    @property
    def policy(self) -> Policy:
        """The rules themselves."""
        return self.state.policy

    @property
    def ground(self) -> tuple[UUID, int]:
        """What decisions rest on: the policy's stream, and its version."""
        return POLICY_STREAM, self.state.version

    def refresh(self) -> None:
        """See what was published since."""
        later = self._history(POLICY_STREAM, self.state.version)
        self.state = POLICY.fold(POLICY_STREAM, later, self.state)
        self.overtaken = False
