"""Does the house still stand as it was drawn? Each rule is first shown a source that breaks it."""

from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path, PurePosixPath

import pytest

from tests import architecture as rules
from tests.architecture import Module

ROOT = Path(__file__).resolve().parent.parent
HOUSE = rules.modules(ROOT / "src" / "tocsin", ROOT / "projections")

Rule = Callable[[Module], Iterator[str]]


def complaints(rule: Rule) -> str:
    """What the rule says of every module of ours, a line each."""
    return "\n".join(chain.from_iterable(map(rule, HOUSE)))


def module(path: str, source: str) -> Module:
    return Module(PurePosixPath(path), source)


def texts() -> Iterator[tuple[str, str]]:
    """Every text of ours that Git would keep, by path, but the rules themselves."""
    kept = [ROOT / name for name in (*sorted(rules.TOP_LEVEL), ".ci", ".gitignore")]
    for top in kept:
        for file in [top, *top.rglob("*")] if top.is_dir() else [top]:
            ours = "__pycache__" not in file.parts and "architecture" not in file.name
            if ours and file.is_file():
                yield str(file.relative_to(ROOT)), file.read_text("utf-8", errors="ignore")


def test_the_house_was_found() -> None:
    """Silence about an empty list of modules would prove nothing."""
    names = {each.name for each in HOUSE}
    assert {"tocsin", "tocsin.domain.kernel", "tocsin.domain.incident.events"} <= names


def test_imports_point_one_way_between_rooms() -> None:
    assert complaints(rules.wrong_rooms) == ""


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("tocsin/domain/kernel.py", "from tocsin.desk import Desk"),
        ("tocsin/store/log.py", "import tocsin.http.app"),
        ("tocsin/store/log.py", "from .. import desk"),
        ("tocsin/store/__init__.py", "from ..readmodels import view"),
        ("tocsin/desk.py", "def late():\n    from tocsin import http"),
        ("tocsin/readmodels/follow.py", "from tocsin.desk import Desk"),
        ("projections/timeline.py", "from tocsin.store.log import Log"),
        ("tocsin/http/app.py", "from tests.postgres import Postgres"),
        ("tocsin/attic/old.py", ""),
    ],
)
def test_an_import_that_points_the_wrong_way_is_found(path: str, source: str) -> None:
    assert len(list(rules.wrong_rooms(module(path, source)))) == 1


def test_a_room_may_know_itself_the_rooms_below_and_the_version() -> None:
    source = "from tocsin import __version__\nfrom tocsin.domain import kernel\nfrom . import log"
    assert list(rules.wrong_rooms(module("tocsin/store/sqlite.py", source))) == []


def test_the_chapters_of_the_domain_know_only_earlier_ones() -> None:
    assert complaints(rules.wrong_chapters) == ""


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("tocsin/domain/kernel.py", "from tocsin.domain.incident.values import Status"),
        ("tocsin/domain/incident/events.py", "from tocsin.domain.incident import state"),
        ("tocsin/domain/incident/state.py", "from .commands.report import Report"),
        ("tocsin/domain/policy.py", "from tocsin.domain.incident.commands import Close"),
        ("tocsin/domain/incident/state.py", "from tocsin.domain.incident import Incident"),
        ("tocsin/domain/incident/helpers.py", "X = 1"),
    ],
)
def test_a_chapter_that_looks_ahead_is_found(path: str, source: str) -> None:
    assert len(list(rules.wrong_chapters(module(path, source)))) == 1


def test_only_the_rooms_that_own_a_library_know_it() -> None:
    """Only the store knows the event-sourcing library, only the door knows the web framework."""
    assert complaints(rules.wrong_libraries) == ""


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("tocsin/desk.py", "from eventsourcing.persistence import IntegrityError"),
        ("tocsin/readmodels/source.py", "import eventsourcing.application as library"),
        ("tocsin/desk.py", "from fastapi import HTTPException"),
        ("tocsin/store/sqlite.py", "from sqlalchemy import select"),
    ],
)
def test_a_library_in_the_wrong_room_is_found(path: str, source: str) -> None:
    assert len(list(rules.wrong_libraries(module(path, source)))) == 1


