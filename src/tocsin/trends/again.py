"""What comes again: how many of the same came within so many days before."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from tocsin.trends.cells import numbers, placed
from tocsin.trends.periods import of_day
from tocsin.trends.question import Grain
from tocsin.trends.scene import Scene
from tocsin.trends.sums import PERIOD


def recurring(rows: pa.Table, scene: Scene, windows: Sequence[int]) -> pa.Table:
    """From counts of days and keys to those of periods, with `again_W`: how many came at most W
    days after another one with the same keys, or on the same day."""
    keys = [name for name in rows.column_names if name.startswith("k_")]
    (place,), _, _ = placed([rows], keys)
    order = np.lexsort((numbers(rows, PERIOD), place))
    rows, place = rows.take(pa.array(order)), place[order]
    days, counts = numbers(rows, PERIOD), numbers(rows, "s_n")
    there = counts > 0
    rows, place, days, counts = (
        rows.filter(pa.array(there)), place[there], days[there], counts[there],
    )  # fmt: skip
    since = np.full(len(days), np.iinfo(np.int64).max)
    same = place[1:] == place[:-1]
    since[1:][same] = days[1:][same] - days[:-1][same]
    columns = {name: rows.column(name) for name in rows.column_names if name.startswith("d_")}
    if scene.question.grain is not Grain.ALL:
        columns[PERIOD] = pa.array(of_day(days, scene.question.grain))
    columns["s_n"] = pa.array(counts)
    for window in windows:
        columns[f"s_again_{window}"] = pa.array(np.where(since <= window, counts, counts - 1))
    return pa.table(columns)
