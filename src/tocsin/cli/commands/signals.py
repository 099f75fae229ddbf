"""`tocsin signals`: what stands out, with the numbers that justify it."""

from typing import Any

import click

from tocsin.cli.asking import FOLLOW
from tocsin.cli.frame import EXITS, Session, setting, subcommand

TITLES = {
    "change-points": "Change points: from then on another level",
    "unusual-days": "Unusual days: not like those before",
    "rising": "Rising: more than before, and more than the others",
    "recurring": "Recurring: worth a problem record",
}


@subcommand("signals", exits=f"{EXITS} Without a lake: 1.", display=False)
@click.option("--kind", multiple=True, metavar="KIND", help=f"{', '.join(TITLES)}. Default: all.")
@click.option("--trend", metavar="NAME", help="Whose counts. Default: volume.")
@click.option("--measure", metavar="NAME", help="Which of its counts. Default: the first.")
@click.option("--by", metavar="DIMENSION", help="Look into each of its values.")
@click.option("--where", multiple=True, metavar="KEY=VALUE", help="Only these: priority=1.")
@click.option("--from", "since", metavar="DATE", help="First date that is looked at.")
@click.option("--to", "until", metavar="DATE", help="First date that is looked at no more.")
@click.option("--zone", metavar="ZONE", help="Whose days: Europe/Vienna. Default: UTC.")
@click.option("--window", metavar="DAYS", help="Within how many something recurs. Default: 30.")
@click.option("--weeks", metavar="WEEKS", help="How many recent ones show a rise. Default: 4.")
@click.option("--show", metavar="NUMBER", help="Most signals of each kind. Default: 20.")
@setting("--engine", variable="TOCSIN_ENGINE", metavar="ENGINE", help="What works it out.")
@FOLLOW
def command(session: Session, follow: bool, **asked: Any) -> None:
    """Say what stands out in the counts of a trend, and which incidents recur.

    Each is tuned to be rare when nothing happened, and comes with the numbers that justify it.
    """
    from tocsin.analysis.asked import Asked
    from tocsin.analysis.standouts import standouts
    from tocsin.cli.asking import asking, said

    asked["from"], asked["to"] = asked.pop("since"), asked.pop("until")
    with asking(session, follow=follow) as lake, session.err.status("Asking the lake …"):
        report = standouts(lake, Asked.read(said(asked)))
    if session.json:
        session.answer(report.said())
        return
    from tocsin.cli.picture import clean

    for kind, found in report.found.items():
        session.out.print(TITLES[kind], style="bold")
        for each in found:
            session.out.print(f"  {clean(each['words'])}")
        if not found:
            session.out.print("  none", style="dim")
    for note in report.notes:
        session.out.print(clean(note), style="dim")
