"""When the writer of the lake is killed, again and again, under load: is everything in the lake in
the end, once, and to the byte what a writer that nobody disturbed writes?"""

from pathlib import Path

import pytest

from tests.faults.lake import home_in, torn
from tocsin.settings import Settings

pytestmark = [pytest.mark.faults]


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_a_writer_that_is_killed_misses_and_doubles_nothing(
    request: pytest.FixtureRequest, tmp_path: Path, store: str
) -> None:
    url = request.getfixturevalue("postgres_url") if store == "postgresql" else ""
    outcome = torn(Settings(home=home_in(tmp_path), database=url), deaths=3, seed=11)
    assert (outcome.faults, outcome.left_over, outcome.differing) == ((), (), ())
    assert outcome.segments > outcome.deaths, "there was hardly any load"
