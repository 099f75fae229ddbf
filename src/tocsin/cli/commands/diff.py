"""`tocsin diff`: what differs between two moments of an incident, and the events that make it."""

from datetime import datetime
from typing import Any

import click

from tocsin.cli.frame import EXITS, Session, moment, subcommand

TIME: dict[str, Any] = {"type": moment, "metavar": "TIME"}


@subcommand("diff", exits=f"{EXITS} Without such an incident: 1.")
@click.argument("name", metavar="INC")
@click.option("--from", "since", **TIME, help="As it was in the world then,")
@click.option("--to", "until", **TIME, help="and as it was in the world then. Default: now.")
@click.option("--known-from", **TIME, help="As it was believed then,")
@click.option("--known-to", **TIME, help="and as it was believed then.")
@click.option("--version-from", type=click.IntRange(min=0), help="At that version; 0: nothing yet,")
@click.option("--version-to", type=click.IntRange(min=1), help="and at that version.")
def command(
    session: Session,
    name: str,
    since: datetime | None,
    until: datetime | None,
    known_from: datetime | None,
    known_to: datetime | None,
    version_from: int | None,
    version_to: int | None,
) -> None:
    """Show what differs between two moments of an incident; without the first, from its beginning.

    With --from alone besides --known-from and --known-to, it is what was learnt between these two
    about that moment in the world. INC is a reference, an id, or the number that an imported
    incident had before.
    """
    from tocsin.cli.accesses import noted
    from tocsin.cli.histories import missing, moment_of, reading, whole
    from tocsin.cli.picture import differences
    from tocsin.domain.incident.state import INCIDENT
    from tocsin.domain.incident.words import words
    from tocsin.past.moments import NotThen
    from tocsin.past.telling import differing, same_moment

    first = moment_of(session, version_from or None, since, known_from)
    last = same_moment(first, moment_of(session, version_to, until, known_to))
    with reading(session) as log:
        past = whole(log, name)
        noted(session, log, "read", [past[0].stream])
    try:
        beginning = first if since or known_from or version_from else None
        said = differing(INCIDENT, past, beginning, last, words)
    except NotThen as error:
        raise missing(name, error) from error
    if session.json:
        session.answer(said)
        return
    for line in differences(session, said):
        session.out.print(line)
