"""The master key: from a file, the environment or a KMS; and what happens without it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.vault.conftest import Place
from tests.vault.kit import opens, sealed
from tocsin.settings import Settings
from tocsin.vault import Vault, VaultUnavailable
from tocsin.vault.masters import new_key, read, source, write, written


class Service:
    """A key management service that works."""

    id = "kms:test"
    _key = AESGCM(bytes(32))
    answers = True

    def wrap(self, plain: bytes) -> bytes:
        return self._key.encrypt(bytes(12), plain, None)

    def unwrap(self, wrapped: bytes) -> bytes:
        if not self.answers:
            raise TimeoutError("no answer")
        return self._key.decrypt(bytes(12), wrapped, None)


class Half:
    """A service that cannot unwrap."""

    id = "kms:half"


HERE = f"{__name__}:Service"


def sealed_by_anna(place: Place) -> tuple[str, bytes]:
    vault = place.open()
    subject, key = vault.person("Anna")
    return subject, sealed(key)


def test_the_first_start_makes_the_key_in_a_file(sqlite_place: Place) -> None:
    sealed_by_anna(sqlite_place)
    (key,) = read(sqlite_place.settings.vault_key_place)
    assert len(key) == 32


def test_the_key_may_stand_in_an_environment_variable(
    sqlite_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THE_KEY", written(new_key()))
    sqlite_place.settings = replace(sqlite_place.settings, vault_key_env="THE_KEY")
    subject, box = sealed_by_anna(sqlite_place)
    assert opens(sqlite_place.open(), subject, box)
    assert not sqlite_place.settings.vault_key_place.exists()


def test_the_key_may_stay_in_a_service(
    sqlite_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqlite_place.settings = replace(sqlite_place.settings, vault_kms=HERE)
    subject, box = sealed_by_anna(sqlite_place)
    assert opens(sqlite_place.open(), subject, box)
    monkeypatch.setattr(Service, "answers", False)
    with pytest.raises(VaultUnavailable, match=r"kms:test did not unwrap: TimeoutError"):
        sqlite_place.open()


@pytest.mark.parametrize("name", ["no.such.module:Class", f"{__name__}:Half", f"{__name__}:Nobody"])
def test_a_service_that_is_none_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(VaultUnavailable, match=r"The KMS .* cannot be used: .*module:Class"):
        Vault.open(Settings(home=tmp_path, vault_kms=name), writer=True)


@pytest.mark.parametrize("writer", [True, False])
def test_nobody_opens_a_vault_whose_key_is_not_there(place: Place, writer: bool) -> None:
    """What a reader then showed would be kept by read models."""
    sealed_by_anna(place)
    place.settings.vault_key_place.unlink()
    with pytest.raises(VaultUnavailable, match=r"The master key is not at .*TOCSIN_VAULT_KEY_FILE"):
        place.open(writer=writer)
    assert not place.settings.vault_key_place.exists()


@pytest.mark.parametrize("writer", [True, False])
def test_nobody_opens_a_vault_with_another_key(place: Place, writer: bool) -> None:
    sealed_by_anna(place)
    write(place.settings.vault_key_place, [new_key()])
    with pytest.raises(VaultUnavailable, match=r"is locked with master key key:.* has key:"):
        place.open(writer=writer)


@pytest.mark.parametrize("text", ["", "# only a remark\n", "hello\n", written(bytes(31)) + "\n"])
def test_a_file_that_holds_no_key_is_named(sqlite_place: Place, text: str) -> None:
    file = sqlite_place.settings.vault_key_place
    file.write_text(text)
    with pytest.raises(VaultUnavailable, match="holds no master key") as caught:
        sqlite_place.open()
    assert str(file) in str(caught.value)


def test_a_variable_that_holds_no_key_is_named_and_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THE_KEY", "hunter2")
    with pytest.raises(VaultUnavailable, match="THE_KEY holds no master key") as caught:
        Vault.open(Settings(home=tmp_path, vault_key_env="THE_KEY"), writer=True)
    assert "hunter2" not in str(caught.value)


def test_a_key_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    file, keys = tmp_path / "vault.key", [new_key(), new_key()]
    (tmp_path / "vault.key.new").write_text("what a crash left")
    write(file, keys)
    assert keys == read(file)
    assert ["vault.key"] == [each.name for each in tmp_path.iterdir()]


@pytest.mark.parametrize("name", ["vault.key", "ftp:x", "file:", "env:", "kms:"])
def test_a_place_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(VaultUnavailable, match="say file:PATH, env:NAME or kms:module:Class"):
        source(name)


@pytest.mark.parametrize("column", ["wrapped", "name"])
def test_a_key_moved_to_another_person_does_not_open(place: Place, column: str) -> None:
    """The row belongs to what is sealed in it: who can write the vault cannot exchange people."""
    vault = place.open()
    anna, ben = vault.person("Anna")[0], vault.person("Ben")[0]
    tables: Any = vault.found.tables
    with tables.writing() as connection:
        connection.exec_driver_sql(
            f"UPDATE {tables.subjects} SET {column} = (SELECT {column} FROM {tables.subjects}"
            f" WHERE id = '{anna}') WHERE id = '{ben}'"
        )
    again = place.open()
    with pytest.raises(VaultUnavailable, match="is damaged"):
        again.people()


def test_a_lock_moved_to_another_place_does_not_open(place: Place) -> None:
    vault = place.open()
    vault.person("Anna")
    tables: Any = vault.found.tables
    with tables.writing() as connection:
        connection.exec_driver_sql(f"UPDATE {tables.locks} SET number = 2")
        connection.exec_driver_sql(f"UPDATE {tables.vault} SET lock = 2, lookup_lock = 2")
    with pytest.raises(VaultUnavailable, match=r"lock 2 is another's"):
        place.open()


def test_a_vault_of_a_newer_version_is_not_touched(place: Place) -> None:
    tables: Any = place.open().found.tables
    with tables.writing() as connection:
        connection.exec_driver_sql(f"UPDATE {tables.vault} SET version = 99")
    with pytest.raises(VaultUnavailable, match="has version 99"):
        place.open()
