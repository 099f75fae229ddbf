"""What is handed out about the ledger: checkpoints with everybody's lines, proofs, keys.

As plain fields, hashes in base64, for whoever turns them into JSON.
"""

from base64 import b64encode
from typing import Any

from tocsin.ledger.checkpoints import Signed
from tocsin.ledger.merkle import leaf_hash
from tocsin.ledger.notary import KEY, KEYS_EVER
from tocsin.ledger.vkeys import read_vkey
from tocsin.ledger.witness import KIND as COSIGNATURE
from tocsin.store.log import Log
from tocsin.store.tree import Attestation, NotInTree
from tocsin.store.tree import Checkpoint as Kept

Fields = dict[str, Any]
LINES = 100


def base64(data: bytes) -> str:
    """Bytes as text."""
    return b64encode(data).decode()


def whole_note(log: Log, kept: Kept) -> str:
    """The note of a checkpoint with the lines of the witnesses that signed it as well."""
    lines: dict[str, None] = {}
    for each in log.attestations(kept.size, LINES, kind=COSIGNATURE):
        lines.update(dict.fromkeys(each.body.decode().splitlines(keepends=True)))
    return kept.note + "".join(lines)


def checkpoint(log: Log, kept: Kept) -> Fields:
    """A checkpoint."""
    root = Signed.read(kept.note).checkpoint.root
    return {
        "size": kept.size,
        "root": base64(root),
        "note": whole_note(log, kept),
        "made_at": kept.made_at,
    }


def checkpoint_of(log: Log, size: int) -> Kept | None:
    """The checkpoint of exactly so many events, if one was made."""
    found = log.checkpoints(size - 1, 1) if size else []
    return found[0] if found and found[0].size == size else None


def inclusion(log: Log, position: int, size: int | None) -> Fields:
    """The proof that an event is in the tree of so many events; without a size, in that of the
    last checkpoint, or in the whole tree if the event came later.

    Raises:
        NotInTree: there is no such event or no such tree.
    """
    whole, _ = log.tree()
    if not 1 <= position <= whole:
        raise NotInTree(f"position is {position}, and the log has {whole:,} events.")
    if size is None:
        last = log.latest_checkpoint()
        size = last.size if last and last.size >= position else whole
    if not position <= size <= whole:
        raise NotInTree(
            f"size is {size}: a tree with position {position} has {position:,} to {whole:,} events."
        )
    ((_, body),) = log.raw_page(position - 1, 1)
    kept = checkpoint_of(log, size)
    return {
        "position": position,
        "size": size,
        "leaf_hash": base64(leaf_hash(bytes(body))),
        "path": [base64(each) for each in log.inclusion(position, size)],
        "root": base64(log.tree_root(size)),
        "checkpoint": whole_note(log, kept) if kept else None,
    }


def consistency(log: Log, old: int, size: int) -> Fields:
    """The proof that the tree of `old` events is how the tree of `size` begins.

    Raises:
        NotInTree: there are no such trees.
    """
    whole, _ = log.tree()
    if not old <= size <= whole:
        raise NotInTree(f"from is {old} and to is {size}: they rise, up to {whole:,} events.")
    return {
        "from": old,
        "to": size,
        "path": [base64(each) for each in log.consistency(old, size)],
        "from_root": base64(log.tree_root(old)),
        "to_root": base64(log.tree_root(size)),
    }


def keys(log: Log) -> Fields:
    """Every key that ever signed, oldest first, and which of them signed last."""
    last = log.latest_checkpoint()
    signed = Signed.read(last.note) if last else None
    signing = {(line.name, line.key_id) for line in signed.note.signatures} if signed else set()
    found: dict[str, Fields] = {}
    for each in log.attestations(None, KEYS_EVER, kind=KEY):
        vkey = read_vkey(each.body.decode())
        found.setdefault(
            str(vkey),
            {
                "vkey": str(vkey),
                "key_id": vkey.key_id.hex(),
                "since_size": each.size,
                "since": each.made_at,
                "signs": (vkey.name, vkey.key_id) in signing or signed is None,
            },
        )
    origin = signed.checkpoint.origin if signed else ""
    names = [read_vkey(text).name for text in found]
    return {"origin": origin or (names[-1] if names else ""), "items": [*found.values()]}


def attestation(each: Attestation) -> Fields:
    """What somebody outside said."""
    return {
        "size": each.size,
        "place": each.place,
        "kind": each.kind,
        "body": base64(each.body),
        "made_at": each.made_at,
    }
