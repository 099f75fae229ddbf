"""`tocsin export`: the log in the formats of others, one subcommand for each format there is."""

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.frame import EXITS, INTERRUPTED, USAGE, Fault, Session, moment, subcommand

if TYPE_CHECKING:
    from tocsin.exports.format import Counts, Format
    from tocsin.exports.reading import Source
    from tocsin.exports.selection import Selection
    from tocsin.store.log import Log

STREAM = "-"
POSITION = click.IntRange(min=0)


class Formats(click.Group):
    """A subcommand for every format."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names."""
        from tocsin.exports import formats

        return sorted(formats())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The one of that name."""
        from tocsin.exports import formats

        form = formats().get(cmd_name)
        return _command(form) if form else None


@click.group("export", cls=Formats)
def command() -> None:
    """Write the log in a format that other programs read."""


def _command(form: "Format") -> click.Command:
    @subcommand(form.NAME, exits=f"{EXITS} {INTERRUPTED}: interrupted; there is no file then.")
    @click.option("-o", "--output", required=True, metavar="FILE", help="File to write.")
    @click.option("--force", is_flag=True, help="Replace the file if it is there.")
    @click.option("--since", type=moment, metavar="TIME", help="Events then or later.")
    @click.option("--until", type=moment, metavar="TIME", help="Events before this.")
    @click.option(
        "--by",
        type=click.Choice(("occurred", "recorded")),
        default="occurred",
        help="Which time --since and --until mean: in the world, or here. Default: occurred.",
    )
    @click.option(
        "--incident", "names", multiple=True, metavar="INC", help="Events of this incident."
    )
    @click.option(
        "--events", multiple=True, metavar="NAMES", help="Of these names: incident.resolved,clock.*"
    )
    @click.option(
        "--where",
        multiple=True,
        metavar="KEY=VALUE",
        help="Of incidents with this priority, group, category, service or source in the end.",
    )
    @click.option(
        "--at", type=POSITION, metavar="POSITION", help="History up to this position. Default: all."
    )
    def run(session: Session, **asked: Any) -> int:
        return _export(session, form, asked)

    run.params += _own_options(form)
    run.short_help = (form.__doc__ or "").partition("\n")[0]
    streams = " `-o -` writes to standard output." if form.STREAMED else ""
    run.help = (
        f"{run.short_help}\n\nAll that is chosen must hold. The same of the same log, with the same"
        f" --at, is the same bytes.{streams}"
    )
    return run


def _own_options(form: "Format") -> list[click.Parameter]:
    """The options that not every format has."""
    own: list[click.Parameter] = [
        click.Option(
            [f"--{name}"], is_flag=choice.metavar is None, metavar=choice.metavar, help=choice.help
        )
        for name, choice in form.CHOICES.items()
    ]
    if not form.WHOLE:
        behind = "Events behind this one."
        own.append(
            click.Option(["--after"], type=POSITION, default=0, metavar="POSITION", help=behind)
        )
    return own


def _export(session: Session, form: "Format", asked: dict[str, Any]) -> int:
    from tocsin.exports.file import CannotWrite
    from tocsin.exports.selection import BadSelection

    output: str = asked["output"]
    chosen = {name: asked[name.replace("-", "_")] for name in form.CHOICES}
    chosen = {name: str(value) for name, value in chosen.items() if value}
    if output == STREAM and session.json:
        raise Fault("--json and -o - both want standard output: choose one.", USAGE)
    try:
        return _written(session, form, asked, chosen)
    except BadSelection as bad:
        raise Fault(f"--{bad.part} {bad}.", USAGE) from bad
    except CannotWrite as cannot:
        raise Fault(str(cannot), USAGE) from cannot


def _written(
    session: Session, form: "Format", asked: dict[str, Any], chosen: dict[str, str]
) -> int:
    from tocsin.cli.accesses import noted
    from tocsin.cli.histories import reading
    from tocsin.cli.progress import bar
    from tocsin.cli.stopping import stopped_by_signals
    from tocsin.exports.reading import Source
    from tocsin.exports.run import check, to_file, to_stream
    from tocsin.exports.selection import Stopped

    output, streamed = Path(asked["output"]), asked["output"] == STREAM
    with (
        reading(session) as log,
        stopped_by_signals() as stop,
        bar(session, "events", form.NAME) as show,
    ):
        selection = _selection(session, log, asked)
        check(form, selection, streamed=streamed)
        told = {name for name in asked if asked[name] not in (None, (), "", 0, False)}
        noted(
            session,
            log,
            "export",
            selection.incidents,
            asked=", ".join(sorted(told - {"output", "force"})),
        )
        source = Source(log, selection, progress=show, stop=stop.is_set)
        try:
            if streamed:
                counts = to_stream(form, source, sys.stdout.buffer, chosen)
            else:
                counts = to_file(form, source, output, chosen, force=asked["force"])
        except Stopped as stopped:
            session.tell(_interrupted(form, stopped.position, streamed=streamed))
            return INTERRUPTED
    _report(session, form, source, counts, asked["output"])
    return 0


def _selection(session: Session, log: "Log", asked: dict[str, Any]) -> "Selection":
    from tocsin.cli.histories import find
    from tocsin.exports.selection import TIMES, BadSelection, Selection, named
    from tocsin.whatif.question import BadQuestion, conditions

    def instant(time: datetime | None) -> datetime | None:
        return session.instant(time) if time else None

    pairs = [text.partition("=") for text in asked["where"]]
    try:
        where = conditions([(key.strip(), value.strip()) for key, _, value in pairs])
    except BadQuestion as bad:
        raise BadSelection(bad.part, str(bad)) from bad
    patterns = [each.strip() for text in asked["events"] for each in text.split(",")]
    return Selection(
        since=instant(asked["since"]),
        until=instant(asked["until"]),
        by=TIMES[asked["by"]],
        incidents=tuple(find(log, name) for name in asked["names"]),
        events=named(patterns),
        where=where,
        after=asked.get("after", 0),
        at=asked["at"],
    )


def _interrupted(form: "Format", position: int, *, streamed: bool) -> Fault:
    if streamed and not form.WHOLE:
        again = f"The last line is position {position}: --after {position} goes on behind it."
    else:
        again = "Nothing is kept: ask the same again." if not streamed else "It is not whole."
    return Fault(f"Interrupted. {again}", INTERRUPTED)


def _report(
    session: Session, form: "Format", source: "Source", counts: "Counts", output: str
) -> None:
    if session.json:
        file = {"format": form.NAME, "file": output, "position": source.position}
        session.answer({**file, **{name.replace(" ", "_"): n for name, n in counts.items()}})
        return
    said = ", ".join(f"{number:,} {what}" for what, number in counts.items())
    to = "" if output == STREAM else f" to {output}"
    session.err.print(f"Written{to}: {said}; up to position {source.position:,}.")
