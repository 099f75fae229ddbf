"""Is content kept as it was, for nobody else to read, and does every change to it show?"""

import os
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trials
from hypothesis import strategies as st

from tests.store.seals import Ring
from tocsin.domain.evidence.values import Condition
from tocsin.evidence import NotReadable, Storage, StorageUnavailable, Stored
from tocsin.evidence.chunks import CHUNK
from tocsin.evidence.places import Remote
from tocsin.settings import Settings
from tocsin.store.sealing import VEIL, Seals

INCIDENT = UUID("6d1f6d63-6c9a-4b0e-9f0a-3c1f5a3f7b11")
OTHER = UUID("6d1f6d63-6c9a-4b0e-9f0a-3c1f5a3f7b12")
SIZES = [1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 17]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def ring() -> Ring:
    return Ring()


@pytest.fixture(params=["folder", "file", "memory"])
def storage(request: pytest.FixtureRequest, settings: Settings, ring: Ring) -> Storage:
    """Each place that content can lie in."""
    urls = {
        "folder": "",
        "file": f"file://{settings.home}/far",
        "memory": f"memory://{settings.home}",
    }
    return Storage.open(replace(settings, evidence_url=urls[request.param]), ring)


@pytest.fixture
def folder(settings: Settings, ring: Ring) -> Storage:
    return Storage.open(settings, ring)


def kept(storage: Storage, *parts: bytes, incident: UUID = INCIDENT) -> Stored:
    incoming = storage.incoming(incident)
    for part in parts:
        incoming.write(part)
    return incoming.finish()


def content(storage: Storage, name: str) -> bytes:
    with storage.content(name) as found:
        return b"".join(found.chunks)


def file_of(settings: Settings, stored: Stored) -> Path:
    return settings.home / "evidence" / stored.sha256[:2] / stored.sha256


@pytest.mark.parametrize("size", SIZES)
def test_content_comes_back_as_it_was(storage: Storage, size: int) -> None:
    given_ = os.urandom(size)
    stored = kept(storage, given_[:10], given_[10:])
    assert content(storage, stored.sha256) == given_
    assert stored.size == size
    assert stored.content_sha256 == sha256(given_).hexdigest()
    assert storage.condition(stored.sha256) is Condition.INTACT


def test_what_is_stored_lies_under_its_own_hash(settings: Settings, folder: Storage) -> None:
    stored = kept(folder, b"secret-4711")
    raw = file_of(settings, stored).read_bytes()
    assert sha256(raw).hexdigest() == stored.sha256
    assert len(raw) == stored.stored_size
    assert b"4711" not in raw


def test_with_the_vault_off_it_lies_there_in_clear(settings: Settings) -> None:
    storage = Storage.open(settings, VEIL)
    stored = kept(storage, b"plain-4711")
    assert b"4711" in file_of(settings, stored).read_bytes()
    assert stored.key is None
    assert content(storage, stored.sha256) == b"plain-4711"


def test_what_was_sealed_opens_when_the_vault_is_turned_off(
    settings: Settings, folder: Storage, ring: Ring
) -> None:
    stored = kept(folder, b"secret")
    ring.sealing = False
    assert content(Storage.open(settings, ring), stored.sha256) == b"secret"


def test_nobody_else_on_the_machine_reads_it(settings: Settings, folder: Storage) -> None:
    file = file_of(settings, kept(folder, b"secret"))
    assert file.stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0


def test_the_same_content_is_stored_twice_and_goes_one_at_a_time(storage: Storage) -> None:
    """Two pieces can be forgotten apart; nobody sees that they are the same."""
    first, second = kept(storage, b"same"), kept(storage, b"same", incident=OTHER)
    assert first.sha256 != second.sha256
    assert storage.remove(first.sha256)
    assert not storage.remove(first.sha256)
    assert content(storage, second.sha256) == b"same"
    assert storage.condition(first.sha256) is Condition.MISSING


def test_who_forgets_the_incident_forgets_its_content(storage: Storage, ring: Ring) -> None:
    mine, other = kept(storage, b"mine"), kept(storage, b"other", incident=OTHER)
    assert mine.key == ring.subjects[f"case {INCIDENT}"]
    ring.forget(f"case {INCIDENT}")
    assert storage.condition(mine.sha256) is Condition.FORGOTTEN
    with pytest.raises(NotReadable, match="forgotten"):
        content(storage, mine.sha256)
    assert content(storage, other.sha256) == b"other"


def swapped(raw: bytes, size: int) -> bytes:
    head = raw.index(b"\n") + 1
    first, second = raw[head : head + size], raw[head + size : head + 2 * size]
    return raw[:head] + second + first + raw[head + 2 * size :]


CHUNK_AS_STORED = CHUNK + 16
DAMAGES: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("cut off behind a chunk", lambda raw: raw[: raw.index(b"\n") + 1 + 2 * CHUNK_AS_STORED]),
    ("without its first chunk", lambda raw: swapped(raw, CHUNK_AS_STORED)[CHUNK_AS_STORED:]),
    ("swapped chunks", lambda raw: swapped(raw, CHUNK_AS_STORED)),
    ("longer", lambda raw: raw + b"x"),
    ("one bit", lambda raw: raw[:-1] + bytes([raw[-1] ^ 1])),
    ("no header", lambda raw: raw[raw.index(b"\n") + 1 :]),
    ("another header", lambda raw: raw.replace(b'"tocsin-evidence":1', b'"tocsin-evidence":2')),
    ("only the header", lambda raw: raw[: raw.index(b"\n") + 1]),
    ("nothing", lambda raw: b""),
]


