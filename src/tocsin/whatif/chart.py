"""A report as a picture: breaches before and after, by month and by priority, as one SVG.

Drawn without a browser, a network or a clock, in two colours that people who do not see red and
green apart can tell from each other (Okabe and Ito, "Color Universal Design", 2008).
"""

from typing import TYPE_CHECKING, Any

from tocsin.whatif.tally import SIDES

if TYPE_CHECKING:
    import altair

BEFORE, AFTER = "#0072b2", "#e69f00"
MONTHS = 60
"""That are drawn, the last ones; a report may know many more."""
HEIGHT, STEP = 200, 16
NEEDED = "Charts need two libraries: pip install 'tocsin[charts]'"


class NoCharts(Exception):
    """The libraries that draw are not installed."""


def check() -> None:
    """Make sure that charts can be drawn.

    Raises:
        NoCharts: they cannot.
    """
    try:
        import altair  # noqa: F401
        import vl_convert  # noqa: F401
    except ImportError as error:
        raise NoCharts(f"{NEEDED} ({error}).") from error


def svg(report: dict[str, Any]) -> str:
    """Draw a report.

    Raises:
        NoCharts: the libraries for it are not installed.
    """
    check()
    import altair
    import vl_convert

    months = report["by_month"]
    shown = months[-MONTHS:]
    left_out = f" (the last {MONTHS} of {len(months)})" if len(months) > MONTHS else ""
    chart = altair.vconcat(
        _bars(shown, "month", f"Breaches by month of the timer's start (UTC){left_out}", angle=-90),
        _bars(report["by_priority"], "priority", "Breaches by priority"),
    ).properties(title=_title(report))
    drawn: str = vl_convert.vegalite_to_svg(chart.to_json())
    return drawn


def _title(report: dict[str, Any]) -> "altair.TitleParams":
    import altair

    question, timers = report["question"], report["timers"]
    before, after = (timers[side]["breached"] for side in SIDES)
    return altair.TitleParams(
        text=f"{before:,} breaches before, {after:,} after",
        subtitle=[
            f"Policy {question['policy'][:12]} against {(question['against'] or 'history')[:12]}",
            f"{report['incidents']:,} incidents, up to position {question['position']:,}",
        ],
        anchor="start",
    )


def _bars(rows: list[dict[str, Any]], part: str, title: str, *, angle: int = 0) -> "altair.Chart":
    import altair

    values = [
        {part: str(row[part] or "none"), "side": side, "breaches": row[side]["breached"]}
        for row in rows
        for side in SIDES
    ]
    chart: altair.Chart = (
        altair.Chart(altair.InlineData(values=values), title=title)
        .mark_bar()
        .encode(
            x=altair.X(
                f"{part}:O",
                title=part.capitalize(),
                sort=None,
                axis=altair.Axis(labelAngle=angle),
            ),
            xOffset=altair.XOffset("side:N", sort=[*SIDES]),
            y=altair.Y("breaches:Q", title="Timers breached", axis=altair.Axis(tickMinStep=1)),
            color=altair.Color(
                "side:N",
                title="Policy",
                sort=[*SIDES],
                scale=altair.Scale(domain=[*SIDES], range=[BEFORE, AFTER]),
            ),
        )
        .properties(height=HEIGHT, width=altair.Step(STEP))
    )
    return chart
