"""Who keeps the time, who writes the lake, and who forgets people: killed just as they do."""

from functools import partial
from pathlib import Path
from random import Random
from statistics import median

from tests.erasure.test_canaries import WithLake, nothing_is_left
from tests.erasure.test_deaths import dies
from tests.faults import lake
from tests.faults.deaths import empty
from tests.faults.midnights import night
from tests.faults.service import Service
from tests.faults.trials import Result, Site, Trial
from tocsin.settings import Settings

LATEST_SECONDS = 5.0
"""After so long a person has been forgotten on any machine, or nearly."""
INCIDENTS_PER_RUN = 20


def timekeepers(site: Site, deaths: int, *, services: int) -> Result:
    """What is due is recorded once, as of when it was due; of two services the other goes on."""
    database = empty(site, shared=services > 1)
    running = [Service(site.folder, database) for _ in range(services)]
    try:
        dawn = night(running, deaths, site.seed)
    finally:
        for service in running:
            service.stop()
    kept, audit = dawn.kept, dawn.audit
    wrong = len(kept.untimely) + len(kept.undue) + len(kept.unasked)
    return Result(
        runs=deaths,
        ok=dawn.clean,
        acknowledged=audit.acknowledged,
        lost=len(audit.lost) + len(kept.missing) + len(kept.unanswered),
        doubled=len(audit.doubled) + len(kept.twice),
        gaps=len(audit.gaps),
        recoveries=dawn.restarts,
        remark=f"{kept.due} due, {kept.struck} recorded, {wrong} wrongly,"
        f" {kept.lateness[0]:.2f} s late (p50)",
    )


def scribes(site: Site, deaths: int, *, shared: bool) -> Result:
    """The lake is to the byte what a writer that nobody disturbed writes."""
    home = lake.home_in(site.folder)
    found = lake.torn(Settings(home=home, database=empty(site, shared=shared)), deaths, site.seed)
    assert found.segments > found.deaths, "there was hardly any load"
    return Result(
        runs=deaths,
        ok=found.clean,
        acknowledged=found.events,
        lost=len(found.differing),
        remark=f"{found.segments} segments, {found.half_made} deaths amidst one,"
        f" {len(found.faults) + len(found.left_over)} faults",
    )


def forgetting(site: Site, deaths: int) -> Result:
    """Nothing tells of who was forgotten under load, nor when the service died meanwhile."""
    chance, moments = Random(site.seed), list[float]()
    incidents = INCIDENTS_PER_RUN * deaths
    (home := site.folder / "under-load" / "home").parent.mkdir()
    service = WithLake(home)
    try:
        nothing_is_left(service, home.parent, incidents)
    finally:
        service.stop()
    for number in range(deaths):
        (home := site.folder / f"{number}").mkdir(mode=0o700)
        _forget(home, seconds := chance.uniform(0, LATEST_SECONDS))
        moments.append(seconds)
    return Result(
        deaths, ok=True, remark=f"no trace in {incidents} incidents,"
        f" nor after deaths at {median(moments):.1f} s (p50)",
    )  # fmt: skip


def _forget(home: Path, seconds: float) -> None:
    mortal = Service(home)
    try:
        dies(mortal, seconds)
    finally:
        mortal.stop()


TRIALS = (
    Trial("T1d", "kill -9 of who keeps the time, SQLite", partial(timekeepers, services=1), 3, 50),
    Trial("T1e", "of one of two, PostgreSQL", partial(timekeepers, services=2), 2, 50),
    Trial(
        "T1f", "kill -9 of the writer of the lake, SQLite", partial(scribes, shared=False), 3, 50
    ),
    Trial("T1g", "the same, PostgreSQL", partial(scribes, shared=True), 2, 50),
    Trial("T23", "kill -9 while a person is forgotten", forgetting, 0, 20),
)
