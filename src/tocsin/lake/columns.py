"""Rows as columns: typed, in one total order, and as Parquet.

The same rows are the same bytes, whoever wrote them and in however many parts they came.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tocsin.lake.tables import EVENTS, FLAG, TABLES, Table

ROW_GROUP: Final = 65_536
TURNED_AT_ONCE: Final = 128
NEVER_TWICE: Final = frozenset({"data", "command_id", "position", "causation"})
"""What hardly repeats, so that a dictionary of it would only be longer; nor do instants."""
_TYPES = {"int64": pa.int64(), "string": pa.string(), "bool": pa.bool_()}

Arrow = dict[str, pa.Table]
"""Tables by their names."""


@cache
def schema(table: Table) -> pa.Schema:
    """The columns of a table."""
    return pa.schema(
        pa.field(column.name, _TYPES[column.type], nullable=not column.required)
        for column in table.columns
    )


def arrow(table: Table, rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    """Rows, in whatever order, as columns."""
    wanted = schema(table)
    if not rows:
        return wanted.empty_table()
    columns: list[list[Any]] = [[] for _ in wanted]
    # A few rows at a time stay in the processor's cache: all at once take four times as long.
    for start in range(0, len(rows), TURNED_AT_ONCE):
        some = zip(*rows[start : start + TURNED_AT_ONCE], strict=True)
        for column, values in zip(columns, some, strict=True):
            column.extend(values)
    arrays = [pa.array(each, field.type) for each, field in zip(columns, wanted, strict=True)]
    return pa.Table.from_arrays(arrays, schema=wanted)


def ordered(table: Table, parts: Iterable[pa.Table]) -> pa.Table:
    """All the rows of the parts: by position, then sign, then every other column."""
    rows = pa.concat_tables(parts)
    names = table.names if table.signed else ("position",)
    return rows.sort_by([(name, "ascending") for name in names]).combine_chunks()


def by_month(table: Table, rows: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """The rows of each month (as in 2026-03) of the column that says where a row lies."""
    if not rows.num_rows:
        return
    months = instants(rows, table.month).astype("datetime64[M]")
    for month in np.unique(months):
        yield str(month), rows.filter(pa.array(months == month)).combine_chunks()


def instants(rows: pa.Table, column: str) -> "np.ndarray[Any, np.dtype[np.datetime64]]":
    """A required column of microseconds."""
    found: np.ndarray[Any, np.dtype[np.datetime64]]
    found = rows.column(column).to_numpy().astype("datetime64[us]")
    return found


def span(rows: pa.Table, column: str) -> list[int]:
    """The least and the greatest value of a required column of rows that are there."""
    values = rows.column(column).to_numpy()
    return [int(values.min()), int(values.max())]


def parquet(table: Table, rows: pa.Table) -> pa.Buffer:
    """The file that holds these rows."""
    sink = pa.BufferOutputStream()
    pq.write_table(
        rows,
        sink,
        row_group_size=ROW_GROUP,
        compression="zstd",
        use_dictionary=_repeating(table),
    )
    return sink.getvalue()


@cache
def _repeating(table: Table) -> list[str]:
    """The columns of which few values make up most of the rows: texts, counts, signs."""
    return [
        each.name
        for each in table.columns
        if each.name not in NEVER_TWICE and not each.name.endswith("_us") and each.type != FLAG
    ]


def packed(rows: pa.Table) -> pa.Buffer:
    """Rows on their way to another process."""
    measure = pa.MockOutputStream()
    _stream(measure, rows)
    room = pa.allocate_buffer(measure.size())
    _stream(pa.FixedSizeBufferWriter(room), rows)
    return room


def _stream(sink: Any, rows: pa.Table) -> None:
    with pa.ipc.new_stream(sink, rows.schema) as stream:
        stream.write_table(rows)


def unpacked(sent: bytes) -> pa.Table:
    """Rows that another process has sent."""
    with pa.ipc.open_stream(sent) as stream:
        return stream.read_all()


class Growing:
    """The rows of a range that has not ended: its events come again each time, with more of them,
    and are turned into columns once."""

    def __init__(self) -> None:
        self._after = self._until = -1
        self._events = schema(EVENTS).empty_table()

    def of(self, drafts: dict[str, list[tuple[Any, ...]]], after: int) -> Arrow:
        """The rows of every table as columns, in order; the range began after that position."""
        if after != self._after:
            self._after = self._until = after
            self._events = schema(EVENTS).empty_table()
        come = [row for row in drafts[EVENTS.name] if row[0] > self._until]
        if come:
            parts = [self._events, ordered(EVENTS, [arrow(EVENTS, come)])]
            self._events = pa.concat_tables(parts).combine_chunks()
            self._until = max(row[0] for row in come)
        signed = [each for each in TABLES if each.signed]
        return {
            EVENTS.name: self._events,
            **{each.name: ordered(each, [arrow(each, drafts[each.name])]) for each in signed},
        }


def of(drafts: dict[str, list[tuple[Any, ...]]]) -> Arrow:
    """The rows of every table as columns, in order."""
    return {each.name: ordered(each, [arrow(each, drafts[each.name])]) for each in TABLES}
