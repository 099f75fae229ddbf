"""What a reaction may look up: the log as it was when the fact came that it answers, no later."""

from typing import Any

from tocsin.domain.clock.plan import Rulebooks
from tocsin.domain.kernel import Recorded
from tocsin.store.log import Log


class Past:
    """Histories and policies. For one thread: reckoning keeps what it has worked out."""

    def __init__(self, log: Log) -> None:
        self._log, self.rules = log, Rulebooks()

    def until(self, fact: Recorded[Any]) -> list[Recorded[Any]]:
        """The history that ends with the fact, with every policy known that any of it stands under.

        Raises:
            StoreUnavailable: the log cannot be read.
        """
        history = self._log.history(fact.stream, until=fact.version)
        for published in self._log.history(self.rules.stream, self.rules.policies.seen):
            self.rules.add(published)
        return history
