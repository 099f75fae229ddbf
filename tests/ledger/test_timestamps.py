"""Timestamps: OpenSSL's authority gives them, OpenSSL verifies them, and others are refused."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from tests.ledger.kit import OPENSSL, SmallAuthority, grow, serving
from tests.store.conftest import Store
from tocsin.ledger.keeper import Keeper
from tocsin.ledger.keys import LedgerRefused
from tocsin.ledger.places import Refused
from tocsin.ledger.timestamps import KIND, REPLY, Authority

pytest.importorskip("rfc3161_client", reason="the extra `timestamps` is not installed")
DATA = b"log\n5\nroot\n"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> SmallAuthority:
    if OPENSSL is None:
        pytest.skip("openssl is not on this machine, and it is the authority here")
    return SmallAuthority(tmp_path_factory.mktemp("authority") / "tsa")


def test_anybody_with_openssl_can_verify_a_token(small: SmallAuthority) -> None:
    with serving(small) as outside:
        token = Authority(outside.url, small.root, 0.0).token(DATA)
    assert small.verifies(DATA, token)
    assert not small.verifies(DATA.replace(b"5", b"6"), token)


def test_a_checkpoint_is_timestamped_now_and_then(
    sqlite_store: Store, small: SmallAuthority
) -> None:
    log = sqlite_store.open()
    with serving(small) as outside:
        settings = replace(
            sqlite_store.settings,
            timestamp_authority=outside.url,
            timestamp_certificates=small.root,
            timestamp_seconds=3_600.0,
        )
        keeper = Keeper(log, settings)
        grow(log, 5)
        keeper.once()
        grow(log, 1)
        keeper.once()
        again = Keeper(log, settings)
        grow(log, 1)
        again.once()
        assert 1 == len(outside.asked), "once an hour, also after a new start"
        readings = {name: value for name, _, _, value in again.readings()}
        assert 0 == readings["checkpoint_place_late_seconds"]
    (attested,) = log.attestations(kind=KIND)
    first, *_ = log.checkpoints()
    assert (5, outside.url) == (attested.size, attested.place)
    assert small.verifies(first.note.encode(), bytes(attested.body))


def test_a_token_of_an_authority_that_is_not_trusted_is_refused(
    small: SmallAuthority, tmp_path: Path
) -> None:
    other = SmallAuthority(tmp_path / "other")
    with serving(small) as outside, pytest.raises(Refused, match="no good timestamp"):
        Authority(outside.url, other.root, 0.0).token(DATA)


def test_an_old_answer_and_an_answer_about_something_else_are_refused(
    small: SmallAuthority,
) -> None:
    kept: list[tuple[int, str, bytes]] = []

    def same(path: str, body: bytes) -> tuple[int, str, bytes]:
        kept.append(kept[0] if kept else small(path, body))
        return kept[0]

    with serving(same) as outside:
        authority = Authority(outside.url, None, 0.0)
        assert authority.token(DATA)
        with pytest.raises(Refused, match="the nonce is another"):
            authority.token(DATA)
        with pytest.raises(Refused, match="something else than was asked"):
            authority.token(b"another note")


def test_an_answer_whose_time_or_hash_was_altered_is_refused(small: SmallAuthority) -> None:
    """Whichever byte of what the authority states: its signature is over all of it."""
    for beside in range(-16, 64, 8):

        def altered(path: str, body: bytes, beside: int = beside) -> tuple[int, str, bytes]:
            status, media_type, reply = small(path, body)
            at = reply.index(sha256(DATA).digest()) + beside
            return status, media_type, reply[:at] + bytes([reply[at] ^ 1]) + reply[at + 1 :]

        with serving(altered) as outside, pytest.raises(Refused):
            Authority(outside.url, small.root, 0.0).token(DATA)


@pytest.mark.parametrize(
    ("status", "media_type", "body", "why"),
    [
        (500, REPLY, b"", "answers 500"),
        (200, "text/html", b"<html>", "answers 200 text/html"),
        (200, REPLY, b"", "no good timestamp"),
        (200, REPLY, b"\x30\x80" * 500, "no good timestamp"),
        (200, REPLY, bytes.fromhex("30053003020102"), "refuses a timestamp: status 2"),
    ],
)
def test_what_is_no_timestamp_is_refused(
    status: int, media_type: str, body: bytes, why: str
) -> None:
    with (
        serving(lambda *_: (status, media_type, body)) as outside,
        pytest.raises(Refused, match=why),
    ):
        Authority(outside.url, None, 0.0).token(DATA)


def test_an_authority_is_asked_in_the_clear_only_with_certificates_to_verify(
    small: SmallAuthority, tmp_path: Path
) -> None:
    with pytest.raises(LedgerRefused, match="TOCSIN_TIMESTAMP_CERTIFICATES to verify"):
        Authority("http://timestamp.example", None, 0.0)
    assert Authority("http://timestamp.example", small.root, 0.0).name
    (tmp_path / "none.pem").write_text("nothing")
    for path in (tmp_path / "none.pem", tmp_path / "absent.pem"):
        with pytest.raises(LedgerRefused, match="cannot be read as PEM"):
            Authority("https://timestamp.example", path, 0.0)


def test_without_its_extra_an_authority_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "rfc3161_client", None)
    with pytest.raises(LedgerRefused, match=r"pip install 'tocsin\[timestamps\]'"):
        Authority("https://timestamp.example", None, 0.0)
