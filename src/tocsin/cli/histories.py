"""Which incident is meant, and its history as far as it was asked for.

Reading never needs the writer's lock: the log is opened read-only, beside a server that runs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tocsin.cli.frame import UNREACHABLE, Fault, Session
from tocsin.domain.incident.state import INCIDENT, Incident
from tocsin.domain.kernel import Recorded, aggregate_of
from tocsin.store.entries import StoreUnavailable
from tocsin.store.log import Log


@dataclass(frozen=True, kw_only=True)
class Until:
    """How much of a history is wanted; nothing said is all of it."""

    version: int | None = None
    as_of: datetime | None = None
    """What had happened in the world by then, whenever it was recorded."""
    known_at: datetime | None = None
    """What had been recorded by then."""

    @classmethod
    def asked(
        cls,
        session: Session,
        version: int | None,
        as_of: datetime | None,
        known_at: datetime | None,
    ) -> "Until":
        """What the options say, in UTC."""
        return cls(
            version=version,
            as_of=session.instant(as_of) if as_of else None,
            known_at=session.instant(known_at) if known_at else None,
        )

    def includes(self, recorded: Recorded[Any]) -> bool:
        """Whether an event is wanted."""
        return not (
            (self.version is not None and recorded.version > self.version)
            or (self.as_of is not None and recorded.occurred_at > self.as_of)
            or (self.known_at is not None and recorded.recorded_at > self.known_at)
        )


@contextmanager
def reading(session: Session) -> Iterator[Log]:
    """The log, for reading, beside whoever writes it."""
    log = Log.open(session.settings)
    try:
        yield log
    finally:
        log.close()


@contextmanager
def writing(session: Session) -> Iterator[Log]:
    """The log, as its writer.

    Raises:
        Fault: another process writes it, and what to do about that.
    """
    try:
        log = Log.open(session.settings, writer=True)
    except StoreUnavailable as error:
        if "is being written" not in str(error):
            raise
        raise Fault(
            f"{error} Stop it first (a running `tocsin serve` is one), or send commands to it.",
            UNREACHABLE,
        ) from error
    try:
        yield log
    finally:
        log.close()


def find(log: Log, name: str) -> UUID:
    """The stream of an incident: by its id, its reference, or its number in another system.

    Raises:
        Fault: there is none of that name.
    """
    try:
        stream: UUID | None = UUID(name)
    except ValueError:
        stream = log.holder("reference", name) or log.holder("reference", name.upper())
        stream = stream or _foreign(log, name)
    if stream is None or not log.version(stream):
        raise Fault(f"There is no incident {name}.")
    return stream


def _foreign(log: Log, number: str) -> UUID | None:
    from tocsin.importers import importers

    systems = {module.SYSTEM for module in importers().values()}
    keys = [number, *(f"{system}:{number}" for system in sorted(systems))]
    holders = (log.holder("foreign", key) for key in keys)
    return next((holder for holder in holders if holder is not None), None)


def history(log: Log, name: str, until: Until) -> list[Recorded[Any]]:
    """An incident's events, as far as they are wanted.

    Raises:
        Fault: there is no such incident, or nothing of it that early or that late.
    """
    found = log.history(find(log, name))
    if aggregate_of(found[0].event) is not INCIDENT:
        raise Fault(f"There is no incident {name}.")
    if until.version is not None and until.version > len(found):
        raise Fault(f"{name} has {len(found)} versions, there is no version {until.version}.")
    wanted = [recorded for recorded in found if until.includes(recorded)]
    if not wanted:
        done = "been recorded" if until.known_at else "happened"
        raise Fault(f"Nothing of {name} had {done} by then.")
    return wanted


def state(past: list[Recorded[Any]]) -> Incident:
    """The incident after these events."""
    return INCIDENT.fold(past[0].stream, past)
