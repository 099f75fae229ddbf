"""What was just done about an incident, until the read model that named it has seen that too."""

from collections import OrderedDict
from datetime import datetime
from time import monotonic
from typing import NamedTuple
from uuid import UUID

from tocsin.readmodels.upcoming import Upcoming

INCIDENTS = 100_000
"""Most incidents that are remembered. One that was forgotten is looked at once more, in vain."""
AGAIN_SECONDS = 5.0
"""How long an incident is left alone in which nothing was due that the read model says is."""


class Seen(NamedTuple):
    """What was made of an incident."""

    due: datetime
    position: int
    """Place in the log up to where it was known, or that of what was done about it."""
    until: float
    """By this clock it may be looked at again for the same thing; 0 for at once."""


class Memory:
    """Which incidents need no second look yet."""

    def __init__(self) -> None:
        self._seen: OrderedDict[UUID, Seen] = OrderedDict()

    def __len__(self) -> int:
        return len(self._seen)

    def news(self, listed: Upcoming, position: int) -> bool:
        """Whether a read model at a position says something of an incident that is not old."""
        seen = self._seen.get(listed.what)
        if seen is None:
            return True
        return position >= seen.position and (listed.at != seen.due or monotonic() >= seen.until)

    def done(self, listed: Upcoming, position: int) -> None:
        """Something was recorded about it, last at this position."""
        self._keep(listed, position, 0.0)

    def vain(self, listed: Upcoming, position: int) -> None:
        """Nothing was due, or could be recorded, as the log stands at this position."""
        self._keep(listed, position, monotonic() + AGAIN_SECONDS)

    def moved(self, listed: Upcoming) -> None:
        """It changed under our eyes: look at once."""
        self._seen.pop(listed.what, None)

    def forget(self, position: int) -> None:
        """Forget what a read model at this position has seen, oldest first."""
        moment = monotonic()
        while self._seen:
            first = next(iter(self._seen.values()))
            if first.position > position or first.until > moment:
                return
            self._seen.popitem(last=False)

    def _keep(self, listed: Upcoming, position: int, until: float) -> None:
        self._seen[listed.what] = Seen(listed.at, position, until)
        self._seen.move_to_end(listed.what)
        if len(self._seen) > INCIDENTS:
            self._seen.popitem(last=False)
