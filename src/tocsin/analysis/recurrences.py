"""Incidents that come back so often that a problem record would be worth its while."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tocsin.analysis.asked import Asked
from tocsin.domain.openings import instant, microseconds
from tocsin.lake.tables import DIMENSIONS
from tocsin.signals import Occurrence, Recurring, recurring
from tocsin.signals.limits import MOST_INCIDENTS
from tocsin.trends import USUAL, BadQuestion

if TYPE_CHECKING:
    from tocsin.lake.lake import Lake

FACTS = ("incident_id", "reference", "reported_us", "service", "item", "category", "problems")
NAMED = 10
"""Incidents of one kind that are named, the last ones."""


def recurrences(lake: "Lake", asked: Asked) -> Iterator[dict[str, Any]]:
    """The kinds that recur, the least probable first.

    Raises:
        BadQuestion: a condition is about something that incidents do not have, or there are too
            many incidents.
    """
    for each in recurring(occurrences(lake, asked), float(asked.window)):
        yield _said(each, asked.question.zone)


def occurrences(lake: "Lake", asked: Asked) -> Iterator[Occurrence]:
    """Every incident as it stands now, but those that are void."""
    table = lake.tables.get("incidents")
    if table is None:
        return
    rows = table.filter(~table.void)
    rows = _narrowed(rows, asked)
    stated = rows.group_by(list(FACTS)).aggregate(sign=rows.sign.sum())
    stated = stated.filter(stated.sign > 0)
    with lake.alone():
        known = lake.engine.arrow(stated.limit(MOST_INCIDENTS + 1))
    if known.num_rows > MOST_INCIDENTS:
        raise BadQuestion("from", f"there are more than {MOST_INCIDENTS:,} incidents: ask by time.")
    for row in known.to_pylist():
        yield Occurrence(
            incident_id=row["incident_id"],
            reference=row["reference"] or row["incident_id"],
            reported_us=row["reported_us"],
            service=row["service"],
            item=row["item"],
            category=row["category"],
            linked_to_problem=row["problems"] > 0,
        )


def _narrowed(rows: Any, asked: Asked) -> Any:
    question = asked.question
    usual = {each.name: each for each in USUAL}
    wanted: dict[str, list[Any]] = {}
    for name, text in question.where:
        if name not in DIMENSIONS:
            there = ", ".join(DIMENSIONS)
            raise BadQuestion("where", f"recurring incidents are chosen by {there}, not {name!r}.")
        wanted.setdefault(name, []).append(usual[name].value(text))
    for name, values in wanted.items():
        chosen = rows[name].isin([value for value in values if value is not None])
        rows = rows.filter(chosen | rows[name].isnull() if None in values else chosen)
    zone = ZoneInfo(question.zone)
    if question.since:
        rows = rows.filter(rows.reported_us >= _midnight(question.since, zone))
    if question.until:
        rows = rows.filter(rows.reported_us < _midnight(question.until, zone))
    return rows


def _midnight(day: date, zone: ZoneInfo) -> int:
    return microseconds(datetime(day.year, day.month, day.day, tzinfo=zone))


def _said(each: Recurring, zone: str) -> dict[str, Any]:
    first, last = (_day(moment, zone) for moment in (each.first_us, each.last_us))
    kind = {"service": each.service, "item": each.item, "category": each.category}
    numbers = {
        name: value
        for name, value in vars(each).items()
        if name not in kind and name not in ("first_us", "last_us", "references", "incident_ids")
    }
    named = " / ".join(value for value in kind.values() if value)
    words = (
        f"{named}: {each.count} times from {first} to {last}, {each.most_in_window} within the"
        f" window, where {each.usual_per_window:.2g} are usual (by chance {each.by_chance:.1g})"
    )
    return {
        "key": kind,
        "words": words,
        "first": first,
        "last": last,
        **numbers,
        "references": list(each.references[-NAMED:]),
        "incident_ids": list(each.incident_ids[-NAMED:]),
    }


def _day(moment_us: int, zone: str) -> date:
    return instant(moment_us).astimezone(ZoneInfo(zone)).date()
