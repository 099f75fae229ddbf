"""`tocsin brief`: what a post-incident review begins with."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tocsin.cli.frame import EXITS, USAGE, WRONG, Fault, Session, moment, subcommand

if TYPE_CHECKING:
    from tocsin.brief.brief import Brief

FORMS = ("markdown", "html", "json")


@subcommand("brief", exits=f"{EXITS} Without such an incident: 1.")
@click.argument("names", metavar="INC...", nargs=-1, required=True)
@click.option(
    "--format", "form", type=click.Choice(FORMS), help="How to answer. Default: markdown."
)
@click.option(
    "--as-of", type=moment, metavar="TIME", help="As things had gone by then. Default: now."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="File to write to; a folder, if there are several incidents.",
)
def command(
    session: Session,
    names: tuple[str, ...],
    form: str | None,
    as_of: datetime | None,
    output: Path | None,
) -> None:
    """Put together what is on record of incidents, for those who review them.

    The timeline with its gaps, the times against the norm of its kind, clocks and what paused
    them, hand-offs, people, workarounds, what was told and when, its like, and the questions that
    the data raise. It judges nothing and changes nothing.
    """
    from tocsin.brief.making import FORMS as MADE
    from tocsin.documents.forms import SUFFIXES

    form = form or ("json" if session.json else "markdown")
    many = len(names) > 1
    if many and output is not None and output.exists() and not output.is_dir():
        raise Fault(f"-o {output} is a file; several briefs want a folder.", USAGE)
    for name in names:
        brief = _brief(session, name, as_of)
        made = MADE[form](brief)
        if output is None:
            click.echo(made.decode())
            continue
        file = output
        if many or output.is_dir():
            output.mkdir(parents=True, exist_ok=True)
            said = str(brief.incident.reference or brief.incident.incident_id)
            file = output / f"{said}{SUFFIXES[form]}"
        file.write_bytes(made)
        session.err.print(f"{file}: {len(brief.questions)} questions.")


def _brief(session: Session, name: str, as_of: datetime | None) -> "Brief":
    from tocsin.brief.making import NotThen, brief_of
    from tocsin.cli.accesses import noted
    from tocsin.cli.histories import find, reading

    with reading(session) as log:
        stream = find(log, name)
        noted(session, log, "read", [stream])
    try:
        return brief_of(session.settings, stream, session.instant(as_of) if as_of else None)
    except NotThen as error:
        raise Fault(f"{name}: {error}", WRONG) from error
