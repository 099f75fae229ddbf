"""A file outside that holds checkpoints: gone on with after accidents, compared with the log."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.ledger.kit import forged, grow, keeping, key_of, notes, signed, until
from tests.store.conftest import Store
from tocsin.ledger.held import INTERRUPTED, HeldFile, examine
from tocsin.ledger.keeper import Keeper
from tocsin.ledger.notary import Contradicted, keys_ever
from tocsin.ledger.outside import Unanswered
from tocsin.ledger.vkeys import Skey


def test_a_file_that_a_power_cut_left_half_written_is_gone_on_with(
    sqlite_store: Store, tmp_path: Path
) -> None:
    log, settings, path = sqlite_store.open(), sqlite_store.settings, tmp_path / "held"
    for _ in range(3):
        grow(log, 1)
        signed(log, settings)
    whole = [each.note for each in log.checkpoints()]
    path.write_text(whole[0] + whole[1][:40])
    taken = HeldFile(path, lambda: keys_ever(log)).publish(log, 1)
    assert taken is not None
    assert 3 == taken.size
    assert whole[0] + whole[1][:40] + INTERRUPTED + whole[1] + whole[2] == path.read_text()
    found = [*examine(log, path.read_text().splitlines(keepends=True), keys_ever(log))]
    assert [True, False, True, True] == [each.holds for each in found]


def test_a_long_file_is_compared_at_its_end(sqlite_store: Store, tmp_path: Path) -> None:
    log, settings, path = sqlite_store.open(), sqlite_store.settings, tmp_path / "held"
    grow(log, 1)
    first = str(signed(log, settings))
    grow(log, 1)
    last = str(signed(log, settings))
    path.write_text(first * 600 + last)
    assert path.stat().st_size > 65_536
    grow(log, 1)
    third = str(signed(log, settings))
    held = HeldFile(path, lambda: keys_ever(log))
    taken = held.publish(log, 2)
    assert taken is not None
    assert path.read_text() == first * 600 + last + third
    assert held.publish(log, 3) is None


@pytest.mark.parametrize(
    ("size", "why"), [(2, "first 2 events"), (9, "has 3 events, and 9 were signed")]
)
def test_a_file_that_the_log_contradicts_stops_the_signing(
    sqlite_store: Store,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    size: int,
    why: str,
) -> None:
    log, path = sqlite_store.open(), tmp_path / "held"
    settings = replace(sqlite_store.settings, checkpoint_file=path, checkpoint_seconds=0.02)
    grow(log, 1)
    signed(log, settings)
    grow(log, 2)
    before = forged(key_of(settings), size, bytes(32))
    path.write_text(before)
    with keeping(log, settings) as keeper:
        until(lambda: bool(keeper.alarm))
        grow(log, 1)
        with pytest.raises(Contradicted, match=why):
            keeper.make()
        assert 1.0 == {name: value for name, _, _, value in keeper.readings()}["ledger_alarm"]
    assert [1] == [each.size for each in log.checkpoints()]
    assert before == path.read_text(), "and nothing is appended"
    assert "No checkpoint is signed any more" in caplog.text


def test_a_stranger_who_writes_into_the_file_stops_nothing(
    sqlite_store: Store, tmp_path: Path
) -> None:
    log, path = sqlite_store.open(), tmp_path / "held"
    settings = replace(sqlite_store.settings, checkpoint_file=path)
    grow(log, 1)
    signed(log, settings)
    name = key_of(settings).vkey.name
    path.write_text(forged(Skey.new(name), 9, bytes(32)))
    keeper = Keeper(log, settings)
    grow(log, 1)
    assert keeper.once() is not None
    assert [9, 1, 2] == [each.checkpoint.size for each in notes(path)]


def test_a_file_that_has_gone_is_not_begun_again_by_itself(
    sqlite_store: Store, tmp_path: Path
) -> None:
    """Where nothing is mounted, a file on the machine's own disk would be no place outside."""
    log, path = sqlite_store.open(), tmp_path / "held"
    settings = replace(sqlite_store.settings, checkpoint_file=path)
    grow(log, 1)
    Keeper(log, settings).once()
    path.unlink()
    keeper = Keeper(log, settings)
    grow(log, 1)
    assert keeper.once() is not None
    (courier,) = keeper.couriers
    assert "has gone: mount it again" in courier.says
    assert not path.exists()
    path.touch()
    with pytest.raises(Unanswered):
        HeldFile(tmp_path / "no" / "held", list).publish(log, 0)
    assert HeldFile(path, lambda: keys_ever(log)).publish(log, 1) is not None
    assert [1, 2] == [each.checkpoint.size for each in notes(path)]
