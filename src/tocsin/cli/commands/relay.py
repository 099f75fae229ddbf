"""`tocsin relay`: what happens, told to others as it happens."""

from typing import TYPE_CHECKING

import click

from tocsin.cli.frame import EXITS, Session, setting, subcommand

if TYPE_CHECKING:
    from tocsin.jetstream.relay import Progress

ENDS = f"{EXITS} Told to stop (SIGTERM, Ctrl-C): 0."


@click.group("relay")
def command() -> None:
    """Publish the log elsewhere, event by event."""


@subcommand("nats", exits=ENDS, display=False)
@setting(
    "--servers",
    variable="TOCSIN_NATS_SERVERS",
    metavar="URL,...",
    help="Servers of the NATS cluster.",
)
@setting("--stream", variable="TOCSIN_RELAY_STREAM", metavar="NAME", help="Stream to relay to.")
@setting(
    "--opened/--veiled",
    variable="TOCSIN_RELAY_OPENED",
    default=None,
    help="With names and texts, or with pseudonyms and without texts. Default: veiled.",
)
@click.option(
    "--after",
    type=click.IntRange(min=0),
    default=0,
    metavar="POSITION",
    help="Where a stream begins that is made now. Default: with the first event.",
)
@click.option("--once", is_flag=True, help="End when all that is there now is relayed.")
def nats(session: Session, after: int, once: bool) -> None:
    """Publish every event as a CloudEvent to NATS JetStream, each once and in order.

    It begins behind the last message of the stream, wherever that is, and goes on until it is told
    to stop. A second relay watches, and goes on where another one stops.
    """
    from tocsin.cli.streaming import relayed

    progress = relayed(session, after, once=once)
    if session.json:
        session.answer(_document(progress))
    else:
        session.err.print(
            f"Relayed {progress.relayed:,} events; the stream is at position {progress.position:,}."
        )


def _document(progress: "Progress") -> dict[str, int]:
    return {
        "relayed": progress.relayed,
        "position": progress.position,
        "head": progress.head,
        "resumed": progress.resumed,
    }


command.add_command(nats)
