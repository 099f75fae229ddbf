"""What lasted from when to when, in lanes, and what happened at a moment."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import altair

from tocsin.charts.inputs import Mark, Spell
from tocsin.charts.libraries import NothingToDraw
from tocsin.charts.palette import INK, OTHERS, STYLES, styles
from tocsin.charts.picture import CLOCK, WIDTH, Chart, framed

ROW = 26
"""Height of one row."""
LETTER = 6.2
"""Width of a letter of a label, about."""
ROWS, LABELS = 60, 500
"""Most rows, and things in them, that are drawn; the rest is said to be left out."""
TEXT: dict[str, Any] = {"align": "left", "baseline": "middle", "fontSize": 11}
DAY = timedelta(days=1)
DATED = "%b %-d %H:%M"
"""Of what takes longer than a day, each tick says its date as well."""
MARK = "M-0.6,0L0,-1L0.6,0L0,1Z"


@dataclass(frozen=True)
class Placed:
    """A spell or a mark in its row; a lane has as many rows as it needs."""

    row: str
    label: str
    begin: datetime
    end: datetime
    inside: bool
    """Whether its label fits into its bar."""


class Lanes:
    """Rows of lanes: what would overlap, label and all, goes one row down."""

    def __init__(self, begin: datetime, end: datetime) -> None:
        self.per_second = WIDTH / max((end - begin).total_seconds(), 1.0)
        self.ends: dict[str, list[datetime]] = {}

    def place(self, lane: str, label: str, begin: datetime, end: datetime) -> Placed:
        """Where there is room for it."""
        wide = LETTER * len(label) + 12
        inside = (end - begin).total_seconds() * self.per_second >= wide
        taken = end if inside else end + timedelta(seconds=(wide + 6) / self.per_second)
        rows = self.ends.setdefault(lane, [])
        number = next((n for n, until in enumerate(rows) if until <= begin), len(rows))
        rows[number:] = [taken, *rows[number + 1 :]]
        return Placed(f"{lane}\n{number}", label, begin, end, inside)

    @property
    def rows(self) -> list[str]:
        return [f"{lane}\n{n}" for lane, ends in self.ends.items() for n in range(len(ends))]


def drawn(
    rows: Sequence[Spell],
    marks: Sequence[Mark],
    *,
    title: str,
    definition: str,
    zone: str,
    footer: Sequence[str],
) -> Chart:
    """The whole, by the clocks of `zone`."""
    left = max(0, len(rows) + len(marks) - LABELS)
    rows, marks = rows[:LABELS], marks[: max(0, LABELS - len(rows))]
    if not rows and not marks:
        raise NothingToDraw("There is neither a spell nor a moment to draw.")
    begin = min([each[2] for each in rows] + [each[2] for each in marks])
    end = max([each[3] for each in rows] + [each[2] for each in marks])
    lanes = Lanes(begin, end)
    for lane in dict.fromkeys([each[0] for each in rows] + [each[0] for each in marks]):
        lanes.ends[lane] = []
    spells = [lanes.place(*each) for each in sorted(rows, key=lambda each: each[2:])]
    points = [lanes.place(*each, each[2]) for each in sorted(marks, key=lambda each: each[2])]
    kept = set(lanes.rows[:ROWS])
    left += sum(each.row not in kept for each in [*spells, *points])
    axes = _axes(lanes.rows[:ROWS], zone, CLOCK if end - begin <= DAY else DATED)
    layers = [
        *_bars([each for each in spells if each.row in kept], ZoneInfo(zone), axes),
        *_points([each for each in points if each.row in kept], ZoneInfo(zone), axes),
    ]
    body = altair.layer(*layers).properties(width=WIDTH, height=ROW * max(len(kept), 1))
    said = [*footer, *([f"{left} more are not drawn."] if left else [])]
    return framed(body, title=title, definition=definition, footer=said)


def _axes(rows: list[str], zone: str, clock: Any) -> dict[str, Any]:
    lane = "split(datum.label, '\\n')[1] === '0' ? split(datum.label, '\\n')[0] : ''"
    labels = altair.Axis(
        labelExpr=lane, labelLimit=220, labelPadding=10, ticks=False, domain=False, grid=False
    )
    return {
        "y": altair.Y("row:N", title=None, sort=rows, scale=altair.Scale(domain=rows), axis=labels),
        "x": altair.X(
            "begin:T",
            title=f"Time ({zone})",
            scale=altair.Scale(type="utc", nice=False),
            axis=altair.Axis(format=clock, labelOverlap=True),
        ),
    }


def _bars(spells: list[Placed], zone: ZoneInfo, axes: dict[str, Any]) -> Iterator[Any]:
    if not spells:
        return
    labels = list(dict.fromkeys(each.label for each in spells))
    named = labels[: len(STYLES)]
    looks = styles(len(named), others=len(labels) > len(named))
    colours = dict(zip(named, (each.colour for each in looks), strict=False))
    values = [
        _value(each, zone) | {"colour": colours.get(each.label, OTHERS.colour)} for each in spells
    ]
    base = altair.Chart(altair.InlineData(values=values)).encode(
        **axes, tooltip=["label:N", "from:N", "to:N"]
    )
    yield base.mark_bar(height=ROW - 8, stroke="white", strokeWidth=1).encode(
        x2="end:T", color=altair.Color("colour:N", scale=None)
    )
    # On a bar, a label needs its own ground: no one ink is read on all colours.
    text = base.encode(x=altair.X("label_at:T"), text="label:N")
    yield text.mark_text(**TEXT, dx=4, stroke="white", strokeWidth=3, strokeOpacity=0.85)
    yield text.mark_text(**TEXT, dx=4, color=INK)


def _points(marks: list[Placed], zone: ZoneInfo, axes: dict[str, Any]) -> Iterator[Any]:
    if not marks:
        return
    values = [_value(each, zone) for each in marks]
    base = altair.Chart(altair.InlineData(values=values)).encode(
        **axes, tooltip=["label:N", "from:N"]
    )
    yield base.mark_point(shape=MARK, filled=True, size=110, color=INK, opacity=1)
    yield base.mark_text(**TEXT, dx=8, color=INK).encode(text="label:N")


def _value(each: Placed, zone: ZoneInfo) -> dict[str, str]:
    """One of them as it is drawn: the clocks of the zone, written as if they were UTC."""
    begin, end = (moment.astimezone(zone) for moment in (each.begin, each.end))
    return {
        "row": each.row,
        "label": each.label,
        "begin": _clock(begin),
        "end": _clock(end),
        "label_at": _clock(begin if each.inside else end),
        "from": f"{begin:%Y-%m-%d %H:%M:%S %Z}",
        "to": f"{end:%Y-%m-%d %H:%M:%S %Z}",
    }


def _clock(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
