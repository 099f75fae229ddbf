"""How long it takes with other incidents of its kind: percentile, median and ninth decile.

The kind is what priority and category make; where that are too few, the priority; else all.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tocsin.brief.times import MEASURES, Measure, Norm, moments
from tocsin.domain.incident.state import Incident
from tocsin.domain.openings import SECOND_US, microseconds

if TYPE_CHECKING:
    from tocsin.lake.lake import Lake

LEAST = 20
"""Incidents that make a norm."""
KINDS: tuple[tuple[str, ...], ...] = (("priority", "category"), ("priority",), ())


def norms(lake: "Lake", incident: Incident) -> dict[str, Norm]:
    """The norm of each measure that has an end: only of incidents that were not void, this one
    left out. Where fewer than `LEAST` have come so far, nothing is said.

    Two incidents within 2 % of a duration are as long: the median and the ninth decile are those of
    logarithmic buckets; the percentile is exact to the second.
    """
    at = moments(incident)
    found: dict[str, Norm] = {}
    with lake.alone():
        table = lake.tables.get("incidents")
        if table is None:
            return {}
        others = table.filter((table.incident_id != str(incident.incident_id)) & ~table.void)
        for measure in MEASURES:
            since, until = at[measure.since], at[measure.until]
            if since is None or until is None:
                continue
            own = (microseconds(until) - microseconds(since)) // SECOND_US
            norm = next(_norms(lake, others, measure, max(own, 0), incident), None)
            if norm is not None:
                found[measure.name] = norm
    return found


def _norms(
    lake: "Lake", others: Any, measure: Measure, own: int, incident: Incident
) -> Iterator[Norm]:
    """Norms of ever wider kinds, as soon as there are enough incidents."""
    for dims in KINDS:
        kind = {name: getattr(incident, name) for name in dims}
        if None in kind.values():
            continue
        rows = others
        for name, value in kind.items():
            rows = rows.filter(rows[name] == value)
        norm = _norm(lake.engine.arrow(_lengths(rows, measure, own)).to_pylist(), kind)
        if norm is not None:
            yield norm


def _lengths(rows: Any, measure: Measure, own: int) -> Any:
    """How many took how long, by bucket; and of those, how many no longer than this one."""
    from tocsin.trends.sums import bucket

    since, until = rows[f"{measure.since}_us"], rows[f"{measure.until}_us"]
    ended = rows.filter(since.notnull() & until.notnull())
    since, until = ended[f"{measure.since}_us"], ended[f"{measure.until}_us"]
    seconds = (until > since).ifelse(until - since, 0) // SECOND_US
    told = ended.select("sign", seconds=seconds)
    told = told.mutate(bucket=bucket(told.seconds))
    short = (told.seconds <= own).ifelse(told.sign, 0)
    return told.group_by("bucket").aggregate(n=told.sign.sum(), short=short.sum())


def _norm(rows: list[dict[str, Any]], kind: Mapping[str, Any]) -> Norm | None:
    import numpy as np

    from tocsin.trends.lengths import Lengths

    marks = np.array([row["bucket"] for row in rows], dtype=np.int64)
    counts = np.array([row["n"] for row in rows], dtype=np.int64)
    number = int(counts.sum())
    if number < LEAST:
        return None
    lengths = Lengths.of(np.zeros_like(marks), marks, counts, 1, exact=False)
    short = sum(int(row["short"]) for row in rows)
    return Norm(
        kind={name: str(value) for name, value in kind.items()},
        incidents=number,
        percentile=(200 * short + number) // (2 * number),
        median_seconds=int(lengths.quantile(0.5)[0]),
        p90_seconds=int(lengths.quantile(0.9)[0]),
    )
