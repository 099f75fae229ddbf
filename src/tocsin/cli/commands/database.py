"""`tocsin database`: the tables of a PostgreSQL database, and who may do what with them."""

from contextlib import closing

import click

from tocsin.cli.frame import EXITS, USAGE, Fault, Session, subcommand


@click.group("database")
def command() -> None:
    """Prepare a PostgreSQL database for a service that may add to the log and not change it."""


@subcommand("migrate", exits=EXITS)
def migrate(session: Session) -> None:
    """Make the tables of the log and of the API keys, or bring them up to date.

    `tocsin serve` does this by itself where its role owns them. Where it does not, their owner
    runs this before the service of a new version starts.
    """
    from tocsin.keys import Keys
    from tocsin.store.log import Log

    _shared(session)
    with closing(Log.open(session.settings, writer=True, veiled=True)) as log:
        place, head = log.place, log.head()
    Keys.open(session.settings).close()
    if session.json:
        session.answer({"place": place, "head": head})
    else:
        session.out.print(f"{place}: ready for this version, {head:,} events")


@subcommand("grants", exits=EXITS)
@click.argument("role")
def grants(session: Session, role: str) -> None:
    """Print the SQL that lets ROLE run the service: add events, and neither change nor delete them.

    Nothing is executed. The owner of the log, or a superuser, pipes it into psql, and does so again
    after an update that brought new tables. The role must exist already.
    """
    from tocsin.store.postgres_roles import grants

    statements = list(grants(role))
    if session.json:
        session.answer({"role": role, "statements": statements})
    else:
        session.out.print("\n".join(f"{statement};" for statement in statements), soft_wrap=True)


def _shared(session: Session) -> None:
    if not session.settings.database:
        way = "Say which PostgreSQL database, with --database or TOCSIN_DATABASE."
        raise Fault(f"The embedded store has no owner but this user's files. {way}", USAGE)


for _each in (migrate, grants):
    command.add_command(_each)
