"""When the service, its projector or its database dies at any moment: is all that was acknowledged
there, once, and do the read models say what the log says?"""

import pytest

from tests.faults.service import Service
from tests.faults.storm import (
    Outcome,
    of_anything,
    of_the_database,
    of_the_projector,
    of_the_service,
    storm,
)
from tests.postgres import Postgres

pytestmark = [pytest.mark.faults, pytest.mark.slow]


def keeps_its_word(outcome: Outcome) -> None:
    audit = outcome.audit
    assert (audit.lost, audit.doubled, audit.gaps) == ((), (), ())
    assert audit.integrity == "ok"
    assert outcome.answers_changed == ()
    assert outcome.read_models["faults"] == []
    assert all(each["equal"] for each in outcome.read_models["read_models"])
    assert outcome.read_models["ok"]
    assert audit.acknowledged > 10 * outcome.deaths, "there was hardly any load"


def test_a_service_that_is_killed_twenty_times_loses_and_doubles_nothing(
    embedded: Service,
) -> None:
    outcome = storm(embedded, of_anything, deaths=20, seed=1)

    keeps_its_word(outcome)
    assert outcome.retried > 20, "the deaths hit nobody"


def test_the_same_on_postgresql(shared: Service) -> None:
    keeps_its_word(storm(shared, of_the_service, deaths=5, seed=2))


def test_a_database_that_is_killed_loses_and_doubles_nothing_and_the_service_recovers(
    shared: Service, postgres: Postgres
) -> None:
    """Nobody restarts the service: it finds its database again by itself."""
    outcome = storm(shared, of_the_database(postgres), deaths=3, seed=3)

    keeps_its_word(outcome)
    assert outcome.restarts == []


def test_a_projector_that_is_killed_is_replaced_and_misses_nothing(service: Service) -> None:
    keeps_its_word(storm(service, of_the_projector, deaths=3, seed=4))
