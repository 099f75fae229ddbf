"""Does the log keep its word whatever people ask and whatever breaks? Would we notice if not?"""

from collections.abc import Callable
from itertools import count
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, Phase
from hypothesis import settings as profile
from hypothesis.stateful import run_state_machine_as_test

from tests.model import sabotage
from tests.model.machine import AnyLifecycle
from tests.model.rig import Rig, Sabotage
from tocsin.settings import Settings

Begin = Callable[[int], Rig]
MakesRigs = Callable[[Sabotage | None], Begin]

THOROUGH = profile.get_current_profile_name() == "thorough"
"""`HYPOTHESIS_PROFILE=thorough` is for the night."""
RUNS, STEPS = (2_000, 50) if THOROUGH else (50, 30)
MOST_RUNS_TO_NOTICE = 400


def makes_rigs(home: Path, url: str = "") -> MakesRigs:
    """Makes empty logs: one desk on SQLite, two desks on PostgreSQL."""
    homes = count(1)

    def empty(broken: Sabotage | None) -> Begin:
        def begin(seed: int) -> Rig:
            place = home / str(next(homes))
            place.mkdir()
            if url:
                with psycopg.connect(url, autocommit=True) as connection:
                    connection.execute(
                        "DROP SCHEMA IF EXISTS tocsin, readmodels, tocsin_vault CASCADE"
                    )
            return Rig(Settings(home=place, database=url), 2 if url else 1, seed, broken)

        return begin

    return empty


def run(begin: Begin, how: profile) -> None:
    run_state_machine_as_test(
        lambda: AnyLifecycle(begin),  # type: ignore[arg-type]
        settings=how,
    )


@pytest.mark.timeout(14_400 if THOROUGH else 300)
@pytest.mark.parametrize("store", ["sqlite", "postgres"])
def test_the_log_keeps_its_promises(
    store: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Any commands, in any order, at once, retried, with answers lost and desks that die."""
    url = request.getfixturevalue("postgres_url") if store == "postgres" else ""
    run(makes_rigs(tmp_path, url)(None), profile(max_examples=RUNS, stateful_step_count=STEPS))


def notices(rigs: MakesRigs, broken: Sabotage) -> None:
    how = profile(
        max_examples=MOST_RUNS_TO_NOTICE,
        stateful_step_count=STEPS,
        phases=[Phase.generate],
        suppress_health_check=[*HealthCheck],
        derandomize=True,
        database=None,
    )
    with pytest.raises(AssertionError):
        run(rigs(broken), how)


@pytest.mark.parametrize("broken", sabotage.ANYWHERE, ids=lambda each: each.__name__)
def test_it_notices_a_desk_that(broken: Sabotage, tmp_path: Path) -> None:
    """The machine is no ornament: each mistake that is made on purpose makes it fail."""
    notices(makes_rigs(tmp_path), broken)


@pytest.mark.parametrize("broken", sabotage.WITH_TWO_DESKS, ids=lambda each: each.__name__)
def test_it_notices_among_two_desks_one_that(
    broken: Sabotage, tmp_path: Path, postgres_url: str
) -> None:
    notices(makes_rigs(tmp_path, postgres_url), broken)
