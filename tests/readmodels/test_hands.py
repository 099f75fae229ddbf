"""Do several processes make the read models that one makes, whoever is killed or forgotten?"""

import multiprocessing
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.readmodels.conftest import Model
from tests.readmodels.streams import plausible
from tests.readmodels.test_bulk import NEVER, everything
from tests.readmodels.test_rebuilding import forget
from tocsin.readmodels import found
from tocsin.readmodels.bulk.hands import Hands
from tocsin.readmodels.bulk.share import Sizes
from tocsin.readmodels.cleaning import Cleaning
from tocsin.readmodels.database import Database
from tocsin.readmodels.projector import Pace, Projector
from tocsin.readmodels.rebuild import Progress, rebuild
from tocsin.readmodels.registry import Role
from tocsin.settings import Settings
from tocsin.store.copies import Piece, StoredEvent
from tocsin.store.log import Log
from tocsin.store.mapper import encode

SIZES = Sizes(page=40, stretch=2, worth=1, cached_rows=5)
KILLED = """
import os, signal, sys
from contextlib import closing
from pathlib import Path
from tests.readmodels.test_hands import SIZES
from tocsin.readmodels import found
from tocsin.readmodels.bulk.hands import Hands
from tocsin.readmodels.database import Database
from tocsin.readmodels.rebuild import rebuild
from tocsin.settings import Settings
from tocsin.store.log import Log

if __name__ == "__main__":
    settings = Settings(home=Path(sys.argv[1]), database=sys.argv[2])

    def progress(at):
        if at.position >= 120:
            os.kill(os.getpid(), signal.SIGKILL)

    with closing(Log.open(settings)) as log:
        database = Database.open(settings.home, settings.database)
        rebuild(log, database, found(), hands=Hands(settings, 2, SIZES), progress=progress)
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Of a log of some incidents, sealed as a service seals."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    settings = Settings(home=tmp_path, database=url)
    with closing(Log.open(settings, writer=True)) as log:
        stored = [
            StoredEvent(
                stream=each.stream,
                version=each.version,
                topic=each.event.event_name,
                body=encode(each, log.seals),
            )
            for each in plausible(30)
        ]
        log.append_stored(Piece(after=0, events=stored))
    return settings


@pytest.fixture
def log(settings: Settings) -> Iterator[Log]:
    with closing(Log.open(settings)) as log:
        yield log


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    with closing(Database.open(settings.home, settings.database)) as database:
        yield database


def by_pages(log: Log, database: Database) -> dict[str, Any]:
    """What there must be, made as it always was."""
    assert rebuild(log, database, found(), sizes=NEVER, fresh=True)
    return everything(database, found())


def test_two_processes_make_what_one_makes(
    settings: Settings, log: Log, database: Database
) -> None:
    expected = by_pages(log, database)
    seen: list[Progress] = []
    hands = Hands(settings, 2, SIZES)
    assert rebuild(log, database, found(), hands=hands, progress=seen.append)
    assert expected == everything(database, found())
    assert [40, 80, 120] == [at.position for at in seen][:3], "it was made in bulk"
    assert [] == multiprocessing.active_children()


def test_killed_in_the_middle_it_goes_on_from_its_last_stretch(
    settings: Settings, log: Log, database: Database
) -> None:
    """kill -9, as the kernel does when memory is short: nothing is lost, doubled or half done."""
    expected = by_pages(log, database)
    place = str(settings.home), settings.database
    killed = subprocess.run([sys.executable, "-c", KILLED, *place], check=False, timeout=120)
    assert -signal.SIGKILL == killed.returncode
    building = Model(database, found()[0]).generation(Role.BUILDING)
    assert building is not None
    assert 80 == building.position
    seen: list[Progress] = []
    hands = Hands(settings, 2, SIZES)
    assert rebuild(log, database, found(), hands=hands, progress=seen.append)
    assert 120 == seen[0].position, "those that lay behind caught up with the others first"
    assert expected == everything(database, found())


def test_a_process_that_is_killed_leaves_the_rest_to_the_others(
    settings: Settings, log: Log, database: Database
) -> None:
    """What is left is read page by page, in the process that writes."""
    expected = by_pages(log, database)

    def progress(at: Progress) -> None:
        if at.position == 80:
            for child in multiprocessing.active_children():
                child.kill()

    hands = Hands(settings, 2, SIZES)
    assert rebuild(log, database, found(), hands=hands, progress=progress)
    assert expected == everything(database, found())


def test_what_was_forgotten_while_it_was_interrupted_is_nowhere_in_it(
    settings: Settings, log: Log, database: Database
) -> None:
    """It begins anew, and its processes open nothing with a key that was destroyed."""
    hands = Hands(settings, 2, SIZES)
    stop = iter([False] * 4 + [True] * 9).__next__
    assert not rebuild(log, database, found(), hands=hands, stop=stop), "interrupted"
    with closing(Log.open(settings, writer=True)) as writer:
        subject = writer.vault.find("person 3")
        assert subject is not None
        writer.vault.destroy([subject])
    Cleaning(database).ask(log.head())
    assert rebuild(log, database, found(), hands=hands)
    (timeline,) = (each for each in found() if each.name == "timeline")
    rows = Model(database, timeline).rows()
    assert f"person:{subject}" in {row.actor for row in rows}
    assert not any("person 3" in (row.actor, row.words) for row in rows)
    assert [] == Cleaning(database).waiting(log.head())


def test_a_projector_makes_the_long_part_with_them_and_then_follows(
    settings: Settings, log: Log, database: Database
) -> None:
    """At its first start, and when new code has another version."""
    expected = by_pages(log, database)
    forget(database)
    pace = Pace(hands=Hands(settings, 1, SIZES), beat_seconds=0.0)
    projector = Projector(log, database, found(), pace=pace)
    while any(seat.follower is None for seat in projector._seats):
        projector.step()
    assert expected == everything(database, found())
    projector.close()
