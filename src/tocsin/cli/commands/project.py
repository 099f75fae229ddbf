"""`tocsin project`: keep read models at the head of the log, in the foreground."""

import os

import click

from tocsin.cli.frame import EXITS, WITH_PARENT, Session, subcommand


@subcommand("project", exits=f"{EXITS} Told to stop (SIGTERM, Ctrl-C): 0.", display=False)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@WITH_PARENT
def command(session: Session, names: tuple[str, ...], with_parent: int | None) -> None:
    """Follow the log and keep read models up to date: those named, or all there are.

    `tocsin serve` does this by itself, in a process of its own. A second projector waits, and
    takes over what another one leaves.
    """
    from tocsin.cli.following import follow

    parent = (with_parent or os.getppid()) if with_parent is not None else None
    done = follow(session, names, parent)
    if session.json:
        session.answer({"projections": done})
