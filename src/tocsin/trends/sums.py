"""From a part of a trend and a question to one Ibis expression: the sums, by period, dimensions and
length."""

from dataclasses import dataclass, replace
from functools import lru_cache, reduce
from hashlib import sha256
from math import log
from operator import and_, or_
from typing import Any

import ibis

from tocsin.domain.openings import DAY_US, SECOND_US
from tocsin.lake.tables import TABLES
from tocsin.trends.definition import Expression, Part, Trend
from tocsin.trends.periods import local_day, of_day
from tocsin.trends.question import Grain, Question, Resolution
from tocsin.trends.working import Workdays, within_reach, worked

BUCKET = log(1.02)
"""Durations in one bucket differ by 2 % at most."""
REMEMBERED = 2_000
"""Parts of questions that are told apart without being put into words again: that takes longer than
to read what a few minutes brought."""
PERIOD, LENGTH, COUNT, SECONDS = "period", "length", "n", "seconds"
SIGNED = {table.name: table.signed for table in TABLES}
SCHEMAS = {table.name: {c.name: c.type for c in table.columns} for table in TABLES}


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What an expression rests on besides its table."""

    trend: Trend
    question: Question
    years: tuple[int, int]
    """For which the clocks of the zone are laid out."""
    workdays: Workdays | None
    """Of the calendar, unless every hour counts."""


def taken(table: Any, expression: Expression) -> Any:
    """The value of an expression on a table."""
    return table[expression] if isinstance(expression, str) else expression(table)


def dimension(table: Any, part: Part, trend: Trend, name: str) -> Any:
    """The value of a dimension in a part."""
    return taken(table, part.dims.get(name) or trend.dimension(name).column or name)


def sums(part: Part, table: Any, ground: Ground, days: Any = None) -> Any:
    """The expression of one part over a table; `days` is that of the working days.

    Its columns: `period`, `d_` dimensions, `k_` keys, `length`, and `s_` sums.
    """
    trend, question = ground.trend, ground.question
    table = table.filter(_counting(table, part, trend, question))
    if part.lasted is not None:
        table = _measured(table, part, ground, days)
    if part.days:
        zone, years = question.zone, ground.years
        dated = {name: local_day(taken(table, us), zone, years) for name, us in part.days.items()}
        table = table.mutate(**dated)
    columns: dict[str, Any] = {}
    grain = part.grain or question.grain
    if grain is not Grain.ALL:
        day = local_day(taken(table, part.moment), question.zone, ground.years)
        columns[PERIOD] = of_day(day, grain)
    for name in trend.by(question):
        columns[f"d_{name}"] = dimension(table, part, trend, name)
    for name, key in part.keys.items():
        columns[f"k_{name}"] = taken(table, key)
    if part.lasted is not None:
        columns[LENGTH] = _length(table[SECONDS], question.resolution)
    keys = list(columns)
    sign = table["sign"] if SIGNED[part.table] else ibis.literal(1, "int64")
    columns[f"s_{COUNT}"] = sign
    for name, value in part.sums.items():
        columns[f"s_{name}"] = sign * taken(table, value).cast("int64")
    if part.lasted is not None:
        columns[f"s_{SECONDS}"] = sign * table[SECONDS]
    added = [name for name in columns if name not in keys]
    chosen = table.select(**columns)
    totals = {name: chosen[name].sum().cast("int64") for name in added}
    return chosen.group_by(keys).agg(**totals) if keys else chosen.agg(**totals)


@lru_cache(maxsize=REMEMBERED)
def digest(name: str, ground: Ground) -> str:
    """What tells the sums of a part from all others, whatever the files, the engine, and how many
    years of a zone's clocks are laid out."""
    part = ground.trend.part(name, ground.question)
    table = ibis.table(SCHEMAS[part.table], name=part.table)
    plain = replace(ground, question=replace(ground.question, zone="UTC"), workdays=None)
    text = str(ibis.to_sql(sums(part, table, plain), dialect="duckdb"))
    working = ground.workdays.name if ground.workdays is not None else ""
    key = f"{text}\0{ground.question.zone}\0{working}"
    return sha256(key.encode()).hexdigest()


def _counting(table: Any, part: Part, trend: Trend, question: Question) -> Any:
    """Which rows count."""
    wanted = [taken(table, part.moment).notnull()]
    wanted += [taken(table, each).notnull() for each in part.lasted or ()]
    if part.rows is not None:
        wanted.append(part.rows(table))
    chosen: dict[str, list[Any]] = {}
    for name, text in question.where:
        value = dimension(table, part, trend, name)
        said = trend.dimension(name, "where").value(text)
        chosen.setdefault(name, []).append(value.isnull() if said is None else value == said)
    wanted += [reduce(or_, values) for values in chosen.values()]
    return reduce(and_, wanted)


def _measured(table: Any, part: Part, ground: Ground, days: Any) -> Any:
    """The table with how long each row lasted, in whole seconds."""
    assert part.lasted is not None
    begin, end = (taken(table, each) for each in part.lasted)
    if ground.workdays is None:
        return table.mutate(**{SECONDS: _seconds(end - begin)})
    spans = ground.workdays.spans
    table = table.mutate(began=within_reach(begin), ceased=within_reach(end))
    table = table.mutate(began_day=table.began // DAY_US, ceased_day=table.ceased // DAY_US)
    for prefix, day in (("b_", "began_day"), ("e_", "ceased_day")):
        renamed = days.select(**{f"{prefix}{name}": days[name] for name in days.columns})
        table = table.join(renamed, table[day] == renamed[f"{prefix}day"], how="inner")
    lasted = worked(table.ceased, table, spans, "e_") - worked(table.began, table, spans, "b_")
    return table.mutate(**{SECONDS: _seconds(lasted)})


def _seconds(us: Any) -> Any:
    return ibis.cases((us > 0, us // SECOND_US), else_=0)


def _length(seconds: Any, resolution: Resolution) -> Any:
    return seconds if resolution is Resolution.EXACT else bucket(seconds)


def bucket(seconds: Any) -> Any:
    """In which bucket of 2 % whole seconds lie."""
    return ((seconds + 1).cast("float64").ln() / BUCKET).floor().cast("int64")
