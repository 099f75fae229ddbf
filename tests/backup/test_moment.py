"""All of a backup is of one moment, however busy the service is, and nobody waits for it."""

from contextlib import closing
from pathlib import Path

import pytest

from tests.backup.kit import append, appended, everything
from tocsin.backup import back_up, sqlite
from tocsin.drivers import sqlite3
from tocsin.keys import Keys, Scope
from tocsin.settings import Settings
from tocsin.store.log import Log


def test_what_is_committed_while_it_is_made_is_not_in_it(source: Settings, tmp_path: Path) -> None:
    """The writer commits between any two parts of the copy, and is never refused."""
    before = everything(source)
    with closing(Log.open(source, writer=True)) as log:

        def meanwhile(*_: object) -> None:
            appended(log, "Meanwhile")

        made = back_up(source, tmp_path / "backup", show=meanwhile)
        assert log.head() > made.manifest.position + 3
    assert made.manifest.position == len(before["bodies"])
    assert everything(Settings(home=tmp_path / "backup", lake=False)) == before


def test_a_key_that_is_made_while_it_is_made_is_not_in_it(source: Settings, tmp_path: Path) -> None:
    """What came after the moment is out, wherever it lies."""

    def meanwhile(*_: object) -> None:
        with closing(Keys.open(source)) as keys:
            keys.create("late", [Scope.READ], by="a test")

    made = back_up(source, tmp_path / "backup", show=meanwhile)
    with closing(Keys.open(Settings(home=tmp_path / "backup"))) as keys:
        assert "late" not in {key.owner for key in keys.all()}
    assert made.manifest.counts["API keys"] == 1


def test_what_was_acknowledged_before_it_began_is_in_it(source: Settings, tmp_path: Path) -> None:
    position = append(source, "Before")
    assert back_up(source, tmp_path / "backup").manifest.position == position


def test_files_of_two_moments_are_not_taken_for_one(
    embedded: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key is revoked just when the keys have been looked at and the log has not: the looking
    begins anew, so that no backup knows a later command and an earlier key."""
    files = {"keys.db": embedded.keys_file, "tocsin.db": embedded.log_file}
    versions, looks = sqlite._version, list[int]()

    def version(connection: object) -> int:
        looks.append(1)
        if len(looks) == 2:  # after both were seen for the first time
            with closing(Keys.open(embedded)) as keys:
                keys.revoke(keys.all()[0].key_id, by="a test")
        return versions(connection)

    monkeypatch.setattr(sqlite, "_version", version)
    with sqlite.one_moment(files) as seen:
        (revoked,) = seen["keys.db"].execute("SELECT revoked_at FROM api_keys").fetchone()
        assert revoked is not None
    assert len(looks) == 4


def test_a_log_that_always_changes_is_seen_at_the_first_look(
    embedded: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what lies beside the log must stand still, and only while the log is opened."""
    monkeypatch.setattr(sqlite, "ATTEMPTS", 1)
    versions = sqlite._version
    with closing(Log.open(embedded, writer=True)) as log:

        def version(connection: object) -> int:
            appended(log, "Again")
            return versions(connection)

        monkeypatch.setattr(sqlite, "_version", version)
        files = {"keys.db": embedded.keys_file, "tocsin.db": embedded.log_file}
        with sqlite.one_moment(files) as seen:
            ((position,),) = seen["tocsin.db"].execute("SELECT position FROM head").fetchall()
            assert position == log.head() - 1


def test_who_reads_a_snapshot_keeps_nobody_from_writing(embedded: Settings) -> None:
    """Not even a writer that waits for no lock; and sees nothing of what it writes."""
    question = "SELECT reference FROM head"
    with (
        sqlite.one_moment({"tocsin.db": embedded.log_file}) as seen,
        closing(sqlite3.connect(embedded.log_file, timeout=0)) as writer,
    ):
        writer.execute("UPDATE head SET reference = 9000000")
        writer.commit()
        assert writer.execute(question).fetchone() == (9_000_000,)
        assert seen["tocsin.db"].execute(question).fetchone() < (9_000_000,)
