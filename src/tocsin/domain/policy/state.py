"""Which policy is in force: the last one that was published, or the one that was there before."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never
from uuid import UUID

from tocsin.domain.kernel import COMMANDS, Aggregate, Claim, Event, Recorded, replace
from tocsin.domain.policy.default import DEFAULT_DOCUMENT, DEFAULT_POLICY
from tocsin.domain.policy.events import DefaultRecorded, PolicyEvent, PolicyPublished
from tocsin.domain.policy.record import Policy, restored

POLICY_STREAM = UUID("d9d1358f-1182-57b8-9fcd-2996f9212c7b")
"""The one stream of the one policy, on every installation: uuid5 of `tocsin:policy`, as a URL."""


@dataclass(frozen=True, kw_only=True)
class InForce:
    """The policy in force, and how it came to be."""

    version: int = 0
    """Of the stream: from the first publication on, that of the policy."""
    policy: Policy = DEFAULT_POLICY
    document: str = DEFAULT_DOCUMENT
    note: str = ""
    published_at: datetime | None = None
    published_by: str | None = None

    def earliest(self) -> datetime | None:
        """No policy is published before the one that it replaces."""
        return self.published_at

    def possible(self) -> tuple[str, ...]:
        """The commands that it would consider."""
        return tuple(sorted(path for kind, path in COMMANDS if kind == POLICY.name))


def evolve(state: InForce, recorded: Recorded[PolicyEvent]) -> InForce:
    """Return what is in force after one more event."""
    event = recorded.event
    match event:
        case DefaultRecorded():
            after = replace(
                state, policy=restored(event.compiled, event.version), document=event.document
            )
        case PolicyPublished():
            after = replace(
                state,
                policy=restored(event.compiled, event.version),
                document=event.document,
                note=event.note,
                published_at=recorded.recorded_at,
                published_by=recorded.actor,
            )
        case unknown:
            assert_never(unknown)
    return replace(after, version=recorded.version)


def _unpublished(_: UUID) -> InForce:
    return InForce()


def _claims(_: InForce, __: Event) -> Iterator[Claim]:
    """A policy holds no names."""
    return iter(())


POLICY = Aggregate(
    name="policy",
    initial=_unpublished,
    evolve=evolve,
    claims=_claims,
    only=POLICY_STREAM,
    always=True,
)
