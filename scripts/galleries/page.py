"""The page that shows the charts, each with its definition and the command that draws it."""

from collections.abc import Iterator
from textwrap import wrap

from scripts.galleries.pictures import Picture
from tocsin.trends import Answer, Trend

WIDTH = 100
HEAD = """<!-- Written by scripts/gallery from the real data. Change the code, then run it. -->

# Charts of a real company

These are charts of the incidents of a real company: {incidents:,} of them in {events:,} events,
from the log of its ticketing system, which it published anonymised (UCI Machine Learning
Repository, "Incident management process enriched event log"). This command imports them into a
temporary home, takes them into a lake, and draws:

```sh data
scripts/gallery ../shared/data/uci/incident_event_log.dev.csv.zst
```

Only sums are shown here, no row of the data. [Ask for trends](../how-to/ask-for-trends.md) says how
to draw your own, and how to read them: what is hollow or pale is made from few, and a line is
broken where there was nothing. Colours, dashes and shapes are chosen for people who do not see red
and green apart.
"""


def page(drawn: list[tuple[Picture, Trend, Answer]], incidents: int) -> str:
    """The whole page."""
    parts = [HEAD.format(incidents=incidents, events=drawn[0][2].position)]
    parts += [part for each in drawn for part in _chart(*each)]
    return "\n".join(parts)


def _chart(picture: Picture, trend: Trend, answer: Answer) -> Iterator[str]:
    by = f" by {', '.join(answer.question.by)}" if answer.question.by else ""
    yield f"## {trend.title}{by}, {_grain(answer)}\n"
    yield _filled(picture.sees) + "\n"
    yield f"![{trend.title}{by}]({picture.name}.svg)\n"
    yield f"{trend.doc}\n"
    yield f"```sh\n{picture.command}\n```\n"


def _grain(answer: Answer) -> str:
    grain = answer.question.grain.value
    return "over all time" if grain == "all" else f"by {grain}"


def _filled(text: str) -> str:
    return "\n".join(wrap(text, WIDTH))
