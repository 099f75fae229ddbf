"""When whoever keeps the time dies as something falls due: is it recorded, once, as of then?"""

from collections.abc import Iterator

import pytest

from tests.faults.midnights import Dawn, night
from tests.faults.service import Service

pytestmark = [pytest.mark.faults, pytest.mark.slow]


def keeps_time(dawn: Dawn) -> None:
    kept, audit = dawn.kept, dawn.audit
    assert ([], [], [], []) == (kept.missing, kept.twice, kept.untimely, kept.undue)
    assert ([], []) == (kept.unanswered, kept.unasked)
    assert ((), (), ()) == (audit.lost, audit.doubled, audit.gaps)
    assert () == dawn.answers_changed
    assert [] == dawn.read_models["faults"]
    assert dawn.clean
    assert kept.due > 25 * dawn.deaths, "hardly anything fell due"
    assert kept.answers > dawn.deaths, "hardly anything followed from it"


def test_a_timekeeper_that_is_killed_as_things_fall_due_misses_and_doubles_nothing(
    embedded: Service,
) -> None:
    keeps_time(night([embedded], deaths=8, seed=1))


@pytest.fixture
def twins(shared: Service) -> Iterator[list[Service]]:
    """Two services on one PostgreSQL, not started yet, with the same keys for ledger and vault."""
    other = Service(shared.settings.home, shared.settings.database)
    yield [shared, other]
    other.stop()


def test_of_two_services_the_other_one_goes_on(twins: list[Service]) -> None:
    keeps_time(night(twins, deaths=4, seed=2))
