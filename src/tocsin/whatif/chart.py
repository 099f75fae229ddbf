"""A report as a picture: breaches before and after, by month and by priority, as one SVG."""

from typing import Any

from tocsin.charts import NEEDED, NoCharts, Panel, check, side_by_side
from tocsin.whatif.tally import SIDES

__all__ = ["NEEDED", "NoCharts", "check", "svg"]

MONTHS = 60
"""That are drawn, the last ones; a report may know many more."""


def svg(report: dict[str, Any]) -> str:
    """Draw a report.

    Raises:
        NoCharts: the libraries for it are not installed.
    """
    months = report["by_month"]
    shown = months[-MONTHS:]
    left_out = f" (the last {MONTHS} of {len(months)})" if len(months) > MONTHS else ""
    by_month = f"Breaches by month of the timer's start (UTC){left_out}"
    question, timers = report["question"], report["timers"]
    before, after = (timers[side]["breached"] for side in SIDES)
    against = (question["against"] or "history")[:12]
    return side_by_side(
        [
            _panel(shown, "month", by_month, upright=True),
            _panel(report["by_priority"], "priority", "Breaches by priority"),
        ],
        SIDES,
        title=f"{before:,} breaches before, {after:,} after",
        definition=f"Policy {question['policy'][:12]} against {against}.",
        footer=[
            f"{report['incidents']:,} incidents.",
            f"From the log up to position {question['position']:,}.",
        ],
        number="Timers breached",
        legend="Policy",
    ).svg()


def _panel(rows: list[dict[str, Any]], part: str, title: str, *, upright: bool = False) -> Panel:
    return {
        "title": title,
        "category": part.capitalize(),
        "upright": upright,
        "rows": [
            (str(row[part] or "none"), [row[side]["breached"] for side in SIDES]) for row in rows
        ],
    }
