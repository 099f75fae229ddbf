"""`tocsin replay`: an incident's history, one event at a time, and what each of them changed."""

import sys
from datetime import datetime

import click

from tocsin.cli.commands.incident import KNOWN_AT, VERSION
from tocsin.cli.frame import EXITS, Session, moment, subcommand


@subcommand("replay", exits=f"{EXITS} Without such an incident: 1.")
@click.argument("names", nargs=-1, required=True, metavar="INC...")
@click.option(
    "--at", type=moment, metavar="TIME", help="Print the state as it was in the world then."
)
@KNOWN_AT
@VERSION
@click.option("--all", "print_all", is_flag=True, help="Print every step, on a terminal too.")
def command(
    session: Session,
    names: tuple[str, ...],
    at: datetime | None,
    known_at: datetime | None,
    version: int | None,
    print_all: bool,
) -> None:
    """Step through the history of incidents, or print their state at a time or version.

    On a terminal, keys go forward and back. Anywhere else every step is printed, with what its
    event changed.
    """
    from tocsin.cli.histories import Until, history, reading
    from tocsin.cli.steps import Steps, play, print_states, print_steps

    until = Until.asked(session, version, at, known_at)
    with reading(session) as log:
        found = [Steps(history(log, name, until)) for name in names]
    if until != Until():
        print_states(session, found)
    elif print_all or session.json or not (session.out.is_terminal and _keyboard()):
        print_steps(session, found)
    else:
        from tocsin.cli.keyboard import keyboard

        with keyboard() as keys:
            for steps in found:
                play(session, steps, keys)


def _keyboard() -> bool:
    return sys.stdin.isatty()