@pytest.mark.parametrize(("what", "damage"), DAMAGES, ids=[what for what, _ in DAMAGES])
def test_damage_shows_even_to_who_made_the_name_fit(
    settings: Settings, folder: Storage, what: str, damage: Callable[[bytes], bytes]
) -> None:
    """Under its old name the hash shows it, and under a new one the seal."""
    stored = kept(folder, os.urandom(3 * CHUNK))
    raw = damage(file_of(settings, stored).read_bytes())
    file_of(settings, stored).write_bytes(raw)
    assert folder.condition(stored.sha256) is Condition.ALTERED
    name = sha256(raw).hexdigest()
    place = settings.home / "evidence" / name[:2] / name
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(raw)
    assert folder.condition(name) is Condition.ALTERED


def test_content_of_another_incident_does_not_open_as_this_one(
    settings: Settings, folder: Storage
) -> None:
    """A header that was put before the chunks of another content gives it away."""
    first, second = kept(folder, b"first"), kept(folder, b"other", incident=OTHER)
    heads = [file_of(settings, each).read_bytes().partition(b"\n") for each in (first, second)]
    raw = heads[0][0] + b"\n" + heads[1][2]
    name = sha256(raw).hexdigest()
    place = settings.home / "evidence" / name[:2] / name
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(raw)
    assert folder.condition(name) is Condition.ALTERED


@trials(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_damaged_byte_opens(settings: Settings, folder: Storage, data: st.DataObject) -> None:
    stored = kept(folder, b"0123456789" * 30)
    raw = bytearray(file_of(settings, stored).read_bytes())
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    name = sha256(raw).hexdigest()
    file = settings.home / "evidence" / name[:2] / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(raw)
    assert folder.condition(name) in (Condition.ALTERED, Condition.FORGOTTEN)
    folder.remove(name)


def test_what_changes_while_it_is_read_ends_the_reading(
    settings: Settings, folder: Storage
) -> None:
    stored = kept(folder, os.urandom(3 * CHUNK))
    with folder.content(stored.sha256) as found:
        next(found.chunks)
        os.truncate(file_of(settings, stored), 2 * CHUNK)
        with pytest.raises(NotReadable, match="altered"):
            list(found.chunks)


def test_what_is_abandoned_leaves_nothing(storage: Storage) -> None:
    incoming = storage.incoming(INCIDENT)
    incoming.write(b"half of it")
    assert [each.name for each in storage.found()] == [incoming.path.name]
    incoming.abandon()
    assert list(storage.found()) == []


def test_what_grows_and_what_is_whole_is_found_with_its_age(storage: Storage) -> None:
    stored, growing = kept(storage, b"whole"), storage.incoming(INCIDENT)
    found = {each.name: each.seconds for each in storage.found()}
    assert found.keys() == {stored.sha256, growing.path.name}
    assert all(-5 < seconds < 60 for seconds in found.values())
    for name in found:
        storage.clear(name)
    assert list(storage.found()) == []
    growing.abandon()


def test_nothing_is_made_before_there_is_evidence(settings: Settings, folder: Storage) -> None:
    assert list(folder.found()) == []
    assert not settings.home.exists()


def test_a_name_that_is_no_hash_leads_nowhere(storage: Storage) -> None:
    for name in ("../../etc/passwd", "A" * 64, ""):
        with pytest.raises(AssertionError):
            storage.remove(name)


def test_a_full_disk_is_said_and_leaves_nothing(
    folder: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    incoming = folder.incoming(INCIDENT)
    incoming.write(b"some")
    monkeypatch.setattr(os, "fsync", _full)
    with pytest.raises(StorageUnavailable, match="No space"):
        incoming.finish()
    monkeypatch.undo()
    assert list(folder.found()) == []


def _full(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_place_that_cannot_be_used_is_said(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    there = replace(settings, evidence_folder=tmp_path / "file" / "x")
    with pytest.raises(StorageUnavailable, match="Nothing can be written"):
        Storage.open(there, VEIL).incoming(INCIDENT)
    with pytest.raises(StorageUnavailable, match="TOCSIN_EVIDENCE_URL"):
        Storage.open(replace(settings, evidence_url="nowhere://x"), VEIL)


class _Broken:
    """A service that answers with an error of its own kind."""

    def __getattr__(self, name: str) -> Callable[..., object]:
        def fail(*_: object, **__: object) -> object:
            raise RuntimeError("503 Slow Down")

        return fail


def test_trouble_of_a_service_far_away_is_said(settings: Settings, tmp_path: Path) -> None:
    place = Remote(f"memory://{tmp_path}", tmp_path / "incoming")
    seals: Seals = VEIL
    storage = Storage(place, seals)
    stored = kept(storage, b"content")
    place._files = _Broken()
    with pytest.raises(StorageUnavailable, match="Slow Down"):
        storage.condition(stored.sha256)
    with pytest.raises(StorageUnavailable, match="Slow Down"):
        storage.remove(stored.sha256)
    with pytest.raises(StorageUnavailable, match="Slow Down"):
        list(storage.found())
    with pytest.raises(StorageUnavailable, match="Slow Down"):
        kept(storage, b"more")
    assert list((tmp_path / "incoming").iterdir()) == [], "nothing of it stays here"


def test_what_arrives_only_in_part_is_not_taken_for_the_whole(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Remote(f"memory://{tmp_path}", tmp_path / "incoming")
    monkeypatch.setattr(place._files, "info", lambda _: {"size": 3}, raising=False)
    with pytest.raises(StorageUnavailable, match="3 of"):
        kept(Storage(place, VEIL), b"content")
