"""What can be asked of the policy."""

from collections.abc import Iterator
from typing import Annotated

from annotated_types import Len, Predicate

from tocsin.domain.kernel import Command, Line
from tocsin.domain.policy.default import DEFAULT_DOCUMENT, DEFAULT_POLICY
from tocsin.domain.policy.document import MAX_CHARACTERS
from tocsin.domain.policy.events import DefaultRecorded, PolicyEvent, PolicyPublished
from tocsin.domain.policy.record import Policy
from tocsin.domain.policy.state import POLICY, InForce
from tocsin.domain.printing import printable

Document = Annotated[str, Len(1, MAX_CHARACTERS), Predicate(printable)]
"""A policy as TOML."""


class Publish(Command[InForce], path="publish"):
    """Put other rules in force, from here on. The same rules in other words change nothing.

    It takes effect where it stands in the log, so it takes no `occurred_at`.
    """

    aggregate = POLICY
    filled_by_desk = ("compiled", "occurred_at")

    document: Document
    note: Line
    """Why, for those who read the history."""
    compiled: str = ""
    """What the document means: filled in by who has read it, before it is asked for."""

    def decide(self, state: InForce, policy: Policy) -> Iterator[PolicyEvent]:
        assert self.compiled, "nobody publishes what nobody has read"
        if self.compiled == state.policy.compiled:
            return
        if not state.version:
            yield DefaultRecorded(
                version=DEFAULT_POLICY.version,
                document=DEFAULT_DOCUMENT,
                compiled=DEFAULT_POLICY.compiled,
            )
        yield PolicyPublished(
            version=state.policy.version + 1,
            document=self.document,
            compiled=self.compiled,
            note=self.note,
        )
