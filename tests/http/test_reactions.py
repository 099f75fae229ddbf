"""Does the service do by itself what falls due, say so in its figures, and leave it where told?"""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.http.conftest import House, asking
from tests.http.test_health import figures
from tocsin.http.app import create_app
from tocsin.keys import Keys
from tocsin.settings import Settings

SOON, LOOK = 20.0, 0.02
WARNED = ("tocsin_acts_total", (("event", "clock.warned"),))


async def unanswered(house: House) -> None:
    """An incident for which nobody has responded for three quarters of what was promised."""
    began = datetime.now(UTC) - timedelta(minutes=46)
    await house.report(occurred_at=began.isoformat())
    await asyncio.to_thread(house.project)


async def test_what_falls_due_happens_by_itself_and_is_counted(house: House) -> None:
    await unanswered(house)
    for _ in range(int(SOON / LOOK)):
        found = await figures(house)
        if WARNED in found:
            break
        await asyncio.sleep(LOOK)
    assert 1 == found[WARNED]
    assert 1 == found["tocsin_act_late_seconds_count", ()]
    assert 60 <= found["tocsin_act_late_seconds_sum", ()] <= 60 + SOON
    assert 1 == found["tocsin_reaction_held", (("reaction", "timekeeper"),)]
    assert 0 <= found["tocsin_reaction_lag_events", (("reaction", "escalator"),)] <= 3
    feed = (await house.client.get("/events")).json()
    assert "clock.warned" == feed["items"][-1]["event"]
    assert "timekeeper" == feed["items"][-1]["actor"]


async def test_a_server_that_is_told_not_to_leaves_it_to_others(settings: Settings) -> None:
    settings = replace(settings, timekeeper=False)
    keys = Keys.open(settings)
    token = keys.create_first(by="a test")
    app = create_app(settings, keys=keys)
    async with app.router.lifespan_context(app), asking(app, token) as client:
        house = House(app, client, keys, settings)
        await unanswered(house)
        await asyncio.sleep(0.5)
        found = await figures(house)
        assert 2 == app.service.log.head()
    keys.close()
    assert not any(name.startswith("tocsin_reaction") for name, _ in found)
    assert 0 == found["tocsin_act_late_seconds_count", ()]


@pytest.mark.parametrize(("said", "meant"), [("false", False), ("0", False), ("yes", True)])
def test_the_environment_says_so(tmp_path: Path, said: str, meant: bool) -> None:
    environment = {"TOCSIN_HOME": str(tmp_path), "TOCSIN_TIMEKEEPER": said}
    assert meant is Settings.from_environment(environment).timekeeper


def test_it_is_done_unless_told_otherwise() -> None:
    assert Settings.from_environment({}).timekeeper
