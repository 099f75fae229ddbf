"""`tocsin clocks`: how the clocks of an incident stand, and why."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.commands.incident import AS_OF, KNOWN_AT
from tocsin.cli.frame import EXITS, Session, subcommand

if TYPE_CHECKING:
    from rich.text import Text

COLOURS = {
    "breached": "bold red",
    "running": "cyan",
    "paused": "magenta",
    "met": "green",
    "cancelled": "dim",
}
SAID = {
    "activate": "began",
    "apply_sla": "holds from here",
    "pause": "paused",
    "resume": "goes on",
    "breach": "BREACHED",
    "fulfill": "done",
    "cancel": "no longer holds",
}


@subcommand("clocks", exits=f"{EXITS} Without such an incident: 1.")
@click.argument("name", metavar="INC")
@AS_OF
@KNOWN_AT
def command(session: Session, name: str, as_of: datetime | None, known_at: datetime | None) -> None:
    """Show the clocks of an incident with what started, paused, moved and ended each of them.

    INC is a reference, an id, or the number that an imported incident had before.
    """
    from tocsin.cli.accesses import noted
    from tocsin.cli.histories import missing, moment_of, reading, whole
    from tocsin.clocks import sheet
    from tocsin.domain.clock.happening import clock_stream
    from tocsin.domain.clock.plan import Rulebooks
    from tocsin.past.moments import Moment, NotThen

    said = [session.instant(each) if each else None for each in (as_of, known_at)]
    at, known = said
    if known is not None:
        moment_of(session, known_at=known)
    with reading(session) as log:
        past = whole(log, name)
        noted(session, log, "read", [past[0].stream])
        struck = log.history(clock_stream(past[0].stream))
        rules = Rulebooks()
        for recorded in log.history(rules.stream):
            rules.add(recorded)
    try:
        past = list(Moment(known_at=known).known(past))
    except NotThen as error:
        raise missing(name, error) from error
    struck = [each for each in struck if known is None or each.recorded_at <= known]
    found = sheet(past, struck, rules, at or known or datetime.now(UTC))
    if session.json:
        session.answer(found)
        return
    for line in _lines(session, found):
        session.out.print(line)


def _lines(session: Session, found: dict[str, Any]) -> "Iterator[Text | str]":
    from rich.text import Text

    for clock in found["clocks"]:
        yield Text.assemble(
            (clock["state"], COLOURS[clock["state"]]),
            f"  {clock['target']}",
            (f"  ({clock['measure']}, cycle {clock['cycle']}, {_group(clock)}", "dim"),
            (f"policy {clock['policy_version']})", "dim"),
        )
        yield f"  {_spent(session, clock)}"
        for change in clock["changes"]:
            yield _change(session, change)
    for title, key, at in (
        ("On record", "recorded", "occurred_at"),
        ("Next", "upcoming", "due_at"),
    ):
        if found[key]:
            yield Text(title, style="bold")
        for each in found[key]:
            said = each.get("words") or " ".join(filter(None, _next(each)))
            yield Text.assemble(f"  {session.time(each[at])}  ", said)


def _next(each: dict[str, Any]) -> tuple[str, ...]:
    event = each["event"].partition(".")[2].replace("-", " ")
    return f"{event}:", each["kind"], each["name"], each["mark"]


def _group(clock: dict[str, Any]) -> str:
    return f"{clock['group']}, " if clock["group"] else ""


def _spent(session: Session, clock: dict[str, Any]) -> str:
    spent = f"{_length(clock['spent_seconds'])} of {_length(clock['goal_seconds'])}"
    said = f"{spent} ({clock['percent']} %)"
    if clock["paused_seconds"]:
        said += f", paused for {_length(clock['paused_seconds'])}"
    if clock["overall_spent_seconds"] != clock["spent_seconds"]:
        said += f", {_length(clock['overall_spent_seconds'])} over all cycles"
    if clock["running"] and clock["due_at"] is not None:
        said += f", due {session.time(clock['due_at'])}"
    return said


def _change(session: Session, change: dict[str, Any]) -> "Text":
    from rich.text import Text

    cause = change["cause"]
    why = f"v{cause['version']} {cause['actor']}: {cause['words']}" if cause else ""
    reason = f" ({change['reason']})" if change["reason"] else ""
    return Text.assemble(
        f"    {session.time(change['at'])}  ",
        (f"{SAID[change['kind']]}{reason}", "bold" if change["kind"] == "breach" else ""),
        (f" after {_length(change['spent_seconds'])}", "dim"),
        f"  {why}",
    )


def _length(seconds: int) -> str:
    """A length of working time, as `2h 05m`: days of work have as many hours as their calendar."""
    hours, rest = divmod(seconds, 3_600)
    minutes, left = divmod(rest, 60)
    if hours:
        return f"{hours}h {minutes:02d}m"
    return f"{minutes}m {left:02d}s" if left else f"{minutes}m"
