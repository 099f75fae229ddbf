"""What was made while something could be read is made again once it is forgotten, and only then."""

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.readmodels import spells
from tests.readmodels.conftest import follow, made, run_out, runner_of
from tests.readmodels.streams import REPORTED, Memory, told
from tocsin.readmodels.cleaning import ABANDONED, Cleaning
from tocsin.readmodels.database import Database
from tocsin.readmodels.digest import verify
from tocsin.readmodels.feeding import advance
from tocsin.readmodels.projector import Pace, Projector
from tocsin.readmodels.rebuild import Build, rebuild
from tocsin.readmodels.registry import Registry, Role, now

COUNTS, SPELLS = made("counts"), made("spells", spells)
EAGER = Pace(beat_seconds=0.0)


class Keyed(Memory):
    """A log whose keys can go."""

    looks = 0

    def look(self) -> None:
        self.looks += 1


def log() -> Keyed:
    return Keyed(told((1, REPORTED), (2, REPORTED)))


def generations(database: Database) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    with database.reading() as connection:
        for each in Registry(database).rows(connection):
            found.setdefault(each.name, []).append(each.generation)
    return found


def beaten(projector: Projector, times: int = 6) -> None:
    for _ in range(times):
        projector.step()


def test_nothing_is_made_again_while_nothing_is_forgotten(database: Database) -> None:
    projector = follow(log(), database, COUNTS)
    beaten(projector)
    assert generations(database) == {"counts": [1]}
    projector.close()


def test_all_that_was_begun_before_is_made_again_once(database: Database) -> None:
    """However much was forgotten meanwhile: one reading of the log is enough for all of it."""
    source = log()
    projector = runner_of(source, database, [COUNTS, SPELLS], pace=EAGER)
    run_out(projector)
    cleaning = Cleaning(database)
    cleaning.ask(1)
    cleaning.ask(2)
    assert len(cleaning.waiting(2)) == 2
    looked = source.looks
    beaten(projector)
    assert source.looks > looked, "keys that are gone are not used any more"
    assert generations(database) == {"counts": [2], "spells": [2]}
    assert cleaning.waiting(2) == []
    beaten(projector)
    assert generations(database) == {"counts": [2], "spells": [2]}
    projector.close()


def test_asking_for_less_changes_nothing(database: Database) -> None:
    cleaning = Cleaning(database)
    cleaning.migrate()
    cleaning.ask(7)
    cleaning.ask(3)
    assert cleaning.asked() == 7


def test_the_live_one_follows_while_it_is_made_again(database: Database) -> None:
    """A list must not stand still for as long as a large log takes to read."""
    source = Keyed(told(*[(number, REPORTED) for number in range(1, 30)]))
    projector = runner_of(source, database, [COUNTS], pace=replace(EAGER, rebuild_events=5))
    run_out(projector)
    Cleaning(database).ask(1)
    projector.step()
    source.add(told(*[(number, REPORTED) for number in range(1, 31)])[29:])
    projector.step()
    with database.reading() as connection:
        live = Registry(database).find(connection, "counts", Role.LIVE)
        building = Registry(database).find(connection, "counts", Role.BUILDING)
    assert live is not None
    assert building is not None
    assert live.position == 30 > building.position
    beaten(projector, 20)
    assert generations(database) == {"counts": [2]}
    projector.close()


def test_a_rebuild_by_hand_is_as_good(database: Database) -> None:
    source = log()
    follow(source, database, COUNTS).close()
    cleaning = Cleaning(database)
    cleaning.ask(2)
    assert rebuild(source, database, [COUNTS])
    assert cleaning.waiting(2) == []
    assert source.looks


def test_what_was_begun_before_and_interrupted_is_not_gone_on_with(database: Database) -> None:
    source = log()
    cleaning = Cleaning(database)
    cleaning.migrate()
    left = Build(database, COUNTS, Role.BUILDING)
    begun = left.begin()
    assert begun is not None
    advance(source, [begun], 1)
    left.lease.release()
    assert begun.position == 1
    cleaning.ask(2)
    build = Build(database, COUNTS, Role.BUILDING, cleaning.asked_of(source))
    again = build.begin()
    assert again is not None
    assert again.position == 0
    build.abandon()
    assert cleaning.waiting(2) == []


def test_one_that_halts_while_it_is_made_again_is_left_alone_for_a_while(
    database: Database,
) -> None:
    """The one before goes on serving: it is for people to see to, and nothing spins."""
    source = log()
    projector = runner_of(source, database, [COUNTS], pace=EAGER)
    run_out(projector).close()
    broken = replace(COUNTS, fold=poisoned)
    Cleaning(database).ask(2)
    projector = runner_of(source, database, [broken], pace=EAGER)
    run_out(projector)
    beaten(projector, 10)
    assert generations(database) == {"counts": [1, 2]}
    assert [each.role for each in Cleaning(database).waiting(2)] == [Role.LIVE]
    projector.close()


def poisoned(*_: Any) -> Any:
    raise ValueError("It cannot be folded.")


def test_what_nobody_makes_again_is_dropped_after_a_while(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A projection that is no more, or a build that somebody left: nothing would ever clean it."""
    follow(log(), database, COUNTS, SPELLS).close()
    cleaning = Cleaning(database)
    cleaning.ask(2)
    cleaning.drop_abandoned(2, ["spells"])
    assert generations(database) == {"counts": [1], "spells": [1]}, "somebody may be at it"
    late = now() + ABANDONED + timedelta(seconds=1)
    monkeypatch.setattr("tocsin.readmodels.cleaning.now", lambda: late)
    cleaning.drop_abandoned(2, ["spells"])
    assert generations(database) == {"spells": [1]}


def test_what_was_dropped_is_gone_from_the_disk(tmp_path: Path) -> None:
    """SQLite leaves what was deleted in free pages and in its write-ahead log. PostgreSQL removes
    the files of dropped tables itself."""
    source = log()
    with closing(Database.open(tmp_path)) as database:
        follow(source, database, COUNTS).close()
        with database.writing() as connection:
            connection.exec_driver_sql("CREATE TABLE told (text TEXT)")
            connection.exec_driver_sql("INSERT INTO told VALUES ('quixotria')")
            connection.exec_driver_sql("DELETE FROM told")
        assert holding(tmp_path)
        assert Cleaning(database).scrub()
        assert not holding(tmp_path)
        assert verify(source, database, COUNTS).equal


def test_whoever_reads_meanwhile_makes_it_wait(tmp_path: Path) -> None:
    """The write-ahead log cannot be emptied under a reader: it is asked again."""
    with closing(Database.open(tmp_path)) as database:
        follow(log(), database, COUNTS).close()
        cleaning = Cleaning(database)
        with database.reading() as reading:
            Registry(database).rows(reading)
            database.engine.pool.dispose()
            assert not cleaning.scrub()
        assert cleaning.scrub()


def holding(folder: Path) -> list[str]:
    return [each.name for each in folder.glob("*.db*") if b"quixotria" in each.read_bytes()]
