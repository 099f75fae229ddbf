"""Which incident is meant, and its history as far as it was asked for.

Reading never needs the writer's lock: the log is opened read-only, beside a server that runs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from tocsin.cli.frame import UNREACHABLE, USAGE, Fault, Session
from tocsin.domain.incident.state import INCIDENT, Incident
from tocsin.domain.kernel import Recorded, aggregate_of
from tocsin.past.moments import (
    Moment,
    NoSuchVersion,
    NothingKnown,
    NotThen,
    NotYet,
    Then,
    then,
)
from tocsin.store.entries import StoreUnavailable
from tocsin.store.log import Log


def moment_of(
    session: Session,
    version: int | None = None,
    as_of: datetime | None = None,
    known_at: datetime | None = None,
) -> Moment:
    """What the options say, in UTC.

    Raises:
        Fault: it lies in the future.
    """
    said = Moment(
        version=version,
        as_of=session.instant(as_of) if as_of else None,
        known_at=session.instant(known_at) if known_at else None,
    )
    try:
        return said.check(datetime.now(UTC), session.settings.clock_skew_seconds)
    except NotYet as error:
        raise Fault(f"--{error.field.replace('_', '-')} {error.reason}.", USAGE) from error


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


def whole(log: Log, name: str) -> list[Recorded[Any]]:
    """All events of an incident.

    Raises:
        Fault: there is no such incident.
    """
    found = log.history(find(log, name))
    if aggregate_of(found[0].event) is not INCIDENT:
        raise Fault(f"There is no incident {name}.")
    return found


def stood(log: Log, name: str, at: Moment) -> Then[Incident]:
    """An incident as it stood at a moment.

    Raises:
        Fault: there is no such incident, or nothing of it that early or that late.
    """
    past = whole(log, name)
    try:
        return then(INCIDENT, past, at)
    except NotThen as error:
        raise missing(name, error) from error


def missing(name: str, error: NotThen) -> Fault:
    """Why there is nothing to see of something at a moment."""
    match error:
        case NoSuchVersion(versions=versions, version=version):
            return Fault(f"{name} has {versions} versions, there is no version {version}.")
        case NothingKnown():
            return Fault(f"Nothing of {_within(name)} had been recorded by then.")
    return Fault(f"Nothing of {_within(name)} had happened by then.")


def _within(name: str) -> str:
    return name[:1].lower() + name[1:] if name.startswith("The ") else name


def state(past: list[Recorded[Any]]) -> Incident:
    """The incident after these events."""
    return INCIDENT.fold(past[0].stream, past)
