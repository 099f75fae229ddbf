"""What is asked of every trend, to see whether an engine answers it as DuckDB does."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle, zip_longest

from tests.trends.conformance.drawn import NIGHT, OFFICE
from tocsin.trends.definition import Trend
from tocsin.trends.question import NONE, BadQuestion, Grain, Question, Resolution

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")
LIMIT = 1_000_000


def many(trend: Trend, calendars: bool) -> list[Question]:
    """Every dimension, period, zone and calendar; and some together."""
    return list(_asked(trend, _shapes(trend, calendars)))


def few(trend: Trend, calendars: bool) -> list[Question]:
    """The usual question and the oddest ones: for engines that take a second over each."""
    first, *others = many(trend, calendars)
    return [first, *others[-2:]]


def usual(trend: Trend, calendars: bool) -> list[Question]:
    """What is asked when nobody says more."""
    return many(trend, calendars)[:1]


def oddest(trend: Trend, calendars: bool) -> list[Question]:
    """One question, with as much in it as a trend allows."""
    return many(trend, calendars)[-1:]


def _shapes(trend: Trend, calendars: bool) -> Iterator[Question]:
    asked = replace(trend.question, limit=LIMIT)
    names = [each.name for each in trend.dimensions]
    zones, grains = cycle(ZONES), cycle(trend.grains)
    yield asked
    for one, other in zip_longest(names[::2], names[1::2]):
        both = (one, other) if other else (one,)
        apart = [(name,) for name in both]
        for by in [both] if _allowed(trend, replace(asked, by=both)) else apart:
            yield replace(asked, by=by, grain=next(grains), zone=next(zones))
    for _ in range(len(trend.grains) - (len(names) + 1) // 2):
        yield replace(asked, grain=next(grains), zone=next(zones))
    yield replace(asked, by=("category",), where=(("group", NONE), ("group", "Netz")))
    yield replace(asked, by=("group",), where=(("service", "quo'te"), ("service", "back\\slash")))
    yield replace(asked, where=(("priority", "1"), ("major", "true")), zone=next(zones))
    odd = replace(asked, by=("major", "group"), zone=next(zones), grain=Grain.DAY)
    if trend.timed:
        yield replace(asked, resolution=Resolution.EXACT)
        if calendars:
            yield replace(asked, calendar=OFFICE, by=("category",), grain=Grain.ALL)
            odd = replace(odd, calendar=NIGHT, resolution=Resolution.EXACT)
    yield odd


def _asked(trend: Trend, shapes: Iterator[Question]) -> Iterator[Question]:
    """Those that the trend allows. What it refuses, it refuses whatever the engine."""
    seen = set()
    for question in shapes:
        if _allowed(trend, question) and question not in seen:
            seen.add(question)
            yield question


def _allowed(trend: Trend, question: Question) -> bool:
    try:
        trend.checked(question)
    except BadQuestion:
        return False
    return True
