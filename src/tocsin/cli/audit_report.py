"""`tocsin audit report`: a period of the record, for those who audit it."""

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tocsin.cli.frame import EXITS, INTERRUPTED, USAGE, WRONG, Fault, Session, subcommand
from tocsin.cli.periods import period, period_options

if TYPE_CHECKING:
    from tocsin.audit.report.facts import Report
    from tocsin.replaying.period import Period

WAYS = ("markdown", "html", "json")
FOUND = "The record is not what was signed, or not what it was:"


@subcommand(
    "report", exits=f"{EXITS} The record is not what was signed: 1. Interrupted: {INTERRUPTED}."
)
@period_options
@click.option("--format", "form", type=click.Choice(WAYS), help="How to answer. Default: markdown.")
@click.option(
    "--late-minutes",
    type=click.IntRange(min=1),
    default=60,
    show_default=True,
    help="From when on after it happened an entry counts as late.",
)
@click.option(
    "-o", "--output", type=Path, metavar="FILE", help="File to write. Default: standard output."
)
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
def report(
    session: Session,
    since: datetime | None,
    until: datetime | None,
    form: str | None,
    late_minutes: int,
    output: Path | None,
    force: bool,
) -> int:
    """Report what was recorded in a period, by whom, and whether the record is what was signed.

    Counts by kind, by day and by person, versions of the policy, corrections, late entries,
    erasures and holds, evidence, who read data about people, API keys, and checkpoints. Every
    stored event of the log is hashed again on the way.
    """
    from tocsin.exports.file import CannotWrite
    from tocsin.replaying.period import Stopped, Torn

    wanted = period(session, since, until)
    form = form or ("json" if session.json else "markdown")
    try:
        made = _written(session, wanted, late_minutes * 60, form, output, force=force)
    except Stopped:
        session.tell(Fault("Interrupted. Nothing is kept: ask the same again.", INTERRUPTED))
        return INTERRUPTED
    except Torn as error:
        raise Fault(str(error), WRONG) from error
    except CannotWrite as cannot:
        raise Fault(str(cannot), USAGE) from cannot
    if output is not None:
        session.err.print(f"Written to {output}: {made.volume.events:,} events.")
    faults = made.verification.faults
    if faults.count:
        said = " ".join(faults.named[:3])
        session.err.print(f"{FOUND} {said}", style="red")
        return WRONG
    return 0


def _written(
    session: Session,
    wanted: "Period",
    late_seconds: int,
    form: str,
    output: Path | None,
    *,
    force: bool,
) -> "Report":
    from tocsin.audit.report.forms import FORMS
    from tocsin.exports.file import whole

    if output is None:
        made = _made(session, wanted, late_seconds)
        sys.stdout.buffer.write(FORMS[form](made))
        return made
    with whole(output, force=force) as out:
        made = _made(session, wanted, late_seconds)
        out.stream.write(FORMS[form](made))
    return made


def _made(session: Session, wanted: "Period", late_seconds: int) -> "Report":
    from tocsin.audit.report.making import report_of
    from tocsin.cli.accesses import noted
    from tocsin.cli.histories import reading
    from tocsin.cli.progress import bars
    from tocsin.cli.stopping import stopped_by_signals

    with reading(session) as log, stopped_by_signals() as stop, bars(session) as show:
        noted(session, log, "audit")
        return report_of(
            session.settings,
            log,
            wanted,
            late_seconds=late_seconds,
            progress=show,
            stop=stop.is_set,
        )
