"""Copies of the vault: whole, small, and honest about what they hold."""

import stat
from pathlib import Path

import pytest

from tests.vault.conftest import Place
from tests.vault.kit import opens, sealed, stream
from tocsin.drivers import sqlite3
from tocsin.vault import FORGOTTEN, LOST, VaultTrouble, VaultUnavailable
from tocsin.vault.backups import back_up, restore, verify
from tocsin.vault.keeping import standing
from tocsin.vault.rotation import change_master


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Where the copy goes."""
    folder = tmp_path / "copies"
    folder.mkdir()
    return folder / "vault.backup"


def test_a_copy_taken_while_it_is_used_has_everything(place: Place, copy: Path) -> None:
    vault = place.open()
    for number in range(5):
        vault.person(f"Person {number}")
    vault.case(stream())
    with standing(place.settings) as behind:
        count = back_up(behind, copy)
        report = verify(behind, copy)
    assert (count, (), 0, (), 0) == (
        report.keys,
        report.damaged,
        report.missing,
        report.destroyed,
        report.strange,
    )
    assert ["vault.backup"] == [file.name for file in copy.parent.iterdir()]
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600


def test_looking_at_a_copy_does_not_change_it(place: Place, copy: Path) -> None:
    place.open().person("Anna")
    with standing(place.settings) as behind:
        back_up(behind, copy)
        before = copy.read_bytes()
        verify(behind, copy)
    assert before == copy.read_bytes()
    assert ["vault.backup"] == [file.name for file in copy.parent.iterdir()]


def test_it_says_what_is_newer_and_what_must_not_be_in_it_any_more(
    place: Place, copy: Path
) -> None:
    """Somebody is forgotten only when the last copy of their key has gone."""
    vault = place.open()
    anna, _ = vault.person("Anna")
    vault.person("Ben")
    with standing(place.settings) as behind:
        back_up(behind, copy)
        vault.destroy([anna])
        vault.person("Cleo")
        report = verify(behind, copy)
    assert (2, 1, (anna,)) == (report.keys, report.missing, report.destroyed)


def test_a_key_that_rotted_in_a_copy_is_named(place: Place, copy: Path) -> None:
    vault = place.open()
    anna, ben = vault.person("Anna")[0], vault.person("Ben")[0]
    with standing(place.settings) as behind:
        back_up(behind, copy)
        connection = sqlite3.connect(copy)
        connection.execute("UPDATE subjects SET wrapped = zeroblob(60) WHERE id = ?", (anna,))
        connection.execute("UPDATE subjects SET name = zeroblob(60) WHERE id = ?", (ben,))
        connection.commit()
        connection.close()
        report = verify(behind, copy)
    assert sorted([anna, ben]) == list(report.damaged)
    assert report.keys == 0


def test_a_copy_of_another_vault_is_none(place: Place, copy: Path) -> None:
    place.open()
    with standing(place.settings) as behind:
        back_up(behind, copy)
        lose(place)
    place.open()
    with standing(place.settings) as behind, pytest.raises(VaultTrouble, match="another vault"):
        verify(behind, copy)


def test_nothing_is_overwritten(place: Place, copy: Path) -> None:
    place.open()
    copy.write_text("precious")
    with standing(place.settings) as behind, pytest.raises(VaultTrouble, match="not overwritten"):
        back_up(behind, copy)
    assert copy.read_text() == "precious"


def test_where_nothing_can_be_written_nothing_is_left(place: Place, copy: Path) -> None:
    place.open()
    with standing(place.settings) as behind, pytest.raises(VaultUnavailable, match="cannot be"):
        back_up(behind, Path("/proc/vault.backup"))


@pytest.mark.parametrize("content", [None, b"", b"not a database" * 99])
def test_what_is_no_copy_is_named(place: Place, copy: Path, content: bytes | None) -> None:
    place.open()
    if content is not None:
        copy.write_bytes(content)
    with standing(place.settings) as behind, pytest.raises(VaultUnavailable) as caught:
        verify(behind, copy)
    assert str(copy) in str(caught.value)


def test_a_file_that_was_copied_while_it_was_written_is_not_trusted(
    place: Place, copy: Path
) -> None:
    place.open()
    with standing(place.settings) as behind:
        back_up(behind, copy)
        copy.with_name("vault.backup-wal").write_bytes(b"newer")
        with pytest.raises(VaultUnavailable, match="`tocsin vault backup` makes copies"):
            verify(behind, copy)


def test_a_copy_takes_the_place_of_a_vault_that_is_gone(place: Place, copy: Path) -> None:
    vault = place.open()
    anna, key = vault.person("Anna")
    ben, _ = vault.person("Ben")
    vault.destroy([ben])
    with standing(place.settings) as behind:
        back_up(behind, copy)
        later, _ = vault.person("Cleo")
        lose(place)
    assert 2 == restore(place.settings, copy)
    again = place.open()
    assert opens(again, anna, sealed(key))
    assert again.person("anna")[0] == anna
    assert (FORGOTTEN, LOST) == (again.missing(ben), again.missing(later))


def test_a_vault_that_is_there_is_not_replaced(place: Place, copy: Path) -> None:
    place.open().person("Anna")
    with standing(place.settings) as behind:
        back_up(behind, copy)
    with pytest.raises(VaultTrouble, match="There is a vault already"):
        restore(place.settings, copy)


def test_a_copy_from_before_a_new_master_key_needs_the_old_one(
    place: Place, copy: Path, tmp_path: Path
) -> None:
    vault, old = place.open(), tmp_path / "old.key"
    anna, key = vault.person("Anna")
    with standing(place.settings) as behind:
        back_up(behind, copy)
    old.write_bytes(place.settings.vault_key_place.read_bytes())
    with standing(place.settings) as behind:
        change_master(behind, make=True)
        with pytest.raises(VaultUnavailable, match="is locked with master key"):
            verify(behind, copy)
    with standing(place.settings, f"file:{old}") as behind:
        assert verify(behind, copy).keys == 1
        lose(place)
    restore(place.settings, copy, old_master=f"file:{old}")
    with standing(place.settings, f"file:{old}") as behind:
        change_master(behind, make=False)
    assert opens(place.open(), anna, sealed(key))


def lose(place: Place) -> None:
    """What a broken disk does."""
    while place.vaults:
        place.vaults.pop().close()
    found = place.behind()
    if found.tables.file is None:
        with found.tables.writing() as connection:
            connection.exec_driver_sql("DROP SCHEMA tocsin_vault CASCADE")
    found.tables.close()
    for file in place.settings.home.glob("vault.db*"):
        file.unlink()
