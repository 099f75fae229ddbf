"""`tocsin backup` and `tocsin restore`: what they say, and how they end."""

import json
import os
import shutil
import signal
import stat
import time
from pathlib import Path

import pytest

from tests.cli.running import Run, ended, process


@pytest.fixture
def backup(run: Run, played: Path, tmp_path: Path) -> Path:
    """A backup of the demonstration."""
    assert run("--home", played, "backup", tmp_path / "backup").exit_code == 0
    return tmp_path / "backup"


def test_it_says_what_it_holds_and_what_of_it_is_about_people(
    run: Run, played: Path, tmp_path: Path
) -> None:
    said = run("--home", played, "backup", tmp_path / "backup").out
    assert said.startswith(f"{tmp_path / 'backup'} holds 19 events, ")
    assert "up to position 19," in said
    assert "  tocsin.db: Names and free texts, sealed under keys of the vault" in said
    assert "The vault is not in it" in said
    assert stat.S_IMODE((tmp_path / "backup").stat().st_mode) == 0o700


def test_its_json_is_its_manifest(run: Run, played: Path, tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    said = run("--home", played, "--json", "backup", tmp_path / "b", "--vault", vault).document
    manifest = json.loads((tmp_path / "b" / "manifest.json").read_text("utf-8"))
    assert {name: said[name] for name in ("position", "root", "files", "counts")} == {
        name: manifest[name] for name in ("position", "root", "files", "counts")
    }
    assert said["vault"]["file"] == str(vault)
    assert said["vault"]["subjects"] > 0
    read = run("--json", "restore", tmp_path / "b", "--check").document
    assert (read["sound"], read["root"]) == (True, manifest["root"])


def test_the_way_from_a_backup_to_a_service_that_goes_on(
    run: Run, played: Path, tmp_path: Path
) -> None:
    """As the how-to has it: backup with the vault, restore of both, verify, rebuild."""
    vault, new = tmp_path / "vault", tmp_path / "new"
    assert run("--home", played, "backup", tmp_path / "b", "--vault", vault).exit_code == 0
    new.mkdir(mode=0o700)
    shutil.copy(played / "vault.key", new)
    put = run("--home", new, "restore", tmp_path / "b", "--vault", vault)
    assert put.exit_code == 0, put.err
    assert put.out.startswith(f"{new / 'tocsin.db'} holds 19 events")
    for told in ("positions after 19 are given again", "after INC0000001", "`tocsin keys list`"):
        assert told in put.out
    assert run("--home", new, "rebuild", "--all").exit_code == 0
    document = run("--home", new, "--json", "verify").document
    assert (document["ok"], document["head"]) == (True, 19)
    ours, theirs = (run("--home", each, "replay", "INC0000001").out for each in (played, new))
    assert ours == theirs


def test_that_it_left_is_in_the_access_journal(run: Run, played: Path, backup: Path) -> None:
    """In the one that goes on, and in the copy."""
    for home in (played, backup):
        if home is backup:  # names are opened with the vault, which no backup holds
            shutil.copy(played / "vault.key", home)
            shutil.copy(played / "vault.db", home)
        found = run("--home", home, "--json", "access", "list").document["items"]
        (entry,) = [each for each in found if each["what"] == "tocsin backup"]
        assert entry["kind"] == "export"


def test_without_its_vault_a_log_is_backed_up_with_a_warning(
    run: Run, played: Path, tmp_path: Path
) -> None:
    """When the master key is lost, another copy is needed all the more."""
    (played / "vault.key").unlink()
    said = run("--home", played, "backup", tmp_path / "backup")
    assert said.exit_code == 0
    assert "Not recorded: The master key is not at" in said.err


def test_what_is_in_the_way_is_told_with_its_exit_code(
    run: Run, played: Path, backup: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine").write_text("")
    for arguments, code, says in (
        (("--home", played, "backup", backup), 1, "it is not overwritten"),
        (("--home", tmp_path / "none", "backup", tmp_path / "b"), 3, "There is no log"),
        (("--home", played, "backup", tmp_path / "mine" / "b"), 3, "File exists"),
        (("--home", played, "backup", tmp_path / "b", "--vault", tmp_path / "b" / "v"), 1, "lies"),
        (("--home", played, "restore", backup), 1, "is not empty: there is"),
        (("restore", tmp_path / "nothing"), 2, "does not exist"),
        (("restore", played), 1, "is no backup, or not a whole one"),
        (("restore", backup, "--check", "--vault", tmp_path / "mine"), 2, "--check restores"),
        (("restore", backup, "--check", "--key", "nonsense"), 1, "public key"),
        (("restore", backup, "--check", "--checkpoint", tmp_path / "mine"), 0, ""),
    ):
        said = run(*arguments)
        assert says in said.err, said.err
        assert said.exit_code == code, arguments
    assert not (tmp_path / "b").exists()


def test_a_backup_that_changed_ends_with_one(run: Run, backup: Path) -> None:
    changed = backup / "access.db"
    changed.write_bytes(changed.read_bytes() + b"\n")
    said = run("--json", "restore", backup, "--check")
    assert said.exit_code == 1
    assert "access.db is not what it was" in said.document["error"]["says"]


@pytest.mark.slow
def test_ctrl_c_ends_it_with_130_and_leaves_nothing(played: Path, tmp_path: Path) -> None:
    """A log that takes a while to copy, and somebody who does not wait."""
    for _ in range(20):
        started = process("backup", tmp_path / "backup", TOCSIN_HOME=str(played))
        until = time.monotonic() + 20
        while not (tmp_path / ".backup.unfinished").exists() and started.poll() is None:
            assert time.monotonic() < until
            time.sleep(0.001)
        os.kill(started.pid, signal.SIGINT)
        said = ended(started)
        if said.exit_code == 130:
            assert "Interrupted" in said.err
            assert not (tmp_path / "backup").exists()
            assert not (tmp_path / ".backup.unfinished").exists()
            return
        shutil.rmtree(tmp_path / "backup")
    raise AssertionError("it was always faster")
