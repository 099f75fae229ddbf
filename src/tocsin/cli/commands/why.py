"""`tocsin why`: which event set each value of an incident, who acted, and what it was before."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.commands.incident import KNOWN_AT, VERSION
from tocsin.cli.frame import EXITS, USAGE, Fault, Session, subcommand

if TYPE_CHECKING:
    from tocsin.past.moments import History, Moment
    from tocsin.store.log import Log


@subcommand("why", exits=f"{EXITS} Without such an incident: 1.")
@click.argument("name", metavar="INC")
@click.argument("field", required=False, metavar="[FIELD]")
@KNOWN_AT
@VERSION
def command(
    session: Session,
    name: str,
    field: str | None,
    known_at: datetime | None,
    version: int | None,
) -> None:
    """Show why an incident stands as it does: every value with the event that set it.

    FIELD is one value, such as priority or workarounds.W1.status, and then its earlier values are
    shown as well. Without it, what was promised and kept or broken is shown, too. INC is a
    reference, an id, or the number that an imported incident had before.
    """
    from tocsin.cli.accesses import noted
    from tocsin.cli.histories import missing, moment_of, reading, whole
    from tocsin.cli.picture import reasons
    from tocsin.domain.incident.state import INCIDENT
    from tocsin.domain.incident.words import words
    from tocsin.past.moments import NotThen
    from tocsin.past.reasons import NoSuchValue
    from tocsin.past.telling import explained

    at = moment_of(session, version, known_at=known_at)
    with reading(session) as log:
        past = whole(log, name)
        noted(session, log, "read", [past[0].stream])
        try:
            said = explained(INCIDENT, past, at, field, words)
            if field is None:
                said["verdicts"] = _verdicts(log, past, at)
        except NotThen as error:
            raise missing(name, error) from error
        except NoSuchValue as error:
            raise Fault(f"{error.field} {error.reason}.", USAGE) from error
    if session.json:
        session.answer(said)
        return
    for line in reasons(session, said, every=field is not None):
        session.out.print(line)


def _verdicts(log: "Log", past: "History", at: "Moment") -> list[dict[str, Any]]:
    from tocsin.clocks import sheet
    from tocsin.domain.clock.plan import Rulebooks
    from tocsin.past.telling import verdicts

    rules = Rulebooks()
    for recorded in log.history(rules.stream):
        rules.add(recorded)
    known = at.known(past)
    return verdicts(sheet(known, (), rules, at.known_at or datetime.now(UTC))["clocks"])
