"""`tocsin vault`: how much there is, its copies, its locks, and what to do when it is lost."""

from pathlib import Path

import pytest

from tests.cli.running import Run
from tocsin.vault.masters import read


def test_the_status_says_what_there_is_and_what_losing_it_means(run: Run, played: Path) -> None:
    shown = run("--home", played, "vault", "status").out
    assert "nothing that is sealed can be read by anybody, for ever" in shown
    document = run("--home", played, "--json", "vault", "status").document
    assert document["people"] > 3
    assert document["cases"] >= 1
    assert document["sealing"] is True
    assert [1] == [lock["number"] for lock in document["locks"]]


def test_a_rotation_changes_the_lock_and_no_answer(run: Run, played: Path) -> None:
    before = run("--home", played, "incident", "INC0000001").out
    done = run("--home", played, "--json", "vault", "rotate").document
    assert (2, False) == (done["lock"], done["continued"])
    assert before == run("--home", played, "incident", "INC0000001").out


def test_the_master_key_changes_in_its_file(run: Run, played: Path) -> None:
    before = read(played / "vault.key")
    answer = run("--home", played, "vault", "rotate", "--master")
    assert "make a new backup of the vault" in answer.err
    assert before != read(played / "vault.key")
    assert run("--home", played, "incident", "INC0000001").exit_code == 0


def test_a_backup_is_made_verified_and_restored(run: Run, played: Path, tmp_path: Path) -> None:
    copy, shown = tmp_path / "copy", run("--home", played, "incident", "INC0000001").out
    assert run("--home", played, "vault", "backup", copy).exit_code == 0
    verified = run("--home", played, "vault", "verify-backup", copy)
    assert (0, True) == (verified.exit_code, "keys unlock." in verified.out)
    for file in played.glob("vault.db*"):
        file.unlink()
    assert shown != run("--home", played, "incident", "INC0000001").out
    assert run("--home", played, "vault", "restore", copy).exit_code == 0
    assert shown == run("--home", played, "incident", "INC0000001").out


def test_a_damaged_backup_ends_with_an_exit_code(run: Run, played: Path, tmp_path: Path) -> None:
    """So that whatever runs it every night notices."""
    from tocsin.drivers import sqlite3

    copy = tmp_path / "copy"
    run("--home", played, "vault", "backup", copy)
    connection = sqlite3.connect(copy)
    connection.execute("UPDATE subjects SET wrapped = zeroblob(60) WHERE kind = 'case'")
    connection.commit()
    connection.close()
    answer = run("--home", played, "vault", "verify-backup", copy)
    assert answer.exit_code == 1
    assert "do NOT unlock" in answer.out
    document = run("--home", played, "--json", "vault", "verify-backup", copy)
    assert (1, 1) == (document.exit_code, len(document.document["damaged"]))


def test_beginning_anew_asks_first(run: Run, played: Path) -> None:
    for file in played.glob("vault.db*"):
        file.unlink()
    assert run("--home", played, "vault", "begin-anew").exit_code == 1
    assert not (played / "vault.db").exists()
    answer = run("--home", played, "vault", "begin-anew", "--yes")
    assert answer.exit_code == 0
    assert (played / "vault.db").exists()
    assert "[key lost]" in run("--home", played, "incident", "INC0000001").out


def test_a_new_master_key_is_printed_alone(run: Run) -> None:
    one, two = (run("vault", "new-master").out.strip() for _ in range(2))
    assert one != two
    assert [44, 44] == [len(one), len(two)]


def test_without_a_vault_it_says_who_makes_one(run: Run, tmp_path: Path) -> None:
    answer = run("--home", tmp_path, "vault", "status")
    assert answer.exit_code == 1
    assert "There is no vault yet: `tocsin serve` makes it." in answer.err


@pytest.mark.parametrize("place", ["vault.key", "env:NOT_THERE"])
def test_a_bad_place_of_a_master_key_is_named(run: Run, played: Path, place: str) -> None:
    answer = run("--home", played, "vault", "rotate", "--master-from", place)
    assert answer.exit_code == 3
    assert place.removeprefix("env:") in answer.err


class TestTheDoctor:
    """What `tocsin doctor` finds."""

    @staticmethod
    def checks(run: Run, home: Path) -> dict[str, tuple[str, str]]:
        found = run("--home", home, "--json", "doctor").document["checks"]
        return {check["name"]: (check["level"], check["says"]) for check in found}

    def test_is_content_with_a_vault_that_opens(self, run: Run, played: Path) -> None:
        checks = self.checks(run, played)
        assert [checks[name][0] for name in ("vault", "vault backups", "master key")] == ["ok"] * 3

    def test_sees_a_master_key_that_others_may_read(self, run: Run, played: Path) -> None:
        (played / "vault.key").chmod(0o644)
        level, says = self.checks(run, played)["master key"]
        assert (level, "others may read" in says) == ("bad", True)

    def test_sees_that_the_vault_is_gone(self, run: Run, played: Path) -> None:
        for file in played.glob("vault.db*"):
            file.unlink()
        assert self.checks(run, played)["vault"] == (
            "bad",
            "it is gone, and the log holds sealed values",
        )

    def test_sees_that_there_never_was_one(self, run: Run, tmp_path: Path) -> None:
        assert self.checks(run, tmp_path)["vault"] == ("warn", "there is none yet")

    def test_sees_that_the_master_key_is_gone(self, run: Run, played: Path) -> None:
        (played / "vault.key").unlink()
        level, says = self.checks(run, played)["log"]
        assert (level, "The master key is not at" in says) == ("bad", True)
