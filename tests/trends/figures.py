"""The figures of the real history, as questions to trends. Each is a function named as its answer;
what trends cannot answer is said beside it, or in `NOT_ANSWERED`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from tests.readmodels.figures import COUNTER, RAW, rounded
from tocsin.lake import Lake
from tocsin.trends import Answer, Grain, Resolution

THEN = "the lake says what incidents are now, not which priority each had at that time"
REPLAYED = "the lake knows when it was resolved, not whether the export has a column for it"
ATTRIBUTE = "what other systems say besides is an attribute of the incident, and no column"
ROWS = "`events` has them; they are about single changes, and no trend counts those"
COUNTED_ONCE = "sums tell nothing of how many are distinct"

NOT_ANSWERED = {
    "rows_by_state": RAW,
    "replay_agrees_with_recorded": REPLAYED,
    "reassign_distribution": COUNTER,
    "sla_flip_state": ATTRIBUTE,
    "open_queue_by_priority_2016_04_15_1200": THEN,
    "derived_event_counts": ROWS,
    "priority_matrix": RAW,
    "data_quality": RAW,
    "contact_types_first_row": ATTRIBUTE,
}


@dataclass(frozen=True)
class Asked:
    """The lake, and what only the file knows."""

    lake: Lake
    verdict_at_first: dict[tuple[int, str, str], int]
    """Incidents whose first row says that their service level was missed: by priority, month of
    closure and group. That verdict came with them, as an attribute."""

    def ask(self, trend: str, *by: str, **fields: Any) -> Answer:
        fields = {"grain": Grain.ALL, **fields}
        return self.lake.trend(trend, by=by, **fields)

    def missed_before(self, place: int, value: Any) -> int:
        return sum(n for key, n in self.verdict_at_first.items() if key[place] == value)


Figure = Callable[[Asked], Any]
FIGURES: dict[str, Figure] = {}
WITHOUT: dict[str, dict[str, str]] = {}


def figure(**without: str) -> Callable[[Figure], Figure]:
    def register(ask: Figure) -> Figure:
        FIGURES[ask.__name__], WITHOUT[ask.__name__] = ask, without
        return ask

    return register


def per_month(asked: Asked, name: str) -> list[dict[str, Any]]:
    rows = asked.ask("volume", grain=Grain.MONTH).records()
    return [{"month": f"{row['period']:%Y-%m}", name: row[name]} for row in rows if row[name]]


@figure(rows=RAW, first_update=RAW, last_update=RAW, first_opened=COUNTED_ONCE,
        last_opened=COUNTED_ONCE, first_closed=COUNTED_ONCE, last_closed=COUNTED_ONCE)  # fmt: skip
def size(asked: Asked) -> Any:
    return {"incidents": asked.ask("volume").column("reported")[0]}


@figure()
def opened_per_month(asked: Asked) -> Any:
    return [{"month": r["month"], "opened": r["reported"]} for r in per_month(asked, "reported")]


@figure()
def closed_per_month(asked: Asked) -> Any:
    return per_month(asked, "closed")


@figure(of_which_replayed=REPLAYED)
def resolved_per_month(asked: Asked) -> Any:
    (row,) = asked.ask("volume").records()
    never = {"month": None, "resolved": row["reported"] - row["resolved"]}
    return [*per_month(asked, "resolved"), never]


@figure(from_resolved=ROWS, from_closed=ROWS)
def reopens(asked: Asked) -> Any:
    (row,) = asked.ask("reopens").records()
    return {
        "reopen_transitions": row["reopens"],
        "incidents_reopened": row["reopened"],
        "sum_of_reopen_count_field": row["reopens"],
        "max_reopen": max(asked.ask("reopens", "times").column("times")),
    }


@figure()
def reopen_distribution(asked: Asked) -> Any:
    rows = asked.ask("reopens", "times").records()
    return [{"reopen": row["times"], "incidents": row["done"]} for row in rows]


@figure(
    sum_reassignment_count_field=COUNTER,
    incidents_reassigned=COUNTER,
    max_reassign=COUNTER,
    observed_group_changes=ROWS,
    observed_assignee_changes=ROWS,
)
def reassignments(asked: Asked) -> Any:
    return {"group_to_group_changes": asked.ask("handovers").column("handovers")[0]}


@figure()
def time_to_close_by_priority(asked: Asked) -> Any:
    rows = asked.ask("close-time", "priority", resolution=Resolution.EXACT).records()
    return [
        {
            "prio": row["priority"],
            "n": row["closed"],
            "median_h": rounded(row["p50_seconds"] / 3600),
            "p90_cont_h": rounded(row["p90_seconds"] / 3600),
        }
        for row in rows
    ]


def verdicts(asked: Asked, *by: str, grain: Grain = Grain.ALL) -> list[dict[str, Any]]:
    """What the other system said."""
    answer = asked.ask("attainment", *by, grain=grain, where=(("agreement", "elsewhere"),))
    return answer.records()


@figure()
def sla_by_priority(asked: Asked) -> Any:
    found = []
    for row in verdicts(asked, "priority"):
        before = asked.missed_before(0, row["priority"])
        made, breached = row["met"] - before, row["breached"] + before
        found.append({"prio": row["priority"], "made": made, "breached": breached})
    return found


@figure()
def sla_overall(asked: Asked) -> Any:
    (row,) = verdicts(asked)
    before = sum(asked.verdict_at_first.values())
    made, breached = row["met"] - before, row["breached"] + before
    percent = rounded(100 * made / (made + breached), 3)
    return {"made": made, "breached": breached, "made_pct": percent}


@figure()
def sla_breached_by_close_month(asked: Asked) -> Any:
    found = []
    for row in verdicts(asked, grain=Grain.MONTH):
        month = f"{row['period']:%Y-%m}"
        breached = row["breached"] + asked.missed_before(1, month)
        closed = row["met"] + row["breached"]
        found.append({"month": month, "closed": closed, "breached": breached})
    return found


def most(rows: Iterable[dict[str, Any]], name: str, to: str, count: str, top: int) -> Any:
    """The values with the most incidents, then in the order of their names."""
    found = [{to: row[name] or "(none)", "incidents": row[count]} for row in rows]
    return sorted(found, key=lambda row: (-row["incidents"], row[to]))[:top]


@figure()
def top10_categories_final(asked: Asked) -> Any:
    rows = asked.ask("volume", "category").records()
    return most(rows, "category", "category", "reported", 10)


@figure(reassignments=COUNTER)
def top15_final_groups(asked: Asked) -> Any:
    rows = asked.ask("volume", "group").records()
    missed = {row["group"]: row["breached"] for row in verdicts(asked, "group")}
    found = most(rows, "group", "assignment_group", "reported", 15)
    for row in found:
        group = row["assignment_group"]
        told = missed[None if group == "(none)" else group]
        row["breached"] = told + asked.missed_before(2, group)
    return found


@figure()
def closed_codes(asked: Asked) -> Any:
    rows = asked.ask("volume", "closure_code").records()
    return most(rows, "closure_code", "closed_code", "reported", 50)


@figure(raised_to_critical=ROWS)
def escalations(asked: Asked) -> Any:
    (row,) = asked.ask("escalations").records()
    return {
        "priority_raised": row["raised"],
        "priority_lowered": row["lowered"],
        "incidents_priority_raised": row["raised_incidents"],
        "functional_group_to_group": row["functional"],
    }


@figure()
def trend_opened_per_iso_week(asked: Asked) -> Any:
    rows = asked.ask("volume", grain=Grain.WEEK, until=date(2016, 6, 1)).records()
    return [{"week_monday": row["period"].isoformat(), "opened": row["reported"]} for row in rows]


@figure()
def trend_category_march_to_may(asked: Asked) -> Any:
    total = asked.ask("volume", "category").records()
    rows = asked.ask("volume", "category", grain=Grain.MONTH).records()
    known = {(row["category"], row["period"]): row["reported"] for row in rows}
    return [
        {"category": row["category"]}
        | {
            name: known.get((row["category"], date(2016, month, 1)), 0)
            for month, name in ((3, "mar"), (4, "apr"), (5, "may"))
        }
        for row in most(total, "category", "category", "reported", 10)
    ]
