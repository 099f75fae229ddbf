"""A backup is put where nothing is, after it was looked at, or nothing is there."""

import shutil
from base64 import b64encode
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from tests.backup.kit import append, beside, everything
from tests.backup.test_checking import ALTERED, forged, said
from tests.upgrade.packing import unpacked
from tocsin.backup import BackupTrouble, Interrupted, back_up, read_manifest, restore
from tocsin.backup.folder import kept
from tocsin.backup.manifest import MANIFEST
from tocsin.settings import Settings
from tocsin.store.entries import StoreUnavailable
from tocsin.store.log import Log
from tocsin.store.sqlite_file import SCHEMA, exclusive
from tocsin.vault import VaultUnavailable

KEPT = {"vault.key", "ledger.key", "tocsin.db.lock"}
"""What may be in a home in which nothing was restored."""


def nothing(place: Settings) -> bool:
    """Whether nothing of a log is there."""
    if not place.database:
        return {each.name for each in place.home.iterdir()} <= KEPT
    with psycopg.connect(place.database) as connection:
        there = connection.execute("SELECT to_regclass('tocsin.head')").fetchone()
        if there == (None,):
            return True
        head = connection.execute("SELECT position, reference FROM tocsin.head").fetchone()
        rows = [
            connection.execute(f"SELECT count(*) FROM tocsin.{table}".encode()).fetchone()
            for table in ("events", "commands", "api_keys", "nodes")
        ]
        return head == (0, 0) and set(rows) == {(0,)}


def test_where_a_log_is_nothing_is_restored(source: Settings, tmp_path: Path) -> None:
    backup = back_up(source, tmp_path / "backup").target
    before = everything(source)
    with pytest.raises(BackupTrouble, match="is not empty: there is"):
        restore(source, backup)
    assert everything(source) == before


@pytest.mark.parametrize("name", ["tocsin.db", "keys.db", "access.db-wal", "readmodels.db", "lake"])
def test_a_part_of_an_installation_is_enough_to_be_refused(
    embedded: Settings, tmp_path: Path, name: str
) -> None:
    """Read models and a lake may know events that the backup does not hold."""
    backup = back_up(embedded, tmp_path / "backup").target
    home = beside(embedded, tmp_path / "new")
    (home.home / name).write_bytes(b"")
    with pytest.raises(BackupTrouble, match=f"is not empty: there is .*{name}"):
        restore(home, backup)


def test_a_database_with_read_models_is_not_empty(
    source: Settings, shared: str, tmp_path: Path
) -> None:
    backup = back_up(source, tmp_path / "backup").target
    with psycopg.connect(shared) as connection:
        connection.execute("CREATE SCHEMA readmodels")
        connection.execute("CREATE TABLE readmodels.generations (name text)")
    with pytest.raises(BackupTrouble, match=r"there is a table readmodels\.generations"):
        restore(replace(source, database=shared), backup)


def test_who_interrupts_it_leaves_nothing_and_may_begin_anew(
    source: Settings, there: Settings, tmp_path: Path
) -> None:
    backup = back_up(source, tmp_path / "backup").target
    for moment in (1, 4, 8):
        asked: list[int] = []

        def stop(moment: int = moment, asked: list[int] = asked) -> bool:
            asked.append(1)
            return len(asked) > moment

        with pytest.raises(Interrupted):
            restore(there, backup, stop=stop)
        assert nothing(there)
    restore(there, backup)
    assert everything(there) == everything(source)


def test_what_was_forged_is_not_restored(source: Settings, there: Settings, tmp_path: Path) -> None:
    """The tree is grown from what the new place has stored, before anybody sees it there."""
    backup = back_up(source, tmp_path / "backup").target
    forged(backup, ALTERED.format(90))
    with pytest.raises(BackupTrouble, match="at least one is not what"):
        restore(there, backup)
    assert nothing(there)


def test_what_a_death_left_in_the_new_home_is_cleared_away(
    embedded: Settings, tmp_path: Path
) -> None:
    backup = back_up(embedded, tmp_path / "backup").target
    home = beside(embedded, tmp_path / "new")
    (home.home / ".restoring").mkdir()
    (home.home / ".restoring" / "tocsin.db").write_bytes(b"half")
    restore(home, backup)
    assert everything(home) == everything(embedded)
    assert not (home.home / ".restoring").exists()


