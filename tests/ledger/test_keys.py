"""The keys that sign: made once, kept to their owner, followed by others."""

import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from tests.ledger.kit import NOW, grow, key_of, signed
from tests.store.conftest import Store
from tocsin.ledger import keys
from tocsin.ledger.checkpoints import Signed
from tocsin.ledger.keys import LedgerRefused, keyring, new_keyring
from tocsin.ledger.notary import ADOPTED, Notary, attest, keys_ever
from tocsin.ledger.notes import verified
from tocsin.ledger.vkeys import COSIGNATURE, Skey
from tocsin.settings import Settings


@pytest.fixture
def here(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def test_the_first_key_is_made_for_its_owner_alone(here: Settings) -> None:
    ring = new_keyring(here)
    assert 0o600 == here.ledger_key_place.stat().st_mode & 0o777
    assert not keys.readable_by_others(here)
    assert ring.origin.startswith("tocsin.local/")
    assert len(ring.origin) == len("tocsin.local/") + 16
    assert [each.name for each in here.home.iterdir()] == ["ledger.key"]


def test_a_key_that_is_there_is_never_made_again(here: Settings) -> None:
    assert new_keyring(here).vkeys == new_keyring(here).vkeys


def test_the_origin_of_the_settings_is_the_name_of_the_first_key(here: Settings) -> None:
    assert "example.com/log" == new_keyring(replace(here, origin="example.com/log")).origin


def test_an_origin_that_no_key_can_have_is_refused(here: Settings) -> None:
    with pytest.raises(LedgerRefused, match="TOCSIN_ORIGIN cannot be"):
        new_keyring(replace(here, origin="a log"))


def test_an_origin_that_is_not_that_of_the_key_is_refused(here: Settings) -> None:
    new_keyring(here)
    with pytest.raises(LedgerRefused, match=r"TOCSIN_ORIGIN is example\.com/log"):
        keyring(replace(here, origin="example.com/log"))


def test_a_key_that_others_may_read_is_noticed(here: Settings) -> None:
    new_keyring(here)
    here.ledger_key_place.chmod(0o640)
    assert keys.readable_by_others(here)


def test_keys_come_from_an_environment_variable_too(here: Settings) -> None:
    one, two = Skey.new("log"), Skey.new("log")
    named = replace(here, ledger_key_env="SECRET")
    for text in (f"{one.line}\n# and\n{two.line}\n", f"{one.line},{two.line}"):
        found = keyring(named, {"SECRET": text})
        assert found is not None
        assert [one.vkey, two.vkey] == found.vkeys
    with pytest.raises(LedgerRefused, match="SECRET, which TOCSIN_LEDGER_KEY_ENV names, is not"):
        keyring(named, {"OTHER": ""})
    with pytest.raises(LedgerRefused, match="come from TOCSIN_LEDGER_KEY_ENV"):
        keys.rotate(named)


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([], "holds 0 keys"),
        (["nonsense"], "begins with PRIVATE"),
        ([Skey.new("a").line, Skey.new("b").line], "several logs"),
        ([Skey.new("a", COSIGNATURE).line], "a key of a witness"),
        ([Skey.new("a").line for _ in range(17)], "holds 17 keys"),
    ],
)
def test_a_file_that_holds_no_keys_of_one_log_is_refused(
    here: Settings, lines: list[str], why: str
) -> None:
    here.ledger_key_place.write_text("\n".join(lines))
    with pytest.raises(LedgerRefused, match=why):
        keyring(here)


def test_a_file_that_is_no_text_is_refused(here: Settings) -> None:
    here.ledger_key_place.write_bytes(b"\xff\xfe")
    with pytest.raises(LedgerRefused, match="cannot be read"):
        keyring(here)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module of the operator's, that signs with a key which never leaves it."""
    module = ModuleType("their_kms")
    skey = Skey.new("example.com/log")
    module.skey = skey  # type: ignore[attr-defined]
    module.key = lambda: SimpleNamespace(vkey=str(skey.vkey), sign=skey.sign)  # type: ignore[attr-defined]
    wrong = SimpleNamespace(vkey=str(skey.vkey), sign=Skey.new("other").sign)
    module.wrong = lambda: [wrong]  # type: ignore[attr-defined]
    module.nothing = lambda: None  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "their_kms", module)
    return module


