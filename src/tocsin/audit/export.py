"""One file that proves what it says, to be checked by `verify.py` without us.

A header line, then blocks of up to 1,024 events as they are stored, a line each, behind a line with
the beginnings of their leaf hashes (so that an altered event can be named), and an end line.
"""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import Any, BinaryIO

import orjson

from tocsin.audit.chosen import UNWATCHED, Chosen, NothingToProve, Watched
from tocsin.audit.proofs import between
from tocsin.ledger.merkle import leaf_hash
from tocsin.ledger.notary import ADOPTED, keys_ever
from tocsin.ledger.shown import attestation, whole_note
from tocsin.ledger.timestamps import KIND as TIMESTAMP
from tocsin.ledger.witness import KIND as COSIGNATURE
from tocsin.store.log import Log
from tocsin.store.tree import Attestation, Checkpoint

FORMAT = 1
MARK_BYTES = 6
"""Of each leaf hash: they name what was altered, they prove nothing."""
PROOF_HASHES = 4_000_000
"""As many as fit into the longest header that `verify.py` reads."""
HASHES_AT_ONCE = 2_000
EARLIER, EARLIER_OF_PART = 200, 24
"""Earlier checkpoints that go along: the tree is compared with each, at up to twenty hashes each
in the proof of a part."""
OUTSIDE = 5
"""The latest timestamps, and witnesses' signatures, whose checkpoints go along in any case."""
CHECKPOINTS_AT_ONCE = 1_000


@dataclass(frozen=True)
class Written:
    """What went into a file."""

    events: int
    hashes: int
    earlier: int
    size: int


def write(
    log: Log,
    chosen: Chosen,
    checkpoint: Checkpoint,
    to: BinaryIO,
    *,
    held: Iterable[int] = (),
    watched: Watched = UNWATCHED,
) -> Written:
    """Write an export of what is chosen, which the checkpoint covers; `held` are the sizes of
    checkpoints that the auditor has, and wants the tree to be compared with.

    Raises:
        NothingToProve: the proof would be larger than the log.
        Stopped: somebody wants no more of it.
        StoreUnavailable: the log or its tree cannot be read.
    """
    header = _header(log, chosen, checkpoint, sorted(set(held)))
    line = orjson.dumps(header, option=orjson.OPT_UTC_Z) + b"\n"
    digest, done, count = sha256(line), 0, len(chosen.positions)
    to.write(line)
    for page in chosen.pages(log):
        marks = b"".join(leaf_hash(body)[:MARK_BYTES] for body in page)
        block = b'{"marks":"%b"}\n' % b64encode(marks) + b"".join(body + b"\n" for body in page)
        digest.update(block)
        to.write(block)
        done += len(page)
        watched.step(done, count)
    to.write(b'{"end":true,"events":%d,"sha256":"%b"}\n' % (done, digest.hexdigest().encode()))
    to.flush()
    hashes, earlier = len(header["proof"]), len(header["checkpoints"])
    return Written(done, hashes, earlier, checkpoint.size)


def _header(
    log: Log, chosen: Chosen, checkpoint: Checkpoint, held: Sequence[int]
) -> dict[str, Any]:
    size = checkpoint.size
    stamps = [
        each
        for kind in (TIMESTAMP, ADOPTED)
        for each in log.attestations(None, OUTSIDE, kind=kind)
        if each.size <= size
    ]
    seen = [*stamps, *log.attestations(None, OUTSIDE, kind=COSIGNATURE)]
    most = EARLIER if chosen.scope["kind"] == "all" else EARLIER_OF_PART
    earlier = thinned(_before(log, size), most, {each.size for each in seen})
    sizes = sorted({each.size for each in earlier} | {each for each in held if each <= size})
    return {
        "tocsin-audit": FORMAT,
        "keys": [str(key) for key in keys_ever(log)],
        "scope": chosen.scope,
        "events": len(chosen.positions),
        "size": size,
        "checkpoint": whole_note(log, checkpoint),
        "checkpoints": [whole_note(log, each) for each in earlier],
        "sizes": sizes,
        "attestations": [_stamp(each, [*earlier, checkpoint]) for each in stamps],
        "proof": _proof(log, chosen.positions, size, sizes),
    }


def _proof(log: Log, positions: Sequence[int], size: int, cuts: Sequence[int]) -> list[str]:
    ranges, proof = between(positions, size, cuts), list[str]()
    while some := list(islice(ranges, HASHES_AT_ONCE)):
        proof += [b64encode(found).decode() for found in log.tree_hashes(some)]
        if len(proof) > PROOF_HASHES:
            raise NothingToProve("The proof of so many scattered events is too long: use --all.")
    return proof


def _before(log: Log, size: int) -> Iterator[Checkpoint]:
    after = 0
    while page := log.checkpoints(after, CHECKPOINTS_AT_ONCE):
        for each in page:
            if each.size >= size:
                return
            yield each
        after = page[-1].size


def thinned(
    checkpoints: Iterable[Checkpoint], most: int, wanted: Iterable[int] = ()
) -> list[Checkpoint]:
    """The first, the last of each day and the last of all, `most` at most and evenly spread; and
    those of sizes that are wanted."""
    sizes = set(wanted)
    kept: dict[object, Checkpoint] = {}
    named: dict[int, Checkpoint] = {}
    for each in checkpoints:
        kept.setdefault("first", each)
        kept[each.made_at.date()] = kept["last"] = each
        if each.size in sizes:
            named[each.size] = each
    days = sorted({each.size: each for each in kept.values()}.values(), key=lambda x: x.size)
    if len(days) > most:
        last = len(days) - 1
        days = [days[n * last // (most - 1)] for n in range(most)]
    found = {**{each.size: each for each in days}, **named}
    return [found[size] for size in sorted(found)]


def _stamp(each: Attestation, checkpoints: Iterable[Checkpoint]) -> dict[str, Any]:
    """What somebody outside said, with the very text that they said it of."""
    note = next((one.note for one in checkpoints if one.size == each.size), None)
    return {**attestation(each), "note": note}
