"""`tocsin what-if`: what would have breached under another policy?"""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.frame import EXITS, INTERRUPTED, USAGE, Fault, Session, moment, subcommand

if TYPE_CHECKING:
    from tocsin.domain.policy import Policy
    from tocsin.whatif.question import Question

FORMATS = ("table", "json", "svg")
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@subcommand(
    "what-if",
    exits=f"{EXITS} A document that is no policy: 1. {INTERRUPTED}: interrupted; ask the same"
    " again to go on.",
)
@click.option(
    "--policy", "file", type=FILE, required=True, help="The other policy, as a TOML document."
)
@click.option(
    "--against",
    metavar="VERSION|FILE",
    help="Compare with this policy, held everywhere. Default: the policies that were in force.",
)
@click.option("--since", type=moment, metavar="TIME", help="Incidents reported then or later.")
@click.option("--until", type=moment, metavar="TIME", help="Incidents reported before this.")
@click.option(
    "--where",
    multiple=True,
    metavar="KEY=VALUE",
    help="Incidents with this priority, group, category, service or source in the end. May be"
    " said again: of one key, one value must fit; all keys.",
)
@click.option(
    "--at",
    type=click.IntRange(min=0),
    metavar="POSITION",
    help="History up to this position. Default: all of it.",
)
@click.option("--format", "form", type=click.Choice(FORMATS), help="How to answer. Default: table.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write the answer to.",
)
def command(
    session: Session,
    file: Path,
    against: str | None,
    since: datetime | None,
    until: datetime | None,
    where: tuple[str, ...],
    at: int | None,
    form: str | None,
    output: Path | None,
) -> int:
    """Replay history under another policy and say what would have been: breaches before and after,
    and the incidents, priorities and escalations that would have differed.

    It changes nothing. What people did stays as it was; only clocks, and priorities that a matrix
    made, are reckoned anew. The same question about the same position gets the same bytes.
    """
    from tocsin.cli.documents import policy_in
    from tocsin.cli.histories import reading
    from tocsin.whatif.question import BadQuestion
    from tocsin.whatif.replay import Asked, pinned

    form = form or ("json" if session.json else "table")
    _check_chart(form)
    asked = Asked(
        policy=policy_in(session, file).policy,
        against=_against(session, against),
        since=session.instant(since) if since else None,
        until=session.instant(until) if until else None,
        where=[_condition(each) for each in where],
        at=at,
    )
    try:
        with reading(session) as log:
            question = pinned(log, asked, session.settings.what_if_incidents)
    except BadQuestion as bad:
        raise Fault(f"--{bad.part} {bad}.", USAGE) from bad
    answer = _replayed(session, question)
    if answer is None:
        _interrupted(session, question)
        return INTERRUPTED
    _put(session, answer, form, output)
    return 0


def _check_chart(form: str) -> None:
    from tocsin.whatif.chart import NoCharts, check

    if form == "svg":
        try:
            check()
        except NoCharts as missing:
            raise Fault(str(missing), USAGE) from missing


def _against(session: Session, text: str | None) -> "Policy | int | None":
    from tocsin.cli.documents import policy_in

    if text is None:
        return None
    if text.isdecimal():
        return int(text)
    file = Path(text)
    if not file.is_file():
        raise Fault(f"--against takes the number of a version, or a file: {text} is none.", USAGE)
    return policy_in(session, file).policy


def _condition(text: str) -> tuple[str, str]:
    key, found, value = text.partition("=")
    if not found:
        raise Fault(f"--where takes KEY=VALUE, as in priority=1, not {text!r}.", USAGE)
    return key.strip(), value.strip()


def _replayed(session: Session, question: "Question") -> dict[str, Any] | None:
    from tocsin.cli.progress import bar
    from tocsin.cli.stopping import stopped_by_signals
    from tocsin.whatif.replay import replay

    with stopped_by_signals() as stop, bar(session, "events") as show:
        return replay(session.settings, question, progress=show, stop=stop.is_set)


def _interrupted(session: Session, question: "Question") -> None:
    session.tell(
        Fault(
            "Interrupted. What is finished is kept: ask the same again with"
            f" --at {question.position}, and it goes on from there.",
            INTERRUPTED,
        )
    )


def _put(session: Session, answer: dict[str, Any], form: str, output: Path | None) -> None:
    """Print the answer, or write it to a file."""
    from tocsin.cli.comparison import printed
    from tocsin.whatif.chart import svg
    from tocsin.whatif.report import rendered

    if form == "table":
        content = printed(session, answer, plain=output is not None)
    else:
        content = rendered(answer) if form == "json" else svg(answer).encode()
    if output is not None:
        output.write_bytes(content)
        session.err.print(f"Written to {output}.")
    elif content:
        click.echo(content, nl=form == "svg")
