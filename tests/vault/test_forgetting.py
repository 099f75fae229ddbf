"""The end of a key: nothing new is sealed with it, and then nothing opens."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.vault.conftest import Place
from tests.vault.kit import opens, sealed, stream
from tocsin.drivers import sqlite3
from tocsin.vault import FORGOTTEN, NOTICED_SECONDS, VaultUnavailable
from tocsin.vault import vault as module


def test_a_destroyed_key_is_gone_from_this_process_at_once(place: Place) -> None:
    vault = place.open()
    subject, key = vault.person("Anna")
    assert opens(vault, subject, sealed(key))
    assert vault.destroy([subject]) == 1
    assert vault.key(subject) is None
    assert vault.missing(subject) == FORGOTTEN
    assert vault.forgotten(subject)
    assert vault.find("Anna") is None
    assert vault.people() == []


def test_another_process_notices_within_the_time_that_it_promises(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = place.open(), place.open()
    subject, key = one.person("Anna")
    box, each = sealed(key), stream()
    case, _ = two.case(each)
    assert two.person("Anna")[0] == subject
    began = time.monotonic()
    one.destroy([subject, case])
    while opens(two, subject, box):
        assert time.monotonic() - began < NOTICED_SECONDS
        time.sleep(0.05)
    assert two.person("Anna")[0] != subject
    assert two.case(each)[0] != case
    assert two.missing(case) == FORGOTTEN


def test_other_keys_open_as_before(place: Place) -> None:
    vault = place.open()
    anna, ben = vault.person("Anna")[0], vault.person("Ben")
    box = sealed(ben[1])
    vault.destroy([anna])
    assert opens(vault, ben[0], box)
    assert vault.person("Ben")[0] == ben[0]


def test_destroying_again_changes_nothing(place: Place) -> None:
    vault = place.open()
    subject, _ = vault.person("Anna")
    assert [1, 0, 0] == [vault.destroy([subject]) for _ in range(3)]
    assert vault.forgotten(subject)


def test_a_subject_that_this_vault_never_knew_reads_as_forgotten_too(place: Place) -> None:
    """An old backup was restored, and the log says who was forgotten since."""
    vault, subject = place.open(), stream()
    assert vault.destroy([subject]) == 0
    assert vault.missing(subject) == FORGOTTEN


def test_a_retired_key_opens_and_seals_nothing_new(place: Place) -> None:
    vault = place.open()
    subject, key = vault.person("Anna")
    vault.retire(subject)
    assert opens(vault, subject, sealed(key))
    assert vault.find("Anna") == subject
    successor, _ = vault.person("Anna")
    assert successor != subject
    assert vault.everyone("ANNA") == [successor, subject]


def test_a_case_whose_key_is_retired_gets_another(place: Place) -> None:
    vault, each = place.open(), stream()
    first, _ = vault.case(each)
    vault.retire(first)
    second, _ = vault.case(each)
    assert second != first
    assert sorted([first, second]) == vault.bindings(each)


def test_a_person_who_is_kept_after_all_has_their_first_subject_again(place: Place) -> None:
    vault = place.open()
    subject, _ = vault.person("Anna")
    vault.retire(subject)
    successor, _ = vault.person("Anna")
    assert vault.unretire(subject)
    assert vault.person("Anna")[0] == subject
    assert vault.everyone("Anna") == [subject, successor]
    vault.destroy([subject])
    assert not vault.unretire(subject)


def test_people_are_listed_in_pages_with_the_name_that_was_first_seen(place: Place) -> None:
    vault = place.open()
    for name in ("Anna", "ANNA", "Ben", "Cleo"):
        vault.person(name)
    first = vault.people(limit=2)
    rest = vault.people(first[-1].subject, limit=2)
    found = [*first, *rest]
    assert ["Anna", "Ben", "Cleo"] == sorted(person.name for person in found)
    assert {person.name: person.subject for person in found}["Anna"] == vault.find("Anna")


def test_the_remains_of_a_key_leave_the_disk(sqlite_place: Place) -> None:
    """Neither the file nor its write-ahead log holds what locked the key, or who it was."""
    vault = sqlite_place.open()
    subject, _ = vault.person("Anna")
    for number in range(200):
        vault.person(f"Person {number}")
    with vault.found.tables.reading() as connection:
        row = connection.exec_driver_sql(
            "SELECT wrapped, name, lookup FROM subjects WHERE id = ?", (subject,)
        ).one()
    files = [sqlite_place.settings.vault_file, *sqlite_place.settings.home.glob("vault.db-wal")]
    before = b"".join(file.read_bytes() for file in files)
    assert all(part in before for part in row)
    vault.destroy([subject])
    after = b"".join(file.read_bytes() for file in files)
    assert not any(part in after for part in row)
    assert subject.encode() in after


def test_while_somebody_reads_the_remains_it_says_so_and_can_be_asked_again(
    sqlite_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tocsin.vault.tables.BUSY_SECONDS", 0.05)
    vault = sqlite_place.open()
    subject, _ = vault.person("Anna")
    reader = sqlite3.connect(sqlite_place.settings.vault_file, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM subjects").fetchall()
    with pytest.raises(VaultUnavailable, match="still holds remains of them"):
        vault.destroy([subject])
    assert vault.forgotten(subject)
    reader.execute("COMMIT")
    assert vault.destroy([subject]) == 0
    wal = sqlite_place.settings.home / "vault.db-wal"
    assert wal.stat().st_size == 0
    reader.close()


def test_who_opens_while_others_forget_finds_a_key_or_the_truth(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No key that was destroyed is found again in memory, whoever loaded it meanwhile."""
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.0)
    one, two = place.open(), place.open()
    people = {name: one.person(name) for name in (f"Person {n}" for n in range(20))}
    boxes = {subject: sealed(key) for subject, key in people.values()}

    def read(_: int) -> None:
        for subject in boxes:
            two.key(subject)

    with ThreadPoolExecutor(4) as threads:
        reading = [threads.submit(read, n) for n in range(20)]
        for subject in boxes:
            one.destroy([subject])
        for each in reading:
            each.result()
    assert not any(opens(two, subject, box) for subject, box in boxes.items())
    assert {FORGOTTEN} == {two.missing(subject) for subject in boxes}
