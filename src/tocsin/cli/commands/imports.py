"""`tocsin import`: histories from other systems, one subcommand for each importer there is."""

from datetime import tzinfo
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.frame import EXITS, INTERRUPTED, WRONG, Session, subcommand, zone

if TYPE_CHECKING:
    from tocsin.importers.report import Progress, Report

SHOWN = 20
"""Rows that could not be imported, of those shown one by one; `--json` has a thousand."""
AGAIN = "What was imported stays: run the same command again, and it goes on behind it."


class Importers(click.Group):
    """A subcommand for every importer."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names."""
        from tocsin.importers import importers

        return sorted(importers())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The one of that name."""
        from tocsin.importers import importers

        module = importers().get(cmd_name)
        return _command(module) if module else None


@click.group("import", cls=Importers)
def command() -> None:
    """Bring in the history of incidents from another system."""


def _command(module: ModuleType) -> click.Command:
    @subcommand(
        module.NAME,
        exits=f"{EXITS} Rows that could not be imported: 1. Another file than said: 2."
        f" Interrupted: {INTERRUPTED}.",
        display=False,
    )
    @click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @click.option(
        "--time-zone",
        "times",
        type=zone,
        metavar="ZONE",
        default="UTC",
        help="Zone of the times in the file: they say none. Default: UTC.",
    )
    def run(session: Session, file: Path, times: tzinfo) -> int:
        report = _import(session, module, file, times)
        if session.json:
            session.answer(report.to_dict())
        else:
            _show(session, report)
        if report.interrupted:
            return INTERRUPTED
        return 0 if report.complete else WRONG

    run.short_help = (module.__doc__ or "").partition("\n")[0]
    run.help = (
        f"{run.short_help}\n\nFILE may be plain, .gz or .zst. Running it again imports only what"
        " is missing: after an interruption, or when the file has grown or was repaired."
    )
    return run


def _import(session: Session, module: ModuleType, file: Path, times: tzinfo) -> "Report":
    from tocsin.cli.following import stopped_by_signals
    from tocsin.cli.histories import writing
    from tocsin.cli.progress import bar

    with (
        writing(session) as log,
        stopped_by_signals() as stop,
        bar(session, "B", file.name) as show,
    ):

        def progress(at: "Progress") -> None:
            show(at.bytes_read, at.bytes_total)

        report: Report = module.import_file(
            file, log, time_zone=times, progress=progress, stop=stop.is_set
        )
    return report


def _show(session: Session, report: "Report") -> None:
    out = session.out
    counts: dict[str, Any] = {
        "rows read": report.rows,
        "imported now": report.imported,
        "imported before": report.known,
        "without an event": report.without_event,
        "unreadable": report.unreadable,
        "waiting behind an unreadable one": report.waiting,
        "refused": report.refused,
        "new incidents": report.incidents,
        "new events": report.events,
    }
    width = max(map(len, counts))
    for what, count in counts.items():
        out.print(f"{what:{width}}  {count:>11,}")
    if report.seconds:
        out.print(f"{'rows a second':{width}}  {report.rows / report.seconds:>11,.0f}")
    shown = report.reported[:SHOWN]
    for row in shown:
        out.print(str(row), style="yellow")
    left = report.unreadable + report.waiting + report.refused - len(shown)
    if left:
        out.print(f"… and {left:,} more: `--json` lists up to a thousand.", style="yellow")
    if report.fault:
        out.print(report.fault, style="red")
    if report.interrupted:
        out.print(f"Interrupted. {AGAIN}", style="red")
    session.err.print("A running `tocsin serve` or `tocsin project` updates the read models.")
