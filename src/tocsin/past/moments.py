"""How something stood at a moment: as it was in the world, as it was believed, or at a version.

`as_of` is about the world: what had happened by then, as far as is known. `known_at` and `version`
are about what was known: a first part of the history. Together: what was believed at the one moment
about the other. What was taken over from another system was known when that system had it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from tocsin.domain.incident.chronicle import happened_by
from tocsin.domain.incident.state import INCIDENT
from tocsin.domain.kernel import Aggregate, Recorded, replace, taken_over

S = TypeVar("S")
History = Sequence[Recorded[Any]]


class NotThen(Exception):
    """There is nothing to be seen at that moment."""


class NoSuchVersion(NotThen):
    """The history is shorter."""

    def __init__(self, version: int, versions: int) -> None:
        super().__init__(f"There are {versions} versions so far, and no version {version}.")
        self.version, self.versions = version, versions


class NothingKnown(NotThen):
    """Nothing had been recorded by then."""

    def __init__(self) -> None:
        super().__init__("Nothing of it was known then.")


class NotBegun(NotThen):
    """Nothing had happened by then."""

    def __init__(self) -> None:
        super().__init__("It had not begun then.")


class NotYet(NotThen):
    """The moment has not come."""

    def __init__(self, field: str, now: datetime) -> None:
        self.field, self.reason = field, f"lies in the future: it is {now:%Y-%m-%dT%H:%M:%SZ} now"
        super().__init__(f"{field} {self.reason}.")


def learnt_at(recorded: Recorded[Any]) -> datetime:
    """When somebody knew: the time of recording; of what was taken over, when it occurred, as it
    stood in the other system from then on."""
    return recorded.occurred_at if taken_over(recorded.via) else recorded.recorded_at


@dataclass(frozen=True, kw_only=True)
class Moment:
    """Which part of a history counts; nothing said is all of it."""

    version: int | None = None
    as_of: datetime | None = None
    """What had happened in the world by then, whenever it was recorded."""
    known_at: datetime | None = None
    """What had been recorded by then, here or in the system that it was taken over from."""

    def check(self, now: datetime, skew_seconds: float) -> "Moment":
        """Return it if it has come; clocks may differ by so much.

        Raises:
            NotYet: it has not.
        """
        latest = now + timedelta(seconds=skew_seconds)
        for field in ("as_of", "known_at"):
            moment = getattr(self, field)
            if moment is not None and moment > latest:
                raise NotYet(field, now)
        return self

    def known(self, history: History) -> History:
        """What was known: the events up to the version that were recorded by then.

        Raises:
            NoSuchVersion: the history is shorter.
            NothingKnown: nothing was.
        """
        if self.version is not None:
            if self.version > len(history):
                raise NoSuchVersion(self.version, len(history))
            history = history[: self.version]
        if self.known_at is not None:
            history = [each for each in history if learnt_at(each) <= self.known_at]
        if not history:
            raise NothingKnown
        return history


@dataclass(frozen=True)
class Then(Generic[S]):
    """How something stood."""

    state: S
    events: History
    """What was recorded of what it is made of, as it is stored, in order of versions."""
    course: History
    """The same as it is folded: as of a moment in the world, with corrected times and words."""


def then(aggregate: Aggregate[Any], history: History, moment: Moment) -> Then[Any]:
    """How the thing of a history, which begins at version 1, stood at a moment.

    Raises:
        NotThen: it was not there, and why.
    """
    known = moment.known(history)
    stream = known[0].stream
    if moment.as_of is None:
        return Then(aggregate.fold(stream, known), known, known)
    course, versions = _happened(aggregate, known, moment.as_of)
    if not course:
        raise NotBegun
    state = replace(aggregate.fold(stream, course), version=max(versions))
    events = [each for each in known if each.version in versions]
    return Then(_so_far(state, moment.as_of), events, course)


def _happened(
    aggregate: Aggregate[Any], known: History, as_of: datetime
) -> tuple[History, frozenset[int]]:
    if aggregate is INCIDENT:
        deeds = happened_by(known, as_of)
        told = frozenset(version for deed in deeds for version in deed.told_by)
        return [deed.recorded for deed in deeds], told
    course = sorted(
        (each for each in known if each.occurred_at <= as_of),
        key=lambda each: (each.occurred_at, each.version),
    )
    return course, frozenset(each.version for each in course)


def _so_far(state: Any, as_of: datetime) -> Any:
    """What is corrected to a later time had not come yet, though the wrong one had."""
    mitigated = getattr(state, "mitigated_at", None)
    if mitigated is not None and mitigated > as_of:
        return replace(state, mitigated_at=None)
    return state
