"""A period that somebody names, as the commands that play or report one ask for it."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tocsin.cli.frame import USAGE, Fault, Session, moment

if TYPE_CHECKING:
    from tocsin.replaying.period import Period

F = TypeVar("F", bound=Callable[..., Any])

_SINCE = click.option(
    "--since",
    "--from",
    "since",
    type=moment,
    metavar="TIME",
    help="Recorded then or later.",
)
_UNTIL = click.option(
    "--until", "--to", "until", type=moment, metavar="TIME", help="Recorded before this."
)


def period_options(function: F) -> F:
    """Give a command the two ends of a period."""
    return _SINCE(_UNTIL(function))


def period(session: Session, since: datetime | None, until: datetime | None) -> "Period":
    """The period between two times, either of which may be left open.

    Raises:
        Fault: nothing lies between them.
    """
    from tocsin.replaying.period import Period

    ends = [session.instant(end) if end else None for end in (since, until)]
    try:
        return Period(since=ends[0], until=ends[1])
    except ValueError as error:
        raise Fault(f"--until is not after --since: {error}", USAGE) from error
