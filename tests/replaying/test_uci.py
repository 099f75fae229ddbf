"""A year of a real company, played to either store: one root, equal read models, one digest."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.postgres import Postgres
from tests.uci import Imported
from tocsin.readmodels.database import Database
from tocsin.readmodels.projection import found
from tocsin.readmodels.rebuild import rebuild
from tocsin.replaying.copying import copy
from tocsin.replaying.digest import digest
from tocsin.replaying.models import ModelDigest, model_digests
from tocsin.replaying.period import Period
from tocsin.replaying.place import opened
from tocsin.settings import Settings
from tocsin.store.log import Log

pytestmark = pytest.mark.slow

MODELS = {"incidents", "open_queue", "workload"}
"""Those that tell most; the others are compared on a shorter history."""


@pytest.fixture(scope="module")
def places(
    postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Settings]]:
    """Nothing yet, on each of the two stores."""
    homes = [tmp_path_factory.mktemp(name) for name in ("sqlite", "postgres")]
    postgres.start()
    url = postgres.create("tocsin_replayed")
    yield [Settings(home=homes[0]), Settings(home=homes[1], database=url)]
    postgres.drop("tocsin_replayed")


@pytest.fixture(scope="module")
def copies(imported_uci: Imported, places: list[Settings]) -> list[Settings]:
    """The real history, played to both, with read models from the keys of the original."""
    for target in places:
        with opened(target) as there:
            copied = copy(imported_uci.log, there)
            assert copied.events == imported_uci.log.head() > 100_000
            there.seals = imported_uci.log.seals
            _build(there, target)
    return places


def _build(log: Log, settings: Settings) -> None:
    some = [each for each in found() if each.name in MODELS]
    with closing(Database.open(settings.home, settings.database)) as database:
        assert rebuild(log, database, some)


def test_the_root_is_the_same_everywhere(imported_uci: Imported, copies: list[Settings]) -> None:
    expected = imported_uci.log.tree()
    for settings in copies:
        with closing(Log.open(settings, veiled=True)) as there:
            assert there.tree() == expected


def test_the_read_models_are_equal(
    imported_uci: Imported, copies: list[Settings], tmp_path: Path
) -> None:
    here = replace(imported_uci.settings, home=tmp_path)
    _build(imported_uci.log, here)
    expected: list[ModelDigest] = model_digests(here)
    assert {each.name for each in expected} == MODELS
    assert sum(each.rows for each in expected) > 15_000
    for settings in copies:
        assert model_digests(settings) == expected


def test_the_whole_year_comes_to_one_digest(imported_uci: Imported, copies: list[Settings]) -> None:
    expected = digest(imported_uci.log, Period())
    assert expected.root == imported_uci.log.tree_root().hex()
    assert expected.streams > 19_000
    with closing(Log.open(copies[-1], veiled=True)) as there:
        assert digest(there, Period()) == expected
