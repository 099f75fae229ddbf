"""The keys of people and cases: whose they are, and that they are there when they are needed."""

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tests.vault.conftest import Place
from tests.vault.kit import old_stream, opens, sealed, stream
from tocsin.settings import Settings
from tocsin.vault import LOST, Vault, VaultUnavailable
from tocsin.vault import vault as module

ELSEWHERE = """
import sys
from pathlib import Path
from tocsin.settings import Settings
from tocsin.vault import Vault

vault = Vault.open(Settings(home=Path(sys.argv[1]), vault_database=sys.argv[2]), writer=True)
print(*(vault.person(f"Person {n}")[0] for n in range(20)), sep="\\n")
vault.close()
"""


def test_a_person_has_one_key_however_the_name_is_spelt(place: Place) -> None:
    vault = place.open()
    subject, _ = vault.person("Anna Ångström")
    assert [subject] * 3 == [
        vault.person(name)[0]
        for name in ("Anna Ångström", "ANNA ÅNGSTRÖM", "anna a\u030angstro\u0308m")
    ]
    assert subject != vault.person("Anna Angstrom")[0]


def test_what_was_sealed_opens_after_a_restart(place: Place) -> None:
    vault = place.open()
    person, case = vault.person("Anna"), vault.case(stream())
    boxes = {subject: sealed(key) for subject, key in (person, case)}
    vault.close()
    again = place.open(writer=False)
    assert all(opens(again, subject, box) for subject, box in boxes.items())
    assert again.person("anna")[0] == person[0]


def test_a_key_is_durable_before_it_is_handed_out(place: Place) -> None:
    """Whoever dies right after sealing with it leaves a value that opens."""
    vault = place.open()
    person, case = vault.person("Anna"), vault.case(stream())
    boxes = {subject: sealed(key) for subject, key in (person, case)}
    place.crash(vault)
    again = place.open()
    assert all(opens(again, subject, box) for subject, box in boxes.items())


def test_two_processes_that_meet_somebody_at_once_agree_on_the_subject(place: Place) -> None:
    place.open().close()
    arguments = [str(place.settings.home), place.settings.vault_database]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", ELSEWHERE, *arguments], stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    said = [process.communicate(timeout=60)[0].split() for process in running]
    assert len(set(said[0])) == 20
    assert said[0] == said[1] == said[2]


def test_threads_that_meet_somebody_at_once_agree_on_the_subject(place: Place) -> None:
    one, two = place.open(), place.open()
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda n: (one, two)[n % 2].person("Anna")[0], range(40)))
    assert len(set(found)) == 1


def test_no_two_streams_share_a_key(place: Place) -> None:
    one, two = place.open(), place.open()
    keys = [vault.case(stream())[0] for vault in (one, two) for _ in range(200)]
    assert len(set(keys)) == 400


def test_a_stream_keeps_its_key_over_a_restart(place: Place) -> None:
    vault, streams = place.open(), [stream() for _ in range(50)]
    before = [vault.case(each)[0] for each in streams]
    vault.close()
    again = place.open()
    assert before == [again.case(each)[0] for each in streams]


def test_a_stream_of_any_age_keeps_its_key(place: Place) -> None:
    """Imported histories have ids that say nothing of the time."""
    vault, streams = place.open(), [old_stream() for _ in range(50)]
    before = [vault.case(each)[0] for each in streams]
    vault._clear()
    assert before == [vault.case(each)[0] for each in streams]


def test_a_crash_before_a_key_is_noted_costs_the_stream_a_second_key_and_no_text(
    place: Place,
) -> None:
    vault, each = place.open(), stream()
    first, key = vault.case(each)
    box = sealed(key)
    place.crash(vault)
    again = place.open()
    second, _ = again.case(each)
    assert second != first
    assert opens(again, first, box)
    assert again.bindings(each) == [second]


def test_a_key_of_a_pool_that_crashed_is_never_given_to_another_stream(place: Place) -> None:
    """It may have been used: nobody can tell."""
    vault = place.open()
    used = {vault.case(stream())[0] for _ in range(3)}
    place.crash(vault)
    again = place.open()
    assert used.isdisjoint(again.case(stream())[0] for _ in range(100))


