"""`tocsin queue`: what waits in each group, now or at any moment."""

from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.commands.incident import AS_OF, KNOWN_AT
from tocsin.cli.frame import EXITS, USAGE, Fault, Session, subcommand

if TYPE_CHECKING:
    from tocsin.past.asking import Answer, Asked

COUNTS = ("group", "open", "on_hold", "unassigned", "major", "critical", "high")
ROWS = ("reference", "priority", "status", "queued_at", "assignee", "title")


@subcommand("queue", exits=f"{EXITS} Where the lake cannot help: 2.")
@click.argument("group", required=False, metavar="[GROUP]")
@AS_OF
@KNOWN_AT
@click.option("--assignee", metavar="WHO", help="Of one person only.")
@click.option("--on-hold/--not-on-hold", default=None, help="Only what waits, or does not.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, help="Rows. Default: 50.")
@click.option("--after", metavar="CURSOR", help="Go on where the page before ended.")
@click.option(
    "--reading",
    type=click.Choice(["log", "lake"]),
    help="What says which incidents to look at. Default: the lake, if it covers the moment.",
)
def command(session: Session, group: str | None, **asked: Any) -> None:
    """Show what waits in GROUP, the most urgent first; without one, how much waits in each.

    With --as-of, what waited then; with --known-at, what was believed then to wait. The answer is
    the same from the log alone and with the lake, which is faster. `(none)` is the queue of what no
    group holds.
    """
    from tocsin.cli.histories import moment_of
    from tocsin.past.asking import Source, asked_by_name
    from tocsin.readmodels import found

    at = moment_of(session, None, asked["as_of"], asked["known_at"])
    parameters: dict[str, Any] = {"limit": asked["limit"], "after": asked["after"]}
    if group is not None:
        parameters |= {"group": group, "assignee": asked["assignee"], "on_hold": asked["on_hold"]}
    elif asked["assignee"] is not None or asked["on_hold"] is not None:
        raise Fault("--assignee and --on-hold are about one GROUP: name it.", USAGE)
    question = asked_by_name(
        found(),
        "open_queue",
        "queues" if group is None else "queue",
        moment=at,
        source=Source(asked["reading"]) if asked["reading"] else None,
        parameters=parameters,
    )
    _put(session, _answered(session, question), ROWS if group is not None else COUNTS)


def _answered(session: Session, asked: "Asked") -> "Answer":
    from tocsin.cli.accesses import noted
    from tocsin.cli.histories import reading
    from tocsin.cli.progress import bar
    from tocsin.crew import processors
    from tocsin.past.asking import ask
    from tocsin.past.lakeward import NotCovered
    from tocsin.readmodels.cursor import BadCursor
    from tocsin.readmodels.passing import TooMany

    try:
        with bar(session, "events") as show, reading(session) as log:
            head = log.head()
            answer = ask(
                session.settings,
                asked,
                processes=processors(),
                advance=lambda part: show(round(part * head), head),
            )
            items = answer.page.items
            shown = [row.incident_id for row in items if hasattr(row, "incident_id")]
            noted(session, log, "list", shown, asked=asked.question.name, rows=len(items))
    except NotCovered as error:
        raise Fault(f"--reading cannot be the lake: {error}", USAGE) from error
    except BadCursor as error:
        raise Fault(f"--after: {error}", USAGE) from error
    except TooMany as error:
        raise Fault(str(error)) from error
    return answer


def _put(session: Session, answer: "Answer", columns: tuple[str, ...]) -> None:
    page = answer.page
    if session.json:
        session.answer({**vars(page), "reading": answer.source})
        return
    rows = [[_said(session, getattr(row, name)) for name in columns] for row in page.items]
    if not rows:
        session.out.print("Nothing waited." if columns is COUNTS else "Nothing waited there.")
        return
    session.table([name.replace("_", " ") for name in columns], rows)
    if page.next is not None:
        session.err.print(f"There is more: --after {page.next}")


def _said(session: Session, value: Any) -> str:
    from tocsin.cli.picture import said_as

    return "0" if value == 0 and not isinstance(value, bool) else said_as(session, value)
