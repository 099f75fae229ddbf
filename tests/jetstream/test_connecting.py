"""Servers that want to know who comes, and prove who they are."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.nats import Jetstream
from tocsin.jetstream import connecting
from tocsin.jetstream.connecting import CannotStream, connected, places
from tocsin.settings import Settings

LOCKED = """
authorization {{ user: tocsin, password: sesame }}
tls {{
  cert_file: "{0}/server.pem", key_file: "{0}/server.key", ca_file: "{0}/server.pem", verify: true
}}
"""


def certificate(folder: Path) -> None:
    """One that vouches for itself, for 127.0.0.1, and for our side as well."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "server.pem").write_bytes(made.public_bytes(Encoding.PEM))
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "server.key").write_bytes(secret)


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A server with TLS, a password, and a wish to see our certificate."""
    folder = tmp_path_factory.mktemp("locked")
    certificate(folder)
    server = Jetstream(folder / "nats", 1, LOCKED.format(folder))
    server.start()
    yield Settings(
        home=folder,
        nats_servers=(f"tls://tocsin:sesame@127.0.0.1:{server.nodes[0].port}",),
        nats_ca=folder / "server.pem",
        nats_certificate=folder / "server.pem",
        nats_key=folder / "server.key",
    )
    server.stop()


async def test_with_certificates_and_password_it_connects(locked: Settings) -> None:
    async with connected(locked, "test", stay=False) as client:
        assert client.is_connected
        assert (await client.jetstream().account_info()).streams == 0


async def test_a_wrong_password_is_told_without_the_password(locked: Settings) -> None:
    wrong = replace(locked, nats_servers=(locked.nats_servers[0].replace("sesame", "simsim"),))
    with pytest.raises(CannotStream, match=r"No NATS server answers at tls://127\.0\.0\.1") as told:
        async with connected(wrong, "test", stay=False):
            pass
    assert "simsim" not in str(told.value)


async def test_a_server_that_nobody_vouches_for_is_not_trusted(
    locked: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "ATTEMPT_SECONDS", 2)
    with pytest.raises(CannotStream, match="CERTIFICATE_VERIFY_FAILED"):
        async with connected(replace(locked, nats_ca=None), "test", stay=False):
            pass


async def test_who_is_told_to_stop_does_not_wait_for_a_server(tmp_path: Path) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(0.3, stop.set)
    away = Settings(home=tmp_path, nats_servers=("nats://127.0.0.1:9",))
    async with asyncio.timeout(5):
        with pytest.raises(CannotStream, match="No NATS server answers"):
            async with connected(away, "test", stay=True, stop=stop):
                pass


def test_a_place_is_shown_without_secrets() -> None:
    servers = ("nats://a:b@n1:4222", "tls://token@n2:4222", "nats://n3:4222")
    shown = places(Settings(nats_servers=servers))
    assert shown == "nats://n1:4222, tls://n2:4222, nats://n3:4222"


@pytest.mark.parametrize("server", ["nats://a:b/c@n1", "nats://a:b#c@n1", "a:b?c@n1", "[a:b@n1"])
def test_a_password_that_should_have_been_quoted_is_not_shown(server: str) -> None:
    assert places(Settings(nats_servers=(server,))).removeprefix("nats://") == "n1"
