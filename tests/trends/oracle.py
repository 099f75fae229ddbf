"""What each trend comes to, worked out once more from what holds in the end: row by row in plain
Python, with nothing of the definitions, of Ibis, or of numpy."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil, floor, log
from typing import Any
from zoneinfo import ZoneInfo

from tocsin.domain.calendar import Calendar
from tocsin.domain.openings import EPOCH
from tocsin.domain.worktime import worktime
from tocsin.trends import Question

Row = Mapping[str, Any]
Key = tuple[Any, ...]
Groups = dict[Key, list[Row]]
Told = dict[str, float | int | None]
SECOND = 1_000_000


def share(part: float, whole: float, factor: float = 1) -> float | None:
    return factor * part / whole if whole else None


@dataclass
class World:
    """What holds in the end, and what is asked about it."""

    rows: Mapping[str, Sequence[Row]]
    question: Question
    by: tuple[str, ...]
    as_of_us: int
    calendar: Calendar | None = None

    def day(self, us: int) -> date:
        moment = EPOCH + timedelta(microseconds=us)
        return moment.astimezone(ZoneInfo(self.question.zone)).date()

    def period(self, day: date) -> date:
        match self.question.grain:
            case "week":
                return day - timedelta(days=day.weekday())
            case "month":
                return day.replace(day=1)
            case "quarter":
                return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
            case "year":
                return day.replace(month=1, day=1)
            case _:
                return day

    def chosen(self, row: Row) -> bool:
        wanted = defaultdict(set)
        for name, text in self.question.where:
            wanted[name].add(text)
        return all(spelt(row[name]) in texts for name, texts in wanted.items())

    def key(self, day: date, row: Row) -> Key:
        dims = tuple(row[name] for name in self.by)
        return dims if self.question.grain == "all" else (self.period(day), *dims)

    def shown(self, day: date) -> bool:
        since, until = self.question.since, self.question.until
        first = self.period(day)
        if self.question.grain == "all":
            return True
        return not (since and first < since) and not (until and first >= until)

    def at(self, table: str, moment: str, keep: Callable[[Row], Any] = bool, **more: Any) -> Groups:
        """The rows of a table by what the answer tells apart."""
        found: Groups = defaultdict(list)
        for plain in self.rows[table]:
            row = {**plain, **{name: worked(plain) for name, worked in more.items()}}
            if row[moment] is not None and keep(row) and self.chosen(row):
                day = self.day(row[moment])
                if self.shown(day):
                    found[self.key(day, row)].append(row)
        return found

    def elapsed(self, begin: int, end: int) -> int:
        if self.calendar is not None:
            spent = worktime(self.calendar).elapsed_us(max(0, begin), max(0, end))
        else:
            spent = end - begin
        return max(0, spent) // SECOND

    def lasted(self, rows: Iterable[Row], begin: str, end: str) -> list[int]:
        return [self.elapsed(row[begin], row[end]) for row in rows if row[begin] is not None]

    def mark(self, seconds: int) -> float:
        """What a length counts as."""
        if self.question.resolution == "exact":
            return seconds
        return float(round(1.02 ** (floor(log(seconds + 1) / log(1.02)) + 0.5) - 1))

    def quantile(self, lengths: list[int], part: float) -> float | None:
        if not lengths:
            return None
        marks = sorted(map(self.mark, lengths))
        place = (len(marks) - 1) * part
        low, high = marks[floor(place)], marks[ceil(place)]
        found = low + (high - low) * (place - floor(place))
        return found if self.question.resolution == "exact" else round(found)

    def times(self, lengths: list[int], prefix: str = "") -> Told:
        mean = share(sum(lengths), len(lengths))
        parts = {f"{prefix}p{p}_seconds": self.quantile(lengths, p / 100) for p in (50, 90, 99)}
        return {f"{prefix}mean_seconds": mean, **parts}


def spelt(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def valid(row: Row) -> bool:
    return not row["void"]


def total(rows: Iterable[Row], name: str) -> int:
    return sum(row[name] for row in rows)


Oracle = Callable[[World], Iterator[tuple[Key, Told]]]
ORACLES: dict[str, Oracle] = {}


def oracle(function: Oracle) -> Oracle:
    ORACLES[function.__name__.replace("_", "-")] = function
    return function


def both(*groups: Groups) -> list[Key]:
    return list({key: None for group in groups for key in group})


@oracle
def volume(w: World) -> Iterator[tuple[Key, Told]]:
    ways = [w.at("incidents", f"{name}_us") for name in ("reported", "resolved", "closed")]
    for key in both(*ways):
        reported, resolved, closed = (way.get(key, []) for way in ways)
        void = total(reported, "void")
        yield key, {
            "reported": len(reported), "resolved": len(resolved), "closed": len(closed),
            "void": void, "void_percent": share(void, len(reported), 100),
        }  # fmt: skip


def _took(w: World, name: str, end: str) -> Iterator[tuple[Key, Told]]:
    for key, rows in w.at("incidents", end, valid).items():
        yield key, {name: len(rows), **w.times(w.lasted(rows, "reported_us", end))}


@oracle
def acknowledge_time(w: World) -> Iterator[tuple[Key, Told]]:
    yield from _took(w, "acknowledged", "acknowledged_us")


@oracle
def mitigate_time(w: World) -> Iterator[tuple[Key, Told]]:
    yield from _took(w, "mitigated", "mitigated_us")


@oracle
def close_time(w: World) -> Iterator[tuple[Key, Told]]:
    yield from _took(w, "closed", "closed_us")


@oracle
def resolve_time(w: World) -> Iterator[tuple[Key, Told]]:
    last = w.at("incidents", "resolved_us", valid)
    first = w.at("incidents", "first_resolved_us", valid)
    for key in both(last, first):
        told: Told = {"resolved": len(last.get(key, []))}
        told |= w.times(w.lasted(last.get(key, []), "reported_us", "resolved_us"))
        told |= {"first_resolved": len(first.get(key, []))}
        lengths = w.lasted(first.get(key, []), "reported_us", "first_resolved_us")
        yield key, told | w.times(lengths, "first_")


@oracle
def reopens(w: World) -> Iterator[tuple[Key, Told]]:
    def done(row: Row) -> Any:
        return row["closed_us"] if row["first_resolved_us"] is None else row["first_resolved_us"]

    groups = w.at("incidents", "done", valid, done=done, times=lambda row: row["reopens"])
    for key, rows in groups.items():
        again = sum(row["reopens"] > 0 for row in rows)
        yield key, {
            "done": len(rows), "reopened": again,
            "reopened_percent": share(again, len(rows), 100),
            "reopens": total(rows, "reopens"), "rejections": total(rows, "rejections"),
        }  # fmt: skip


@oracle
def handovers(w: World) -> Iterator[tuple[Key, Told]]:
    groups = w.at("incidents", "reported_us", valid, times=lambda row: row["handovers"])
    for key, rows in groups.items():
        passed, back = (sum(row[n] > 0 for row in rows) for n in ("handovers", "returns"))
        yield (
            key,
            {
                "incidents": len(rows),
                "handed_over": passed,
                "handed_over_percent": share(passed, len(rows), 100),
                "handovers": total(rows, "handovers"),
                "handovers_each": share(total(rows, "handovers"), len(rows)),
                "reassignments": total(rows, "reassignments"),
                "returned": back,
                "returned_percent": share(back, len(rows), 100),
                "returns": total(rows, "returns"),
                "groups_each": share(total(rows, "groups"), len(rows)),
            },
        )


@oracle
def first_contact(w: World) -> Iterator[tuple[Key, Told]]:
    for key, rows in w.at("incidents", "resolved_us", valid).items():
        first = total(rows, "first_contact")
        yield key, {
            "resolved": len(rows), "first_contact": first,
            "first_contact_percent": share(first, len(rows), 100),
        }  # fmt: skip


@oracle
def escalations(w: World) -> Iterator[tuple[Key, Told]]:
    for key, rows in w.at("incidents", "reported_us", valid).items():
        kinds = [(row["escalations_functional"], row["escalations_hierarchical"]) for row in rows]
        some = sum(any(kind) for kind in kinds)
        yield (
            key,
            {
                "incidents": len(rows),
                "escalated": some,
                "escalated_percent": share(some, len(rows), 100),
                "functional": sum(kind[0] for kind in kinds),
                "hierarchical": sum(kind[1] for kind in kinds),
                "raised_incidents": sum(row["raised"] > 0 for row in rows),
                "raised": total(rows, "raised"),
                "lowered": total(rows, "lowered"),
            },
        )


def _spent(w: World, spell: str, dimension: str, name: str) -> Iterator[tuple[Key, Told]]:
    def value(row: Row) -> Any:
        return row["value"]

    wanted = w.at("spells", "ended_us", lambda row: row["spell"] == spell, **{dimension: value})
    for key, rows in wanted.items():
        lengths = w.lasted(rows, "began_us", "ended_us")
        yield key, {name: len(rows), "hours": sum(lengths) / 3600, **w.times(lengths)}


@oracle
def holds(w: World) -> Iterator[tuple[Key, Told]]:
    yield from _spent(w, "hold", "reason", "holds")


@oracle
def time_in_state(w: World) -> Iterator[tuple[Key, Told]]:
    yield from _spent(w, "state", "state", "stays")


@oracle
def time_in_group(w: World) -> Iterator[tuple[Key, Told]]:
    yield from _spent(w, "group", "group", "stays")


@oracle
def satisfaction(w: World) -> Iterator[tuple[Key, Told]]:
    groups = w.at("incidents", "resolved_us", valid, mark=lambda row: row["satisfaction"])
    for key, rows in groups.items():
        marks = [row["mark"] for row in rows if row["mark"] is not None]
        confirmed = total(rows, "confirmed")
        yield (
            key,
            {
                "resolved": len(rows),
                "confirmed": confirmed,
                "confirmed_percent": share(confirmed, len(rows), 100),
                "marked": len(marks),
                "mean_mark": share(sum(marks), len(marks)),
                "satisfied_percent": share(sum(mark >= 4 for mark in marks), len(marks), 100),
                "dissatisfied_percent": share(sum(mark <= 2 for mark in marks), len(marks), 100),
            },
        )


@oracle
def known_errors(w: World) -> Iterator[tuple[Key, Told]]:
    for key, rows in w.at("incidents", "reported_us", valid).items():
        known, problems, changes = (
            sum(row[name] > 0 for row in rows) for name in ("known_errors", "problems", "changes")
        )
        yield key, {
            "incidents": len(rows), "known": known,
            "known_percent": share(known, len(rows), 100),
            "with_problem": problems, "with_change": changes,
        }  # fmt: skip


@oracle
def workarounds(w: World) -> Iterator[tuple[Key, Told]]:
    for key, rows in w.at("incidents", "reported_us", valid).items():
        helped = sum(row["workarounds_applied"] > 0 for row in rows)
        yield (
            key,
            {
                "incidents": len(rows),
                "offered": sum(row["workarounds_proposed"] > 0 for row in rows),
                "helped": helped,
                "helped_percent": share(helped, len(rows), 100),
                "proposed": total(rows, "workarounds_proposed"),
                "applied": total(rows, "workarounds_applied"),
            },
        )
