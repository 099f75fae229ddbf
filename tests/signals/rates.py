"""How often each signal is given when nothing happened, and how often when something did."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from tests.signals.worlds import (
    START,
    category_weeks,
    drawn,
    drifting,
    flat,
    occurrences,
    office,
    remembering,
    series,
)
from tocsin.signals.changes import change_points
from tocsin.signals.forecasts import Forecast, forecast
from tocsin.signals.recurrences import recurring
from tocsin.signals.rises import rising
from tocsin.signals.series import Floats, Series
from tocsin.signals.unusual import unusual_days

Dice = np.random.Generator
Measure = Callable[[Dice], float]
WARM_UP = 42
"""Days that `unusual_days` does not judge: a year of it needs so many more."""
YEAR = 365 + WARM_UP
KINDS = 300
"""Of service, item and category, most of them rare."""
STORMS = "one of storms from the tenth month on"
"""In which no interval that was learnt before can hold."""


@dataclass(frozen=True)
class Trial:
    """One line of the table: in a world, what is the mean of a figure?"""

    signal: str
    world: str
    figure: str
    once: Measure

    def mean(self, times: int, seed: int = 1) -> float:
        """Over so many made-up histories, each from its own seed, where there is a figure."""
        figures = [self.once(np.random.default_rng([seed, n])) for n in range(times)]
        return float(np.mean([each for each in figures if not np.isnan(each)] or [np.nan]))


def trials() -> Iterator[Trial]:
    """Every line, in order."""
    yield from _of_changes()
    yield from _of_days()
    yield from _of_rising()
    yield from _of_recurring()
    yield from _of_forecasts()


def _weekly(means: Floats, dispersion: float = 1.0) -> Callable[[Dice], Series]:
    return lambda dice: series(drawn(dice, means, dispersion), "week")


def _of_changes() -> Iterator[Trial]:
    quiet: dict[str, Callable[[Dice], Series]] = {
        "157 weeks of 0.5": _weekly(flat(157, 0.5)),
        "157 weeks of 5": _weekly(flat(157, 5)),
        "157 weeks of 100": _weekly(flat(157, 100)),
        "52 weeks of 20": _weekly(flat(52, 20)),
        "520 weeks of 20": _weekly(flat(520, 20)),
        "157 weeks of 100, variance 5 × mean": _weekly(flat(157, 100), 5),
        "three years of an office's days": lambda dice: series(drawn(dice, office(1_099, 20))),
        "157 weeks that remember 0.3": lambda dice: series(
            drawn(dice, remembering(dice, flat(157, 100), 0.3, 0.2)), "week"
        ),
        "157 weeks that remember 0.6": lambda dice: series(
            drawn(dice, remembering(dice, flat(157, 100), 0.6, 0.2)), "week"
        ),
        "157 weeks that wander by 2 %": lambda dice: series(
            drawn(dice, drifting(dice, flat(157, 100), 0.02)), "week"
        ),
    }
    for world, make in quiet.items():
        yield Trial("change points", world, "series with one", _any_change(make))
    for world, before, after, weeks, dispersion in (
        ("40 to 52 for 97 of 157 weeks", 40, 52, 97, 1.0),
        ("100 to 130 for the last 8 of 157 weeks", 100, 130, 8, 1.0),
        ("100 to 130 for the last 4 of 157 weeks", 100, 130, 4, 1.0),
        ("100 to 150 for 97 of 157 weeks, variance 5 × mean", 100, 150, 97, 5.0),
        ("100 to 110 for 97 of 157 weeks", 100, 110, 97, 1.0),
        ("2 to 4 for 97 of 157 weeks", 2, 4, 97, 1.0),
    ):
        means = np.r_[flat(157 - weeks, before), flat(weeks, after)]
        found = _found_change(_weekly(means, dispersion), 157 - weeks)
        yield Trial("change points", world, "found within 2 weeks", found)


def _any_change(make: Callable[[Dice], Series]) -> Measure:
    return lambda dice: bool(change_points(make(dice)))


def _found_change(make: Callable[[Dice], Series], place: int) -> Measure:
    days = timedelta(days=7 * place)
    near = timedelta(days=14)
    return lambda dice: any(
        abs(each.when - START - days) <= near for each in change_points(make(dice))
    )


def _of_days() -> Iterator[Trial]:
    quiet: dict[str, Callable[[Dice], Floats]] = {}
    for mean in (0.2, 3, 40, 300):
        quiet[f"an office of {mean:g} a day"] = _counted(office(YEAR, mean))
    for mean, wide in ((3, 2), (40, 3), (300, 10)):
        quiet[f"an office of {mean} a day, variance {wide} × mean"] = _counted(
            office(YEAR, mean), wide
        )
    quiet["an office of 40 a day that wanders by 1 %"] = lambda dice: drawn(
        dice, drifting(dice, office(YEAR, 40), 0.01)
    )
    quiet["an office of 40 a day that wanders by 2 %"] = lambda dice: drawn(
        dice, drifting(dice, office(YEAR, 40), 0.02)
    )
    quiet["an office of 40 a day, good and bad times of 15 %"] = lambda dice: drawn(
        dice, remembering(dice, office(YEAR, 40), 0.7, 0.15)
    )
    for world, make in quiet.items():
        yield Trial("unusual days", world, "days a year", _days_found(make))
    for world, mean, more, days in (
        ("3 a day, 12 more on one day", 3.0, 12.0, 1),
        ("40 a day, 25 more on one day", 40.0, 25.0, 1),
        ("40 a day, 40 more on one day", 40.0, 40.0, 1),
        ("40 a day, 25 more on three days", 40.0, 25.0, 3),
        ("300 a day, 60 more on three days", 300.0, 60.0, 3),
        ("300 a day, 120 more on one day", 300.0, 120.0, 1),
    ):
        yield Trial("unusual days", world, "found", _spike_found(mean, more, days))


def _counted(means: Floats, dispersion: float = 1.0) -> Callable[[Dice], Floats]:
    return lambda dice: drawn(dice, means, dispersion)


def _days_found(make: Callable[[Dice], Floats]) -> Measure:
    return lambda dice: len(unusual_days(series(make(dice))))


def _spike_found(mean: float, more: float, days: int) -> Measure:
    def once(dice: Dice) -> float:
        means, first = office(126, mean), 98 + int(dice.integers(0, 5 - days + 1))
        means[first : first + days] += more
        found = unusual_days(series(drawn(dice, means)))
        return any(0 <= (each.when - START).days - first < days for each in found)

    return once


def _of_rising() -> Iterator[Trial]:
    for world, growth, dispersion in (
        ("200 categories, nothing rises", 1.0, 1.0),
        ("200 categories, all rise by half", 1.5, 1.0),
        ("200 categories, variance 3 × mean", 1.0, 3.0),
    ):
        yield Trial("rising", world, "tables with one", _any_rise(growth, dispersion))
    for world, mean, ratio in (
        ("1 of 200, 5 a week to 10", 5.0, 2.0),
        ("1 of 200, 20 a week to 30", 20.0, 1.5),
        ("1 of 200, 2 a week to 6", 2.0, 3.0),
    ):
        yield Trial("rising", world, "found", _rise_found(mean, ratio))


def _any_rise(growth: float, dispersion: float) -> Measure:
    return lambda dice: bool(rising(category_weeks(dice, 200, growth, dispersion)))


def _rise_found(mean: float, ratio: float) -> Measure:
    def once(dice: Dice) -> float:
        table = category_weeks(dice, 199, 1.0, 1.0)
        table["risen"] = series(drawn(dice, np.r_[flat(26, mean), flat(4, mean * ratio)]), "week")
        return any(each.key == "risen" for each in rising(table))

    return once


def _of_recurring() -> Iterator[Trial]:
    yield Trial("recurring", f"{KINDS} kinds for a year", "tables with one", _any_cluster)
    for more in (4, 5, 6):
        yield Trial("recurring", f"{more} of a rare kind in a month", "found", _cluster(more))


def _any_cluster(dice: Dice) -> float:
    return bool(recurring(occurrences(dice, KINDS, 365)))


def _cluster(more: int) -> Measure:
    def once(dice: Dice) -> float:
        rows = occurrences(dice, KINDS, 365, planted=more)
        return any(each.item == "planted" for each in recurring(rows))

    return once


def _of_forecasts() -> Iterator[Trial]:
    worlds: dict[str, Callable[[Dice], Floats]] = {
        "an office of 40 a day": lambda dice: drawn(dice, office(414, 40)),
        "an office of 40 a day, variance 3 × mean": lambda dice: drawn(dice, office(414, 40), 3),
        "an office of 40 a day that wanders by 3 %": lambda dice: drawn(
            dice, drifting(dice, office(414, 40), 0.03)
        ),
        "an office of 0.1 a day": lambda dice: drawn(dice, office(414, 0.1)),
        "one that triples after nine months": lambda dice: drawn(
            dice, office(414, 40) * np.r_[flat(270, 1.0), flat(144, 3.0)], 3
        ),
        STORMS: lambda dice: drawn(
            dice, office(414, 40) * np.exp(dice.normal(0.0, np.r_[flat(300, 0.01), flat(114, 1.0)]))
        ),
    }
    for world, make in worlds.items():
        yield Trial("forecast", world, "given", _any_given(make))
        if world != STORMS:
            yield Trial("forecast", world, "days held, where given", _held(make))


def _any_given(make: Callable[[Dice], Floats]) -> Measure:
    return lambda dice: _given(make(dice)) is not None


def _given(counts: Floats) -> Forecast | None:
    return forecast(series(counts[:-14]), 14) or None


def _held(make: Callable[[Dice], Floats]) -> Measure:
    """Of the fourteen days that came; not a number where there was no forecast."""

    def once(dice: Dice) -> float:
        counts = make(dice)
        given = _given(counts)
        if given is None:
            return float("nan")
        came = zip(given.expected, counts[-14:], strict=True)
        return float(np.mean([each.low <= count <= each.high for each, count in came]))

    return once
