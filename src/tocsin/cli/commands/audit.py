"""`tocsin audit`: what auditors are given, so that they need not trust whoever gives it."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tocsin.cli.audit_report import report
from tocsin.cli.frame import EXITS, INTERRUPTED, USAGE, WRONG, Fault, Session, subcommand
from tocsin.cli.periods import period, period_options

if TYPE_CHECKING:
    from tocsin.cli.auditing import Exported, Request

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
SHOWN = 10


@click.group("audit")
def command() -> None:
    """Hand the log to auditors, with proof, and report on it."""


@subcommand(
    "export",
    exits=f"{EXITS} The log is not what was signed: 1. {INTERRUPTED}: interrupted, no file then.",
)
@click.option("--incident", "names", multiple=True, metavar="INC", help="All about this incident.")
@period_options
@click.option("--all", "everything", is_flag=True, help="The whole log.")
@click.option(
    "--held",
    type=FILE,
    metavar="FILE",
    help="Checkpoints that the auditor holds: the file proves that it agrees with them.",
)
@click.option("-o", "--output", type=Path, required=True, metavar="FILE", help="File to write.")
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
def export(
    session: Session,
    names: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    everything: bool,
    held: Path | None,
    output: Path,
    force: bool,
) -> int:
    """Write one file that proves what it says, for `verify.py`, without Tocsin.

    It holds events exactly as they are stored, personal data sealed; the signed checkpoint that
    covers them, earlier ones, and the hashes that lead from the events to them. A checkpoint is
    made first if there is none of all events yet and the log can be written. The file is checked
    before it is put in place.
    """
    from tocsin.cli.auditing import Request, exported
    from tocsin.exports.file import CannotWrite

    timed = since is not None or until is not None
    if bool(names) + timed + everything != 1:
        raise click.UsageError("Say one of --incident, --since and --until, or --all.")
    request = Request(
        names=tuple(dict.fromkeys(names)),
        period=period(session, since, until) if timed else None,
        held=held,
        output=output,
        force=force,
    )
    try:
        made = exported(session, request)
    except CannotWrite as cannot:
        raise Fault(str(cannot), USAGE) from cannot
    if made is None:
        session.tell(Fault("Interrupted. Nothing is kept: ask the same again.", INTERRUPTED))
        return INTERRUPTED
    _tell(session, request, made)
    return WRONG if made.wrong else 0


def _tell(session: Session, request: "Request", made: "Exported") -> None:
    if session.json:
        session.answer({"file": request.output, **vars(made), "ok": not made.wrong})
        return
    session.err.print(
        f"Written to {request.output}: {made.events:,} events, proved by the checkpoint of"
        f" {made.size:,}."
    )
    if made.uncovered:
        session.err.print(
            f"Positions {made.size + 1:,} to {made.size + made.uncovered:,} are not signed yet, and"
            f" not in it: {made.reason}",
            style="yellow",
        )
    for each in made.wrong[:SHOWN]:
        session.err.print(f"WRONG: {each['says']}", style="bold red")
    if made.wrong:
        session.err.print("The file was written, and does not verify.", style="bold red")


@subcommand("verifier")
@click.option("-o", "--output", type=Path, default=Path("verify.py"), metavar="FILE")
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
def verifier(session: Session, output: Path, force: bool) -> None:
    """Write the program that checks an export: one file, to be read and run without Tocsin.

    An auditor better takes it from the published source than from whoever is audited.
    """
    from tocsin.audit import verify
    from tocsin.exports.file import CannotWrite, whole

    try:
        with whole(output, force=force) as out:
            out.stream.write(Path(verify.__file__).read_bytes())
    except CannotWrite as cannot:
        raise Fault(str(cannot), USAGE) from cannot
    if session.json:
        session.answer({"file": output})
    else:
        session.err.print(f"Written to {output}: python {output} EXPORT --key VKEY")


for _each in (export, verifier, report):
    command.add_command(_each)
