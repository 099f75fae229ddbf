"""Every version that the policy ever had, and which of them was in force at a place in the log."""

from bisect import bisect_left, insort
from functools import cached_property
from uuid import UUID

from tocsin.domain.kernel import Recorded
from tocsin.domain.policy.default import DEFAULT_POLICY
from tocsin.domain.policy.events import PolicyEvent, PolicyPublished
from tocsin.domain.policy.record import Policy, restored
from tocsin.domain.policy.state import POLICY_STREAM


class _Version:
    """One version, read when it is first asked for: most of a long history never is."""

    def __init__(self, event: PolicyEvent) -> None:
        self.event = event

    @cached_property
    def policy(self) -> Policy:
        return restored(self.event.compiled, self.event.version)


class PolicyHistory:
    """Every policy that was published so far. To be told of one twice, or late, does no harm.

    Questions are about places in the log, so their answers never change: a policy published at a
    position is in force for what stands after it.
    """

    stream: UUID = POLICY_STREAM

    def __init__(self) -> None:
        self._published: list[tuple[int, int]] = []
        self._versions: dict[int, _Version] = {}
        self.seen = 0
        """Version of the policy's stream up to which it was told, if it was told in order."""

    def add(self, recorded: Recorded[PolicyEvent]) -> None:
        """Take note of an event of the policy's stream."""
        self.seen = max(self.seen, recorded.version)
        event = recorded.event
        if event.version not in self._versions:
            self._versions[event.version] = _Version(event)
            if isinstance(event, PolicyPublished):
                insort(self._published, (recorded.position, event.version))

    def in_force(self, position: int) -> int:
        """The number of the version under which the event at a position was decided."""
        place = bisect_left(self._published, (position,))
        return self._published[place - 1][1] if place else DEFAULT_POLICY.version

    def version(self, number: int) -> Policy:
        """One version. The first is the one that the log has written down, if it has.

        Raises:
            KeyError: nobody has published it.
        """
        known = self._versions.get(number)
        if known is None and number == DEFAULT_POLICY.version:
            return DEFAULT_POLICY
        return self._versions[number].policy
