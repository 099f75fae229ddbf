"""API keys: made once, shown once, kept as digests, and never forgotten."""

import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, update

from tocsin.domain.clock.values import TIMEKEEPER
from tocsin.keys import Keys, KeysUnavailable, KeyTrouble, Scope, digest, new_token, well_formed
from tocsin.keys.tokens import ALPHABET, base62
from tocsin.settings import Settings

HOUR = timedelta(hours=1)


@pytest.fixture(params=["sqlite", "postgres"])
def keys(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Keys]:
    if request.param == "postgres":
        settings = replace(settings, database=request.getfixturevalue("postgres_url"))
    with closing(Keys.open(settings)) as opened:
        yield opened


def now() -> datetime:
    return datetime.now(UTC)


def test_a_key_has_256_random_bits_and_shows_whose_it_is() -> None:
    key_id, token = new_token()
    prefix, shown_id, secret = token.split("_")
    assert (prefix, shown_id) == ("tocsin", key_id)
    assert len(ALPHABET) ** (len(secret) - 6) >= 2**256
    assert len({new_token()[1] for _ in range(1_000)}) == 1_000


@given(st.data())
def test_one_wrong_letter_is_seen_without_a_look_up(data: st.DataObject) -> None:
    token = new_token()[1]
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.sampled_from(ALPHABET).filter(lambda each: each != token[place]))
    assert well_formed(token)
    assert not well_formed(token[:place] + letter + token[place + 1 :])


def test_a_number_that_does_not_fit_is_no_text() -> None:
    assert base62(61, 2) == "0Z"
    with pytest.raises(AssertionError):
        base62(62**2, 2)


def test_nothing_that_is_kept_opens_anything(settings: Settings) -> None:
    """Whoever reads the file of the keys, or a copy of it, can present none of them."""
    with closing(Keys.open(settings)) as keys:
        token, key = keys.create("monitoring", [Scope.WRITE], by="ann")
    kept = b"".join(path.read_bytes() for path in settings.home.glob("keys.db*"))
    assert key.key_id.encode() in kept
    assert token.encode() not in kept
    assert token.split("_")[2].encode() not in kept
    assert key.digest == digest(token)


def test_the_file_of_the_keys_is_for_its_owner_alone(settings: Settings) -> None:
    Keys.open(settings).close()
    assert stat.S_IMODE(settings.keys_file.stat().st_mode) == 0o600


def test_a_key_is_what_was_asked_for(keys: Keys) -> None:
    end = now() + HOUR
    _, key = keys.create("monitoring", [Scope.WRITE, Scope.READ], by="ann", expires_at=end)
    assert keys.all() == [key]
    assert (key.owner, key.expires_at) == ("monitoring", end)
    assert key.scopes == frozenset({Scope.WRITE, Scope.READ})
    assert key.revoked_at is None


@pytest.mark.parametrize("owner", ["", " ann", "x" * 201, "a\nb", "bell\x07"])
def test_an_owner_has_a_name_that_can_be_printed(keys: Keys, owner: str) -> None:
    with pytest.raises(KeyTrouble, match="printable"):
        keys.create(owner, [Scope.READ], by="ann")
    assert keys.all() == []


@pytest.mark.parametrize("owner", [TIMEKEEPER, "Timekeeper"])
def test_no_key_speaks_in_the_name_of_time(keys: Keys, owner: str) -> None:
    """What happens by itself is told from what a service says happened by itself."""
    with pytest.raises(KeyTrouble, match="by itself"):
        keys.create(owner, [Scope.READ], by="ann")
    assert keys.all() == []


def test_a_key_that_could_do_nothing_is_not_made(keys: Keys) -> None:
    with pytest.raises(KeyTrouble, match="needs a scope: incidents:read"):
        keys.create("ann", [], by="ann")
    with pytest.raises(KeyTrouble, match="never work"):
        keys.create("ann", [Scope.READ], by="ann", expires_at=now() - HOUR)


