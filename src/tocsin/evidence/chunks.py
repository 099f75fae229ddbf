"""How content becomes stored bytes and back: a header, then chunks that each prove their place.

The header is one line of JSON. With the vault on it holds a key made for this content alone, itself
sealed under the case key of the incident; each chunk is AES-256-GCM under that key, with its number
and whether it is the last in the nonce, and the whole header as associated data (the construction
STREAM of Hoang, Reyhanitabar, Rogaway and Vizár, 2015). So no chunk can be cut off, swapped, or
come from elsewhere without showing. With the vault off, the content follows the header as it is.
"""

import binascii
from collections.abc import Callable, Iterator
from os import urandom
from typing import BinaryIO, NamedTuple
from uuid import UUID, uuid4

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CHUNK = 65_536
TAG_BYTES, NONCE_BYTES = 16, 12
HEADER_BYTES = 1_024
FORMAT = 1
_MARK = "tocsin-evidence"
_CLEAR = frozenset({_MARK, "content"})
_SEALED = _CLEAR | {"key", "lock"}

Key = tuple[str, AESGCM]
Find = Callable[[str], AESGCM | None]
"""Gives the key of a subject, if there is one still."""


class BadContent(Exception):
    """The stored bytes are not what was stored."""


class KeyGone(Exception):
    """The content is sealed under a key that is not there any more."""


class Header(NamedTuple):
    """What stands before the content."""

    line: bytes
    key: str | None
    lock: bytes
    """The content's own key, sealed under that one; empty where nothing is sealed."""
    content: UUID


def header(key: Key | None) -> tuple[Header, AESGCM | None]:
    """A header for new content, and the key that its chunks are sealed with."""
    content = uuid4()
    fields = {_MARK: FORMAT, "content": str(content)}
    own, lock = None, b""
    if key is not None:
        secret, nonce = AESGCM.generate_key(256), urandom(NONCE_BYTES)
        own, lock = AESGCM(secret), nonce + key[1].encrypt(nonce, secret, _place(content))
        fields |= {"key": key[0], "lock": binascii.b2a_base64(lock, newline=False).decode()}
    line = orjson.dumps(fields, option=orjson.OPT_SORT_KEYS) + b"\n"
    return Header(line, key[0] if key else None, lock, content), own


def read_header(file: BinaryIO) -> Header:
    """The header that a file begins with.

    Raises:
        BadContent: there is none of ours.
    """
    line = file.readline(HEADER_BYTES)
    try:
        fields = orjson.loads(line)
        if fields[_MARK] != FORMAT or not line.endswith(b"\n"):
            raise BadContent(f"the header says {line[:60]!r}; this version reads {FORMAT}")
        if fields.keys() not in (_CLEAR, _SEALED):
            raise BadContent(f"the header says {sorted(fields)}")
        lock = binascii.a2b_base64(fields.get("lock", ""))
        return Header(line, fields.get("key"), lock, UUID(fields["content"]))
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise BadContent(f"there is no header: {line[:60]!r}") from error


def own_key(found: Header, find: Find) -> AESGCM | None:
    """The key of the chunks behind a header; none where they are not sealed.

    Raises:
        KeyGone: the key that it is sealed under is not there any more.
        BadContent: it is not what was sealed there.
    """
    if found.key is None:
        return None
    key = find(found.key)
    if key is None:
        raise KeyGone(found.key)
    nonce, secret = found.lock[:NONCE_BYTES], found.lock[NONCE_BYTES:]
    try:
        return AESGCM(key.decrypt(nonce, secret, _place(found.content)))
    except (InvalidTag, ValueError) as error:
        raise BadContent("the key of the content was changed") from error


def sealed(own: AESGCM, found: Header, number: int, chunk: bytes, *, last: bool) -> bytes:
    """One chunk, for its place."""
    return own.encrypt(_nonce(number, last), chunk, found.line)


def opened(file: BinaryIO, found: Header, own: AESGCM | None) -> Iterator[bytes]:
    """The content behind a header, chunk by chunk; the last may be empty.

    Raises:
        BadContent: a chunk was changed, moved or cut off.
    """
    if own is None:
        while chunk := file.read(CHUNK):
            yield chunk
        return
    size, number = CHUNK + TAG_BYTES, 0
    chunk = file.read(size)
    while True:
        following = file.read(size)
        try:
            yield own.decrypt(_nonce(number, not following), chunk, found.line)
        except (InvalidTag, ValueError) as error:
            raise BadContent(f"chunk {number + 1} was changed, moved or cut off") from error
        if not following:
            return
        chunk, number = following, number + 1


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(NONCE_BYTES - 1) + (b"\x01" if last else b"\x00")


def _place(content: UUID) -> bytes:
    return f"evidence|{content}".encode()
