"""Keys of notes: the public half that anybody may have, and whoever can sign.

After https://c2sp.org/signed-note (key ids, the textual form of keys) and
https://c2sp.org/tlog-cosignature (what a witness signs, and when). The textual form of the private
half is that of Go's notes.
"""

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519, COSIGNATURE = 0x01, 0x04
"""The kinds of signature that are known here: of a log, and of a witness with its time."""
KEY_BYTES, SIGNATURE_BYTES, TIME_BYTES = 32, 64, 8
PRIVATE = "PRIVATE+KEY"


class BadNote(Exception):
    """It is no note, no key, or not signed by whom it should be. The sentence says which."""


@dataclass(frozen=True, slots=True)
class Vkey:
    """The public half of a key: enough to verify, and to hand to anybody."""

    name: str
    kind: int
    public: bytes

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell which key signed; a collision only fails to verify."""
        hashed = sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public)
        return hashed.digest()[:4]

    def __str__(self) -> str:
        encoded = b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{encoded}"

    def verify(self, text: str, signature: bytes) -> int | None:
        """Return when a witness signed, in seconds since 1970; None for who says no time.

        Raises:
            BadNote: this key did not sign that text so.
        """
        moment, message = None, text.encode()
        if self.kind == COSIGNATURE:
            moment = int.from_bytes(signature[:TIME_BYTES], "big")
            message, signature = cosigned(text, moment), signature[TIME_BYTES:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError) as error:
            raise BadNote(f"The signature of {self.name} does not fit the text.") from error
        if moment is not None and moment >= 2**63:
            raise BadNote(f"{self.name} signed at no time that there is.")
        return moment


class Signer(Protocol):
    """Whoever can sign: a key in a file, or one that never leaves a key management service."""

    @property
    def vkey(self) -> Vkey: ...

    def sign(self, text: bytes) -> bytes:
        """Return the 64 bytes of an Ed25519 signature (RFC 8032) over `text`."""
        ...


@dataclass(frozen=True, slots=True)
class Skey:
    """Both halves of a key. It is never printed: `line` is what a key file holds."""

    vkey: Vkey
    key: Ed25519PrivateKey

    @classmethod
    def new(cls, name: str, kind: int = ED25519) -> "Skey":
        """Make a key of which nobody else knows."""
        return cls._of(check_name(name), kind, Ed25519PrivateKey.generate())

    @classmethod
    def read(cls, line: str) -> "Skey":
        """Read a line of a key file.

        Raises:
            BadNote: it is no private key. The line is not repeated.
        """
        if not line.startswith(f"{PRIVATE}+"):
            raise BadNote(f"A private key begins with {PRIVATE}+.")
        name, key_id, kind, seed = _parts(line[len(PRIVATE) + 1 :], "private key")
        made = cls._of(name, kind, Ed25519PrivateKey.from_private_bytes(seed))
        if made.vkey.key_id != key_id:
            raise BadNote(f"The private key of {name} is damaged: its id is of another one.")
        return made

    @classmethod
    def _of(cls, name: str, kind: int, key: Ed25519PrivateKey) -> "Skey":
        return cls(Vkey(name, kind, key.public_key().public_bytes_raw()), key)

    @property
    def line(self) -> str:
        """The secret, as a key file holds it."""
        vkey = self.vkey
        encoded = b64encode(bytes([vkey.kind]) + self.key.private_bytes_raw()).decode()
        return f"{PRIVATE}+{vkey.name}+{vkey.key_id.hex()}+{encoded}"

    def sign(self, text: bytes) -> bytes:
        """Sign."""
        return self.key.sign(text)

    def __repr__(self) -> str:
        return f"Skey({self.vkey})"


def cosigned(text: str, moment: int) -> bytes:
    """What a witness signs of a checkpoint that it saw at this second since 1970."""
    return f"cosignature/v1\ntime {moment}\n{text}".encode()


def read_vkey(text: str) -> Vkey:
    """Read a public key: `name+8 hex digits+base64`.

    Raises:
        BadNote: it is none, or of a kind that is not known here.
    """
    name, key_id, kind, public = _parts(text, "public key")
    vkey = Vkey(name, kind, public)
    if vkey.key_id != key_id:
        raise BadNote(f"The public key of {name} is damaged: its id is of another one.")
    return vkey


def _parts(text: str, what: str) -> tuple[str, bytes, int, bytes]:
    name, plus, rest = text.partition("+")
    key_id, plus_again, encoded = rest.partition("+")
    if not plus or not plus_again or len(key_id) != 8 or set(key_id) - set("0123456789abcdef"):
        raise BadNote(f"A {what} is written name+8 hex digits+base64.")
    key = decoded(encoded, f"The {what}")
    if len(key) != 1 + KEY_BYTES or key[0] not in (ED25519, COSIGNATURE):
        raise BadNote(f"The {what} is not one of Ed25519.")
    return check_name(name), bytes.fromhex(key_id), key[0], key[1:]


def check_name(name: str) -> str:
    """Return the name if a key may have it.

    Raises:
        BadNote: it may not.
    """
    if not name or "+" in name or controls(name) or any(c.isspace() for c in name):
        raise BadNote("The name of a key is not empty and has no spaces, plus signs or controls.")
    return name


def decoded(text: str, what: str) -> bytes:
    """Read base64, which is written in one way only.

    Raises:
        BadNote: it is none.
    """
    try:
        found = b64decode(text.encode("ascii"), validate=True)
    except (NotBase64, ValueError) as error:
        raise BadNote(f"{what} is not in base64.") from error
    if b64encode(found).decode() != text:
        raise BadNote(f"{what} is not in base64 as it is written by everybody.")
    return found


def controls(text: str) -> bool:
    """Whether there are control characters other than newlines."""
    return any(char < " " and char != "\n" for char in text)
