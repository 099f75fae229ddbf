"""What the benchmark of trends found: as tables for people, as a picture, and on its page."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import altair
import trends
from drawn import told_apart
from rich.console import Console
from rich.table import Table
from spreads import spread

from tocsin.charts.picture import Chart, framed

Runs = Sequence[dict[str, Any]]
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"
HEADS = (
    "engine", "million events", "MB", "files", "all trends, s", "processor s", "events/s",
    "of a plain scan", "peak MiB", "10,000 new events later, s", "a new segment later, s",
)  # fmt: skip


def grouped(found: Runs) -> list[Runs]:
    """The runs of each engine and size together."""
    keys = sorted({(each["engine"], each["millions"]) for each in found})
    return [[r for r in found if (r["engine"], r["millions"]) == key] for key in keys]


def rows(found: Runs) -> Iterator[tuple[str, ...]]:
    """A line for each engine and size."""
    for runs in grouped(found):
        one = runs[0]
        yield (
            one["engine"],
            f"{one['events'] / trends.MILLION:,.1f}",
            f"{one['bytes'] / 1e6:,.0f}",
            f"{one['files']:,}",
            spread([trends.total(each) for each in runs], 2),
            spread([r["busy"] for r in runs], 2) if one["engine"] == "duckdb" else "-",
            spread([trends.per_second(each) for each in runs]),
            spread([trends.total(r) / r["floor"] for r in runs if "floor" in r], 1),
            spread([each["peak"] for each in runs]),
            spread([each["refreshed"] for each in runs], 2),
            spread([each["sealed"] for each in runs], 2),
        )


def windows(found: Runs) -> Iterator[tuple[str, ...]]:
    """A line for each size and each trend that was also asked over the events alone."""
    for runs in grouped([each for each in found if each["engine"] == "duckdb"]):
        for name in runs[0].get("naive", ()):
            yield (
                runs[0]["engine"],
                f"{runs[0]['events'] / trends.MILLION:,.1f}",
                name,
                spread([each["seconds"][name] for each in runs], 2),
                spread([each["naive"][name] for each in runs], 2),
                spread([trends.of_naive(each)[name] for each in runs], 1),
                spread([each["naive_peak"] for each in runs]),
            )


WINDOW_HEADS = ("engine", "million events", "trend", "ours, s", "as windows, s", "times", "MiB")


def show(console: Console, found: Runs) -> None:
    """Tables on the screen."""
    for title, heads, lines in (
        ("All trends, each as asked when nobody says more", HEADS, rows(found)),
        ("The same as windows over the events, in DuckDB", WINDOW_HEADS, windows(found)),
    ):
        table = Table(title=title)
        for head in heads:
            table.add_column(head, justify="left" if head in ("engine", "trend") else "right")
        for line in lines:
            table.add_row(*line)
        console.print(table)
    for runs in grouped(found):
        slow = ", ".join(f"{name} {seconds:.2f}" for name, seconds in trends.slowest(list(runs)))
        size = runs[0]["events"] / trends.MILLION
        console.print(f"{runs[0]['engine']}, {size:.1f} million, seconds: {slow}")


def page(found: Runs, file: Path) -> None:
    """Put the tables between the marks of a page."""
    before, begin, rest = file.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{file} has no place for figures: {BEGIN} and {END}")
    tables = [_markdown(HEADS, rows(found)), _markdown(WINDOW_HEADS, windows(found)), _each(found)]
    body = "\n".join(filter(None, tables))
    file.write_text(f"{before}{begin}\n\n{body}\n{end}{after}")


def _each(found: Runs) -> str:
    """The largest lake of the embedded engine, trend by trend."""
    runs = [runs for runs in grouped(found) if runs[0]["engine"] == "duckdb"]
    if not runs:
        return ""
    size = f"{runs[-1][0]['events'] / trends.MILLION:,.1f}"
    named = trends.slowest(list(runs[-1]))
    lines = [(name, f"{seconds:.2f}") for name, seconds in named]
    return _markdown(("trend", f"s over {size} million events"), iter(lines))


def _markdown(heads: Sequence[str], lines: Iterator[tuple[str, ...]]) -> str:
    table = [heads, ["---"] * len(heads), *lines]
    return "".join(f"| {' | '.join(each)} |\n" for each in table)


def plot(found: Runs, file: Path) -> None:
    """Time against events, for each engine and beside what it is compared with."""
    file.write_text(picture(found).svg())


def picture(found: Runs) -> Chart:
    """The chart of that."""
    points = list(_points(found))
    names = list(dict.fromkeys(point["series"] for point in points))
    kinds = altair.Chart(altair.InlineData(values=points)).encode(
        x=altair.X(
            "events:Q",
            title="million events",
            scale=altair.Scale(type="log", nice=False),
            axis=altair.Axis(values=sorted({point["events"] for point in points}), format=".0f"),
        ),
        y=altair.Y("seconds:Q", title="seconds", scale=altair.Scale(type="log")),
    )
    lines, dots = told_apart(kinds, names)
    return framed(
        altair.layer(lines, dots).properties(width=720, height=300),
        title="Time of all trends against the length of the log",
        definition="Medians. Both axes are logarithmic: what grows in proportion is a straight"
        " line of the same slope everywhere.",
        footer=["The lake is tiled: copies of one made-up history, sixteen weeks apart."],
    )


def _points(found: Runs) -> Iterator[dict[str, Any]]:
    for runs in grouped(found):
        engine = runs[0]["engine"]
        lines = {f"{engine}: all trends": [trends.total(each) for each in runs]}
        if engine == "duckdb":
            lines[f"{engine}: {trends.NEW:,} new events later"] = [r["refreshed"] for r in runs]
            lines["one column of every file"] = [r["floor"] for r in runs if "floor" in r]
            lines["two trends as windows"] = [
                sum(r["naive"].values()) for r in runs if "naive" in r
            ]
        for series, seconds in lines.items():
            if seconds:
                events = runs[0]["millions"]
                yield {"series": series, "events": events, "seconds": median(seconds)}
