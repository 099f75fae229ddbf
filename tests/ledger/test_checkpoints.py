"""Checkpoints: signed of a log that only grows, and compared with what others hold."""

import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from time import sleep

import pytest

from tests.ledger.kit import NOW, SOON, forged, grow, keeping, key_of, notes, signed, until
from tests.store.conftest import Store
from tocsin.ledger.checkpoints import Signed
from tocsin.ledger.courier import Courier
from tocsin.ledger.held import examine
from tocsin.ledger.keeper import Keeper
from tocsin.ledger.keys import LedgerRefused
from tocsin.ledger.notary import Contradicted, Notary, keys_ever
from tocsin.ledger.vkeys import Skey
from tocsin.settings import Settings
from tocsin.store.entries import StoreUnavailable
from tocsin.store.log import Log


def test_a_checkpoint_says_the_size_and_the_root_of_the_log(store: Store) -> None:
    log = store.open()
    grow(log, 5)
    made = signed(log, store.settings)
    assert (5, log.tree_root()) == (made.checkpoint.size, made.checkpoint.root)
    kept = log.latest_checkpoint()
    assert kept is not None
    assert str(made) == kept.note
    assert made == Signed.trusted(kept.note, keys_ever(log))


def test_a_log_that_has_not_grown_is_not_signed_again(store: Store) -> None:
    log = store.open()
    notary = Notary(log, store.settings)
    notary.begin()
    assert notary.make() is None, "there is nothing to say of an empty log"
    grow(log, 1)
    assert notary.make() is not None
    assert notary.make() is None
    assert 1 == len(log.checkpoints())


def test_a_log_that_is_not_what_was_signed_is_signed_no_more(sqlite_store: Store) -> None:
    log, settings = sqlite_store.open(), sqlite_store.settings
    grow(log, 5)
    signed(log, settings)
    skey = key_of(settings)
    log.add_checkpoint(6, forged(skey, 6, bytes(32)), NOW)
    grow(log, 1)
    with pytest.raises(Contradicted, match="first 6 events of the log are not those"):
        Notary(log, settings).make()
    log.add_checkpoint(9, forged(skey, 9, bytes(32)), NOW)
    with pytest.raises(Contradicted, match="has 6 events, and 9 were signed"):
        Notary(log, settings).make()
    assert [5, 6, 9] == [each.size for each in log.checkpoints()], "nothing was added"


def test_held_checkpoints_are_compared_one_by_one(store: Store) -> None:
    log, settings = store.open(), store.settings
    held = []
    for count in (1, 3, 20):
        grow(log, count)
        held.append(str(signed(log, settings)))
    skey = key_of(settings)
    held += [
        forged(skey, 4, bytes(32)),
        forged(skey, 25, bytes(32)),
        forged(Skey.new(skey.vkey.name), 24, log.tree_root(24)),
        "half a note\n",
    ]
    found = [*examine(log, "".join(held).splitlines(keepends=True), keys_ever(log))]
    assert [True, True, True, False, False, False, False] == [each.holds for each in found]
    assert [1, 4, 24, 4, 25, 24, None] == [each.size for each in found]
    said = " ".join(each.says for each in found)
    for reason in ("not those that were signed", "events are missing", "None of the keys"):
        assert reason in said


def test_an_old_backup_is_found_against_a_held_checkpoint(tmp_path: Path) -> None:
    """It agrees with itself in everything: only what others hold shows that it is old."""
    import shutil

    settings = Settings(home=tmp_path / "home")
    with closing(Log.open(settings, writer=True)) as log:
        grow(log, 10)
        signed(log, settings)
    shutil.copytree(settings.home, tmp_path / "backup")
    with closing(Log.open(settings, writer=True)) as log:
        grow(log, 10)
        held = str(signed(log, settings)).splitlines(keepends=True)
    restored = replace(settings, home=tmp_path / "backup")
    with closing(Log.open(restored, writer=True)) as log:
        assert Notary(log, restored).make() is None, "by itself it finds nothing wrong"
        (found,) = examine(log, held, keys_ever(log))
        assert "10 events, and 20 were signed" in found.says
        grow(log, 10, "others")
        (found,) = examine(log, held, keys_ever(log))
        assert "first 20 events of the log are not those" in found.says


def test_what_is_signed_is_appended_to_the_file_outside(store: Store, tmp_path: Path) -> None:
    log, held = store.open(), tmp_path / "held"
    settings = replace(store.settings, checkpoint_file=held, checkpoint_seconds=0.05)
    with keeping(log, settings):
        grow(log, 3)
        until(lambda: held.exists() and [3] == [each.checkpoint.size for each in notes(held)])
        grow(log, 2)
    assert [3, 5] == [each.checkpoint.size for each in notes(held)], "the last when it ended"
    kept = "".join(each.note for each in log.checkpoints())
    assert kept == held.read_text()
    assert [3, 5] == [each.size for each in log.attestations(kind="copy", place=str(held))]


