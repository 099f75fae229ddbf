"""A backup of either store, restored to either, is the same installation."""

import shutil
import stat
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from tests.backup.kit import append, beside, everything
from tests.cli.running import answer
from tocsin.backup import back_up, check, read_manifest, restore
from tocsin.backup.manifest import DATABASES
from tocsin.evidence import Storage
from tocsin.settings import Settings
from tocsin.store.log import Log
from tocsin.store.sealing import VEIL


def test_everything_is_there_again(source: Settings, place: Settings, tmp_path: Path) -> None:
    """Bytes, answers, names, tree, checkpoints, keys and what was done to them, who read what."""
    before = everything(source)
    made = back_up(source, tmp_path / "backup")
    put = restore(place, tmp_path / "backup")
    assert everything(place) == before
    assert put.manifest == made.manifest == read_manifest(tmp_path / "backup")
    assert made.manifest.counts["events"] == made.manifest.position == len(before["bodies"])
    assert made.manifest.store == ("postgresql" if source.database else "sqlite")


def test_it_goes_on_where_the_backup_ended(
    source: Settings, there: Settings, tmp_path: Path
) -> None:
    """The next position and the next reference are those that the source would have given."""
    made = back_up(source, tmp_path / "backup", vault=tmp_path / "vault")
    restore(there, tmp_path / "backup", vault=tmp_path / "vault")
    assert append(there, "After") == made.manifest.position + 1
    with closing(Log.open(there, writer=True)) as log:
        assert log.next_reference() == f"INC{made.manifest.reference + 1:07d}"
        assert log.tree()[0] == made.manifest.position + 1


def test_with_the_vault_names_are_read_and_evidence_opens(
    source: Settings, there: Settings, tmp_path: Path
) -> None:
    """The copy of the vault is made after the log's, so it has all keys of it."""
    with closing(Log.open(source)) as log:
        before = log.page(0, 100_000)
    made = back_up(source, tmp_path / "backup", vault=tmp_path / "apart" / "vault")
    put = restore(there, tmp_path / "backup", vault=tmp_path / "apart" / "vault")
    assert put.subjects == made.subjects
    assert (put.subjects or 0) > 5
    assert put.evidence == made.manifest.evidence.named == 1
    with closing(Log.open(there)) as log:
        assert log.page(0, 100_000) == before
    where = ("--home", str(there.home), *(("--database", there.database) * bool(there.database)))
    said = answer(*where, "--json", "evidence", "verify")
    assert [each["condition"] for each in said.document["items"]] == ["intact"]


def test_a_backup_is_a_home_to_be_read(source: Settings, tmp_path: Path) -> None:
    """Whatever reads a log reads a backup as it lies there."""
    made = back_up(source, tmp_path / "backup")
    said = answer("--home", tmp_path / "backup", "--json", "verify", "--log-only").document
    assert (said["ok"], said["head"]) == (True, made.manifest.position)
    assert said["tree"]["root"] == made.manifest.root
    assert check(tmp_path / "backup").agreeing == 1, "and it is what it was still"


def test_only_its_owner_reads_it(source: Settings, tmp_path: Path) -> None:
    back_up(source, tmp_path / "backup")
    home = beside(source, tmp_path / "new")
    restore(home, tmp_path / "backup")
    for folder in (tmp_path / "backup", home.home):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    found = [each for each in (tmp_path / "backup").rglob("*") if each.is_file()]
    found += [home.home / name for name in DATABASES]
    assert {stat.S_IMODE(each.stat().st_mode) for each in found} == {0o600}
    assert len(found) == 9


def test_a_log_that_keeps_no_tree_has_a_root_all_the_same(
    embedded: Settings, tmp_path: Path
) -> None:
    """Whoever switched the ledger off is told by the backup whether an event was changed."""
    bare = Settings(home=embedded.home, ledger=False)
    with closing(Log.open(bare)) as log:
        size = log.tree()[0]
    assert append(bare, "Without a tree") == size + 1
    made = back_up(bare, tmp_path / "backup")
    with closing(Log.open(bare)) as log:
        assert log.tree()[0] == size
    assert made.manifest.position == size + 1
    assert check(tmp_path / "backup").manifest.root == made.manifest.root


def test_evidence_at_a_service_is_named_and_copied_when_asked(
    embedded: Settings, tmp_path: Path
) -> None:
    """A bucket has copies of its own, as a rule; who wants another says so."""
    far = replace(embedded, evidence_url=f"memory://{tmp_path}/bucket")
    (content,) = embedded.evidence_place.glob("??/*")
    spooled = tmp_path / "spooled"
    shutil.copy(content, spooled)
    Storage.open(far, VEIL).place.keep(spooled, content.name)
    named = back_up(far, tmp_path / "named").manifest.evidence
    assert (named.copied, named.named) == (False, 1)
    made = back_up(far, tmp_path / "copied", content=True).manifest.evidence
    assert (made.copied, made.lacking) == (True, ())
    home = replace(beside(far, tmp_path / "new"), evidence_url=f"memory://{tmp_path}/other")
    assert restore(home, tmp_path / "copied").evidence == 1
    with Storage.open(home, VEIL).place.reading(content.name) as file:
        assert file.read() == content.read_bytes()