def test_a_key_management_service_signs_by_a_function(here: Settings, service: ModuleType) -> None:
    ring = keyring(replace(here, ledger_signer="their_kms:key"))
    assert ring is not None
    note = Signed.read(ring.sign(f"{ring.origin}\n1\n{'A' * 43}=\n")).note
    assert [service.skey.vkey] == [each.vkey for each in verified(note, [service.skey.vkey])]


def test_what_a_service_signs_wrongly_is_not_kept(here: Settings, service: ModuleType) -> None:
    ring = keyring(replace(here, ledger_signer="their_kms:wrong"))
    assert ring is not None
    with pytest.raises(LedgerRefused, match="does not fit"):
        ring.sign("text\n")


@pytest.mark.parametrize("named", ["their_kms", "their_kms:nothing", "their_kms:none", "no.one:x"])
def test_a_function_that_gives_no_key_is_refused(
    here: Settings, service: ModuleType, named: str
) -> None:
    with pytest.raises(LedgerRefused, match="TOCSIN_LEDGER_SIGNER"):
        keyring(replace(here, ledger_signer=named))


def test_after_a_rotation_the_next_checkpoint_carries_both_lines(store: Store) -> None:
    log, settings = store.open(), store.settings
    notary = Notary(log, settings)
    notary.begin()
    grow(log, 1)
    first = notary.make()
    assert first is not None
    old = key_of(settings).vkey
    new = keys.rotate(settings)
    grow(log, 1)
    both = notary.make()
    assert both is not None
    assert {old, new} == {each.vkey for each in verified(both.note, [old, new])}
    keys.retire(settings, old.key_id.hex())
    grow(log, 1)
    last = notary.make()
    assert last is not None
    assert [new] == [each.vkey for each in verified(last.note, [old, new])]
    assert [old, new] == keys_ever(log), "who verifies an old checkpoint finds its key"


def test_the_last_key_cannot_be_retired(here: Settings) -> None:
    ring = new_keyring(here)
    with pytest.raises(LedgerRefused, match="the only key"):
        keys.retire(here, ring.vkeys[0].key_id.hex())
    with pytest.raises(LedgerRefused, match="has no key 00000000; it holds"):
        keys.retire(here, "00000000")


def test_there_is_no_rotation_without_a_key_and_none_without_end(here: Settings) -> None:
    with pytest.raises(LedgerRefused, match="cannot be read"):
        keys.rotate(here)
    new_keyring(here)
    for _ in range(15):
        keys.rotate(here)
    with pytest.raises(LedgerRefused, match="holds 16 keys already"):
        keys.rotate(here)


def test_another_servers_key_does_not_sign_this_log(store: Store, tmp_path: Path) -> None:
    """Two servers with one database and a key each would tell two stories."""
    log, settings = store.open(), store.settings
    grow(log, 1)
    signed(log, settings)
    elsewhere = replace(settings, home=tmp_path / "elsewhere")
    with pytest.raises(LedgerRefused, match="there is no key in"):
        Notary(log, elsewhere).begin()
    assert not elsewhere.ledger_key_place.exists(), "none is made by accident"
    new_keyring(elsewhere)
    with pytest.raises(LedgerRefused, match=r"was signed as tocsin\.local/.*`tocsin ledger adopt`"):
        Notary(log, elsewhere).begin()


def test_a_key_of_the_same_name_that_signed_nothing_is_another_servers(store: Store) -> None:
    log, settings = store.open(), store.settings
    grow(log, 1)
    origin = signed(log, settings).checkpoint.origin
    settings.ledger_key_place.write_text(Skey.new(origin).line)
    with pytest.raises(LedgerRefused, match="was signed as"):
        Notary(log, settings).begin()


def test_a_key_that_was_adopted_goes_on_and_everybody_sees_it(store: Store) -> None:
    log, settings = store.open(), store.settings
    grow(log, 2)
    old = signed(log, settings).checkpoint.origin
    ring = new_keyring(replace(settings, ledger_key=settings.home / "new.key"))
    lost = replace(settings, ledger_key=settings.home / "new.key")
    attest(log, ADOPTED, ring.vkeys[0], NOW, "the disk with the key has died")
    grow(log, 1)
    after = signed(log, lost)
    assert (ring.origin, 3) == (after.checkpoint.origin, after.checkpoint.size)
    assert [old, ring.origin] == [each.name for each in keys_ever(log)]
    (adopted,) = log.attestations(kind=ADOPTED)
    assert adopted.body.decode().endswith("\nthe disk with the key has died")
