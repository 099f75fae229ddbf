"""Running a projector until somebody says to stop."""

from collections.abc import Sequence
from contextlib import closing

from tocsin.cli.frame import USAGE, Fault, Session
from tocsin.cli.stopping import end_with, opened, stopped_by_signals
from tocsin.cli.watched import Watched, rounds
from tocsin.readmodels.bulk.hands import Hands
from tocsin.readmodels.database import Database
from tocsin.readmodels.projection import Projection, found
from tocsin.readmodels.projector import Pace
from tocsin.store.log import Log


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
