"""Is it the log that the lake was written from? If it is not, the lake is left as it is."""

import threading
from contextlib import closing
from pathlib import Path

import pytest

from tests.lake import kit
from tests.readmodels.streams import plausible
from tests.whatif.kit import STRICTER
from tocsin.domain.kernel import replace
from tocsin.lake.segments import LakeRefused
from tocsin.lake.verifying import verify
from tocsin.lake.writer import Writer
from tocsin.settings import Settings
from tocsin.store.log import Log


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A log that can be told again byte for byte: nothing in it is sealed."""
    settings = Settings(home=tmp_path / "home", vault=False)
    return kit.recorded(settings, document=STRICTER)


def test_the_lake_of_another_log_is_refused(settings: Settings, tmp_path: Path) -> None:
    kit.lake(settings)
    other = kit.recorded(Settings(home=tmp_path / "other"), incidents=5, seed=77)
    with pytest.raises(LakeRefused, match=r"of another log than this.*remove that folder"):
        kit.caught_up(replace(other, lake_folder=settings.lake_place))


def test_a_log_that_was_restored_from_a_backup_begins_another_lake(
    settings: Settings, tmp_path: Path
) -> None:
    """Its first events are the same, but something else happened since."""
    history = plausible(40, seed=3, interleaved=12)
    restored = Settings(home=tmp_path / "restored", lake_folder=settings.lake_place, vault=False)
    kit.lake(settings)
    with closing(Log.open(restored, writer=True)) as log:
        kit.grow(log, history[:100])
        with pytest.raises(LakeRefused, match="had another event at position"):
            Writer(log, restored).catch_up(threading.Event())
        kit.grow(log, [replace(each, actor="somebody else") for each in history[100:]])
        with pytest.raises(LakeRefused, match="set TOCSIN_LAKE_FOLDER to an empty folder"):
            Writer(log, restored).catch_up(threading.Event())


def test_a_log_that_becomes_shorter_under_the_writer_is_refused(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    with closing(Log.open(settings, writer=True)) as log:
        kit.grow(log, plausible(6, seed=2)[:50])
        writer = Writer(log, settings)
        assert writer.catch_up(threading.Event())
        with pytest.raises(LakeRefused, match="The log ends at position 49, before"):
            writer._step(threading.Event(), 49)


def test_a_tail_that_is_not_of_this_log_is_written_anew(tmp_path: Path) -> None:
    """What is sealed is the same in both: only the end of the log was lost."""
    settings = Settings(home=tmp_path / "home", vault=False)
    history = plausible(20, seed=2)
    with closing(Log.open(settings, writer=True)) as log:
        kit.grow(log, history[:100])
        segments = kit.lake(settings)
    restored = Settings(home=tmp_path / "restored", lake_folder=settings.lake_place, vault=False)
    with closing(Log.open(restored, writer=True)) as log:
        kit.grow(log, history[:80])
        kit.grow(log, [replace(each, actor="somebody else") for each in history[80:90]])
    assert segments.position == 100
    kit.caught_up(restored)
    assert segments.position == 90
    assert verify(segments).faults == []
    assert kit.held(segments) == kit.held(kit.lake(kit.beside(restored, "anew")))


def test_a_lake_of_another_version_lies_beside(settings: Settings) -> None:
    other = settings.lake_place / "v0" / "lake.json"
    other.parent.mkdir(parents=True)
    other.write_text("{}")
    kit.caught_up(settings)
    assert other.read_text() == "{}"


@pytest.mark.parametrize("said", ["{", "{}", '{"format": 2, "segment": 64, "log": "x"}'])
def test_a_lake_that_nobody_knows_is_refused(settings: Settings, said: str) -> None:
    segments = kit.planted(settings)
    (segments.folder / "lake.json").write_text(said)
    with pytest.raises(LakeRefused, match="not of a lake that this version of Tocsin knows"):
        kit.caught_up(settings)


def test_an_empty_log_has_no_lake_until_something_happens(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    with closing(Log.open(settings, writer=True)) as log:
        writer = Writer(log, settings)
        assert writer.catch_up(threading.Event())
        assert writer.segments.identity() is None
        kit.grow(log, plausible(2, seed=1)[:3])
        assert writer.catch_up(threading.Event())
    assert writer.segments.position == 3
