"""Sums as they come from an engine: put into one form, and added to those that are there."""

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

SUM = "s_"
TYPES = (pa.types.is_boolean, pa.types.is_integer, pa.types.is_string)


def unified(rows: pa.Table) -> pa.Table:
    """The rows in one form, whatever the engine calls its types: whole numbers, flags, texts."""
    columns = []
    for name in rows.column_names:
        column = rows.column(name)
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        columns.append(column.cast(_kind(column.type)))
    found = pa.table(columns, names=rows.column_names)
    for place, name in enumerate(found.column_names):
        if name.startswith(SUM):
            found = found.set_column(place, name, pc.fill_null(found.column(name), 0))
    return found


def _kind(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_boolean(kind):
        return pa.bool_()
    if pa.types.is_integer(kind) or pa.types.is_decimal(kind):
        return pa.int64()
    return pa.string()


def added(parts: Iterable[pa.Table]) -> pa.Table:
    """The sums of all parts together; rows of which nothing is left are gone."""
    tables = list(parts)
    rows = pa.concat_tables(tables)
    keys = [name for name in rows.column_names if not name.startswith(SUM)]
    totals = [name for name in rows.column_names if name.startswith(SUM)]
    if len(tables) > 1:
        whole = rows.group_by(keys, use_threads=False)
        rows = whole.aggregate([(name, "sum") for name in totals])
        rows = rows.rename_columns([name.removesuffix("_sum") for name in rows.column_names])
        rows = rows.select([*keys, *totals])
    something = None
    for name in totals:
        there = pc.not_equal(rows.column(name), 0)
        something = there if something is None else pc.or_(something, there)
    return rows.filter(something)
