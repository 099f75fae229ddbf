"""The auditor's program on a large export, beside reading and hashing alone.

The log is that of the demonstration, sealed as it is stored, copy after copy: each copy has a
stream and positions of its own, and the tree and its checkpoint are real.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from rich.console import Console
from spreads import spread

from tocsin.audit import verify
from tocsin.audit.chosen import everything
from tocsin.audit.export import write
from tocsin.ledger.checkpoints import Checkpoint
from tocsin.ledger.merkle import Frontier
from tocsin.ledger.notary import KEY
from tocsin.ledger.notes import sign
from tocsin.ledger.vkeys import Skey
from tocsin.settings import Settings
from tocsin.store.log import Log
from tocsin.store.tree import Attestation
from tocsin.store.tree import Checkpoint as Kept

EVENTS = 1_000_000
AIM_SECONDS = 15.0
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass
class Tiled:
    """As much of a log as an export asks for."""

    bodies: list[bytes]
    stream: bytes
    skey: Skey = field(default_factory=lambda: Skey.new("tocsin.local/benchmark"))

    def raw_page(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Stored bytes of the events after a position."""
        return [(place, self.body(place)) for place in range(after + 1, after + 1 + limit)]

    def body(self, position: int) -> bytes:
        """One event."""
        copy, number = divmod(position - 1, len(self.bodies))
        stream = str(UUID(int=int(self.stream.replace(b"-", b""), 16) ^ (copy << 32))).encode()
        head, _, tail = self.bodies[number].rpartition(b'"position":0,')
        return head + b'"position":%d,' % position + tail.replace(self.stream, stream)

    def attestations(self, size: int | None, limit: int, *, kind: str = "") -> list[Attestation]:
        """The key that signs."""
        key = Attestation(0, "", KEY, str(self.skey.vkey).encode(), NOW)
        return [key] if kind == KEY else []

    def checkpoints(self, after: int, limit: int) -> list[Kept]:
        """None but the last."""
        return []


def tiled(folder: Path) -> Tiled:
    """The demonstration, as it is stored."""
    program = [sys.executable, "-m", "tocsin", "--home", str(folder), "demo"]
    subprocess.run(program, check=True, capture_output=True)
    log = Log.open(Settings(home=folder))
    bodies = [bytes(body) for _, body in log.raw_page(0, 1_000)]
    log.close()
    stream = orjson.loads(bodies[0])["stream"].encode()
    drafts = [
        body.replace(b'"position":%d,' % place, b'"position":0,')
        for place, body in enumerate(bodies, 1)
    ]
    return Tiled(drafts, stream)


def exported(log: Any, file: Path, events: int) -> None:
    """The whole of it, with its checkpoint."""
    tree = Frontier()
    for start in range(0, events, 5_000):
        tree.extend(body for _, body in log.raw_page(start, min(5_000, events - start)))
    text = Checkpoint(log.skey.vkey.name, events, tree.root()).text
    checkpoint = Kept(events, str(sign(text, [log.skey])), NOW)
    with file.open("wb") as out:
        write(log, everything(events), checkpoint, out)


def hashed(file: Path) -> float:
    """Seconds to read it and hash its events into a root, and nothing else."""
    began, tree = time.process_time(), Frontier()
    with file.open("rb") as lines:
        digest = sha256(next(lines))
        tree.extend(_bodies(lines, digest))
    assert tree.root()
    return time.process_time() - began


def _bodies(lines: Any, digest: Any) -> Iterator[bytes]:
    for line in lines:
        digest.update(line)
        if not line.startswith((b'{"marks":', b'{"end":')):
            yield line[:-1]


def verified(file: Path, key: str) -> float:
    """Processor seconds of the program, as an auditor runs it."""
    before = os.times()
    program = [sys.executable, "-I", verify.__file__, str(file), "--key", key]
    done = subprocess.run(program, check=False, capture_output=True, text=True)
    after = os.times()
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    used = after.children_user - before.children_user
    return used + after.children_system - before.children_system


def shown(console: Console, runs: int, events: int = EVENTS) -> None:
    """Say it."""
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
        log, file = tiled(Path(folder, "home")), Path(folder, "export.jsonl")
        exported(log, file, events)
        hashes, checks = [], []
        for number in range(1, runs + 1):
            sys.stderr.write(f"run {number} of {runs}: verifier\n")
            hashes.append(hashed(file))
            checks.append(verified(file, str(log.skey.vkey)))
        size = file.stat().st_size
    console.print(
        f"Export of {events:,} events ({size / events:,.0f} bytes each) verified offline on one"
        f" core: {spread(checks, 1)} s (aim: under {AIM_SECONDS:.0f});"
        f" hashing alone: {spread(hashes, 1)} s"
    )
