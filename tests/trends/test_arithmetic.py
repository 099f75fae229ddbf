"""The arithmetic below the trends: periods, working time, percentiles, survival."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from math import sqrt
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trends.conformance.drawn import NIGHT, OFFICE, policy
from tocsin.domain.openings import DAY_US, EPOCH, microseconds
from tocsin.domain.worktime import worktime
from tocsin.lake.engines import connect
from tocsin.settings import Settings
from tocsin.trends import Grain
from tocsin.trends.lengths import Lengths, bounds, middle
from tocsin.trends.periods import begins, day_of, days_of, local_day, of_day, starts_us, years_of
from tocsin.trends.survival import curves
from tocsin.trends.working import within_reach, workdays, worked

ZONES = (
    *("Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"),
    "Africa/Casablanca",
)
DATES = st.dates(date(1900, 3, 1), date(2100, 2, 28))
MOMENTS = st.lists(
    st.datetimes(datetime(1990, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    min_size=1,
    max_size=50,
)


@given(DATES, st.sampled_from([Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.YEAR]))
def test_a_period_begins_with_the_first_of_its_days(day: date, grain: Grain) -> None:
    first = begins(int(of_day(day_of(day), grain)), grain)
    match grain:
        case Grain.WEEK:
            wanted = day - timedelta(days=day.weekday())
        case Grain.MONTH:
            wanted = day.replace(day=1)
        case Grain.QUARTER:
            wanted = day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case _:
            wanted = day.replace(month=1, day=1)
    assert first == wanted


@pytest.mark.parametrize("zone", ZONES)
@given(moments=MOMENTS)
def test_a_local_day_is_that_of_the_wall_clock(zone: str, moments: list[datetime]) -> None:
    us = np.array([microseconds(each) for each in moments], np.int64)
    years = years_of(int(us.min()), int(us.max()))
    wanted = [day_of(each.astimezone(ZoneInfo(zone)).date()) for each in moments]
    assert days_of(us, zone, years).tolist() == wanted


class Duck:
    """An engine, and columns that it reads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.engine = connect("duckdb", Settings(home=folder), folder / "spill")

    def table(self, name: str, rows: pa.Table) -> Any:
        file = self.folder / f"{name}.parquet"
        pq.write_table(rows, file)
        return self.engine.parquet(name, [file])


@pytest.fixture
def duck(tmp_path: Path) -> Iterator[Duck]:
    duck = Duck(tmp_path)
    yield duck
    duck.engine.close()


@pytest.mark.parametrize("zone", ZONES)
def test_an_engine_counts_days_as_numpy_does(duck: Duck, zone: str) -> None:
    first, last = (microseconds(datetime(year, 1, 1, tzinfo=UTC)) for year in (2015, 2027))
    us = np.random.default_rng(1).integers(first, last, 20_000)
    us = np.concatenate([us, us // (DAY_US // 48) * (DAY_US // 48)])
    years = years_of(first, last)
    rows = duck.table("moments", pa.table({"us": us}))
    found = duck.engine.arrow(rows.select("us", day=local_day(rows.us, zone, years)))
    moments, days = (found.column(name).to_numpy() for name in ("us", "day"))
    assert len(days) == len(us)
    assert (days == days_of(moments, zone, years)).all()


@pytest.mark.parametrize("zone", ZONES)
def test_a_day_begins_at_its_first_instant(zone: str) -> None:
    days = np.arange(16_000, 17_500, dtype=np.int64)
    starts = starts_us(zone, days)
    years = years_of(int(starts[0]) - DAY_US, int(starts[-1]))
    assert (days_of(starts, zone, years) == days).all()
    assert (days_of(starts - 1, zone, years) == days - 1).all()


@pytest.mark.parametrize("name", [OFFICE, NIGHT])
def test_an_engine_counts_working_time_as_calendars_do(duck: Duck, name: str) -> None:
    calendar = policy().calendars[name]
    known = workdays(calendar)
    last = microseconds(datetime(2040, 1, 1, tzinfo=UTC))
    us = np.random.default_rng(2).integers(-DAY_US, last, 2_000)
    rows = duck.table("moments", pa.table({"us": us}))
    days = duck.table("days", known.rows)
    rows = rows.mutate(at=within_reach(rows.us))
    rows = rows.mutate(on=rows.at // DAY_US)
    joined = rows.join(days, rows.on == days.day)
    told = joined.select("us", spent=worked(joined.at, joined, known.spans, ""))
    found = duck.engine.arrow(told).to_pylist()
    assert len(found) == len(us)
    work = worktime(calendar)
    assert all(row["spent"] == work.elapsed_us(0, max(0, row["us"])) for row in found)


COUNTED = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 10**6), st.integers(1, 4)), max_size=60
)


