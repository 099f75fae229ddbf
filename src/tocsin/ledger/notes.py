"""Signed notes: a text, and the lines of those who signed it.

After https://c2sp.org/signed-note. Whatever a stranger sends as a note is either read or refused as
a `BadNote`, and nothing else.
"""

from base64 import b64encode
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from tocsin.ledger.vkeys import (
    TIME_BYTES,
    BadNote,
    Signer,
    Skey,
    Vkey,
    check_name,
    controls,
    cosigned,
    decoded,
)

NOTE_BYTES = 262_144
"""A note with sixteen signatures must be taken, and a signature may have five thousand bytes."""
SIGNATURES = 100
DASH = "\N{EM DASH} "


@dataclass(frozen=True, slots=True)
class Signature:
    """One line below a text."""

    name: str
    key_id: bytes
    signature: bytes

    def __str__(self) -> str:
        return f"{DASH}{self.name} {b64encode(self.key_id + self.signature).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text that ends with a newline, and what is signed below it. Nothing is verified yet."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return f"{self.text}\n{''.join(map(str, self.signatures))}"


def cosign(skey: Skey, text: str, moment: int) -> Signature:
    """A witness's line below the text of a checkpoint."""
    signed = moment.to_bytes(TIME_BYTES, "big") + skey.sign(cosigned(text, moment))
    return Signature(skey.vkey.name, skey.vkey.key_id, signed)


def sign(text: str, signers: Iterable[Signer]) -> Note:
    """Return the text with a line of each of them.

    Raises:
        BadNote: it cannot be the text of a note, or nobody signs.
    """
    if not text.endswith("\n") or controls(text):
        raise BadNote("A note's text ends with a newline and has no other control characters.")
    lines = tuple(
        Signature(each.vkey.name, each.vkey.key_id, each.sign(text.encode())) for each in signers
    )
    if not lines:
        raise BadNote("Nobody signs this note.")
    return Note(text, lines)


def read_note(raw: bytes | str) -> Note:
    """Take a note apart. Whether its signatures are any good is for `verified` to say.

    Raises:
        BadNote: it is none.
    """
    try:
        text = raw.decode() if isinstance(raw, bytes) else raw
        size = len(text.encode())
    except UnicodeError as error:
        raise BadNote("A note is UTF-8.") from error
    if size > NOTE_BYTES:
        raise BadNote(f"A note has at most {NOTE_BYTES:,} bytes.")
    if controls(text):
        raise BadNote("A note has no control characters but newlines.")
    body, blank, lines = text.rpartition("\n\n")
    if not blank or not lines.endswith("\n"):
        raise BadNote("A note is a text, an empty line, and signature lines.")
    return Note(f"{body}\n", read_signatures(lines))


def read_signatures(lines: str) -> tuple[Signature, ...]:
    """Read signature lines alone, as a witness answers them.

    Raises:
        BadNote: there is none, there are too many, or one is none.
    """
    said = lines.split("\n")
    if said.pop() or not 0 < len(said) <= SIGNATURES:
        raise BadNote(f"A note has 1 to {SIGNATURES} signature lines, each with its newline.")
    return tuple(_signature(line) for line in said)


def _signature(line: str) -> Signature:
    name, space, encoded = line.removeprefix(DASH).partition(" ")
    if not line.startswith(DASH) or not space:
        raise BadNote("A signature line is an em dash, a name and base64.")
    signed = decoded(encoded, "A signature")
    if len(signed) < 5:
        raise BadNote("A signature has four bytes of key id, and more.")
    return Signature(check_name(name), signed[:4], signed[4:])


@dataclass(frozen=True, slots=True)
class Vouched:
    """Who signed a note, and when they say they did."""

    vkey: Vkey
    moment: int | None


def verified(note: Note, keys: Collection[Vkey]) -> list[Vouched]:
    """Return who of these keys signed. Lines of others are as if they were not there.

    Raises:
        BadNote: a line says that it is of one of them, and it does not fit; or there is none.
    """
    known = {(key.name, key.key_id): key for key in keys}
    found: dict[Vkey, Vouched] = {}
    for line in note.signatures:
        key = known.get((line.name, line.key_id))
        if key is not None and key not in found:
            found[key] = Vouched(key, key.verify(note.text, line.signature))
    if not found:
        raise BadNote("None of the keys that are trusted here signed this note.")
    return list(found.values())


def decoded_hash(text: str) -> bytes:
    """Read a SHA-256 hash in base64.

    Raises:
        BadNote: it is none.
    """
    found = decoded(text, "A hash")
    if len(found) != 32:
        raise BadNote("A hash has 32 bytes.")
    return found
