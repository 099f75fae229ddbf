"""Working time as a small table: one row for each UTC day, which any engine can join with.

W(t), the working time until t, is what was worked until t's day began and, of each span of that
day, the part before t. So the working time between two instants takes two joins on whole days and
integer arithmetic.
"""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tocsin.domain.calendar import Calendar
from tocsin.domain.openings import DAY_US, openings

FIRST_YEAR, END_YEAR = 1970, 2101
"""What lies outside is taken for the nearest day within."""
LAST_DAY = (END_YEAR - FIRST_YEAR) * 36525 // 100 - 2


@dataclass(frozen=True, eq=False)
class Workdays:
    """The table of one calendar."""

    name: str
    rows: pa.Table
    spans: int
    """How many spans a day has at most."""

    def file(self, folder: Path) -> Path:
        """The table as Parquet, written once."""
        file = folder / f"{self.name}.parquet"
        if not file.exists():
            folder.mkdir(parents=True, exist_ok=True)
            draft = file.with_suffix(".draft")
            pq.write_table(self.rows, draft)
            draft.replace(file)
        return file


@lru_cache(maxsize=16)
def workdays(calendar: Calendar) -> Workdays:
    """Every day of a calendar, laid out."""
    known = openings(calendar, range(FIRST_YEAR - 1, END_YEAR + 1))
    pieces: dict[int, list[tuple[int, int]]] = {}
    for opens, closes in known.within(0, LAST_DAY * DAY_US):
        at = opens
        while at < closes:
            day = at // DAY_US
            end = min(closes, (day + 1) * DAY_US)
            pieces.setdefault(day, []).append((at - day * DAY_US, end - day * DAY_US))
            at = end
    spans = max(map(len, pieces.values()), default=0)
    days = np.arange(LAST_DAY + 1, dtype=np.int64)
    opened, closed = np.zeros((2, spans, len(days)), np.int64)
    for day, those in pieces.items():
        for place, (opens, closes) in enumerate(those):
            opened[place, day], closed[place, day] = opens, closes
    worked = (closed - opened).sum(axis=0)
    columns = {"day": days, "before": np.cumsum(worked) - worked}
    for place in range(spans):
        columns |= {f"opens{place}": opened[place], f"closes{place}": closed[place]}
    rows = pa.table(columns)
    digest = sha256(b"".join(column.tobytes() for column in columns.values())).hexdigest()
    return Workdays(f"working_{digest[:16]}", rows, spans)


def within_reach(us: Any) -> Any:
    """An Ibis expression of an instant, moved to the nearest day that is laid out."""
    import ibis

    limit = LAST_DAY * DAY_US
    return ibis.cases((us < 0, 0), (us > limit, limit), else_=us)


def worked(us: Any, day: Any, spans: int, prefix: str) -> Any:
    """W(t) as an Ibis expression, of an instant within reach and the row of its day, whose columns
    have a prefix."""
    import ibis

    total, time = day[f"{prefix}before"], us - day[f"{prefix}day"] * DAY_US
    for place in range(spans):
        opens, closes = day[f"{prefix}opens{place}"], day[f"{prefix}closes{place}"]
        part = ibis.cases((time <= opens, 0), (time >= closes, closes - opens), else_=time - opens)
        total = total + part
    return total
