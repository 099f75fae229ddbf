"""Short ways to use keys in tests."""

from uuid import UUID, uuid4

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tocsin.ids import new_id
from tocsin.vault import Vault

NONCE = bytes(12)


def sealed(key: AESGCM, text: str = "secret") -> bytes:
    """Sealed in a way that is good enough for a test."""
    return key.encrypt(NONCE, text.encode(), b"")


def opens(vault: Vault, subject: str, box: bytes) -> bool:
    """Whether the vault still has the key with which this was sealed."""
    key = vault.key(subject)
    return key is not None and key.decrypt(NONCE, box, b"") == b"secret"


def stream() -> str:
    """A new stream, as the desk makes them."""
    return str(new_id())


def old_stream() -> str:
    """A stream of which nothing tells when it began."""
    return str(UUID(int=uuid4().int))
