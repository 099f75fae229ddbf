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
@setting(
    "--workers",
    variable="TOCSIN_WORKERS",
    type=click.IntRange(1),
    help="Processes that answer; several take PostgreSQL. Default: 1.",
)
def command(session: Session) -> None:
    """Serve the HTTP API, with its writer and the projector of the read models.

    At the first start a key is made and shown once. Whatever is not said here is a setting:
    `tocsin doctor` lists them all.
    """
    if session.settings.workers == 1:
        from tocsin.http.server import serve

        serve(session.settings)
    else:
        from tocsin.http.supervisor import supervise

        supervise(session.settings)
