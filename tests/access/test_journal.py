"""Is what was read kept as it was, numbered, sealed, and gone when its time is over?"""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.access.kit import INCIDENT, LISTED, OTHER, READ, access
from tests.store.seals import Ring
from tocsin.access import Asked, Entry, Journal, JournalUnavailable
from tocsin.drivers import sqlite3
from tocsin.settings import Settings

DAY = timedelta(days=1)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
Open = Callable[..., Journal]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def journal(settings: Settings) -> Iterator[Journal]:
    with closing(Journal.open(settings)) as opened:
        yield opened


def damaged(settings: Settings, *statements: str) -> None:
    """What somebody does to the file who can write it."""
    with closing(sqlite3.connect(settings.access_file)) as connection:
        for trigger in ("entries_update", "entries_delete"):
            connection.execute(f"DROP TRIGGER {trigger}")
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def test_an_access_reads_as_it_was_noted(journal: Journal) -> None:
    assert journal.note(READ, LISTED, at=NOON) == range(1, 3)
    first, second = journal.entries()
    assert first == Entry(**vars(READ), number=1, at=NOON)
    assert second == Entry(**vars(LISTED), number=2, at=NOON)


def test_nothing_to_note_writes_nothing(journal: Journal) -> None:
    assert list(journal.note()) == []
    assert journal.head()[0] == 0


def test_the_journal_goes_on_where_it_was(settings: Settings) -> None:
    for number in (1, 2, 3):
        with closing(Journal.open(settings)) as opened:
            assert opened.note(READ) == range(number, number + 1)
    with closing(Journal.open(settings)) as opened:
        assert [each.number for each in opened.entries()] == [1, 2, 3]
        assert opened.verify().faults == ()


def test_several_processes_write_without_gaps(settings: Settings) -> None:
    """Each opens it for itself, as processes do."""

    def work() -> None:
        with closing(Journal.open(settings)) as mine:
            for _ in range(20):
                mine.note(READ, LISTED)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    with closing(Journal.open(settings)) as opened:
        assert [each.number for each in opened.entries()] == list(range(1, 161))
        assert opened.verify().faults == ()


def test_times_never_go_back(journal: Journal) -> None:
    """What expires is always the beginning, also when the clock was put back."""
    journal.note(READ, at=NOON)
    journal.note(READ, at=NOON - DAY)
    assert [each.at for each in journal.entries()] == [NOON, NOON]


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        (Asked(since=NOON + DAY), [2, 3]),
        (Asked(until=NOON + DAY), [1]),
        (Asked(since=NOON + DAY, until=NOON + 2 * DAY), [2]),
        (Asked(who="dana"), [1, 3]),
        (Asked(who="nobody"), []),
        (Asked(incident=INCIDENT), [1]),
        (Asked(incident=OTHER), [3]),
        (Asked(incident=OTHER, who="ivo"), []),
    ],
)
def test_the_journal_is_asked_by_time_person_and_incident(
    journal: Journal, asked: Asked, numbers: list[int]
) -> None:
    for day, each in enumerate((READ, LISTED, access(incidents=(OTHER, OTHER)))):
        journal.note(each, at=NOON + day * DAY)
    found, further = journal.page(asked, 10)
    assert [each.number for each in found] == numbers
    assert further is None
    same = journal.entries(asked.since, asked.until, who=asked.who, incident=asked.incident)
    assert [each.number for each in same] == numbers


@pytest.mark.parametrize("who", ["", "dana"])
def test_pages_follow_each_other_without_gaps(journal: Journal, who: str) -> None:
    journal.note(*[READ] * 7)
    found, place = [], 0
    for expected in (3, 6, None):
        page, further = journal.page(Asked(who=who), 3, place)
        assert further == expected
        found += [each.number for each in page]
        place = further or 0
    assert found == list(range(1, 8))


def test_names_and_purposes_are_sealed(settings: Settings) -> None:
    ring = Ring()
    with closing(Journal.open(settings, ring)) as opened:
        opened.note(READ)
        assert [each.who for each in opened.entries()] == ["dana"]
        assert [each.purpose for each in opened.entries()] == ["Complaint 4711"]
    stored = b"".join(file.read_bytes() for file in settings.home.iterdir())
    assert b"dana" not in stored
    assert b"4711" not in stored
    assert b"/incidents/{id}" in stored


def test_whoever_is_forgotten_is_forgotten_here(settings: Settings) -> None:
    ring = Ring()
    with closing(Journal.open(settings, ring)) as opened:
        opened.note(READ, access(who="mia"))
        subject = ring.forget("person dana")
        first, second = opened.entries()
        assert first.who == f"person:{subject}"
        assert first.purpose == "[forgotten]"
        assert (second.who, second.purpose) == ("mia", READ.purpose)
        assert opened.verify().faults == (), "no byte changed"
        assert [each.number for each in opened.entries(who=first.who)] == [1]


def test_a_sealed_name_opens_at_its_own_place_only(settings: Settings) -> None:
    with closing(Journal.open(settings, Ring())) as opened:
        opened.note(READ, access(who="mia"))
        moved = (
            "UPDATE entries SET body = CAST(replace((SELECT body FROM entries WHERE number = 1),"
            " '\"number\":1', '\"number\":2') AS BLOB) WHERE number = 2"
        )
        damaged(settings, moved)
        with pytest.raises(JournalUnavailable, match="Entry 2 cannot be read"):
            list(opened.entries())