def test_rotation_leaves_both_keys_for_a_while(keys: Keys) -> None:
    _, old = keys.create("monitoring", [Scope.WRITE], by="ann")
    _, new = keys.rotate(old.key_id, by="bob", overlap=HOUR)
    first, second = keys.all()
    assert first.expires_at is not None
    assert timedelta(0) < first.expires_at - now() <= HOUR
    assert (second, new.owner, new.scopes) == (new, old.owner, old.scopes)
    assert new.expires_at is None


def test_rotation_gives_the_same_life_again_and_no_longer_one_to_the_old(keys: Keys) -> None:
    _, old = keys.create("m", [Scope.WRITE], by="ann", expires_at=now() + HOUR)
    _, new = keys.rotate(old.key_id, by="bob", overlap=10 * HOUR)
    assert keys.all()[0].expires_at == old.expires_at
    assert new.expires_at is not None
    assert old.expires_at is not None
    assert new.expires_at - new.created_at == pytest.approx(
        old.expires_at - old.created_at, abs=timedelta(seconds=1)
    )


def test_what_has_ended_cannot_be_rotated(keys: Keys) -> None:
    _, key = keys.create("m", [Scope.WRITE], by="ann")
    keys.revoke(key.key_id, by="ann")
    with pytest.raises(KeyTrouble, match="has ended"):
        keys.rotate(key.key_id, by="ann", overlap=HOUR)
    with pytest.raises(KeyTrouble, match="no key 0000000000"):
        keys.rotate("0000000000", by="ann", overlap=HOUR)


def test_revoking_again_changes_nothing(keys: Keys) -> None:
    _, key = keys.create("m", [Scope.WRITE], by="ann")
    first = keys.revoke(key.key_id, by="ann")
    assert keys.revoke(key.key_id, by="bob") == first == keys.all()[0]
    assert [change.change for change in keys.changes()] == ["created", "revoked"]


def test_every_change_is_kept_with_who_and_what(keys: Keys) -> None:
    _, key = keys.create("monitoring", [Scope.READ], by="ann")
    _, new = keys.rotate(key.key_id, by="bob", overlap=HOUR)
    keys.revoke(new.key_id, by="carol")
    found = [(c.number, c.key_id, c.change, c.by) for c in keys.changes()]
    assert found == [
        (1, key.key_id, "created", "ann"),
        (2, new.key_id, "created", "bob"),
        (3, key.key_id, "rotated", "bob"),
        (4, new.key_id, "revoked", "carol"),
    ]
    assert "monitoring: incidents:read, ends never" in keys.changes()[0].detail
    assert keys.latest_change() == 4


def test_no_change_and_no_key_is_ever_removed(keys: Keys) -> None:
    keys.create("m", [Scope.READ], by="ann")
    tables = keys._tables
    for statement in (
        delete(tables.changes),
        update(tables.changes).values(by="nobody"),
        delete(tables.keys),
    ):
        with (
            pytest.raises(KeysUnavailable, match="keeps everything"),
            tables.writing() as connection,
        ):
            connection.execute(statement)


def test_the_first_key_is_made_once_however_many_start(settings: Settings) -> None:
    def start(name: str) -> str | None:
        with closing(Keys.open(settings)) as keys:
            return keys.create_first(by=name)

    with ThreadPoolExecutor(8) as pool:
        made = [token for token in pool.map(start, "abcdefgh") if token]
    assert len(made) == 1
    with closing(Keys.open(settings)) as keys:
        (key,) = keys.all()
    assert (key.owner, key.digest) == ("admin", digest(made[0]))
    assert key.scopes == frozenset({Scope.ADMIN})


def test_a_first_key_that_was_revoked_is_not_made_again(keys: Keys) -> None:
    """Else whoever deletes nothing but restarts the service would get in."""
    assert keys.create_first(by="ann")
    keys.revoke(keys.all()[0].key_id, by="ann")
    assert keys.create_first(by="ann") is None


def test_keys_that_cannot_be_opened_are_said_to_be(settings: Settings) -> None:
    settings.home.mkdir()
    settings.keys_file.write_bytes(b"not a database, but long enough to look like one" * 100)
    with pytest.raises(KeysUnavailable, match="cannot be reached"):
        Keys.open(settings)
