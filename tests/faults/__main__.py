"""The long form: how often does what die, and what is left of what was acknowledged, and due?"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from uuid import uuid4

from tests.faults import lake
from tests.faults.midnights import Dawn, night
from tests.faults.service import Service
from tests.faults.storm import (
    Death,
    Outcome,
    of_anything,
    of_the_database,
    of_the_projector,
    of_the_service,
    storm,
)
from tests.postgres import Postgres
from tocsin.settings import Settings

DEATHS_OF_ONE_STORE = 50
"""Then the next storm begins on an empty one: memory and `tocsin verify` have their limits."""
COLUMNS = (
    "test", "deaths", "acknowledged", "sent again", "lost", "doubled", "gaps", "answers changed",
    "restart p50", "max", "read models", "verdict",
)  # fmt: skip
FORM = "{:34} {:>6} {:>12} {:>10} {:>4} {:>7} {:>4} {:>15} {:>11} {:>6} {:>11}  {}"

TIMES = (
    "time", "deaths", "due", "recorded", "missing", "twice", "untimely", "undue", "followed",
    "missing", "unasked", "late p50", "max", "restart p50", "max", "verdict",
)  # fmt: skip
TIMES_FORM = (
    "{:34} {:>6} {:>6} {:>8} {:>7} {:>5} {:>8} {:>5} {:>8} {:>7} {:>7} {:>8} {:>6} {:>11} {:>6}  {}"
)


@dataclass(frozen=True)
class Row:
    """One line of the table: what dies how often, on which store."""

    name: str
    death: Death
    short: int
    long: int
    shared: bool


def rows(postgres: Postgres) -> list[Row]:
    """All that dies."""
    return [
        Row("service or projector, SQLite", of_anything, 20, 500, False),
        Row("projector, SQLite", of_the_projector, 3, 50, False),
        Row("service, PostgreSQL", of_the_service, 5, 100, True),
        Row("projector, PostgreSQL", of_the_projector, 3, 50, True),
        Row("PostgreSQL itself", of_the_database(postgres), 3, 100, True),
    ]


def weather(row: Row, deaths: int, seed: int, new_database: Callable[[], str]) -> list[Outcome]:
    """Storms on one empty store after another, until it has died so often."""
    outcomes = []
    for left in range(deaths, 0, -DEATHS_OF_ONE_STORE):
        with tempfile.TemporaryDirectory(prefix="tocsin-faults-") as home:
            service = Service(Path(home), new_database() if row.shared else "")
            try:
                size = min(left, DEATHS_OF_ONE_STORE)
                outcomes.append(storm(service, row.death, size, seed + left))
            finally:
                service.stop()
    return outcomes


def line(row: Row, outcomes: list[Outcome]) -> str:
    """What is told of them."""
    audits = [outcome.audit for outcome in outcomes]
    restarts = [seconds for outcome in outcomes for seconds in outcome.restarts]
    equal = all(outcome.read_models["ok"] for outcome in outcomes)
    return FORM.format(
        row.name,
        sum(outcome.deaths for outcome in outcomes),
        sum(audit.acknowledged for audit in audits),
        sum(outcome.retried for outcome in outcomes),
        sum(len(audit.lost) for audit in audits),
        sum(len(audit.doubled) for audit in audits),
        sum(len(audit.gaps) for audit in audits),
        sum(len(outcome.answers_changed) for outcome in outcomes),
        f"{median(restarts):.2f} s" if restarts else "-",
        f"{max(restarts):.2f} s" if restarts else "-",
        "equal" if equal else "DIFFER",
        "ok" if all(outcome.clean for outcome in outcomes) else "FAILED",
    )


@dataclass(frozen=True)
class Watch:
    """One line of the other table: how many services keep the time, and how often one dies."""

    name: str
    services: int
    short: int
    long: int
    shared: bool


WATCHES = (
    Watch("timekeeper, SQLite", 1, 8, 50, False),
    Watch("one timekeeper of two, PostgreSQL", 2, 4, 50, True),
)


def watched(watch: Watch, deaths: int, seed: int, database: str) -> Dawn:
    """Services of one watch, on an empty store, one of which dies so often."""
    with tempfile.TemporaryDirectory(prefix="tocsin-faults-") as home:
        services = []
        try:
            for number in range(watch.services):
                place = Path(home) / f"{number}"
                place.mkdir()
                services.append(Service(place, database))
            return night(services, deaths, seed)
        finally:
            for service in services:
                service.stop()


def line_of_time(watch: Watch, dawn: Dawn) -> str:
    """What is told of them."""
    kept, restarts = dawn.kept, dawn.restarts
    lists = (kept.missing, kept.twice, kept.untimely, kept.undue)
    return TIMES_FORM.format(
        watch.name,
        dawn.deaths,
        kept.due,
        kept.struck,
        *map(len, lists),
        kept.answers,
        len(kept.unanswered),
        len(kept.unasked),
        *(f"{seconds:.2f} s" for seconds in (*kept.lateness, median(restarts), max(restarts))),
        "ok" if dawn.clean else "FAILED",
    )


def keep_time(postgres: Postgres, seed: int, *, short: bool) -> bool:
    """Print what became of the time; true if all of it is there, once."""
    sys.stdout.write(f"{TIMES_FORM.format(*TIMES)}\n")
    clean = True
    for watch in WATCHES:
        database = postgres.create(f"tocsin_{uuid4().hex}") if watch.shared else ""
        dawn = watched(watch, watch.short if short else watch.long, seed, database)
        clean &= dawn.clean
        sys.stdout.write(f"{line_of_time(watch, dawn)}\n")
        sys.stdout.flush()
    return clean


LAKES = ("lake", "deaths", "half made", "events", "segments", "faults", "differing", "verdict")
LAKES_FORM = "{:34} {:>6} {:>9} {:>8} {:>8} {:>6} {:>9}  {}"
DEATHS_OF_A_LAKE = {"short": 5, "long": 50}


def keep_columns(postgres: Postgres, seed: int, *, short: bool) -> bool:
    """Print what became of the lake whose writer died; true if all of it is there, once."""
    sys.stdout.write(f"{LAKES_FORM.format(*LAKES)}\n")
    clean = True
    deaths = DEATHS_OF_A_LAKE["short" if short else "long"]
    for name, shared in (("writer of the lake, SQLite", False), ("the same, PostgreSQL", True)):
        database = postgres.create(f"tocsin_{uuid4().hex}") if shared else ""
        with tempfile.TemporaryDirectory(prefix="tocsin-faults-") as folder:
            home = lake.home_in(Path(folder))
            found = lake.torn(Settings(home=home, database=database), deaths, seed)
        clean &= found.clean
        wrong = (len(found.faults) + len(found.left_over), len(found.differing))
        told = (found.deaths, found.half_made, found.events, found.segments, *wrong)
        sys.stdout.write(f"{LAKES_FORM.format(name, *told, 'ok' if found.clean else 'FAILED')}\n")
        sys.stdout.flush()
    return clean


def keep_word(postgres: Postgres, seed: int, *, short: bool) -> bool:
    """Print what became of what was acknowledged; true if all of it is there, once."""
    sys.stdout.write(f"{FORM.format(*COLUMNS)}\n")
    clean = True
    for row in rows(postgres):
        deaths = row.short if short else row.long
        outcomes = weather(row, deaths, seed, lambda: postgres.create(f"tocsin_{uuid4().hex}"))
        clean &= all(outcome.clean for outcome in outcomes)
        sys.stdout.write(f"{line(row, outcomes)}\n")
        sys.stdout.flush()
    return clean


def main() -> int:
    """Run all, print a line for each, and fail if any failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--time", action="store_true", help="only who keeps the time dies")
    parser.add_argument("--lake", action="store_true", help="only who writes the lake dies")
    parser.add_argument("--short", action="store_true", help="as often as the tests do")
    parser.add_argument("--seed", type=int, default=int(uuid4()) % 10_000, help="of the load")
    asked = parser.parse_args()
    sys.stdout.write(f"seed {asked.seed}\n")
    with tempfile.TemporaryDirectory(prefix="tocsin-postgres-", ignore_cleanup_errors=True) as home:
        postgres = Postgres(Path(home))
        postgres.start()
        try:
            word, hours = not (asked.time or asked.lake), not asked.lake
            clean = not word or keep_word(postgres, asked.seed, short=asked.short)
            clean &= not hours or keep_time(postgres, asked.seed, short=asked.short)
            clean &= asked.time or keep_columns(postgres, asked.seed, short=asked.short)
        finally:
            postgres.stop()
    return int(not clean)


if __name__ == "__main__":
    sys.exit(main())