CHANGES = [
    pytest.param(
        "UPDATE entries SET body = CAST(replace(body, '/incidents', '/reviews') AS BLOB)"
        " WHERE number = 2",
        "Entry 2 was changed",
        id="edited",
    ),
    pytest.param("DELETE FROM entries WHERE number = 2", "Entry 2 is missing", id="removed"),
    pytest.param("DELETE FROM entries WHERE number = 4", "there should be 4", id="cut off"),
    pytest.param("DELETE FROM entries", "there should be 4", id="emptied"),
    pytest.param("UPDATE entries SET leaf = zeroblob(32) WHERE number = 1", "Entry 1", id="hash"),
    pytest.param("UPDATE entries SET body = NULL WHERE number = 3", "Entry 3 lost", id="hidden"),
    pytest.param(
        "UPDATE entries SET number = 5 - number + 10; UPDATE entries SET number = number - 10",
        "Entry 1 is missing|root",
        id="turned round",
    ),
]


@pytest.mark.parametrize(("statement", "fault"), CHANGES)
def test_a_change_shows(journal: Journal, settings: Settings, statement: str, fault: str) -> None:
    for number in range(4):
        journal.note(access(rows=number))
    assert journal.verify().faults == ()
    damaged(settings, *statement.split(";"))
    faults = " ".join(journal.verify().faults)
    assert re.search(fault, faults)


def test_an_honest_mistake_is_refused_by_the_database(settings: Settings, journal: Journal) -> None:
    journal.note(READ)
    with closing(sqlite3.connect(settings.access_file)) as connection:
        for statement in ("DELETE FROM entries", "UPDATE entries SET at = ''"):
            with pytest.raises(sqlite3.IntegrityError, match="only lose their bodies"):
                connection.execute(statement)


def test_a_journal_written_anew_shows_against_what_was_noted_elsewhere(tmp_path: Path) -> None:
    """Whoever can write the database can write all of it anew: only an outside copy shows it."""
    roots = []
    for who in ("dana", "mallory"):
        settings = Settings(home=tmp_path / who)
        with closing(Journal.open(settings)) as opened:
            opened.note(access(who=who), at=NOON)
            noted = opened.head()
            opened.note(LISTED, at=NOON)
            assert opened.verify(noted).faults == ()
            roots.append(noted)
            if who == "mallory":
                assert "not those that were noted" in opened.verify(roots[0]).faults[0]
                assert "There were 9" in opened.verify((9, "00")).faults[0]


def test_what_is_too_old_is_dropped_and_the_rest_still_proves_itself(settings: Settings) -> None:
    with closing(Journal.open(replace(settings, access_days=30))) as opened:
        opened.note(READ, at=NOON)
        opened.note(LISTED, at=NOON + 20 * DAY)
        head = opened.head()
        assert opened.expire(NOON + 29 * DAY) == 0
        assert opened.expire(NOON + 31 * DAY) == 1
        assert opened.expire(NOON + 31 * DAY) == 0, "asking again changes nothing"
        gone, kept = opened.entries()
        assert (gone.expired, gone.who, gone.what, gone.at) == (True, "", "", NOON)
        assert kept.who == "ivo"
        assert opened.page(Asked(incident=INCIDENT), 10) == ([], None)
        assert opened.head() == head
        assert (opened.verify().faults, opened.verify().expired) == ((), 1)
        stored = b"".join(file.read_bytes() for file in settings.home.iterdir())
        assert b"dana" not in stored
        assert b"ivo" in stored


def test_nothing_expires_unless_the_settings_say_so(journal: Journal) -> None:
    journal.note(READ, at=NOON)
    assert journal.expire(NOON + 10_000 * DAY) == 0


def test_the_journal_is_for_nobody_else_on_the_machine(settings: Settings) -> None:
    with closing(Journal.open(settings)):
        assert settings.access_file.stat().st_mode & 0o077 == 0


def test_a_journal_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    settings.access_file.write_bytes(b"this is no database" * 100)
    with pytest.raises(JournalUnavailable, match="cannot be reached"):
        Journal.open(settings)


def test_an_entry_of_a_later_version_is_not_guessed_at(
    journal: Journal, settings: Settings
) -> None:
    journal.note(READ)
    newer = """UPDATE entries SET body = CAST(replace(body, '"access":1', '"access":2') AS BLOB)"""
    damaged(settings, newer)
    with pytest.raises(JournalUnavailable, match="format 2"):
        list(journal.entries())


def test_the_journal_lies_beside_a_log_on_postgresql(settings: Settings, postgres_url: Any) -> None:
    there = replace(settings, database=postgres_url, access_days=30)
    with closing(Journal.open(there)) as opened, closing(Journal.open(there)) as other:
        assert opened.note(READ, LISTED, at=NOON) == range(1, 3)
        assert other.note(READ) == range(3, 4)
        assert [each.number for each in other.entries(who="dana")] == [1, 3]
        assert [each.number for each in other.entries(incident=INCIDENT)] == [1, 3]
        assert opened.verify().faults == ()
        assert opened.expire(NOON + 31 * DAY) == 2
        assert (opened.verify().faults, opened.verify().expired) == ((), 2)
        no = pytest.raises(JournalUnavailable, match="only lose their bodies")
        with no, opened._tables.writing() as connection:
            connection.execute(opened._tables.entries.delete())
