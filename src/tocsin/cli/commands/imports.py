"""`tocsin import`: histories from other systems, one subcommand for each importer there is."""

from collections.abc import Callable
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

FILE = (
    "FILE may be plain, .gz or .zst. Running it again imports only what is missing: after an"
    " interruption, or when the file has grown or was repaired."
)
FOLDER = (
    "Each document of FOLDER is imported whole or not at all. Running it again imports those that"
    " are new or were repaired; one that was changed since it was imported is reported."
)


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


def _source(folder: bool) -> Callable[[Any], Any]:
    kind = click.Path(exists=True, file_okay=not folder, dir_okay=folder, path_type=Path)
    return click.argument("source", metavar="FOLDER" if folder else "FILE", type=kind)


def _command(module: ModuleType) -> click.Command:
    folder = hasattr(module, "import_folder")
    what = "documents that say none" if folder else "file"

    @subcommand(
        module.NAME,
        exits=f"{EXITS} Rows that could not be imported: 1. Another file than said: 2."
        f" Interrupted: {INTERRUPTED}.",
        display=False,
    )
    @_source(folder)
    @click.option(
        "--time-zone",
        "times",
        type=zone,
        metavar="ZONE",
        default="UTC",
        help=f"Zone of the times in the {what}{'' if folder else ': they say none'}. Default: UTC.",
    )
    def run(session: Session, source: Path, times: tzinfo) -> int:
        report = _import(session, module, source, times)
        if session.json:
            session.answer(report.to_dict())
        else:
            _show(session, report)
        if report.interrupted:
            return INTERRUPTED
        return 0 if report.complete else WRONG

    run.short_help = (module.__doc__ or "").partition("\n")[0]
    run.help = f"{run.short_help}\n\n{FOLDER if folder else FILE}"
    return run


def _import(session: Session, module: ModuleType, source: Path, times: tzinfo) -> "Report":
    from tocsin.cli.histories import writing
    from tocsin.cli.progress import bar
    from tocsin.cli.stopping import stopped_by_signals

    with (
        writing(session) as log,
        stopped_by_signals() as stop,
        bar(session, "B", source.name) as show,
    ):

        def progress(at: "Progress") -> None:
            show(at.bytes_read, at.bytes_total)

        bring = module.import_folder if source.is_dir() else module.import_file
        report: Report = bring(source, log, time_zone=times, progress=progress, stop=stop.is_set)
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
    for remark in report.remarks[:SHOWN]:
        out.print(str(remark), style="dim")
    if more := report.remarks[SHOWN:]:
        out.print(f"… and {len(more):,} more remarks: see `--json`.", style="dim")
    left = report.unreadable + report.waiting + report.refused - sum(row.rows for row in shown)
    if left:
        out.print(f"… and {left:,} more: `--json` lists up to a thousand.", style="yellow")
    if report.fault:
        out.print(report.fault, style="red")
    if report.interrupted:
        out.print(f"Interrupted. {AGAIN}", style="red")
    session.err.print("A running `tocsin serve` or `tocsin project` updates the read models.")
