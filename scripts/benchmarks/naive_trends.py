"""Two trends as one would write them over the events alone: windows over all history, and exact
percentiles. That is what the other tables of a lake are there to spare.
"""

from time import perf_counter

import duckdb

from tocsin.lake.segments import Segments
from tocsin.settings import Settings
from tocsin.trends.question import Grain, Question

MEBIBYTE = 1_048_576
WAITED_IN = "('new', 'in-progress', 'on-hold', 'reported', 'resolved')"

RESOLVE_TIME = """
WITH told AS (
    SELECT incident_id, event, make_timestamp(occurred_us) AS since,
        min(make_timestamp(occurred_us)) OVER (PARTITION BY incident_id) AS reported,
        lead(event) OVER (PARTITION BY incident_id ORDER BY position) AS following
    FROM events
    WHERE event IN ('incident.reported', 'incident.resolved', 'incident.reopened')
)
SELECT date_trunc('month', since) AS period, count(*) AS n, avg(epoch(since - reported)) AS mean,
    quantile_cont(epoch(since - reported), [0.5, 0.9, 0.99]) AS percentiles
FROM told WHERE event = 'incident.resolved' AND following IS NULL
GROUP BY ALL ORDER BY ALL
"""

TIME_IN_STATE = f"""
WITH told AS (
    SELECT incident_id, status, make_timestamp(occurred_us) AS since, position,
        lag(status) OVER (PARTITION BY incident_id ORDER BY position) AS before
    FROM events WHERE incident_id IS NOT NULL
), entered AS (
    SELECT status, since,
        lead(since) OVER (PARTITION BY incident_id ORDER BY position) AS until
    FROM told WHERE status IS DISTINCT FROM before
)
SELECT date_trunc('month', until) AS period, status, count(*) AS n,
    sum(epoch(until - since)) / 3600 AS hours,
    quantile_cont(epoch(until - since), [0.5, 0.9, 0.99]) AS percentiles
FROM entered WHERE until > since AND status IN {WAITED_IN}
GROUP BY ALL ORDER BY ALL
"""

NAIVE = {"resolve-time": RESOLVE_TIME, "time-in-state": TIME_IN_STATE}
"""By the name of the trend that answers the same."""


def engine(segments: Segments, spill: str) -> duckdb.DuckDBPyConnection:
    """DuckDB with the tables of a lake, under the limits that trends have."""
    settings = Settings()
    con = duckdb.connect(
        config={
            "memory_limit": f"{settings.trends_memory // MEBIBYTE}MiB",
            "temp_directory": spill,
            "preserve_insertion_order": False,
        }
    )
    for table in ("events", "incidents", "spells", "timers"):
        places = ", ".join(f"'{file}'" for file in segments.files(table))
        con.execute(
            f"CREATE VIEW {table} AS"
            f" SELECT * FROM read_parquet([{places}], hive_partitioning = false)"
        )
    return con


def naive(con: duckdb.DuckDBPyConnection) -> dict[str, tuple[float, int]]:
    """Seconds of each, and how many things it counts."""
    found = {}
    for name, query in NAIVE.items():
        began = perf_counter()
        rows = con.sql(query).fetchall()
        place = 1 if name == "resolve-time" else 2
        found[name] = perf_counter() - began, sum(row[place] for row in rows)
    return found


def floor(con: duckdb.DuckDBPyConnection) -> float:
    """Seconds that it takes to add up one column of every file."""
    began = perf_counter()
    for table in ("incidents", "spells", "timers"):
        con.sql(f"SELECT sum(sign) FROM {table}").fetchall()
    con.sql("SELECT sum(version) FROM events").fetchall()
    return perf_counter() - began


def same(trend: str) -> Question:
    """The question to the trend that asks for the same."""
    return Question(trend=trend, grain=Grain.MONTH)
