"""`tocsin serve`: the service, until it is told to stop."""

import click

from tocsin.cli.frame import EXITS, Session, setting, subcommand


@subcommand("serve", exits=f"{EXITS} Told to stop (SIGTERM, Ctrl-C): 0.", display=False)
@setting("--host", variable="TOCSIN_HOST", help="Address to listen on. Default: 127.0.0.1.")
@setting(
    "--port",
    variable="TOCSIN_PORT",
    type=click.IntRange(0, 65_535),
    help="Port to listen on. Default: 8080.",
)
def command(session: Session) -> None:
    """Serve the HTTP API, with its writer and the projector of the read models.

    At the first start a key is made and shown once. Whatever is not said here is a setting:
    `tocsin doctor` lists them all.
    """
    from tocsin.http.server import serve

    serve(session.settings)
