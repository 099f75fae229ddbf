"""`tocsin replay`: what was recorded, played again: step by step, to a digest, to another store."""

import sys
from datetime import datetime

import click

from tocsin.cli.commands.incident import KNOWN_AT, VERSION
from tocsin.cli.frame import EXITS, INTERRUPTED, USAGE, Fault, Session, moment, subcommand
from tocsin.cli.periods import period, period_options


@subcommand("replay", exits=f"{EXITS} Without such an incident: 1. Interrupted: {INTERRUPTED}.")
@click.argument("names", nargs=-1, metavar="[INC...]")
@click.option(
    "--at", type=moment, metavar="TIME", help="Print the state as it was in the world then."
)
@KNOWN_AT
@VERSION
@click.option("--all", "print_all", is_flag=True, help="Print every step, on a terminal too.")
@click.option(
    "--of",
    type=click.Choice(("incident", "review", "clocks")),
    help="Whose steps: its own, its review's, or what time did to it. Default: incident.",
)
@click.option("--digest", is_flag=True, help="Play a whole period, and say what it comes to.")
@period_options
@click.option(
    "--into",
    metavar="PLACE",
    help="Play the whole log to a fresh store: a folder, or a postgresql:// address.",
)
@click.option(
    "--read-models/--no-read-models",
    "read_models",
    default=None,
    help="Say what they come to (--digest), or do not build them there (--into).",
)
def command(
    session: Session,
    names: tuple[str, ...],
    at: datetime | None,
    known_at: datetime | None,
    version: int | None,
    print_all: bool,
    of: str | None,
    digest: bool,
    since: datetime | None,
    until: datetime | None,
    into: str | None,
    read_models: bool | None,
) -> int:
    """Step through the history of incidents, or print their state at a time or version.

    On a terminal, keys go forward and back. Anywhere else every step is printed, with what its
    event changed.

    With --digest, a whole period instead: the hashes of its events, of the states that they led
    to, and of the tree over all of them are the same on every machine and from either store. With
    --into, the whole log: the same bytes at the same positions, in another store.
    """
    ways = [bool(names), digest, into is not None]
    if sum(ways) != 1:
        raise Fault("Name incidents, or say --digest, or --into: one of them.", USAGE)
    stepping = at or known_at or version is not None or print_all or of
    if stepping and not names:
        raise Fault("--at, --known-at, --version, --all, --of need incidents: name some.", USAGE)
    if (since or until) and not digest:
        raise Fault("--since and --until are about a period: say --digest.", USAGE)
    if digest:
        from tocsin.cli.replaying import print_digest

        return print_digest(session, period(session, since, until), read_models=bool(read_models))
    if into is not None:
        from tocsin.cli.replaying import replay_into

        return replay_into(session, into, read_models=read_models is not False)
    if read_models is not None:
        raise Fault("--read-models goes with --digest or --into.", USAGE)
    return _step(session, names, version, at, known_at, of=of or "incident", print_all=print_all)


def _step(
    session: Session,
    names: tuple[str, ...],
    version: int | None,
    at: datetime | None,
    known_at: datetime | None,
    *,
    of: str,
    print_all: bool,
) -> int:
    from tocsin.cli.accesses import noted
    from tocsin.cli.courses import course
    from tocsin.cli.histories import find, moment_of, reading
    from tocsin.cli.steps import Steps, play, print_states, print_steps

    until = moment_of(session, version, at, known_at)
    with reading(session) as log:
        found = [Steps(course(log, name, until, of)) for name in names]
        noted(session, log, "read", [find(log, name) for name in names])
    if version or at or known_at:
        print_states(session, found)
    elif print_all or session.json or not (session.out.is_terminal and _keyboard()):
        print_steps(session, found)
    else:
        from tocsin.cli.keyboard import keyboard

        with keyboard() as keys:
            for steps in found:
                play(session, steps, keys)
    return 0


def _keyboard() -> bool:
    return sys.stdin.isatty()
