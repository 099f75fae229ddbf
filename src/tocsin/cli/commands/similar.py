"""`tocsin similar`: which past incidents are like this one."""

import click

from tocsin.cli.asking import FOLLOW
from tocsin.cli.frame import EXITS, WRONG, Fault, Session, subcommand

TERMS = 5
"""Shared words that are shown of each."""


@subcommand("similar", exits=f"{EXITS} Without a lake: 1.", display=False)
@click.argument("name", metavar="INC")
@click.option(
    "--limit", type=click.IntRange(1, 1_000), default=10, help="Most incidents. Default: 10."
)
@FOLLOW
def command(session: Session, name: str, limit: int, follow: bool) -> None:
    """List past incidents that are like INC, by what they say, the most alike first.

    It suggests: that two have one cause is for people to say, who link a problem.
    """
    from tocsin.cli.accesses import noted
    from tocsin.cli.asking import asking
    from tocsin.cli.histories import find, reading
    from tocsin.cli.picture import clean

    with reading(session) as log:
        incident = str(stream := find(log, name))
        noted(session, log, "read", [stream])
    with asking(session, follow=follow) as lake:
        from tocsin.analysis.likeness import UnknownIncident, said, similar

        try:
            position, matches = similar(lake, incident, limit)
        except UnknownIncident as unknown:
            raise Fault(f"{unknown} --follow writes the rest first.", WRONG) from unknown
    if session.json:
        items = [said(match) for match in matches]
        session.answer({"incident_id": incident, "position": position, "items": items})
        return
    rows = [
        (
            match.reference,
            f"{match.score:.2f}",
            clean(match.title),
            clean(", ".join(term for term, _ in match.terms[:TERMS])),
        )
        for match in matches
    ]
    if not rows:
        session.out.print("None shares a word with it.")
        return
    session.table(("incident", "score", "title", "shared words"), rows, right=("score",))
