"""What a reaction may look up: the log as it was when the fact came that it answers, no later."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from tocsin.domain.clock.plan import Rulebooks
from tocsin.domain.incident.state import Incident
from tocsin.domain.kernel import Recorded
from tocsin.domain.policy.record import Policy
from tocsin.store.log import Log


class Past:
    """Histories and policies. For one thread: reckoning keeps what it has worked out."""

    def __init__(self, log: Log, hot: Callable[[UUID], Any] = lambda stream: None) -> None:
        """`hot` knows the states of some streams without asking the log."""
        self._log, self._hot, self.rules = log, hot, Rulebooks()
        self._sure = 0
        """Up to this position every policy is known."""

    def at_hand(self, fact: Recorded[Any]) -> Incident | None:
        """The incident as the fact left it, if somebody has it in memory just so."""
        state = self._hot(fact.stream)
        return state if isinstance(state, Incident) and state.version == fact.version else None

    def policy(self, fact: Recorded[Any]) -> Policy:
        """The policy under which the fact was decided.

        Raises:
            StoreUnavailable: the log cannot be read.
        """
        self._learn(fact.position)
        return self.rules(self.rules.in_force(fact.position)).policy

    def until(self, fact: Recorded[Any]) -> list[Recorded[Any]]:
        """The history that ends with the fact, with every policy known that any of it stands under.

        Raises:
            StoreUnavailable: the log cannot be read.
        """
        self._learn(fact.position)
        return self._log.history(fact.stream, until=fact.version)

    def _learn(self, position: int) -> None:
        """Know every policy up to a position."""
        if position > self._sure:
            head = self._log.head()
            for published in self._log.history(self.rules.stream, self.rules.policies.seen):
                self.rules.add(published)
            self._sure = head
