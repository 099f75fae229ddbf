"""Who looks at what about people with the command line: the user of the operating system.

Reading needs no lock of the log's writer, and neither does this: any process may write the journal.
"""

import getpass
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING
from uuid import UUID

import click

from tocsin.cli.frame import UNREACHABLE, Fault, Session

if TYPE_CHECKING:
    from tocsin.access import Journal
    from tocsin.store.log import Log
    from tocsin.store.sealing import Seals

PURPOSE_VARIABLE = "TOCSIN_PURPOSE"
HANDED_OVER = frozenset({"export", "subject", "evidence", "audit"})
"""Kinds of accesses that nothing leaves without: a read goes on, with a warning."""


@contextmanager
def journal(session: Session, seals: "Seals | None" = None) -> Iterator["Journal"]:
    """The access journal, with the keys that open it."""
    from tocsin.access import Journal
    from tocsin.vault import Vault

    settings = session.settings
    if seals is not None:
        with closing(Journal.open(settings, seals)) as opened:
            yield opened
        return
    with (
        closing(Vault.open(settings)) as vault,
        closing(Journal.open(settings, vault)) as opened,
    ):
        yield opened


def noted(
    session: Session,
    log: "Log",
    kind: str,
    incidents: Iterable[UUID] = (),
    *,
    asked: str = "",
    rows: int = 0,
) -> None:
    """Write down, before anything is shown, that whoever runs this sees these.

    Raises:
        Fault: it cannot be written, and data would leave without a trace.
    """
    from tocsin.access import Access, JournalUnavailable, Kind, Through
    from tocsin.access.records import INCIDENTS

    settings = session.settings
    if not settings.access:
        return
    about = list(dict.fromkeys(incidents))
    parts = [tuple(about[n : n + INCIDENTS]) for n in range(0, max(len(about), 1), INCIDENTS)]
    what, purpose = _command(), _purpose(settings.purpose)
    accesses = [
        Access(
            who=getpass.getuser(),
            what=what,
            kind=Kind(kind),
            through=Through.CLI,
            purpose=purpose,
            incidents=part,
            asked=asked,
            rows=0 if number else rows,
        )
        for number, part in enumerate(parts)
    ]
    try:
        with journal(session, log.seals) as opened:
            opened.note(*accesses)
    except JournalUnavailable as error:
        if kind in HANDED_OVER or settings.access_strict:
            raise Fault(f"{error}. Nothing is shown without a record.", UNREACHABLE) from error
        session.err.print(f"Not recorded: {error}.")


def _command() -> str:
    """The name of the command that runs, however the program was called."""
    names, found = [], click.get_current_context(silent=True)
    while found is not None and found.parent is not None:
        names.append(found.info_name or "")
        found = found.parent
    return " ".join(["tocsin", *reversed(names)])


def _purpose(text: str) -> str:
    from tocsin.access import AccessTrouble, stated_purpose

    try:
        return stated_purpose(text)
    except AccessTrouble as trouble:
        raise click.UsageError(f"{PURPOSE_VARIABLE}: {trouble}") from trouble
