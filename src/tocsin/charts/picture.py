"""A chart that is whole: title, definition, small print; as SVG, PNG, HTML, or its spec."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from textwrap import wrap
from typing import Any

import altair
import vl_convert

from tocsin.charts.palette import FAINT, INK, RULE

WIDTH, HEIGHT = 720, 300
LINE = 118
"""Characters of a line of small print."""
DEFINITION_LINES = 3
PNG_SCALE = 2.0
CLOCK = {
    "year": "%Y",
    "quarter": "%b %Y",
    "month": "%b %Y",
    "week": "%d %b",
    "date": "%d %b",
    "hours": "%H:%M",
    "minutes": "%H:%M",
    "seconds": "%H:%M:%S",
    "milliseconds": ".%L",
}
"""How an axis of time is written: the day has 24 hours."""
MARK, ESCAPED = "\ue0f1\ue0f2", "\\u003c"
"""What stands for < until the page is made: a word of somebody's must not end a script."""
UNNAMED, LANGUAGE = "<title>Chart</title>", '<html lang="en">'


@dataclass(frozen=True)
class Chart:
    """A drawing that needs nothing else: no network, no clock, no style sheet."""

    drawing: Any
    title: str

    @cached_property
    def _spec(self) -> dict[str, Any]:
        spec: dict[str, Any] = self.drawing.to_dict()
        return spec

    def spec(self) -> dict[str, Any]:
        """The chart as Vega-Lite, with its data."""
        return self._spec

    def svg(self) -> str:
        """The chart as a text that scales."""
        drawn: str = vl_convert.vegalite_to_svg(self._spec)
        return drawn

    def png(self) -> bytes:
        """The chart as pixels, two for each of its points."""
        drawn: bytes = vl_convert.vegalite_to_png(self._spec, scale=PNG_SCALE)
        return drawn

    def html(self) -> str:
        """The chart as a page of its own, which tells the numbers under the mouse.

        All that draws is in it, nothing is fetched.
        """
        page: str = vl_convert.vegalite_to_html(_marked(self._spec), bundle=True)
        page = page.replace(MARK, ESCAPED)
        named = page.replace(UNNAMED, f"<title>{escape(self.title)}</title>", 1)
        return named.replace("<html>", LANGUAGE, 1)


def framed(
    body: Any, *, title: str, definition: str = "", footer: Sequence[str] = (), about: str = ""
) -> Chart:
    """A drawing with its title, its definition in words under it, and small print at the end."""
    said = _lines([definition])[:DEFINITION_LINES]
    small = altair.TitleParams(
        text=_lines(footer) or [""],
        orient="bottom",
        anchor="start",
        fontSize=11,
        fontWeight="normal",
        color=FAINT,
        offset=14,
    )
    large = altair.TitleParams(
        text=title, subtitle=said, anchor="start", offset=14, subtitlePadding=5
    )
    whole = altair.vconcat(altair.vconcat(body, title=small), title=large)
    whole = whole.properties(
        background="white", padding=14, description=". ".join(filter(None, [title, about]))
    )
    return Chart(_configured(whole), title)


def _marked(part: Any) -> Any:
    """The same, with every < in its words marked."""
    match part:
        case str():
            return part.replace(MARK, "").replace("<", MARK)
        case dict():
            return {_marked(name): _marked(value) for name, value in part.items()}
        case list():
            return [_marked(each) for each in part]
    return part


def _lines(paragraphs: Sequence[str]) -> list[str]:
    return [line for each in paragraphs if each for line in wrap(each, LINE)]


def _configured(whole: Any) -> Any:
    return (
        whole.configure_view(stroke=None)
        .configure_axis(
            labelColor=INK,
            titleColor=INK,
            titleFontWeight="normal",
            labelFontSize=11,
            titleFontSize=12,
            gridColor=RULE,
            domainColor=FAINT,
            tickColor=FAINT,
        )
        .configure_title(
            color=INK, fontSize=16, subtitleColor=FAINT, subtitleFontSize=12, subtitleLineHeight=15
        )
        .configure_legend(
            labelColor=INK,
            titleColor=INK,
            titleFontWeight="normal",
            labelFontSize=11,
            titleFontSize=12,
            labelLimit=260,
            symbolSize=110,
            symbolStrokeWidth=2,
        )
    )
