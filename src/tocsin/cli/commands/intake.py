"""`tocsin intake`: alerts and commands that queue elsewhere, taken in; and those that cannot be."""

from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.frame import EXITS, USAGE, Fault, Session, setting, subcommand

if TYPE_CHECKING:
    from tocsin.jetstream.parked import Parked

ENDS = f"{EXITS} Told to stop (SIGTERM, Ctrl-C): 0."
SERVERS = setting(
    "--servers",
    variable="TOCSIN_NATS_SERVERS",
    metavar="URL,...",
    help="Servers of the NATS cluster.",
)
NUMBERS = click.argument("numbers", nargs=-1, type=click.IntRange(min=1), metavar="[NUMBER]...")
ALL = click.option("--all", "everything", is_flag=True, help="All that are parked,")
CODE = click.option("--code", metavar="CODE", help="or all that were parked for this reason.")
COLUMNS = ("number", "parked at", "reason", "subject", "says")
SAYS = 100


@click.group("intake")
def command() -> None:
    """Take in what queues in a broker, on any number of hosts."""


@subcommand("nats", exits=ENDS, display=False)
@SERVERS
@setting("--url", variable="TOCSIN_INTAKE_URL", metavar="URL", help="The service to ask.")
@setting(
    "--key-file",
    variable="TOCSIN_INTAKE_KEY_FILE",
    type=click.Path(dir_okay=False),
    help="File of the API key.",
)
@setting(
    "--health",
    variable="TOCSIN_INTAKE_HEALTH",
    metavar="HOST:PORT",
    help="Where /health/live, /health/ready and /metrics are.",
)
def nats(session: Session) -> None:
    """Turn the alerts and commands that queue in NATS JetStream into commands to a service.

    Each message is done once, those of one key in order. What cannot be done is parked, with the
    reason. Several hosts share the work, and take over from one that is gone.
    """
    from tocsin.cli.streaming import taken_in

    intake = taken_in(session)
    tally = intake.handler.tally if intake.handler else None
    received, folded = (tally.received, tally.folded) if tally else (0, 0)
    parked = sum(tally.parked.values()) if tally else 0
    if session.json:
        done = dict(tally.commands) if tally else {}
        session.answer({"received": received, "folded": folded, "parked": parked, **done})
    else:
        session.err.print(
            f"Taken in: {received:,} messages, {folded:,} of them folded, {parked:,} parked."
        )


@click.group("parked")
def parked() -> None:
    """See what could not be taken in, take it in again, or throw it away."""


@subcommand("list")
@SERVERS
@click.option(
    "--limit",
    type=click.IntRange(min=1, max=10_000),
    default=100,
    metavar="N",
    help="At most so many. Default: 100.",
)
def listing(session: Session, limit: int) -> None:
    """List what is parked, the oldest first."""
    from tocsin.cli.streaming import parked_ones

    found = parked_ones(session, limit)
    if session.json:
        session.answer({"parked": [_document(each) for each in found]})
        return
    rows = [
        (str(each.number), each.parked_at, each.code, each.subject, each.reason[:SAYS])
        for each in found
    ]
    session.table(COLUMNS, rows, right=("number",))


@subcommand("show")
@SERVERS
@click.argument("number", type=click.IntRange(min=1))
def show(session: Session, number: int) -> None:
    """Show one message, as it came, and why it is parked."""
    from tocsin.cli.streaming import parked_one

    found = parked_one(session, number)
    if session.json:
        session.answer(_document(found) | {"headers": found.headers, "data": _text(found)})
        return
    session.out.print(f"{found.code}: {found.reason}")
    session.out.print(f"{found.subject}, parked at {found.parked_at}")
    for name, value in found.headers.items():
        session.out.print(f"{name}: {value}")
    session.out.print(f"\n{_text(found)}")


@subcommand("replay")
@SERVERS
@NUMBERS
@ALL
@CODE
def replay(session: Session, numbers: tuple[int, ...], everything: bool, code: str | None) -> None:
    """Queue messages again, under the same ids: what was done already is not done twice."""
    _each(session, "replay", numbers, everything=everything, code=code)


@subcommand("discard")
@SERVERS
@NUMBERS
@ALL
@CODE
def discard(session: Session, numbers: tuple[int, ...], everything: bool, code: str | None) -> None:
    """Throw messages away, for good."""
    _each(session, "discard", numbers, everything=everything, code=code)


def _each(
    session: Session, action: str, numbers: tuple[int, ...], *, everything: bool, code: str | None
) -> None:
    from tocsin.cli.streaming import each_parked

    if (bool(numbers), everything, code is not None).count(True) != 1:
        raise Fault("Say which: numbers, or --code, or --all.", USAGE)
    count = each_parked(session, action, numbers, code)
    done = f"{action}ed"
    if session.json:
        session.answer({done: count})
    else:
        session.err.print(f"{count:,} {done}.")


def _document(each: "Parked") -> dict[str, Any]:
    return {
        "number": each.number,
        "parked_at": each.parked_at,
        "code": each.code,
        "reason": each.reason,
        "subject": each.subject,
    }


def _text(each: "Parked") -> str:
    return each.data.decode(errors="replace")


for each in (listing, show, replay, discard):
    parked.add_command(each)
command.add_command(nats)
command.add_command(parked)
