"""Every version that the policy ever had, from its stream: what it said, since when, by whom."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tocsin.domain.kernel import Recorded
from tocsin.domain.policy import DEFAULT_DOCUMENT, DEFAULT_POLICY, Policy
from tocsin.domain.policy.events import DefaultRecorded, PolicyPublished
from tocsin.domain.policy.record import restored

BUILT_IN = "Comes with Tocsin: in force until another one is published."


@dataclass(frozen=True, kw_only=True)
class Version:
    """One version of the policy."""

    policy: Policy
    document: str
    note: str = BUILT_IN
    published_at: datetime | None = None
    """None for the one that was there from the beginning."""
    published_by: str | None = None
    position: int | None = None
    """From here on decisions are taken under it."""

    @property
    def number(self) -> int:
        """Its number, from 1."""
        return self.policy.version

    def line(self) -> dict[str, Any]:
        """What a history says of it."""
        return {
            "version": self.number,
            "published_at": self.published_at,
            "published_by": self.published_by,
            "position": self.position,
            "note": self.note,
            "digest": self.policy.digest,
        }


def versions(history: Iterable[Recorded[Any]]) -> list[Version]:
    """Every version in order; the last one is in force."""
    found = [_version(recorded) for recorded in history]
    return found or [Version(policy=DEFAULT_POLICY, document=DEFAULT_DOCUMENT)]


def _version(recorded: Recorded[Any]) -> Version:
    event = recorded.event
    assert isinstance(event, DefaultRecorded | PolicyPublished)
    policy = restored(event.compiled, event.version)
    if isinstance(event, DefaultRecorded):
        return Version(policy=policy, document=event.document)
    return Version(
        policy=policy,
        document=event.document,
        note=event.note,
        published_at=recorded.recorded_at,
        published_by=recorded.actor,
        position=recorded.position,
    )