def test_a_home_that_somebody_writes_is_left_to_them(embedded: Settings, tmp_path: Path) -> None:
    """A service that starts at the same time would have its log replaced under its feet."""
    import os

    backup = back_up(embedded, tmp_path / "backup").target
    home = beside(embedded, tmp_path / "new")
    lock = exclusive(home.log_file)
    try:
        with pytest.raises(StoreUnavailable, match="is being written by process"):
            restore(home, backup)
    finally:
        os.close(lock)
    assert nothing(home)


def test_what_was_begun_there_while_the_backup_was_read_is_not_replaced(
    embedded: Settings, tmp_path: Path
) -> None:
    """A service that came early has acknowledged something, and is gone again."""
    backup = back_up(embedded, tmp_path / "backup").target
    home = beside(embedded, tmp_path / "new")

    def early(*_: object) -> None:
        if not home.log_file.exists():
            append(home, "Acknowledged")

    with pytest.raises(BackupTrouble, match="is not empty: there is"):
        restore(home, backup, show=early)
    with closing(Log.open(home)) as log:
        assert log.head() == 1


def test_a_vault_that_does_not_open_is_told_before_anything_is_done(
    embedded: Settings, tmp_path: Path
) -> None:
    vault = tmp_path / "vault"
    backup = back_up(embedded, tmp_path / "backup", vault=vault).target
    home = beside(embedded, tmp_path / "new")
    key = home.home / "vault.key"
    right = key.read_text()
    key.unlink()
    with pytest.raises(VaultUnavailable, match="The master key is not at"):
        restore(home, backup, vault=vault)
    assert nothing(home)
    key.write_text(right)
    home.vault_file.write_bytes(b"")
    with pytest.raises(BackupTrouble, match="There is a vault already"):
        restore(home, backup, vault=vault)
    home.vault_file.unlink()
    restore(home, backup, vault=vault)
    assert append(home, "On it goes") == read_manifest(backup).position + 1


def old_backup(place: Path) -> Path:
    """A backup whose log has the first schema: what a version before the ledger would have made."""
    home = place / "old"
    told = unpacked("1-incidents", "sqlite", home)
    recent = back_up(_recent(place), place / "recent").target
    backup = place / "backup"
    shutil.copytree(recent, backup)
    for name in ("tocsin.db", "keys.db"):
        shutil.copy(home / name, backup / name)
    for name in ("access.db", "evidence.txt"):
        (backup / name).unlink(missing_ok=True)
    files = {name: vars(kept(backup / name)) for name in ("tocsin.db", "keys.db")}
    # Its tree was never worked out: today's, from a copy that today's version has migrated.
    with closing(Log.open(Settings(home=home), writer=True, veiled=True)) as log:
        root = b64encode(log.tree_root()).decode()
    none = {"copied": False, "named": 0, "lacking": []}
    said(backup, schema=1, position=told["head"], root=root, checkpoint=None, files=files,
         evidence=none)  # fmt: skip
    return backup


def _recent(place: Path) -> Settings:
    settings = Settings(home=place / "recent-home", vault=False)
    append(settings, "Something")
    return settings


def test_a_backup_of_an_older_schema_is_migrated(tmp_path: Path) -> None:
    backup = old_backup(tmp_path)
    home = Settings(home=tmp_path / "new", lake=False)
    restore(home, backup)
    with closing(Log.open(home)) as log:
        assert log.head() == read_manifest(backup).position
    assert append(home, "On it goes") == read_manifest(backup).position + 1
    assert (backup / MANIFEST).exists()


def test_into_postgresql_an_older_schema_goes_by_way_of_a_home(
    tmp_path: Path, postgres_url: str
) -> None:
    backup = old_backup(tmp_path)
    place = Settings(home=tmp_path / "new", database=postgres_url)
    with pytest.raises(BackupTrouble, match=f"has schema 1, PostgreSQL takes {SCHEMA}"):
        restore(place, backup)


def test_what_is_there_already_of_evidence_stays(embedded: Settings, tmp_path: Path) -> None:
    """Content lies under its hash: what has the name is the same."""
    backup = back_up(embedded, tmp_path / "backup").target
    home = replace(beside(embedded, tmp_path / "new"), evidence_folder=tmp_path / "shared")
    shutil.copytree(embedded.evidence_place, tmp_path / "shared")
    (content,) = (tmp_path / "shared").glob("??/*")
    before = content.stat().st_mtime_ns
    assert restore(home, backup).evidence == 1
    assert content.stat().st_mtime_ns == before
