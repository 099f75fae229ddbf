"""`tocsin rebuild`: make read models anew from the first event, beside those that serve."""

from typing import TYPE_CHECKING

import click

from tocsin.cli.frame import EXITS, INTERRUPTED, USAGE, Fault, Session, subcommand

if TYPE_CHECKING:
    from tocsin.readmodels.rebuild import Progress


@subcommand("rebuild", exits=f"{EXITS} {INTERRUPTED}: interrupted; run it again to go on.")
@click.argument("names", nargs=-1, metavar="NAME...")
@click.option("--all", "everything", is_flag=True, help="Rebuild every read model.")
@click.option("--fresh", is_flag=True, help="Do not go on where an interrupted rebuild stopped.")
def command(session: Session, names: tuple[str, ...], everything: bool, fresh: bool) -> int:
    """Rebuild read models from the log, and switch when they have caught up.

    The live ones serve meanwhile. A running `tocsin serve` may go on running.
    """
    from contextlib import closing

    from tocsin.cli.following import named
    from tocsin.cli.histories import reading
    from tocsin.cli.progress import bar
    from tocsin.cli.stopping import stopped_by_signals
    from tocsin.readmodels.bulk.hands import Hands
    from tocsin.readmodels.database import Database
    from tocsin.readmodels.rebuild import rebuild

    if bool(names) == everything:
        raise Fault("Name the read models to rebuild, or say --all.", USAGE)
    projections, settings = named(names), session.settings
    last: list[Progress] = []
    with (
        reading(session) as log,
        closing(Database.open(settings.home, settings.database)) as database,
        stopped_by_signals() as stop,
        bar(session, "events") as show,
    ):

        def progress(at: "Progress") -> None:
            last[:] = [at]
            show(at.position, at.head)

        done = rebuild(
            log,
            database,
            projections,
            progress=progress,
            stop=stop.is_set,
            fresh=fresh,
            page=settings.rebuild_events,
            hands=Hands.all_of(settings),
        )
    _report(session, [each.name for each in projections], last[-1] if last else None, done)
    return 0 if done else INTERRUPTED


def _report(session: Session, names: list[str], last: "Progress | None", done: bool) -> None:
    events, seconds = (last.events, last.seconds) if last else (0, 0.0)
    per_second = last.per_second if last else 0.0
    if session.json:
        position = last.position if last else 0
        session.answer(
            {
                "rebuilt": names if done else [],
                "complete": done,
                "position": position,
                "events": events,
                "seconds": round(seconds, 3),
                "events_per_second": round(per_second),
            }
        )
        return
    said = f"{events:,} events in {seconds:.1f} s, {per_second:,.0f} a second"
    if done:
        session.out.print(f"Rebuilt {', '.join(names)}: {said}.")
    else:
        session.out.print(f"Interrupted after {said}. The live read models are as they were;")
        session.out.print("run the same command again, and it goes on from there.")