def test_enough_events_are_signed_without_waiting(sqlite_store: Store) -> None:
    log = sqlite_store.open()
    settings = replace(sqlite_store.settings, checkpoint_events=10, checkpoint_seconds=0.2)
    patient = replace(settings, checkpoint_seconds=3_600.0)
    with keeping(log, patient):
        grow(log, 9)
        sleep(1.2)
        assert log.latest_checkpoint() is None
        grow(log, 1)
        until(lambda: log.latest_checkpoint() is not None)


def test_a_place_that_fails_is_asked_again_later_and_its_lateness_is_told(
    sqlite_store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log, path = sqlite_store.open(), tmp_path / "folder" / "held"
    settings = replace(sqlite_store.settings, checkpoint_file=path)
    keeper = Keeper(log, settings)
    grow(log, 1)
    keeper.once()
    (courier,) = keeper.couriers
    assert 1 == courier.failures, "and not at once a second time"
    readings = {name: value for name, _, _, value in keeper.readings()}
    assert readings["checkpoint_place_late_seconds"] > 0
    assert (1.0, 1.0) == (readings["checkpoint_place_failures"], readings["checkpoint_size"])
    assert "lacks checkpoints: " in caplog.text
    path.parent.mkdir()
    courier.stop()
    courier.start()
    courier.join(SOON)
    assert (0, 1) == (courier.failures, courier.known)
    assert [1] == [each.checkpoint.size for each in notes(path)]


def test_a_place_with_a_mistake_in_it_harms_nobody(
    sqlite_store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        name, kind, every_seconds = "broken", "copy", 0.0

        def publish(self, log: Log, known: int) -> None:
            raise ZeroDivisionError

    courier = Courier(Broken(), sqlite_store.open(), lambda error: None)
    assert not courier.step()
    assert "ZeroDivisionError" in courier.says
    assert "could not be handed over" in caplog.text


def test_trouble_with_the_store_or_the_key_is_told_once_and_got_over(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    log = sqlite_store.open()
    settings = replace(sqlite_store.settings, checkpoint_seconds=0.02)

    def gone(*_: object) -> bool:
        raise StoreUnavailable("it is away")

    with keeping(log, settings):
        with monkeypatch.context() as patched:
            patched.setattr(log, "add_checkpoint", gone)
            grow(log, 1)
            until(lambda: "it is away" in caplog.text)
            sleep(0.2)
            assert 1 == caplog.text.count("it is away")
        until(lambda: log.latest_checkpoint() is not None)
        secret = settings.ledger_key_place.read_text()
        settings.ledger_key_place.write_text("nonsense")
        grow(log, 1)
        until(lambda: "begins with PRIVATE" in caplog.text)
        settings.ledger_key_place.write_text(secret)
        until(lambda: 2 == len(log.checkpoints()))


def test_commands_do_not_wait_while_a_checkpoint_is_signed(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key management service may take seconds; the log goes on."""
    log = sqlite_store.open()
    keeper = Keeper(log, sqlite_store.settings)
    begun, go = threading.Event(), threading.Event()

    class Slow:
        origin, vkeys, source = keeper.notary.ring.origin, keeper.notary.ring.vkeys, "slow"

        def sign(self, text: str) -> str:
            begun.set()
            assert go.wait(SOON)
            return ring.sign(text)

    ring = keeper.notary.ring
    monkeypatch.setattr(keeper.notary, "_ring", Slow())
    grow(log, 1)
    thread = threading.Thread(target=keeper.make)
    thread.start()
    assert begun.wait(SOON)
    grow(log, 5)
    go.set()
    thread.join()
    assert [1] == [each.size for each in log.checkpoints()]
    assert 6 == log.head()


def test_a_place_that_cannot_be_used_is_refused_at_the_start(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, witnesses=("https://witness.example nonsense",))
    with (
        closing(Log.open(settings, writer=True)) as log,
        pytest.raises(LedgerRefused, match="TOCSIN_WITNESSES: A public key is written"),
    ):
        Keeper(log, settings)


def test_a_keeper_that_never_began_ends(sqlite_store: Store) -> None:
    keeper = Keeper(sqlite_store.open(), sqlite_store.settings)
    keeper.stop()
    assert [] == sqlite_store.opened[0].checkpoints()
