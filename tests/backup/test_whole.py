"""A backup is whole or it is none: nothing half made has the name of one."""

import errno
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.backup.kit import everything
from tests.cli.running import command, environment
from tocsin.backup import (
    BackupTrouble,
    BackupUnavailable,
    Interrupted,
    back_up,
    evidence,
    folder,
    making,
    read_manifest,
)
from tocsin.backup.folder import held
from tocsin.settings import Settings
from tocsin.store.entries import StoreUnavailable

UNFINISHED = ".backup.unfinished"


def left(place: Path) -> set[str]:
    """What lies there beside the installation."""
    return {each.name for each in place.iterdir()} - {"home"}


def test_what_is_there_already_is_not_overwritten(embedded: Settings, tmp_path: Path) -> None:
    back_up(embedded, tmp_path / "backup")
    (tmp_path / "file").write_text("mine")
    for name in ("backup", "file"):
        with pytest.raises(BackupTrouble, match=f"There is something at .*{name} already"):
            back_up(embedded, tmp_path / name)
    assert (tmp_path / "file").read_text() == "mine"


def test_an_empty_folder_may_be_there(embedded: Settings, tmp_path: Path) -> None:
    """Whoever mounts a disk for it has made its place."""
    (tmp_path / "backup").mkdir()
    back_up(embedded, tmp_path / "backup")
    assert read_manifest(tmp_path / "backup").counts["events"] == 128


def test_who_interrupts_it_leaves_nothing_behind(source: Settings, tmp_path: Path) -> None:
    asked: list[int] = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) > 3

    with pytest.raises(Interrupted):
        back_up(source, tmp_path / "backup", stop=stop)
    assert left(tmp_path) == set()


@pytest.mark.parametrize("moment", ["_described", "_head", "take"])
def test_a_disk_that_is_full_is_told_and_nothing_is_left(
    embedded: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "a file")

    monkeypatch.setattr(evidence if moment == "take" else making, moment, full)
    with pytest.raises(BackupUnavailable, match="a file: No space left on device"):
        back_up(embedded, tmp_path / "backup")
    assert left(tmp_path) == set()


def test_what_a_death_left_is_no_backup_and_is_cleared_away(
    embedded: Settings, tmp_path: Path
) -> None:
    dead = tmp_path / UNFINISHED
    dead.mkdir()
    (dead / "tocsin.db").write_bytes(b"half")
    (dead / "evidence").mkdir()
    with pytest.raises(BackupTrouble, match="is no backup, or not a whole one"):
        read_manifest(dead)
    back_up(embedded, tmp_path / "backup")
    assert left(tmp_path) == {"backup"}
    assert everything(Settings(home=tmp_path / "backup")) == everything(embedded)


@pytest.mark.slow
def test_killed_at_any_moment_it_leaves_a_whole_one_or_none(
    embedded: Settings, tmp_path: Path
) -> None:
    killed = 0
    for number in range(12):
        target = tmp_path / f"backup-{number}"
        with subprocess.Popen(
            command("backup", target), env=environment({"TOCSIN_HOME": str(embedded.home)})
        ) as process:
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.3 + number * 0.08)
            process.kill()
        if target.exists():
            assert read_manifest(target).position == 128
        killed += process.returncode != 0
    assert killed, f"none was killed in the midst of it, on {sys.platform}"


def test_two_at_a_time_for_one_place_do_not_mix(embedded: Settings, tmp_path: Path) -> None:
    (tmp_path / UNFINISHED).mkdir()
    with (
        held(tmp_path / UNFINISHED),
        pytest.raises(BackupTrouble, match="Another process is at work"),
    ):
        back_up(embedded, tmp_path / "backup")
    back_up(embedded, tmp_path / "backup")


def test_the_manifest_is_written_last(
    embedded: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything that it speaks of is on the disk before it is there, and before the name is."""
    settled: list[str] = []
    real = folder.settle

    def settle(path: Path) -> None:
        settled.append(path.name)
        real(path)

    for module in (making, evidence, folder):
        monkeypatch.setattr(module, "settle", settle)
    back_up(embedded, tmp_path / "backup")
    files = {"tocsin.db", "keys.db", "access.db", "evidence.txt"}
    assert files <= set(settled[: settled.index("manifest.json")])
    assert settled[-3:] == ["manifest.json", UNFINISHED, tmp_path.name]


def test_without_a_log_there_is_nothing_to_back_up(tmp_path: Path, postgres_url: str) -> None:
    for database in ("", postgres_url):
        with pytest.raises(StoreUnavailable, match="There is no log"):
            back_up(Settings(home=tmp_path / "home", database=database), tmp_path / "backup")
    assert left(tmp_path) == set()


def test_the_vault_lies_elsewhere(embedded: Settings, tmp_path: Path) -> None:
    """In the same place it could neither expire sooner nor be kept from whoever has the log."""
    (tmp_path / "vault").write_text("an older one")
    for vault, said in (("backup/vault", "lies in .*backup"), ("vault", "There is a .*vault")):
        with pytest.raises(BackupTrouble, match=said):
            back_up(embedded, tmp_path / "backup", vault=tmp_path / vault)
    assert left(tmp_path) == {"vault"}


def test_content_that_is_gone_is_said_and_the_rest_is_copied(
    embedded: Settings, tmp_path: Path
) -> None:
    """It cannot be got by waiting; and of the rest, one copy more is better than none."""
    (content,) = embedded.evidence_place.glob("??/*")
    whole = content.read_bytes()
    content.write_bytes(whole[:-1])
    made = back_up(embedded, tmp_path / "altered")
    assert made.manifest.evidence.lacking == (content.name,)
    content.unlink()
    assert back_up(embedded, tmp_path / "gone").manifest.evidence.lacking == (content.name,)
    content.write_bytes(whole)
    assert back_up(embedded, tmp_path / "there").manifest.evidence.lacking == ()
    listed = back_up(embedded, tmp_path / "listed", content=False).manifest.evidence
    assert (listed.copied, listed.named) == (False, 1)
    assert not (tmp_path / "listed" / "evidence").exists()
    assert (tmp_path / "listed" / "evidence.txt").read_text() == f"{content.name}\n"


def test_a_vault_without_its_backup_is_not_left_behind(
    embedded: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes wrong last takes back what was done before: the same can be asked again."""

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("tocsin.backup.manifest.Manifest.write", full)
        with pytest.raises(BackupUnavailable, match="No space left"):
            back_up(embedded, tmp_path / "backup", vault=tmp_path / "vault")
    assert left(tmp_path) == set()
    back_up(embedded, tmp_path / "backup", vault=tmp_path / "vault")
    assert left(tmp_path) == {"backup", "vault"}
