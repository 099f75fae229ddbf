"""Running a projector until somebody says to stop."""

import logging
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from tocsin.cli.frame import USAGE, Fault, Session
from tocsin.cli.watched import Watched, rounds
from tocsin.process import tune
from tocsin.readmodels.bulk.hands import Hands
from tocsin.readmodels.database import Database
from tocsin.readmodels.projection import Projection, found
from tocsin.readmodels.projector import Pace
from tocsin.settings import Settings
from tocsin.store.entries import StoreUnavailable
from tocsin.store.log import Log

if TYPE_CHECKING:
    from types import FrameType

logger = logging.getLogger(__name__)

AGAIN_SECONDS = 1.0
PARENT_SECONDS = 1.0
"""How often a projector looks whether the process that started it is still there."""


def named(names: Sequence[str]) -> list[Projection]:
    """The projections of these names, or all.

    Raises:
        Fault: there is none of such a name.
    """
    known = {each.name: each for each in found()}
    if strange := [name for name in names if name not in known]:
        there = ", ".join(known) or "none"
        raise Fault(f"There is no projection {strange[0]}; there are: {there}.", USAGE)
    return [known[name] for name in dict.fromkeys(names)] if names else list(known.values())


@contextmanager
def stopped_by_signals() -> Iterator[threading.Event]:
    """Long work begins: a flag that SIGTERM and Ctrl-C set; a second Ctrl-C interrupts at once."""
    tune()
    flag = threading.Event()

    def stop(number: int, _frame: "FrameType | None") -> None:
        flag.set()
        signal.signal(number, before[number])

    before: dict[int, Any] = {
        number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)
    }
    for number in before:
        signal.signal(number, stop)
    try:
        yield flag
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def follow(session: Session, names: Sequence[str], parent: int | None = None) -> list[str]:
    """Keep projections at the head of the log until a signal comes or the parent process, if it
    matters, has ended; return their names."""
    projections, settings = named(names), session.settings
    pace = Pace(
        live_events=settings.live_events,
        rebuild_events=settings.rebuild_events,
        poll_seconds=settings.poll_seconds,
        # One processor is for whoever reports incidents meanwhile.
        hands=Hands.all_of(settings, spare=1),
    )
    with stopped_by_signals() as stop, rounds(settings) as counted:
        if parent is None:
            log = Log.open(settings)
            followed = ", ".join(projection.name for projection in projections)
            session.err.print(f"Following {log.place}: {followed}")
        else:
            end_with(parent, stop)
            log = opened(settings, stop)
        with closing(log), closing(Database.open(settings.home, settings.database)) as database:
            Watched(counted, log, database, projections, pace).run(stop)
    return [projection.name for projection in projections]


def opened(settings: Settings, stop: threading.Event) -> Log:
    """The log, as soon as it can be read: a service that runs goes on when its store is back, and
    so does whoever was started beside it.

    Raises:
        StoreUnavailable: it was told to stop before that.
    """
    while True:
        try:
            return Log.open(settings)
        except StoreUnavailable as error:
            logger.warning("nothing can be followed yet: %s", error)
            if stop.wait(AGAIN_SECONDS):
                raise


def end_with(parent: int, stop: threading.Event) -> None:
    """Have the flag set when a process has ended."""
    threading.Thread(target=_watch, args=(parent, stop), daemon=True).start()


def _watch(parent: int, stop: threading.Event) -> None:
    while os.getppid() == parent:
        if stop.wait(PARENT_SECONDS):
            return
    stop.set()
