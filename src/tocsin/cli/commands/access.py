"""`tocsin access`: who read what about people, and who took it away."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.frame import EXITS, WRONG, Fault, Session, moment, subcommand

if TYPE_CHECKING:
    from tocsin.access import Entry

COLUMNS = ("number", "time", "who", "kind", "what", "about", "purpose")
LISTED = 1_000


@click.group("access")
def command() -> None:
    """Show and check the access journal: who read what about people, and who took it away."""


@subcommand("list", exits=f"{EXITS} Listing it is an access as well.")
@click.option("--since", type=moment, metavar="TIME", help="Accesses then or later.")
@click.option("--until", type=moment, metavar="TIME", help="Accesses before this.")
@click.option("--who", default="", metavar="NAME", help="Of this person.")
@click.option("--incident", "name", metavar="INC", help="To this incident.")
@click.option(
    "--limit", type=click.IntRange(1), default=LISTED, show_default=True, help="Most entries."
)
def listing(
    session: Session,
    since: datetime | None,
    until: datetime | None,
    who: str,
    name: str | None,
    limit: int,
) -> None:
    """List accesses, oldest first."""
    from tocsin.cli.accesses import journal, noted
    from tocsin.cli.histories import find, reading

    _kept(session)
    with reading(session) as log, journal(session, log.seals) as opened:
        incident = find(log, name) if name else None
        noted(session, log, "audit", [incident] if incident else [])
        found = opened.entries(
            session.instant(since) if since else None,
            session.instant(until) if until else None,
            who=who,
            incident=incident,
        )
        entries = list(islice(found, limit))
    if session.json:
        session.answer({"items": [document(each) for each in entries]})
        return
    session.table(COLUMNS, (_row(session, each) for each in entries), right=("number",))


@subcommand("verify", exits=f"{EXITS} An entry that was changed or removed: 1.")
@click.option(
    "--noted",
    metavar="SIZE:ROOT",
    help="What somebody wrote down elsewhere: the journal must still begin so.",
)
def verify(session: Session, noted: str | None) -> int:
    """Look whether any entry was changed or removed.

    The answer names the size of the journal and the root of its tree. Write both down elsewhere:
    who can write the database can write all of it anew, and only --noted shows that.
    """
    from tocsin.cli.accesses import journal

    _kept(session)
    with journal(session) as opened:
        found = opened.verify(_noted(noted))
    if session.json:
        session.answer(vars(found))
        return WRONG if found.faults else 0
    for fault in found.faults:
        session.out.print(fault, style="red")
    session.out.print(f"{found.size:,} entries, {found.expired:,} of them expired.")
    session.out.print(f"Note this elsewhere: {found.size}:{found.root}")
    return WRONG if found.faults else 0


@subcommand("expire")
@click.option(
    "--days", type=click.IntRange(1), help="Keep so many days, whatever the settings say."
)
def expire(session: Session, days: int | None) -> None:
    """Drop what is older than TOCSIN_ACCESS_DAYS. The numbers and hashes of entries stay."""
    from tocsin.cli.accesses import journal

    _kept(session)
    if not (days or session.settings.access_days):
        raise Fault("TOCSIN_ACCESS_DAYS is 0, so entries are kept for ever: set it, or say --days.")
    with journal(session) as opened:
        count = opened.expire(days=days)
    if session.json:
        session.answer({"expired": count})
    else:
        session.out.print(f"{count:,} entries have expired.")


def _kept(session: Session) -> None:
    """Refuse where there is nothing to look at, instead of making an empty journal."""
    settings = session.settings
    if not (settings.database or settings.access_file.exists()):
        raise Fault(f"There is no access journal in {settings.home} yet: nobody read anything.")


def _noted(text: str | None) -> tuple[int, str] | None:
    if text is None:
        return None
    size, _, root = text.partition(":")
    if not size.isdigit() or len(root) != 64:
        raise click.UsageError("--noted takes what `tocsin access verify` said: SIZE:ROOT.")
    return int(size), root.lower()


def document(entry: "Entry") -> dict[str, Any]:
    """An entry for a program."""
    if entry.expired:
        return {"number": entry.number, "at": entry.at, "expired": True}
    return {**vars(entry), "incidents": list(entry.incidents), "expired": False}


def _row(session: Session, entry: "Entry") -> tuple[str, ...]:
    number, time = str(entry.number), session.time(entry.at)
    if entry.expired:
        return number, time, "", "", "expired", "", ""
    about = ", ".join(_about(entry))
    return number, time, entry.who, entry.kind, entry.what, about, entry.purpose


def _about(entry: "Entry") -> Iterator[str]:
    if len(entry.incidents) == 1:
        yield str(entry.incidents[0])
    elif entry.incidents:
        yield f"{len(entry.incidents)} incidents"
    if entry.asked:
        yield entry.asked
    if entry.rows:
        yield f"{entry.rows:,} rows"
    if entry.times > 1:
        yield f"{entry.times} times"
    if entry.lost:
        yield f"{entry.lost} before it were not kept"


command.add_command(listing)
command.add_command(verify)
command.add_command(expire)
