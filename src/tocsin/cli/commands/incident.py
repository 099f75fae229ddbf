"""`tocsin incident`: how an incident stands and what happened to it, now or at any moment."""

from datetime import datetime

import click

from tocsin.cli.frame import EXITS, Session, moment, subcommand

AS_OF = click.option(
    "--as-of",
    type=moment,
    metavar="TIME",
    help="As it was in the world then: late facts and corrections are heeded.",
)
KNOWN_AT = click.option(
    "--known-at",
    type=moment,
    metavar="TIME",
    help="As it was believed then: by all that had been recorded by then.",
)
VERSION = click.option("--version", type=click.IntRange(min=1), help="As it was at that version.")


@subcommand("incident", exits=f"{EXITS} Without such an incident: 1.")
@click.argument("names", nargs=-1, required=True, metavar="INC...")
@AS_OF
@KNOWN_AT
@VERSION
def command(
    session: Session,
    names: tuple[str, ...],
    as_of: datetime | None,
    known_at: datetime | None,
    version: int | None,
) -> None:
    """Show the state and the timeline of incidents.

    INC is a reference, an id, or the number that an imported incident had before.
    """
    from tocsin.cli.accesses import noted
    from tocsin.cli.histories import moment_of, reading, stood
    from tocsin.cli.picture import document, entry, show

    at = moment_of(session, version, as_of, known_at)
    with reading(session) as log:
        found = [stood(log, name, at) for name in names]
        noted(session, log, "read", [each.state.incident_id for each in found])
    if session.json:
        shown = [
            {
                "state": document(each.state),
                "timeline": [entry(recorded) for recorded in each.events],
            }
            for each in found
        ]
        session.answer({"incidents": shown})
        return
    for number, each in enumerate(found):
        if number:
            session.out.print()
        show(session, each.state, each.events)