@given(COUNTED, st.sampled_from([0.0, 0.5, 0.9, 0.99, 1.0]))
def test_a_percentile_is_the_continuous_quantile(
    counted: list[tuple[int, int, int]], share: float
) -> None:
    rows, marks, counts = (np.array([c[i] for c in counted], np.int64) for i in range(3))
    found = Lengths.of(rows, marks, counts, 5, exact=True).quantile(share)
    for row in range(5):
        every = [mark for r, mark, count in counted if r == row for _ in range(count)]
        wanted = np.quantile(every, share) if every else np.nan
        assert found[row] == pytest.approx(wanted, nan_ok=True)


def test_what_was_taken_back_is_in_no_percentile() -> None:
    rows, marks, counts = np.array([[0, 0, 0], [10, 99, 99], [1, 1, -1]], np.int64)
    assert Lengths.of(rows, marks, counts, 1, exact=True).quantile(0.99).tolist() == [10]


@given(st.integers(0, 10**9))
def test_a_bucket_tells_a_length_to_two_percent(seconds: int) -> None:
    bucket = np.array([np.floor(np.log(seconds + 1) / np.log(1.02))], np.int64)
    (low,), (high,) = bounds(bucket)
    assert low - 1e-6 * (1 + low) <= seconds <= high * (1 + 1e-9) + 1e-6
    assert abs(middle(bucket)[0] - seconds) <= 0.0101 * (seconds + 1) + 0.5


def lengths(done: list[int], size: int = 1) -> Lengths:
    marks = np.array(done, np.int64)
    return Lengths.of(np.zeros_like(marks), marks, np.ones_like(marks), size, exact=True)


def test_a_survival_curve_is_that_of_the_textbook() -> None:
    """Remission of leukaemia under 6-MP, in weeks (Gehan 1965), as every textbook has it."""
    ended = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    waiting = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    curve = curves(lengths(ended), lengths(waiting))
    known = {6: 0.8571, 7: 0.8067, 10: 0.7529, 13: 0.6902, 16: 0.6275, 22: 0.5378, 23: 0.4482}
    errors = {6: 0.0764, 7: 0.0869, 10: 0.0963, 13: 0.1068, 16: 0.1141, 22: 0.1282, 23: 0.1346}
    for week, left in known.items():
        (done,), _, _ = curve.done(week)
        assert 1 - done == pytest.approx(left, abs=5e-5)
        place = curve.seconds.tolist().index(week)
        assert left * sqrt(curve.variance[place]) == pytest.approx(errors[week], abs=5e-5)
    assert curve.quantile(0.5).tolist() == [23]
    assert np.isnan(curve.quantile(0.9)).all(), "it never came to that"


def test_where_nobody_waits_any_more_the_interval_is_a_point() -> None:
    curve = curves(lengths([10, 20]), lengths([]))
    assert [each.tolist() for each in curve.done(20)] == [[1.0], [1.0], [1.0]]
    assert [each.tolist() for each in curve.done(5)] == [[0.0], [0.0], [0.0]]


def test_days_are_counted_from_1970() -> None:
    assert day_of(EPOCH.date()) == 0
