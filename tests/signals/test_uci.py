"""What the signals say of a real company's incidents, of which one thing is known.

Only closed incidents were exported, so from June 2016 on there are hardly any: an artefact.
"""

import csv
import io
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import zstandard

from tests.uci import FILE
from tocsin.signals import NoForecast, Series, change_points, forecast, unusual_days

FEED_ENDS = date(2016, 6, 1)


@pytest.fixture(scope="module")
def reported(uci: Path) -> Series:
    """Incidents reported on each day, by the times as they stand in the file."""
    days: dict[str, int] = {}
    with (uci / FILE).open("rb") as packed, zstandard.open(packed) as raw:
        for row in csv.DictReader(io.TextIOWrapper(raw, "utf-8")):
            if row["number"] not in days:
                opened = datetime.strptime(row["opened_at"], "%d/%m/%Y %H:%M")  # noqa: DTZ007
                days[row["number"]] = opened.toordinal()
    first = min(days.values())
    counts = np.bincount(np.array([*days.values()]) - first)
    return Series(date.fromordinal(first), "day", counts)


def test_the_end_of_the_feed_is_the_first_change_of_level(reported: Series) -> None:
    """To the week; and that a little more came again at Christmas is the only other one."""
    feed, more = change_points(reported)
    assert date(2016, 6, 6) == feed.when
    assert (1_409, 3) == pytest.approx((feed.before, feed.after), abs=1)
    assert date(2016, 12, 19) == more.when
    assert (1 / 2_000, 1 / 2_000) == (feed.p_value, more.p_value)


def test_real_holidays_and_the_end_of_the_feed_stand_out_and_nothing_else_does(
    reported: Series,
) -> None:
    """Tiradentes with the day after, Corpus Christi with the day after; then the feed, until, two
    and a half weeks later, it is usual that there is nothing."""
    found = [each.when for each in unusual_days(reported)]
    before = [each for each in found if each < FEED_ENDS]
    assert [date(2016, 4, 21), date(2016, 4, 22), date(2016, 5, 26), date(2016, 5, 27)] == before
    after = [each for each in found if each >= FEED_ENDS]
    assert FEED_ENDS == after[0]
    assert after[-1] <= FEED_ENDS + timedelta(days=17)


def test_holidays_that_are_named_are_not_reported(reported: Series) -> None:
    free = {date(2016, 4, 21), date(2016, 4, 22), date(2016, 5, 26), date(2016, 5, 27)}
    assert FEED_ENDS == unusual_days(reported, holidays=free)[0].when


def test_there_is_no_forecast_across_the_end_of_the_feed(reported: Series) -> None:
    assert isinstance(forecast(reported, 14), NoForecast)
