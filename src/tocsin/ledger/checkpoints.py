"""Checkpoints: how long the log is and what its tree's root is, said by whoever keeps it.

After https://c2sp.org/tlog-checkpoint: a signed note whose text is the log's name, its size and
the root of its tree, a line each.
"""

from base64 import b64encode
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from tocsin.ledger.notes import DASH, Note, decoded_hash, read_note, verified
from tocsin.ledger.vkeys import BadNote, Vkey

MOST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A statement about a log: with so many events, its tree has this root."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()
    """Lines that other logs add. Ours has none."""

    @property
    def text(self) -> str:
        """What is signed."""
        lines = (self.origin, str(self.size), b64encode(self.root).decode(), *self.extensions)
        return "".join(f"{line}\n" for line in lines)

    @classmethod
    def read(cls, text: str) -> "Checkpoint":
        """Read the text of a note as a checkpoint.

        Raises:
            BadNote: it is none.
        """
        lines = text.split("\n")
        if lines.pop() or len(lines) < 3 or not all(lines):
            raise BadNote("A checkpoint is at least three lines: a name, a size and a root.")
        origin, size, root, *more = lines
        plain = size.isascii() and size.isdigit() and len(size) <= len(str(MOST))
        if not plain or size != str(int(size)) or int(size) > MOST:
            raise BadNote("The size of a checkpoint is a number without leading zeroes.")
        return cls(origin, int(size), decoded_hash(root), tuple(more))


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint as a note."""

    checkpoint: Checkpoint
    note: Note

    @classmethod
    def read(cls, raw: bytes | str) -> "Signed":
        """Read a note that is a checkpoint; nothing is verified yet.

        Raises:
            BadNote: it is none.
        """
        note = read_note(raw)
        return cls(Checkpoint.read(note.text), note)

    @classmethod
    def trusted(cls, raw: bytes | str, keys: Collection[Vkey]) -> "Signed":
        """Read a checkpoint that at least one of these keys signed under the log's name.

        Raises:
            BadNote: it is none, or none of them signed it.
        """
        signed = cls.read(raw)
        ours = [key for key in keys if key.name == signed.checkpoint.origin]
        verified(signed.note, ours)
        return signed

    def __str__(self) -> str:
        return str(self.note)


def apart(lines: Iterable[str]) -> Iterator[str]:
    """Take the lines of a file apart that holds checkpoints one after another.

    A checkpoint's text has no empty line, so one ends where its signature lines end. Empty lines
    between two are nothing. The last may be half a note, if the power failed while it was written.
    """
    note: list[str] = []
    signed = False
    for line in lines:
        signature = line.startswith(DASH)
        if signed and not signature:
            yield "".join(note)
            note.clear()
        signed = signature
        if note or line != "\n":
            note.append(line)
    if note:
        yield "".join(note)
