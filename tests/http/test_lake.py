"""How far the lake is behind the log, among the figures."""

from contextlib import closing
from dataclasses import replace
from threading import Event

import pytest

from tests.http.conftest import House
from tests.http.test_health import figures
from tocsin.lake.writer import Writer
from tocsin.store.log import Log

FIGURES = ("tocsin_lake_position", "tocsin_lake_lag_events", "tocsin_lake_lag_seconds")


async def lake_of(house: House) -> dict[str, float]:
    found = await figures(house)
    return {name: found[name, ()] for name in FIGURES if (name, ()) in found}


async def test_the_figures_say_how_far_the_lake_is(house: House) -> None:
    await house.report()
    assert await lake_of(house) == {}
    with closing(Log.open(house.settings)) as log:
        Writer(log, house.settings).catch_up(Event())
        head = log.head()
    assert await lake_of(house) == dict(zip(FIGURES, (head, 0, 0), strict=True))
    position = (await house.report())["position"]
    found = await lake_of(house)
    assert found["tocsin_lake_position"] == head
    assert found["tocsin_lake_lag_events"] == position - head
    assert 0 < found["tocsin_lake_lag_seconds"] < 60


async def test_a_lake_that_cannot_be_read_takes_no_figures_away(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = replace(house.settings).lake_place / "v1"
    place.mkdir(parents=True)
    (place / "lake.json").write_text("{")
    assert await lake_of(house) == {}
    assert ("tocsin_head", ()) in await figures(house)
