"""A log and its vault belong together: the log is never written with another one unnoticed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from tests.store.samples import entry, noted
from tests.vault.conftest import Place
from tests.vault.test_backups import lose
from tocsin.settings import Settings
from tocsin.store.entries import Stored, StoreUnavailable
from tocsin.store.log import EVENTS_AT_ONCE, Log
from tocsin.vault import LOST
from tocsin.vault.backups import back_up, restore
from tocsin.vault.keeping import begin_anew, standing
from tocsin.vault.masters import new_key, write


@pytest.fixture(params=["sqlite", "postgres"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A log with its vault, on each of the stores."""
    settings = Settings(home=tmp_path)
    if request.param == "postgres":
        settings = replace(settings, database=request.getfixturevalue("postgres_url"))
    place = Place(settings)
    yield place
    for vault in place.vaults:
        vault.close()


def say(place: Place, text: str) -> None:
    """One more event, by Anna."""
    log = Log.open(place.settings, writer=True)
    assert isinstance(log.commit([entry(noted(text))])[0], Stored)
    log.close()


def said(place: Place) -> list[tuple[str, str]]:
    """Who said what, as a reader sees it."""
    log = Log.open(place.settings)
    events = log.page(0, 100)
    log.close()
    return [(each.actor, each.event.text) for each in events]


def test_the_log_is_sealed_and_opened_with_its_vault(home: Place) -> None:
    say(home, "the disk is full")
    log = Log.open(home.settings)
    ((_, body),) = log.raw_page(0, 10)
    assert not any(word in body for word in (b"anna", b"disk"))
    log.close()
    assert said(home) == [("anna", "the disk is full")]


def test_who_needs_no_names_needs_no_vault(home: Place) -> None:
    say(home, "the disk is full")
    lose(home)
    log = Log.open(home.settings, veiled=True)
    (event,) = log.page(0, 10)
    assert event.actor.startswith("person:")
    with pytest.raises(StoreUnavailable, match="without the keys"):
        log.vault.find("anna")
    log.close()


def test_a_writer_never_makes_a_second_vault_in_place_of_one_that_is_gone(home: Place) -> None:
    say(home, "the disk is full")
    lose(home)
    with pytest.raises(StoreUnavailable, match=r"their vault is gone .*tocsin vault begin-anew"):
        Log.open(home.settings, writer=True)
    assert not home.settings.vault_file.exists()


def test_a_reader_shows_that_the_keys_are_lost(home: Place) -> None:
    say(home, "the disk is full")
    lose(home)
    ((actor, text),) = said(home)
    assert actor.startswith("person:")
    assert text == LOST


def test_who_gives_up_what_is_lost_goes_on(home: Place) -> None:
    say(home, "the disk is full")
    lose(home)
    assert begin_anew(home.settings, head=1) == ""
    say(home, "the disk is empty")
    assert [LOST, "the disk is empty"] == [text for _, text in said(home)]


def test_a_log_that_was_never_sealed_gets_its_first_vault(home: Place) -> None:
    """It was written by an older version, or with the vault switched off."""
    sealing = home.settings
    home.settings = replace(sealing, vault=False)
    say(home, "the disk is full")
    home.settings = sealing
    say(home, "the disk is empty")
    assert ["the disk is full", "the disk is empty"] == [text for _, text in said(home)]


def test_an_old_copy_in_the_place_of_the_vault_is_noticed(home: Place, tmp_path: Path) -> None:
    """Else the keys that it lacks would be missed only when somebody looks for a text."""
    say(home, "one")
    copy = tmp_path / "old.backup"
    with standing(home.settings) as behind:
        back_up(behind, copy)
    say(home, "two")
    lose(home)
    restore(home.settings, copy)
    with pytest.raises(StoreUnavailable, match=r"lacks 1 of the keys .* an old copy"):
        Log.open(home.settings, writer=True)
    assert ["one", LOST] == [text for _, text in said(home)]
    assert begin_anew(home.settings, head=2) == ""
    say(home, "three")
    assert ["one", LOST, "three"] == [text for _, text in said(home)]


def test_a_vault_that_does_not_open_is_moved_aside_and_not_destroyed(home: Place) -> None:
    """Its master key may turn up again."""
    say(home, "one")
    write(home.settings.vault_key_place, [new_key()])
    with pytest.raises(StoreUnavailable, match="is locked with master key"):
        Log.open(home.settings)
    aside = begin_anew(home.settings, head=1)
    assert "lost_" in aside
    if not home.settings.database:
        assert Path(aside).exists()
    say(home, "two")
    assert [LOST, "two"] == [text for _, text in said(home)]


def test_nothing_is_moved_aside_for_a_key_that_is_none(home: Place) -> None:
    say(home, "one")
    home.settings.vault_key_place.write_text("hello")
    with pytest.raises(StoreUnavailable, match="holds no master key"):
        begin_anew(home.settings, head=1)
    assert home.there()


def test_the_last_sealed_event_is_found_behind_many_that_are_not(tmp_path: Path) -> None:
    place = Place(Settings(home=tmp_path))
    say(place, "sealed")
    place.settings = replace(place.settings, vault=False)
    log = Log.open(place.settings, writer=True)
    events = [noted("clear")] * (EVENTS_AT_ONCE + 5)
    assert isinstance(log.commit([entry(*events)])[0], Stored)
    found = log.last_sealed(0)
    assert len(found) == 2
    assert all(UUID(subject) for subject in found)
    assert log.last_sealed(1) == set()
    log.close()
