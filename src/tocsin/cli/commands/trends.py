"""`tocsin trends`: what the whole history comes to, week by week, group by group."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.asking import FOLLOW
from tocsin.cli.frame import EXITS, USAGE, Fault, Session, setting, subcommand

if TYPE_CHECKING:
    from tocsin.trends import Answer, Trend

FORMATS = ("table", "json", "csv", "arrow")
CHARTS = (".svg", ".png", ".html")
FILE = click.Path(dir_okay=False, path_type=Path)


@subcommand("trends", exits=f"{EXITS} Without a lake: 1.", display=False)
@click.argument("name", required=False)
@click.option("--about", is_flag=True, help="Say what the trend means, and what it can be asked.")
@click.option("--by", multiple=True, metavar="DIMENSION", help="Slice by this. May be said again.")
@click.option("--grain", metavar="PERIOD", help="day, week, month, quarter, year or all.")
@click.option("--from", "since", metavar="DATE", help="First date that is shown.")
@click.option("--to", "until", metavar="DATE", help="First date that is shown no more.")
@click.option("--zone", metavar="ZONE", help="Whose days: Europe/Vienna. Default: UTC.")
@click.option("--calendar", metavar="NAME", help="Count the working time of this calendar only.")
@click.option("--where", multiple=True, metavar="KEY=VALUE", help="Only these: priority=1.")
@click.option("--resolution", metavar="WHICH", help="log (right to 2 %) or exact. Default: log.")
@click.option("--limit", metavar="ROWS", help="Refuse an answer with more. Default: 10000.")
@setting("--engine", variable="TOCSIN_ENGINE", metavar="ENGINE", help="What works it out.")
@click.option("--format", "form", type=click.Choice(FORMATS), help="How to answer. Default: table.")
@click.option("--rows", is_flag=True, help="Show every row, not the course of each series.")
@click.option("--chart", type=FILE, help="Draw it into this .svg, .png or .html file instead.")
@click.option("--measure", default="", metavar="NAME", help="What the chart is of.")
@click.option("-o", "--output", type=FILE, help="File to write the answer to.")
@FOLLOW
def command(session: Session, name: str | None, **asked: Any) -> None:
    """Ask the lake for the trend NAME, or, without one, which trends there are.

    It opens the lake itself, beside a service or without one.
    """
    if name is None:
        _list(session)
        return
    form = asked["form"] or ("json" if session.json else "table")
    if form == "arrow" and asked["output"] is None:
        raise Fault("--format arrow is not for a terminal: say where to with -o FILE.", USAGE)
    if asked["chart"] is not None:
        _check_chart(asked["chart"])
    if asked["about"]:
        _about(session, name)
        return
    answer, trend = _asked(session, name, asked)
    if asked["chart"] is not None:
        _write(session, asked["chart"], _drawn(answer, trend, asked["chart"], asked["measure"]))
    else:
        _put(session, answer, trend, form, asked)


def _list(session: Session) -> None:
    from tocsin.analysis.forms import described
    from tocsin.cli.trend_tables import listed
    from tocsin.lake.extra import need
    from tocsin.trends.catalogue import trends

    need("This")
    known = list(trends(session.settings.trends).values())
    if session.json:
        session.answer({"trends": [described(trend) for trend in known]})
    else:
        listed(session, known)


def _about(session: Session, name: str) -> None:
    from tocsin.analysis.forms import described
    from tocsin.cli.asking import asking
    from tocsin.cli.trend_tables import defined
    from tocsin.trends.asking import named

    with asking(session, follow=False) as lake:
        trend = named(lake, name)
    if session.json:
        session.answer(described(trend))
    else:
        defined(session, trend)


def _asked(session: Session, name: str, asked: dict[str, Any]) -> "tuple[Answer, Trend]":
    from tocsin.cli.asking import asking, said
    from tocsin.trends import Question
    from tocsin.trends.asking import named

    parts = ("by", "zone", "calendar", "where", "resolution", "limit")
    texts = {part: asked[part] for part in parts}
    texts |= {"from": asked["since"], "to": asked["until"], "grain": asked["grain"]}
    with asking(session, follow=asked["follow"]) as lake:
        trend = named(lake, name)
        usual = {"grain": trend.question.grain.value}
        question = Question.read(name, {**usual, **said(texts)})
        with session.err.status("Asking the lake …") as status:
            return lake.ask(question, progress=status.update), trend


def _check_chart(file: Path) -> None:
    from tocsin.charts import NoCharts, check

    if file.suffix not in CHARTS:
        raise Fault(f"--chart takes a file that ends in {', '.join(CHARTS)}, not {file}.", USAGE)
    try:
        check()
    except NoCharts as missing:
        raise Fault(str(missing), USAGE) from missing


def _drawn(answer: "Answer", trend: "Trend", file: Path, measure: str) -> bytes:
    from tocsin.analysis.forms import rendered
    from tocsin.charts import NothingToDraw

    try:
        return rendered(answer, trend, file.suffix[1:], measure)
    except NothingToDraw as nothing:
        raise Fault(f"--chart: {nothing}", USAGE) from nothing


def _put(
    session: Session, answer: "Answer", trend: "Trend", form: str, asked: dict[str, Any]
) -> None:
    from tocsin.analysis.forms import rendered
    from tocsin.cli.trend_tables import shown

    if form == "table" and asked["output"] is None:
        shown(session, answer, rows=asked["rows"])
        return
    if form == "table":
        raise Fault("-o takes a --format: json, csv or arrow; or --chart draws.", USAGE)
    content = rendered(answer, trend, form)
    if asked["output"] is not None:
        _write(session, asked["output"], content)
    elif form == "json":
        session.answer(answer.json())
    else:
        click.echo(content, nl=False)


def _write(session: Session, file: Path, content: bytes) -> None:
    file.write_bytes(content)
    session.err.print(f"Written to {file}.")
