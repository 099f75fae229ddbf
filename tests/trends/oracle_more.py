"""What the trends come to that are more than counts: verdicts, levels, curves, repetitions."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from math import exp, log, sqrt
from typing import Any
from zoneinfo import ZoneInfo

from tests.trends.oracle import (
    ORACLES,
    SECOND,
    Key,
    Row,
    Told,
    World,
    both,
    oracle,
    share,
    valid,
)

__all__ = ["ORACLES"]
from tocsin.domain.incident.values import OPEN
from tocsin.domain.openings import clock_shows


@oracle
def attainment(w: World) -> Iterator[tuple[Key, Told]]:
    ours = w.at("timers", "verdict_us")
    constants: dict[str, Any] = {
        "agreement": lambda _: "elsewhere",
        "measure": lambda _: "resolution",
        "target": lambda _: None,
        "policy_version": lambda _: None,
        "holder": lambda row: row["group"],
        "cycle": lambda row: row["reopens"] + 1,
    }
    theirs = w.at("incidents", "closed_us", lambda row: row["system"] is not None, **constants)
    for key in both(ours, theirs):
        met = sum(row["verdict"] == "met" for row in ours.get(key, []))
        met += sum(not row["marked_breached"] for row in theirs.get(key, []))
        number = len(ours.get(key, [])) + len(theirs.get(key, []))
        yield key, {
            "met": met, "breached": number - met, "met_percent": share(met, number, 100),
        }  # fmt: skip


@oracle
def major_incidents(w: World) -> Iterator[tuple[Key, Told]]:
    for key, rows in w.at("incidents", "reported_us", lambda r: valid(r) and r["major"]).items():
        began = [
            {**row, "began": row["reported_us"] if row["impact_began_us"] is None
             else row["impact_began_us"]}
            for row in rows if row["mitigated_us"] is not None
        ]  # fmt: skip
        yield (
            key,
            {
                "incidents": len(rows),
                "open": sum(row["open"] for row in rows),
                "major_hours": sum(row["major_us"] // SECOND for row in rows) / 3600,
                "impact_hours": sum(w.lasted(began, "began", "mitigated_us")) / 3600,
                "people_hours": sum(row["major_us"] // SECOND * row["people"] for row in rows)
                / 3600,
                "people_each": share(sum(row["people"] for row in rows), len(rows)),
                "updates_each": share(sum(row["updates"] for row in rows), len(rows)),
            },
        )


@oracle
def recurrence(w: World) -> Iterator[tuple[Key, Told]]:
    def counts(row: Row) -> bool:
        return valid(row) and (row["service"] is not None or row["item"] is not None)

    days: dict[Key, list[date]] = {}
    for row in w.rows["incidents"]:
        if counts(row) and w.chosen(row):
            same = row["service"], row["item"], row["category"]
            days.setdefault(same, []).append(w.day(row["reported_us"]))
    found: dict[Key, Told] = {}
    for same, those in days.items():
        named = dict(zip(("service", "item", "category"), same, strict=True))
        for place, day in enumerate(sorted(those)):
            if not w.shown(day):
                continue
            told = found.setdefault(w.key(day, named), dict.fromkeys(("incidents", *NAMES), 0))
            told["incidents"] = (told["incidents"] or 0) + 1
            for window in WINDOWS:
                near = place and (day - sorted(those)[place - 1]).days <= window
                told[f"again_{window}d"] = (told[f"again_{window}d"] or 0) + bool(near)
    for key, told in found.items():
        number = told["incidents"] or 0
        for window in WINDOWS:
            told[f"again_{window}d_percent"] = share(told[f"again_{window}d"] or 0, number, 100)
        yield key, told


WINDOWS = (7, 30, 90)
NAMES = [f"again_{window}d" for window in WINDOWS]


@oracle
def backlog(w: World) -> Iterator[tuple[Key, Told]]:
    asked = {*w.by, *(name for name, _ in w.question.where)}
    spell = "state" if "state" in asked else "group" if "held_by" in asked else "open"
    there = [
        named
        for row in w.rows["spells"]
        if row["spell"] == spell and (spell != "state" or row["value"] in OPEN)
        if row["ended_us"] is None or row["ended_us"] > row["began_us"]
        for named in [{**row, "state": row["value"], "held_by": row["value"]}]
        if w.chosen(named)
    ]
    today = w.day(w.as_of_us)
    for last in _ends(w, there, today):
        for dims in {tuple(row[name] for name in w.by) for row in there}:
            those = [row for row in there if tuple(row[name] for name in w.by) == dims]
            told = _level(w, those, last)
            if told["open"]:
                yield (dims if w.question.grain == "all" else (w.period(last), *dims)), told


def _ends(w: World, rows: Sequence[Row], today: date) -> list[date]:
    if not rows:
        return []
    if w.question.grain == "all":
        return [today]
    day, ends = min(w.day(row["began_us"]) for row in rows), {}
    day = min([day, *(w.day(row["reported_us"]) + timedelta(days=1) for row in rows)])
    while day <= today:
        if w.shown(day):
            ends[w.period(day)] = day
        day += timedelta(days=1)
    return list(ends.values())


def _level(w: World, rows: Sequence[Row], last: date) -> Told:
    there = [
        row
        for row in rows
        if w.day(row["began_us"]) <= last
        and (row["ended_us"] is None or w.day(row["ended_us"]) > last)
    ]
    zone = ZoneInfo(w.question.zone)
    end = min(clock_shows(zone, last.toordinal() + 1, 0), w.as_of_us) // SECOND
    ages = [end - row["reported_us"] // SECOND for row in there]
    old = {
        f"older_than_{days}d": sum(
            last >= w.day(row["reported_us"]) + timedelta(days=days) for row in there
        )
        for days in (1, 7, 30, 90)
    }
    return {"open": len(there), "mean_age_days": share(sum(ages), len(ages) * 86_400), **old}


@oracle
def survival(w: World) -> Iterator[tuple[Key, Told]]:
    def end(row: Row) -> Any:
        return row["closed_us"] if row["resolved_us"] is None else row["resolved_us"]

    for key, rows in w.at("incidents", "reported_us", valid, end=end).items():
        ended = [row for row in rows if row["end"] is not None]
        waiting = [row for row in rows if row["end"] is None]
        done = [w.mark(each) for each in w.lasted(ended, "reported_us", "end")]
        since = [row["reported_us"] // SECOND * SECOND for row in waiting]
        cut = [w.mark(w.elapsed(us, w.as_of_us)) for us in since]
        curve, left, spread = [], 1.0, 0.0
        for time in sorted({*done, *cut}):
            risk = sum(each >= time for each in done) + sum(each >= time for each in cut)
            events = done.count(time)
            left *= 1 - events / risk
            spread += events / (risk * (risk - events)) if risk > events else 0.0
            curve.append((time, left, spread))
        told: Told = {"incidents": len(rows), "open": len(waiting)}
        for part in (50, 90):
            there = [time for time, still, _ in curve if still <= 1 - part / 100 + 1e-12]
            told[f"p{part}_seconds"] = there[0] if there else None
        for hours in (4, 24, 168, 720):
            told |= _within(curve, hours)
        yield key, told


def _within(curve: list[tuple[float, float, float]], hours: int) -> Told:
    _, left, spread = ([(0.0, 1.0, 0.0)] + [p for p in curve if p[0] <= hours * 3600])[-1]
    low = high = left
    if 0 < left < 1:
        bend = exp(1.959963984540054 * sqrt(spread) / log(left))
        low, high = left ** (1 / bend), left**bend
    name = f"within_{hours}h"
    ends = {f"{name}_low": 100 * (1 - high), f"{name}_high": 100 * (1 - low)}
    return {name: 100 * (1 - left), **ends}
