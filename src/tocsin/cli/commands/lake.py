"""`tocsin lake`: the log as columns: written, examined, and named file by file."""

import os
from pathlib import Path

import click

from tocsin.cli.frame import (
    EXITS,
    INTERRUPTED,
    USAGE,
    WITH_PARENT,
    WRONG,
    Fault,
    Session,
    setting,
    subcommand,
)

FOLDER = setting(
    "--folder",
    variable="TOCSIN_LAKE_FOLDER",
    type=click.Path(file_okay=False),
    help="Folder of the lake, if it is not the one of the settings.",
)


@click.group("lake")
def command() -> None:
    """Write the lake, see how far it is, examine it, and list its files."""


@subcommand(
    "follow",
    exits=f"{EXITS} Told to stop (SIGTERM, Ctrl-C): 0; with --once, {INTERRUPTED} if it was not"
    " there yet.",
    display=False,
)
@FOLDER
@setting(
    "--delta",
    variable="TOCSIN_LAKE_DELTA",
    type=click.Path(file_okay=False),
    help="Keep Delta tables in this folder up with what is sealed.",
)
@click.option("--once", is_flag=True, help="Catch up with the log, and end.")
@click.option(
    "--processes",
    type=click.IntRange(1, 256),
    help="With which to catch up. Default: one for each processor, or half as many without --once.",
)
@WITH_PARENT
def follow(
    session: Session, once: bool, processes: int | None, with_parent: int | None
) -> int | None:
    """Follow the log and write the lake.

    `tocsin serve` does this by itself, in a process of its own. A second one on the same folder
    waits, and takes over when the first ends. What is written is never written again, so it may
    be interrupted at any time.
    """
    from tocsin.cli.lakeside import caught_up, followed, shown
    from tocsin.lake.extra import need

    need()
    if not once:
        parent = (with_parent or os.getppid()) if with_parent is not None else None
        followed(session, processes, parent)
        return None
    if not caught_up(session, processes):
        way = "Interrupted. What is written stays: ask again, and it goes on from there."
        raise Fault(way, INTERRUPTED)
    shown(session)
    return None


@subcommand("status", exits=f"{EXITS} Without a lake: 1.", display=False)
@FOLDER
def status(session: Session) -> None:
    """Say how far the lake has come, how large it is, and whether anybody writes it."""
    from tocsin.cli.lakeside import shown

    shown(session)


@subcommand("verify", exits=f"{EXITS} Without a lake: 1.", display=False)
@FOLDER
def verify(session: Session) -> int:
    """Read every file of the lake again, and say what is wrong.

    Its hash, its rows, that no position is missing or there twice, that it is of this log, and
    that what is stated and taken back adds up.
    """
    from tocsin.cli.lakeside import examined
    from tocsin.lake.extra import need

    need()
    return 0 if examined(session) else WRONG


@subcommand("files", exits=f"{EXITS} Without a lake: 1.", display=False)
@FOLDER
@click.argument("table")
def files(session: Session, table: str) -> None:
    """List the files that make up TABLE now, for whoever reads them: one path a line."""
    from tocsin.cli.lakeside import lake_of
    from tocsin.lake.tables import TABLES

    names = [each.name for each in TABLES]
    if table not in names:
        raise Fault(f"There is no table {table}; there are: {', '.join(names)}.", USAGE)
    paths: list[Path] = lake_of(session).files(table)
    if session.json:
        session.answer({"table": table, "files": paths})
    else:
        for path in paths:
            click.echo(path)


for each in (follow, status, verify, files):
    command.add_command(each)
