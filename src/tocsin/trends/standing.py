"""How many incidents were in something at given instants: open, in a state, in a group's hands.

Between the ends of days, which `backlog` counts, this looks at any instant. Nothing of it is kept:
each time, all spells are read once.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tocsin.domain.openings import microseconds
from tocsin.trends.partials import unified
from tocsin.trends.source import Source

MOST_INSTANTS = 100
Standing = dict[datetime, dict[str | None, int]]


def standing(lake: Source, instants: Sequence[datetime], spell: str = "state") -> Standing:
    """Of each instant: in which state, group or hold how many incidents were. Of `open` and
    `major`, which have no values, the one value is None.

    Raises:
        ValueError: more instants than `MOST_INSTANTS`, or one without a time zone.
    """
    if len(instants) > MOST_INSTANTS:
        raise ValueError(f"At most {MOST_INSTANTS} instants at a time.")
    if any(each.tzinfo is None for each in instants):
        raise ValueError("An instant needs its time zone, as datetime(2026, 3, 1, tzinfo=UTC).")
    moments = [microseconds(each) for each in instants]
    found: Standing = {each: {} for each in instants}
    with lake.alone():
        view = lake.view()
        stretches = [*view.sealed, *([view.tail] if view.tail else [])]
        files = [file for each in stretches for file in each.files.get("spells", ())]
        if not files:
            return found
        table = lake.engine.parquet("spells_standing", files)
        rows = lake.engine.answer(
            ("standing", spell, *moments), lambda: _sums(table, spell, moments)
        )
    for row in unified(rows).to_pylist():
        for place, instant in enumerate(instants):
            if row[f"s_{place}"]:
                found[instant][row["value"]] = row[f"s_{place}"]
    return found


def _sums(table: Any, spell: str, moments: Sequence[int]) -> Any:
    rows = table.filter(table.spell == spell)
    there = {
        f"s_{place}": rows.sign
        * ((rows.began_us <= at) & (rows.ended_us.isnull() | (rows.ended_us > at))).cast("int64")
        for place, at in enumerate(moments)
    }
    chosen = rows.select("value", **there)
    return chosen.group_by("value").agg(
        **{name: chosen[name].sum().cast("int64") for name in there}
    )
