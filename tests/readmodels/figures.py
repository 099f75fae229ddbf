"""The figures of the real history, as questions to the read models.

Each is a function named as its answer; what it cannot answer is said beside it. It asks in SQL,
of the tables `incidents` and `timeline`, of what `prepare` derives from them, and of `recorded`:
which ends the export itself gives, that only the file knows.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from math import ceil, floor
from statistics import fmean, median
from typing import Any

from sqlalchemy import Connection, text

from projections.open_queue import Row
from tocsin.readmodels.shape import EPOCH, MICROSECOND

RAW = "about rows of the file; a row in which nothing happened leaves nothing in the log"
COUNTER = "ServiceNow's own counter also counts what its rows do not show"
ROW = "the read models do not say which events one row brought; the importer's tests count it"

PREPARED = (
    """create temp table states as
    select *, lag(state) over w as former, lead(at) over w as until from (
      select incident_id, version, name, words, occurred_at as at,
        case when name in ('incident.imported', 'incident.held') then aspect
          when name in ('incident.resolved', 'incident.closed') then substr(name, 10)
          else 'in-progress' end as state
      from timeline where name in ('incident.imported', 'incident.acknowledged', 'incident.held',
        'incident.resumed', 'incident.reopened', 'incident.resolved', 'incident.closed')
      and not (name = 'incident.imported' and aspect in ('on-hold', 'resolved')))
    window w as (partition by incident_id order by version)""",
    "create index temp.states_of on states (incident_id, version)",
    """create temp table holders as
    select incident_id, holding, person, lag(holding) over w as former_group,
      lag(person) over w as former_person from (
      select incident_id, version, aspect as holding,
        case when words like 'Assigned to Resolver %'
          then replace(words, coalesce(', ' || aspect, '') || '.', '') end as person
      from timeline where name = 'incident.assigned')
    window w as (partition by incident_id order by version)""",
    """create temp table priorities as
    select incident_id, words, aspect + 0 as priority, lag(aspect + 0) over w as former
    from timeline where name = 'incident.prioritised'
    window w as (partition by incident_id order by version)""",
    """create temp table ends as
    select i.*, i.sla_marked_breached or i.attributes ->> 'made_sla' = 'false' as breached,
      r.resolved_at as told_resolved_at, r.closed_at as told_closed_at
    from incidents i join recorded r using (reference)""",
)
"""What the figures have in common. A verdict that an incident came with is an attribute of it."""


@dataclass
class Models:
    """The read models of the real history, in one snapshot."""

    connection: Connection
    queued: Mapping[datetime, Sequence[Row]]
    """The rows of the open queue at each instant that is asked for."""

    def prepare(self, tables: Mapping[str, str], recorded: Sequence[Mapping[str, Any]]) -> None:
        """Name the tables of the projections, and derive what several figures need."""
        for name, table in tables.items():
            self.do(f"create temp view {name} as select * from {table}")
        self.do("create temp table recorded (reference primary key, resolved_at, closed_at)")
        insert = "insert into recorded values (:reference, :resolved_at, :closed_at)"
        self.connection.execute(text(insert), recorded)
        for statement in PREPARED:
            self.do(statement)

    def do(self, statement: str) -> None:
        self.connection.exec_driver_sql(statement)

    def ask(self, statement: str) -> list[dict[str, Any]]:
        """What a select finds, by the names of its columns."""
        found = self.connection.exec_driver_sql(statement)
        return [dict(zip(found.keys(), values, strict=True)) for values in found]

    def one(self, statement: str) -> dict[str, Any]:
        (found,) = self.ask(statement)
        return found


Figure = Callable[[Models], Any]
FIGURES: dict[str, Figure] = {}
WITHOUT: dict[str, dict[str, str]] = {}
"""Parts of an answer that the read models cannot give, and why."""


def figure(**without: str) -> Callable[[Figure], Figure]:
    """Register a figure under its name; parts of its answer that it lacks, each with the reason."""

    def register(ask: Figure) -> Figure:
        FIGURES[ask.__name__], WITHOUT[ask.__name__] = ask, without
        return ask

    return register


def rounded(number: float, places: int = 4) -> float:
    """Half up, as DuckDB does."""
    shift: int = 10**places
    return floor(number * shift + 0.5) / shift


def hours(minutes: Iterable[int], *names: str) -> dict[str, Any]:
    """Statistics of durations in minutes, as hours."""
    waits = sorted(minutes)
    place = 0.9 * (len(waits) - 1)
    low = floor(place)
    between = (waits[min(low + 1, len(waits) - 1)] - waits[low]) * (place - low)
    known = {
        "median_h": median(waits),
        "p90_cont_h": waits[low] + between,
        "p90_disc_h": waits[ceil(0.9 * len(waits)) - 1],
        "mean_h": fmean(waits),
    }
    return {"n": len(waits)} | {name: rounded(known[name] / 60) for name in names}


def by(rows: Iterable[Mapping[str, Any]], name: str) -> dict[Any, list[int]]:
    """Minutes by what another column says, in its order."""
    grouped: dict[Any, list[int]] = {}
    for row in sorted(rows, key=lambda each: each[name]):
        grouped.setdefault(row[name], []).append(row["minutes"])
    return grouped


@cache
def micros(time: str, form: str = "%d/%m/%Y %H:%M") -> int:
    """A time of the export, as the tables hold it. Its rows share theirs: each is read once."""
    return (datetime.strptime(time, form).replace(tzinfo=UTC) - EPOCH) // MICROSECOND


def moment(column: str) -> str:
    return f"strftime('%Y-%m-%d %H:%M:%S', {column} / 1000000, 'unixepoch')"


def month(column: str) -> str:
    return f"strftime('%Y-%m', {column} / 1000000, 'unixepoch')"


def per_month(column: str, counts: str, models: Models) -> list[dict[str, Any]]:
    """Incidents by the month of one of their times; those without it last."""
    return models.ask(
        f"select {month(column)} as month, {counts} from ends group by 1 order by 1 nulls last"
    )


def most(what: str, counts: str, models: Models, limit: int) -> list[dict[str, Any]]:
    """What most incidents have, by name where as many have it."""
    return models.ask(
        f"select {what}, count(*) as incidents{counts} from ends"
        f" group by 1 order by 2 desc, 1 limit {limit}"
    )
