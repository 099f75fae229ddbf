"""A backup that is read says of every change to it that it is another one."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.backup.kit import append
from tocsin.backup import BackupTrouble, Interrupted, back_up, check, read_manifest
from tocsin.backup.folder import kept
from tocsin.backup.manifest import FORMAT, MANIFEST
from tocsin.drivers import sqlite3
from tocsin.ledger.keys import keyring
from tocsin.ledger.notary import Notary, keys_ever
from tocsin.settings import Settings
from tocsin.store.log import Log
from tocsin.store.sqlite_file import SCHEMA

ALTERED = "UPDATE events SET body = CAST(CAST(body AS TEXT) || ' ' AS BLOB) WHERE position = {}"
"""A byte more, which changes nothing of what it says."""
FILES = ("tocsin.db", "keys.db", "access.db", "evidence.txt")


@pytest.fixture
def backup(embedded: Settings, tmp_path: Path) -> Path:
    """A backup of something of everything."""
    return back_up(embedded, tmp_path / "backup").target


def said(backup: Path, **changes: Any) -> None:
    """Have the manifest say something else."""
    file = backup / MANIFEST
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | changes))


def forged(backup: Path, *statements: str) -> None:
    """Change the log, as one who also knows how to write the manifest."""
    with closing(sqlite3.connect(backup / "tocsin.db", isolation_level=None)) as log:
        for (trigger,) in log.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'"):
            log.execute(f"DROP TRIGGER {trigger}")
        for statement in statements:
            log.execute(statement)
    files = json.loads((backup / MANIFEST).read_text("utf-8"))["files"]
    files["tocsin.db"] = vars(kept(backup / "tocsin.db"))
    said(backup, files=files)


@pytest.mark.parametrize("name", FILES)
def test_a_byte_that_changed_is_found_in_any_file(backup: Path, name: str) -> None:
    file = backup / name
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(BackupTrouble, match=f"{name} is not what it was"):
        check(backup)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_gone_or_cut_off_is_found(backup: Path, name: str) -> None:
    file = backup / name
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(BackupTrouble, match=f"{name} is not what it was"):
        check(backup)
    file.unlink()
    with pytest.raises(BackupTrouble, match=f"{name} is not there"):
        check(backup)


def test_a_backup_that_was_written_to_is_found(backup: Path) -> None:
    """Somebody started a service on it: what it holds is not only in its files any more."""
    (backup / "tocsin.db-wal").write_bytes(b"")
    with pytest.raises(BackupTrouble, match="was written to since"):
        check(backup)


def test_content_of_evidence_that_changed_is_found(backup: Path) -> None:
    (content,) = (backup / "evidence").glob("??/*")
    content.write_bytes(content.read_bytes() + b"\n")
    with pytest.raises(BackupTrouble, match=f"contents of evidence .*: {content.name}"):
        check(backup)
    content.unlink()
    with pytest.raises(BackupTrouble, match="Keep another backup"):
        check(backup)


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        (ALTERED.format(90), "signed"),
        ("DELETE FROM events WHERE position = 90", "no event at position 90"),
        ("DELETE FROM events WHERE position > 120", "There are 120 events, and 128"),
        ("DELETE FROM events WHERE position > 0", "There are 0 events, and 128"),
    ],
)
def test_who_forges_the_log_and_its_hash_is_found_by_the_tree(
    backup: Path, statement: str, says: str
) -> None:
    forged(backup, statement)
    with pytest.raises(BackupTrouble, match=says):
        check(backup)


def test_without_a_checkpoint_the_root_of_the_manifest_finds_it(backup: Path) -> None:
    said(backup, checkpoint=None)
    assert check(backup).agreeing == 0
    forged(backup, ALTERED.format(90))
    with pytest.raises(BackupTrouble, match="their tree has another root"):
        check(backup)


def held(settings: Settings, text: str) -> list[str]:
    """What a place outside holds after one more event."""
    append(settings, text)
    with closing(Log.open(settings, writer=True)) as log:
        signed = Notary(log, settings).make()
    return str(signed).splitlines(keepends=True)


def test_checkpoints_that_are_held_outside_are_compared(embedded: Settings, tmp_path: Path) -> None:
    """Those of then must agree; those of later events cannot, and are counted."""
    earlier = held(embedded, "Before")
    backup = back_up(embedded, tmp_path / "backup").target
    later = held(embedded, "After")
    found = check(backup, [*earlier, *later])
    assert (found.agreeing, found.later) == (2, 1)
    with closing(Log.open(embedded)) as log:
        assert check(backup, earlier, keys_ever(log)).agreeing == 2


def test_another_log_under_the_same_keys_is_found(embedded: Settings, tmp_path: Path) -> None:
    """A history that was written anew, and signed anew by whoever has the key."""
    honest = held(embedded, "What happened")
    with closing(sqlite3.connect(embedded.log_file, isolation_level=None)) as log:
        for trigger in ("events_update", "nodes_delete", "checkpoints_delete"):
            log.execute(f"DROP TRIGGER {trigger}")
        for table in ("nodes", "checkpoints"):
            log.execute(f"DELETE FROM {table}")
        log.execute(ALTERED.format(129))
        log.execute("UPDATE head SET tree_size = 0, frontier = x''")
    forged_anew = held(embedded, "And on it goes")
    backup = back_up(embedded, tmp_path / "backup").target
    assert check(backup, forged_anew).agreeing == 2
    with pytest.raises(BackupTrouble, match="not the log that was signed: of its first 129 events"):
        check(backup, honest)


def test_checkpoints_of_somebody_else_are_none(embedded: Settings, tmp_path: Path) -> None:
    backup = back_up(embedded, tmp_path / "backup").target
    other = Settings(home=tmp_path / "other", vault=False)
    strange = held(other, "Another log")
    with pytest.raises(BackupTrouble, match="Checkpoint 1 of those held"):
        check(backup, strange)
    with pytest.raises(BackupTrouble, match="This is no checkpoint"):
        check(backup, ["nothing\n", "of the kind\n"])
    ring = keyring(other)
    assert ring is not None
    ours = held(embedded, "Ours")
    fresh = back_up(embedded, tmp_path / "fresh").target
    with pytest.raises(BackupTrouble, match="Checkpoint 1 of those held"):
        check(fresh, ours, ring.vkeys)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"format": FORMAT + 1}, f"of format {FORMAT + 1}; this version knows up to {FORMAT}"),
        ({"schema": SCHEMA + 1}, f"has schema {SCHEMA + 1}; this version knows up to {SCHEMA}"),
        ({"files": {"../tocsin.db": {"bytes": 1, "sha256": ""}}}, "manifest.json is damaged"),
        ({"files": {}}, "holds no log"),
        ({"evidence": None}, "manifest.json is damaged"),
        ({"made_at": "noon"}, "manifest.json is damaged"),
        ({"checkpoint": "nothing"}, "This is no checkpoint"),
    ],
)
def test_a_manifest_of_another_kind_is_refused(
    backup: Path, change: dict[str, Any], says: str
) -> None:
    said(backup, **change)
    with pytest.raises(BackupTrouble, match=says):
        check(backup)


def test_a_list_of_evidence_that_names_a_path_is_refused(backup: Path) -> None:
    """Nothing that a backup says leads out of it."""
    listed = backup / "evidence.txt"
    listed.write_text("../../etc/passwd\n")
    files = json.loads((backup / MANIFEST).read_text("utf-8"))["files"]
    said(backup, files=files | {"evidence.txt": vars(kept(listed))})
    with pytest.raises(BackupTrouble, match="which is no hash"):
        check(backup)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda file: file.write_text("{"), "is damaged"),
        (lambda file: file.unlink(), "is no backup, or not a whole one"),
    ],
)
def test_without_a_manifest_it_is_none(
    backup: Path, spoil: Callable[[Path], object], says: str
) -> None:
    spoil(backup / MANIFEST)
    with pytest.raises(BackupTrouble, match=says):
        check(backup)
    with pytest.raises(BackupTrouble, match="is a file"):
        check(backup / "tocsin.db")


def test_reading_it_can_be_interrupted(backup: Path) -> None:
    with pytest.raises(Interrupted):
        check(backup, stop=lambda: True)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("schema", None),
        ("position", "many"),
        ("checkpoint", 1),
        ("files", []),
        ("counts", "some"),
        ("evidence", []),
        ("root", None),
    ],
)
def test_a_manifest_that_says_what_it_cannot_mean_is_damaged(
    tmp_path: Path, field: str, value: object
) -> None:
    file = tmp_path / MANIFEST
    sound = {
        "version": "1", "made_at": "2026-03-01T00:00:00+00:00", "store": "sqlite", "schema": 1,
        "position": 0, "reference": 0, "root": "", "checkpoint": None, "counts": {}, "files": {},
        "evidence": {"copied": False, "named": 0, "lacking": []}, "personal": {}, "format": 1,
    }  # fmt: skip
    file.write_text(json.dumps(sound))
    assert read_manifest(tmp_path).position == 0

    file.write_text(json.dumps({**sound, field: value}))
    with pytest.raises(BackupTrouble, match="is damaged"):
        read_manifest(tmp_path)


def test_a_manifest_without_a_bottom_is_damaged(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text("[" * 100_000)
    with pytest.raises(BackupTrouble, match="is damaged"):
        read_manifest(tmp_path)
