"""The page about the trends: each with its definition in words, and the tables they are made of."""

from collections.abc import Iterator

from scripts.references import words
from scripts.references.markdown import codes, table
from tocsin.lake.tables import TABLES
from tocsin.trends.catalogue import trends
from tocsin.trends.definition import USUAL, Trend

SHARED = {each.name: each for each in USUAL}


def trends_page() -> str:
    """Every trend, then every table of the lake."""
    parts = [words.TRENDS]
    parts += [_trend(each) for each in trends().values()]
    parts += ["## Dimensions of most trends\n", _dimensions(USUAL)]
    parts += ["## Tables\n", words.TABLES, *_tables()]
    return "\n".join(parts)


def _trend(trend: Trend) -> str:
    own = [each for each in trend.dimensions if SHARED.get(each.name) != each]
    names = {each.name for each in trend.dimensions}
    usual = (
        "those of most trends"
        if names >= SHARED.keys()
        else codes(name for name in SHARED if name in names)
    )
    more = f", and {codes(each.name for each in own)}" if own else ""
    lines = [f"- Dimensions: {usual}{more}"]
    if trend.always:
        lines.append(f"- Always sliced by {codes(trend.always)}")
    if trend.timed:
        lines.append("- Measures durations: takes a calendar, and exact percentiles")
    rows = [(f"`{each.name}`", each.unit, each.doc) for each in trend.measures]
    return "\n".join(
        (
            f"## {trend.name}\n",
            f"{trend.doc}\n",
            f"*{trend.title}*, version {trend.version}, by {trend.grain} if nobody says more.\n",
            "\n".join(lines) + "\n",
            *([_dimensions(own)] if own else []),
            table(("Measure", "Unit", "Meaning"), rows),
        )
    )


def _dimensions(those: object) -> str:
    assert isinstance(those, list | tuple)
    rows = [(f"`{each.name}`", each.unit, each.doc) for each in those]
    return table(("Dimension", "Kind", "Meaning"), rows)


def _tables() -> Iterator[str]:
    for each in TABLES:
        yield f"### {each.name}\n"
        yield f"{each.doc} By month of `{each.month}`.\n"
        rows = [(f"`{c.name}`", c.type, "" if c.required else "yes", c.doc) for c in each.columns]
        yield table(("Column", "Type", "May be empty", "Meaning"), rows)
