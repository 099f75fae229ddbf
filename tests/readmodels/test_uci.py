"""A year of a real company: what the read models say of it is what its own export says."""

import csv
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import zstandard

from tests.readmodels import figures_flow, figures_queue, figures_work
from tests.readmodels.conftest import Model, named
from tests.readmodels.figures import COUNTER, FIGURES, WITHOUT, Models, micros
from tests.readmodels.figures_queue import queues
from tests.readmodels.golden import expected, timeline
from tests.readmodels.test_queries import all_pages
from tests.uci import FILE, Imported
from tocsin.readmodels import found
from tocsin.readmodels.database import Database
from tocsin.readmodels.rebuild import rebuild

pytestmark = pytest.mark.slow

NOT_ANSWERED = {"reassign_distribution": COUNTER}
"""What no read model can say, and why; parts of other answers stand beside their figures."""
ROOMS = (figures_flow, figures_queue, figures_work)
"""Where the figures are: each module registers its own."""


@pytest.fixture(scope="module")
def database(
    imported_uci: Imported, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """The read models of the real history, made from its first event."""
    database = Database.open(tmp_path_factory.mktemp("uci_read_models"))
    assert rebuild(imported_uci.log, database, found())
    yield database
    database.close()


@pytest.fixture(scope="module")
def models(uci: Path, imported_uci: Imported, database: Database) -> Iterator[Models]:
    tables = {each.name: Model(database, each).live.table_name for each in found()}
    with database.engine.connect() as connection:
        models = Models(connection, queues(imported_uci.log))
        models.prepare(tables, list(ends(uci / FILE)))
        yield models


def ends(file: Path) -> Iterator[dict[str, Any]]:
    """When each incident of the file was resolved and closed, as every row of it says."""
    with zstandard.open(file, "rt", encoding="utf-8", newline="") as lines:
        told = {row["number"]: row for row in csv.DictReader(lines)}
    for number, row in told.items():
        times = {name: row[name] for name in ("resolved_at", "closed_at")}
        yield {"reference": number} | {
            name: None if time == "?" else micros(time) for name, time in times.items()
        }


@pytest.fixture(scope="module")
def answers(uci: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((uci / "answers.json").read_text())
    return dict(found["answers"])


@pytest.fixture(scope="module")
def golden(uci: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, Any] = json.loads((uci / "golden_incidents.json").read_text())
    return dict(found["incidents"])


def test_every_answer_is_given_or_it_is_said_why_not(answers: dict[str, Any]) -> None:
    assert len(ROOMS) == len({figure.__module__ for figure in FIGURES.values()})
    assert set(answers) == set(FIGURES) | set(NOT_ANSWERED)
    assert not set(FIGURES) & set(NOT_ANSWERED)
    for name, lacking in WITHOUT.items():
        first = answers[name][0] if isinstance(answers[name], list) else answers[name]
        assert set(lacking) < set(first) | {"rows"}, name


@pytest.mark.parametrize("name", sorted(FIGURES))
def test_the_read_models_give_the_figures_of_the_export(
    models: Models, answers: dict[str, Any], name: str
) -> None:
    assert FIGURES[name](models) == without(answers[name], set(WITHOUT[name]))


def without(answer: Any, lacking: set[str]) -> Any:
    """An answer, but for the parts that the read models cannot give."""
    if isinstance(answer, list):
        return [without(row, lacking) for row in answer if row.get("event") not in lacking]
    return {name: value for name, value in answer.items() if name not in lacking}


def test_when_all_is_closed_nothing_waits_and_all_of_it_was_done(database: Database) -> None:
    incidents, queue, workload = (
        Model(database, named(each)) for each in ("incidents", "open_queue", "workload")
    )
    assert queue.ask("queues").items == ()
    assert incidents.ask("incidents", open=True).items == ()
    for name in ("groups", "people"):
        loads = all_pages(workload, name, limit=100)
        assert sum(load.handled for load in loads) == len(incidents.rows())
        assert not any(load.open for load in loads)


def test_the_golden_incidents_are_told_by_the_timeline(
    models: Models, golden: dict[str, dict[str, Any]]
) -> None:
    """Row by row; within one row nobody knows an order."""
    assert len(golden) == 11
    for number, incident in golden.items():
        told = iter(timeline(models, number))
        for row in expected(incident["events"]):
            assert sorted(islice(told, len(row))) == sorted(row), number
        assert list(told) == [], number
