"""What dies under load, again and again: is all that was acknowledged there, once, in order?"""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from uuid import uuid4

from tests.faults.rebuilds import check
from tests.faults.service import Service
from tests.faults.storm import Death, Outcome, of_anything, of_the_database, of_the_service, storm
from tests.faults.trials import Result, Site, Trial

DEATHS_OF_ONE_STORE = 50
"""Then the next storm begins on an empty one: memory and `tocsin verify` have their limits."""


def empty(site: Site, *, shared: bool) -> str:
    """A new database, or none: then the store is a file."""
    return site.postgres.create(f"tocsin_{uuid4().hex}") if shared else ""


def storms(
    death: Callable[[Site], Death],
    site: Site,
    deaths: int,
    *,
    shared: bool,
    program: str = "tocsin",
) -> list[Outcome]:
    """Storms on one empty store after another, until it has died so often."""
    outcomes = []
    for left in range(deaths, 0, -DEATHS_OF_ONE_STORE):
        with tempfile.TemporaryDirectory(dir=site.folder) as home:
            service = Service(Path(home), empty(site, shared=shared), program)
            try:
                size = min(left, DEATHS_OF_ONE_STORE)
                outcome = storm(service, death(site), size, site.seed + left)
            finally:
                service.stop()
            if program == "tocsin":
                compared = check(service.settings, positions=1, seed=site.seed)
                outcome = replace(outcome, differing=compared.differing)
            outcomes.append(outcome)
    return outcomes


def told(outcomes: list[Outcome], *, ok: bool) -> Result:
    """What is told of them."""
    audits = [outcome.audit for outcome in outcomes]
    changed = sum(len(outcome.answers_changed) for outcome in outcomes)
    equal = all(each.read_models["ok"] and not each.differing for each in outcomes)
    retried = sum(outcome.retried for outcome in outcomes)
    return Result(
        runs=sum(outcome.deaths for outcome in outcomes),
        ok=ok,
        acknowledged=sum(audit.acknowledged for audit in audits),
        lost=sum(len(audit.lost) for audit in audits),
        doubled=sum(len(audit.doubled) for audit in audits),
        gaps=sum(len(audit.gaps) for audit in audits),
        recoveries=[seconds for outcome in outcomes for seconds in outcome.recoveries],
        remark=f"{retried} sent again, {changed} answers changed,"
        f" read models {'as rebuilt' if equal else 'DIFFER'}",
    )


def dying(site: Site, deaths: int, *, death: Callable[[Site], Death], shared: bool) -> Result:
    """Nothing may be missing, whatever died."""
    outcomes = storms(death, site, deaths, shared=shared)
    busy = all(outcome.audit.acknowledged > 10 * outcome.deaths for outcome in outcomes)
    assert busy, "there was hardly any load"
    return told(outcomes, ok=all(outcome.clean for outcome in outcomes))


def hasty(site: Site, deaths: int) -> Result:
    """A service that answers before it commits must be found out in the same way."""
    outcomes = storms(lambda _: of_the_service, site, deaths, shared=False, program=HASTY)
    return told(outcomes, ok=any(outcome.audit.lost for outcome in outcomes))


HASTY = "tests.faults.hasty"
TRIALS = (
    Trial(
        "T1", "kill -9 of service or projector, SQLite",
        partial(dying, death=lambda _: of_anything, shared=False), 5, 500,
    ),
    Trial(
        "T1b", "the same, PostgreSQL",
        partial(dying, death=lambda _: of_anything, shared=True), 2, 100,
    ),
    Trial("T1c", "control: answers before it commits", hasty, 3, 10),
    Trial(
        "T3", "kill -9 of PostgreSQL",
        partial(dying, death=lambda site: of_the_database(site.postgres), shared=True), 2, 100,
    ),
)  # fmt: skip
