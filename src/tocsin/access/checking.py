"""Is the journal what was written? Its entries, hashed anew, against the tree that grew with it."""

from collections.abc import Iterable
from dataclasses import dataclass

from tocsin.ledger.merkle import Frontier, leaf_hash

NAMED = 20
"""Faults that are named, of as many as there are."""
Leaf = tuple[int, bytes | None, bytes]
"""The number of an entry, its bytes unless they have expired, and its hash."""


@dataclass(frozen=True)
class Checked:
    """What a look at the whole journal came to."""

    size: int
    root: str
    """The root hash of its tree, in hexadecimal: note it elsewhere, and compare."""
    expired: int
    faults: tuple[str, ...]


def checked(leaves: Iterable[Leaf], head: Frontier, noted: tuple[int, str] | None) -> Checked:
    """Compare the entries with the tree that is kept, and with what somebody noted of it."""
    faults: list[str] = []
    tree, expired, kept = Frontier(), 0, 0
    for number, body, leaf in leaves:
        if number != tree.size + 1:
            faults.append(f"Entry {tree.size + 1} is missing.")
            break
        if body is None:
            expired += 1
            if kept:
                # What expires is the beginning.
                faults.append(f"Entry {number} lost its body before entry {kept}, which is older.")
        else:
            kept = kept or number
            if leaf_hash(body) != leaf:
                faults.append(f"Entry {number} was changed.")
        tree.append(leaf)
        if noted is not None and (tree.size, tree.root().hex()) == (noted[0], noted[1]):
            noted = None
    if not faults and (tree.size, tree.hashes) != (head.size, head.hashes):
        faults.append(
            f"The entries are not those that were hashed: there are {tree.size}, with the root"
            f" {tree.root().hex()}; there should be {head.size}, with {head.root().hex()}."
        )
    if noted is not None and tree.size < noted[0]:
        faults.append(f"There were {noted[0]} entries once; there are {tree.size}.")
    elif noted is not None and noted[0]:
        faults.append(f"The first {noted[0]} entries are not those that were noted.")
    return Checked(head.size, head.root().hex(), expired, tuple(faults[:NAMED]))