def test_folds_and_decisions_ask_neither_clock_nor_disk_nor_dice() -> None:
    assert complaints(rules.impurities) == ""


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("tocsin/domain/incident/state.py", "import os"),
        ("tocsin/domain/incident/events.py", "from pydantic import BaseModel"),
        ("tocsin/domain/policy.py", "from datetime import datetime\nX = datetime.now()"),
        ("tocsin/domain/incident/commands/report.py", "import uuid\nX = uuid.uuid4()"),
        ("tocsin/domain/words.py", "def f() -> None:\n    print('said')"),
        ("projections/timeline.py", "import orjson"),
        ("projections/timeline.py", "from time import time"),
    ],
)
def test_a_fold_that_asks_the_world_is_found(path: str, source: str) -> None:
    assert len(list(rules.impurities(module(path, source)))) == 1


def test_a_room_that_is_not_pure_may_ask_the_clock() -> None:
    source = "from datetime import UTC, datetime\nimport orjson\nX = datetime.now(UTC)"
    assert list(rules.impurities(module("tocsin/desk.py", source))) == []


def test_no_read_model_knows_another() -> None:
    assert complaints(rules.entangled) == ""


@pytest.mark.parametrize(
    "source", ["from projections import incidents", "from . import incidents", "import projections"]
)
def test_a_read_model_that_knows_another_is_found(source: str) -> None:
    assert len(list(rules.entangled(module("projections/timeline.py", source)))) == 1


def test_every_file_function_and_line_fits_into_one_look() -> None:
    assert complaints(rules.oversized) == ""


@pytest.mark.parametrize(
    "source",
    [
        "x = 1\n" * rules.FILE_LINES,
        "def long() -> None:\n" + "    x = 1\n" * (rules.FUNCTION_LINES - 1),
        "async def long() -> None:\n" + "    x = 1\n" * (rules.FUNCTION_LINES - 1),
        f"# {'x' * rules.LINE_LENGTH}",
    ],
)
def test_what_does_not_fit_is_found(source: str) -> None:
    assert len(list(rules.oversized(module("tocsin/desk.py", source)))) == 1


def test_what_just_fits_is_not_complained_about() -> None:
    promise = '    """One line of promise,\n    and another."""\n'
    function = f"def long() -> None:\n{promise}" + "    x = 1\n" * (rules.FUNCTION_LINES - 2)
    source = function + "x = 1\n" * (rules.FILE_LINES - rules.FUNCTION_LINES - 2)
    assert list(rules.oversized(module("tocsin/desk.py", source))) == []


def test_every_folder_holds_three_things() -> None:
    """A folder for one file hides it behind a name."""
    assert list(rules.thin_folders(HOUSE)) == []


def test_a_folder_for_two_files_is_found() -> None:
    house = [module(f"tocsin/{name}.py", "X = 1") for name in ("a", "b", "thin/a", "thin/b")]
    empty = module("tocsin/thin/__init__.py", "")
    assert list(rules.thin_folders([*house, empty])) == ["tocsin/thin holds only 2"]


def test_the_top_level_is_what_it_was() -> None:
    assert list(rules.strangers(entry.name for entry in ROOT.iterdir())) == []


def test_a_stranger_at_the_top_level_is_found() -> None:
    assert len(list(rules.strangers(["src", ".ci", "utils"]))) == 1


def test_nothing_is_true_on_one_machine_only() -> None:
    """Neither the paths of a machine nor the hosts of a package index are in what we hand out."""
    found = [each for path, text in texts() for each in rules.machine_words(path, text)]
    assert found == []


@pytest.mark.parametrize(
    "text", ["cd /work/main", 'open("/root/.config/x")', "pip -i https://pypi.org/simple"]
)
def test_a_word_of_one_machine_is_found(text: str) -> None:
    assert len(list(rules.machine_words("docs/x.md", text))) == 1


def test_a_path_of_the_project_is_no_word_of_a_machine() -> None:
    assert list(rules.machine_words("docs/x.md", "see ./work/notes and docs/work/a.md")) == []
