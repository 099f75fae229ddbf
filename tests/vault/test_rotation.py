"""New locks and new master keys: whatever interrupts the change, everything opens."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.vault.conftest import Place
from tests.vault.kit import opens, sealed, stream
from tocsin.vault import VaultTrouble, VaultUnavailable
from tocsin.vault import rotation as module
from tocsin.vault.keeping import counts, locks, standing
from tocsin.vault.masters import new_key, read, write, written
from tocsin.vault.rotation import change_master, rotate


class Interrupted(Exception):
    """Somebody pulled the plug."""


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGE", 10)


def filled(place: Place, count: int = 35) -> dict[str, bytes]:
    """People and cases, and what was sealed with their keys."""
    vault = place.open()
    keys = [vault.person(f"Person {n}") for n in range(count)] + [vault.case(stream())]
    return {subject: sealed(key) for subject, key in keys}


def all_open(place: Place, boxes: dict[str, bytes]) -> bool:
    vault = place.open(writer=False)
    return all(opens(vault, subject, box) for subject, box in boxes.items())


def test_every_key_comes_under_the_new_lock_and_the_old_one_goes(place: Place) -> None:
    boxes = filled(place)
    seen: list[tuple[int, int]] = []
    with closing(place.behind().tables) as _, standing(place.settings) as vault:
        total = sum(each.keys for each in locks(vault))
        done = rotate(vault, lambda done, total: seen.append((done, total)))
        assert (2, total, False) == (done.lock, done.keys, done.continued)
        first, second = locks(vault)
        assert (0, total) == (first.keys, second.keys)
        assert first.retired_at is not None
        row = vault.tables.locks.c.wrapped
        with vault.tables.reading() as connection:
            assert [None] == list(
                connection.exec_driver_sql(
                    f"SELECT {row.name} FROM {vault.tables.locks} WHERE number = 1"
                ).scalars()
            )
    assert seen[0] == (0, total)
    assert seen[-1] == (total, total)
    assert len(seen) > 4
    assert all_open(place, boxes)


def test_a_rotation_that_was_interrupted_goes_on_where_it_was(place: Place) -> None:
    boxes = filled(place)

    def stop(done: int, total: int) -> None:
        if done >= 20:
            raise Interrupted

    with standing(place.settings) as vault, pytest.raises(Interrupted):
        rotate(vault, stop)
    assert all_open(place, boxes)
    with standing(place.settings) as vault:
        waiting = counts(vault).waiting
        assert waiting > 0
        done = rotate(vault)
        assert (2, waiting, True) == (done.lock, done.keys, done.continued)
        assert counts(vault).waiting == 0
    assert all_open(place, boxes)


def test_what_is_made_meanwhile_comes_under_the_new_lock(place: Place) -> None:
    """The service runs on, with the old lock in its memory."""
    boxes, running = filled(place), place.open()
    with standing(place.settings) as vault:

        def work(done: int, total: int) -> None:
            subject, key = running.person(f"Newcomer {done}")
            boxes[subject] = sealed(key)

        rotate(vault, work)
        assert [0] == [each.keys for each in locks(vault) if each.retired_at]
    assert all_open(place, boxes)
    running._clear()
    assert all(opens(running, subject, box) for subject, box in boxes.items())
    assert running.person("person 1")[0] in boxes


def test_a_new_master_key_stands_alone_in_its_file(place: Place) -> None:
    boxes = filled(place)
    (old,) = read(place.settings.vault_key_place)
    with standing(place.settings) as vault:
        change_master(vault, make=True)
    (new,) = read(place.settings.vault_key_place)
    assert new != old
    assert all_open(place, boxes)
    write(place.settings.vault_key_place, [old])
    with pytest.raises(VaultUnavailable, match="is locked with master key"):
        place.open()


@pytest.mark.parametrize("step", ["before", "after"])
def test_a_change_of_the_master_key_may_be_interrupted(
    place: Place, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    boxes = filled(place)

    def stop(*_: object) -> None:
        raise Interrupted

    with standing(place.settings) as vault:
        if step == "before":
            monkeypatch.setattr(module, "wrapped_by", stop)
        else:
            monkeypatch.setattr(vault.tables, "scrub", stop)
        with pytest.raises(Interrupted):
            change_master(vault, make=True)
    assert len(read(place.settings.vault_key_place)) == 2
    assert all_open(place, boxes)
    monkeypatch.undo()
    with standing(place.settings) as vault:
        change_master(vault, make=True)
    assert len(read(place.settings.vault_key_place)) == 1
    assert all_open(place, boxes)


def test_a_service_that_runs_finds_the_new_key_in_the_file(place: Place) -> None:
    filled(place)
    running = place.open()
    with standing(place.settings) as vault:
        change_master(vault, make=True)
        rotate(vault)
    subject, key = running.person("Newcomer")
    assert opens(place.open(), subject, sealed(key))


def test_the_master_key_can_move_into_the_environment(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    boxes, file = filled(place), place.settings.vault_key_place
    monkeypatch.setenv("THE_KEY", written(new_key()))
    place.settings = replace(place.settings, vault_key_env="THE_KEY")
    with standing(place.settings, f"file:{file}") as vault:
        change_master(vault, make=False)
    file.unlink()
    assert all_open(place, boxes)


def test_the_master_key_can_move_into_a_file(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("THE_KEY", written(new_key()))
    original = place.settings
    place.settings = replace(original, vault_key_env="THE_KEY")
    boxes = filled(place)
    place.settings = original
    with standing(place.settings, "env:THE_KEY") as vault:
        change_master(vault, make=False)
    monkeypatch.delenv("THE_KEY")
    assert place.settings.vault_key_place.exists()
    assert all_open(place, boxes)


def test_only_its_keeper_changes_a_key_that_is_in_no_file(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THE_KEY", written(new_key()))
    place.settings = replace(place.settings, vault_key_env="THE_KEY")
    filled(place, 1)
    with (
        standing(place.settings) as vault,
        pytest.raises(VaultTrouble, match="where the old one is with --master-from"),
    ):
        change_master(vault, make=True)


def test_there_is_nothing_to_rotate_before_there_is_a_vault(place: Place) -> None:
    with pytest.raises(VaultTrouble, match="There is no vault yet"), standing(place.settings):
        raise AssertionError("nothing stands here")