def test_a_vault_that_is_closed_leaves_no_keys_that_nobody_uses(place: Place) -> None:
    vault = place.open()
    used = vault.case(stream())[0]
    vault.close()
    found = place.behind()
    with found.rows.reading() as connection:
        ids = connection.exec_driver_sql(f"SELECT id FROM {found.tables.subjects}").scalars()
        assert [used] == list(ids)
    found.tables.close()


def test_many_keys_are_fetched_with_one_question(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = place.open()
    boxes = {subject: sealed(key) for subject, key in (vault.case(stream()) for _ in range(1_200))}
    again = place.open()
    again.preload(boxes)
    monkeypatch.setattr(again, "_load", None)
    assert all(opens(again, subject, box) for subject, box in boxes.items())


def test_what_is_preloaded_stays_although_it_is_more_than_is_kept(place: Place) -> None:
    vault = place.open()
    boxes = dict(vault.case(stream()) for _ in range(60))
    place.settings = replace(place.settings, vault_keys=10)
    again = place.open()
    again.preload(boxes)
    assert all(again._keys.get(subject) is not None for subject in boxes)


def test_nothing_about_anybody_stands_in_the_clear(sqlite_place: Place) -> None:
    vault = sqlite_place.open()
    subject, key = vault.person("Anna Ångström")
    vault.case(stream())
    vault.close()
    stored = b"".join(file.read_bytes() for file in sqlite_place.settings.home.iterdir())
    assert subject.encode() in stored
    assert not any(name.encode() in stored for name in ("Anna", "anna", "Ångström"))
    assert sealed(key) not in stored


def test_its_files_are_its_owners_alone(sqlite_place: Place) -> None:
    sqlite_place.open().person("Anna")
    modes = {
        file.name: stat.S_IMODE(file.stat().st_mode)
        for file in sqlite_place.settings.home.iterdir()
        if file.name.startswith("vault")
    }
    assert {"vault.db", "vault.key"} <= modes.keys()
    assert set(modes.values()) == {0o600}


def test_without_a_vault_a_reader_finds_everything_lost(tmp_path: Path) -> None:
    vault = Vault.open(Settings(home=tmp_path))
    vault.preload(["x"])
    assert vault.key("x") is None
    assert vault.missing("x") == LOST
    assert not vault.sealing
    vault.close()
    assert not list(tmp_path.iterdir())


def test_a_reader_notices_that_a_vault_was_made(
    sqlite_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = sqlite_place.open(writer=False)
    with pytest.raises(VaultUnavailable, match="There is no vault yet"):
        reader.find("Anna")
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.0)
    reader._look_at = 0.0
    subject, key = sqlite_place.open().person("Anna")
    assert opens(reader, subject, sealed(key))


def test_switched_off_it_seals_nothing_and_still_opens(place: Place) -> None:
    vault = place.open()
    subject, key = vault.person("Anna")
    place.settings = replace(place.settings, vault=False)
    off = place.open()
    assert not off.sealing
    assert opens(off, subject, sealed(key))


def test_switched_off_it_is_not_made(tmp_path: Path) -> None:
    Vault.open(Settings(home=tmp_path, vault=False), writer=True).close()
    assert not list(tmp_path.iterdir())


def test_a_file_that_may_only_be_read_is_read(
    sqlite_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = sqlite_place.open()
    subject, key = vault.person("Anna")
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    reader = sqlite_place.open(writer=False)
    assert opens(reader, subject, sealed(key))
    with pytest.raises(VaultUnavailable, match="readonly"):
        reader.person("Ben")


def test_a_store_that_goes_away_is_named_and_found_again(
    postgres_place: Place, postgres: object
) -> None:
    vault, each = postgres_place.open(), old_stream()
    subject, _ = vault.case(each)
    vault._clear()
    postgres.stop()  # type: ignore[attr-defined]
    with pytest.raises(VaultUnavailable, match="schema tocsin_vault of"):
        vault.case(each)
    postgres.start()  # type: ignore[attr-defined]
    vault._clear()
    assert vault.bindings(each) == [subject]
    assert vault.case(each)[0] == subject
