"""Asking the lake from the command line: opened, brought up to date if wanted, refused in words."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.frame import INTERRUPTED, USAGE, WRONG, Fault, Session

if TYPE_CHECKING:
    from tocsin.lake.lake import Lake

WAIT_SECONDS, LOOK_SECONDS = 30.0, 0.1
"""How long, at most, for a service that writes the lake itself, and how often it is looked at."""
FOLLOW = click.option("--follow", is_flag=True, help="First write what the lake lacks of the log.")


@contextmanager
def asking(session: Session, *, follow: bool) -> Iterator["Lake"]:
    """The lake, with the engine of the settings. Says if it lags behind the log.

    Raises:
        Fault: there is no lake, or the question is wrong: with the option that it is about.
    """
    from tocsin.cli.lakeside import lake_of
    from tocsin.lake.extra import need

    need("This")
    if session.settings.engine == "duckdb":
        from tocsin.lake.lean import lean

        lean()
    if follow:
        _follow(session)
    lake_of(session)
    from tocsin.lake import open_lake
    from tocsin.lake.engines import EngineRefused
    from tocsin.trends import BadQuestion
    from tocsin.trends.definition import Misdefined

    try:
        with open_lake(settings=session.settings, engine=session.settings.engine) as lake:
            _tell_lag(session, lake)
            yield lake
    except BadQuestion as bad:
        raise Fault(refusal(bad.field, bad.reason), USAGE) from bad
    except EngineRefused as refused:
        raise Fault(str(refused), USAGE) from refused
    except Misdefined as wrong:
        raise Fault(str(wrong), WRONG) from wrong


def _follow(session: Session) -> None:
    """Have everything that the log holds now written, by us or by whoever writes the lake."""
    from tocsin.cli.histories import reading
    from tocsin.cli.lakeside import caught_up
    from tocsin.lake.segments import Held, Segments

    try:
        if not caught_up(session, None):
            raise Fault("Interrupted. What is written stays.", INTERRUPTED)
    except Held:
        with reading(session) as log:
            head = log.head()
        until, segments = monotonic() + WAIT_SECONDS, Segments(session.settings.lake_place)
        while segments.position < head and monotonic() < until:
            sleep(LOOK_SECONDS)


def refusal(field: str, reason: str) -> str:
    """Why a question is refused, with the option that it is about."""
    if field == "trend":
        return reason[:1].upper() + reason[1:]
    return f"--{field} {reason.rstrip('.')}."


def _tell_lag(session: Session, lake: "Lake") -> None:
    from tocsin.cli.histories import reading
    from tocsin.store.entries import StoreUnavailable

    with suppress(StoreUnavailable), reading(session) as log:
        position, head = lake.position, log.head()
        if position < head:
            session.err.print(
                f"The lake is at position {position:,}, the log at {head:,}: --follow writes the"
                " rest first."
            )


def said(options: dict[str, Any]) -> dict[str, Any]:
    """What was asked for, without what was not."""
    return {name: value for name, value in options.items() if value not in (None, ())}
