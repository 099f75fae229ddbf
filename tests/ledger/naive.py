"""The tree as RFC 6962 defines it, word for word: slow, and plainly right."""

from collections.abc import Sequence
from hashlib import sha256


def split(leaves: int) -> int:
    """The largest power of two smaller than the number of leaves."""
    power = 1
    while power * 2 < leaves:
        power *= 2
    return power


def root(entries: Sequence[bytes]) -> bytes:
    """MTH, section 2.1."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    middle = split(len(entries))
    return sha256(b"\x01" + root(entries[:middle]) + root(entries[middle:])).digest()


def path(index: int, entries: Sequence[bytes]) -> list[bytes]:
    """PATH, section 2.1.1."""
    if len(entries) == 1:
        return []
    middle = split(len(entries))
    if index < middle:
        return [*path(index, entries[:middle]), root(entries[middle:])]
    return [*path(index - middle, entries[middle:]), root(entries[:middle])]


def proof(old: int, entries: Sequence[bytes]) -> list[bytes]:
    """PROOF, section 2.1.2."""
    return subproof(old, entries, whole=True)


def subproof(old: int, entries: Sequence[bytes], *, whole: bool) -> list[bytes]:
    """SUBPROOF, section 2.1.2."""
    if old == len(entries):
        return [] if whole else [root(entries)]
    middle = split(len(entries))
    if old <= middle:
        return [*subproof(old, entries[:middle], whole=whole), root(entries[middle:])]
    return [*subproof(old - middle, entries[middle:], whole=False), root(entries[:middle])]
