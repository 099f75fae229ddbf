"""A file is there whole, or not at all."""

import stat
from pathlib import Path

import pytest

from tocsin.exports.file import CannotWrite, whole


def test_a_file_appears_when_it_is_whole_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "out"
    with whole(file, force=False) as out:
        out.write("half")
        assert not file.exists()
        out.write(" and half: ä")
    assert file.read_text("utf-8") == "half and half: ä"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_what_fails_leaves_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / "out"
    file.write_text("old")
    with pytest.raises(ZeroDivisionError), whole(file, force=True) as out:
        out.write(f"new {1 / 0}")
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_nothing_is_written_over_unless_it_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "out"
    file.write_text("old")
    with pytest.raises(CannotWrite, match="--force replaces it"), whole(file, force=False):
        raise AssertionError("it began")
    with whole(file, force=True) as out:
        out.write("new")
    assert file.read_text() == "new"


def test_a_file_that_came_meanwhile_stays(tmp_path: Path) -> None:
    file = tmp_path / "out"
    with pytest.raises(CannotWrite, match="there already"), whole(file, force=False):
        file.write_text("theirs")
    assert file.read_text() == "theirs"
    assert list(tmp_path.iterdir()) == [file]


def test_two_do_not_write_one_file(tmp_path: Path) -> None:
    file = tmp_path / "out"
    with whole(file, force=False) as out:
        out.write("first")
        with pytest.raises(CannotWrite, match="Another export"), whole(file, force=False):
            raise AssertionError("it began")
    assert file.read_text() == "first"


def test_what_a_killed_run_left_is_written_over(tmp_path: Path) -> None:
    file = tmp_path / "out"
    (tmp_path / ".out.part").write_text("a long rest of something that was killed")
    with whole(file, force=False) as out:
        out.write("new")
    assert file.read_text() == "new"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("name", [".", "nowhere/out"])
def test_a_place_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(CannotWrite, match="folder"), whole(tmp_path / name, force=False):
        raise AssertionError("it began")
