"""Proofs per second: made, checked, and served over HTTP."""

import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any
from uuid import uuid4

import http_mix
from rich.console import Console
from servers import tocsin
from spreads import spread

from tocsin.domain.incident.events import IncidentNoted
from tocsin.domain.incident.values import Visibility
from tocsin.domain.kernel import Recorded
from tocsin.ledger.keys import keyring
from tocsin.ledger.merkle import leaf_hash, verify_consistency, verify_inclusion
from tocsin.ledger.notary import Notary
from tocsin.ledger.notes import read_note, verified
from tocsin.settings import Settings
from tocsin.store.entries import Entry
from tocsin.store.log import Log

EVENTS, SERVED = 1_000_000, 20_000
"""Of the log whose proofs are made in the process, and of the one that is asked over HTTP."""
STREAM, AT_ONCE = 50, 20
PROOFS = 2_000
CONNECTIONS = (1, 16)
SEED = 7


@dataclass(frozen=True)
class Figures:
    """Per second, in one process on one core."""

    inclusions: float
    inclusions_checked: float
    consistencies: float
    signed: float
    verified: float
    hashes: float
    """In a proof of inclusion, on average."""


def shown(console: Console, runs: int, seconds: int) -> None:
    """Print all of it."""
    served: dict[int, list[dict[str, Any]]] = {each: [] for each in CONNECTIONS}
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
        home = Path(folder) / "large"
        _say(f"a log of {EVENTS:,} events")
        written(home, EVENTS)
        found = []
        for number in range(1, runs + 1):
            _say(f"run {number} of {runs}: proofs")
            found.append(measure(home, number))
        small = Path(folder) / "small"
        written(small, SERVED)
        with tocsin(small) as server:
            for number in range(1, runs + 1):
                for connections, loads in served.items():
                    _say(f"run {number} of {runs}: proofs over HTTP, {connections} connections")
                    asked = {"TOCSIN_BENCH_EVENTS": str(SERVED)}
                    loads.append(
                        http_mix.loaded(server, connections, seconds, "proofs.lua", **asked)
                    )
    console.print(
        f"Proofs in a log of {EVENTS:,} events, {found[0].hashes:.1f} hashes each, one process:"
    )
    for what, figures in (
        ("inclusion, made from the store", [each.inclusions for each in found]),
        ("inclusion, checked", [each.inclusions_checked for each in found]),
        ("consistency of two sizes, made and checked", [each.consistencies for each in found]),
        ("checkpoint signed", [each.signed for each in found]),
        ("checkpoint verified", [each.verified for each in found]),
    ):
        console.print(f"  {what}: {spread(figures)} a second")
    for connections, loads in served.items():
        rates = [each["requests"] / each["microseconds"] * 1e6 for each in loads]
        console.print(
            f"GET /ledger/inclusion, {connections} connections, {SERVED:,} events:"
            f" {spread(rates)} a second, p50 {spread([each['p50_ms'] for each in loads], 1)} ms,"
            f" p99 {spread([each['p99_ms'] for each in loads], 1)} ms,"
            f" {sum(each['failed'] for each in loads)} failed"
        )


def written(home: Path, events: int) -> None:
    """A log of so many notes."""
    now, number = datetime.now(UTC), 0
    with closing(Log.open(Settings(home=home, vault=False), writer=True)) as log:
        while number < events:
            entries = []
            for _ in range(AT_ONCE):
                stream, command = uuid4(), uuid4()
                drafts = tuple(
                    Recorded(
                        stream=stream, version=version, position=0, actor="bench", occurred_at=now,
                        recorded_at=now, command_id=command,
                        event=IncidentNoted(text=f"Note {number + version}, and what was seen.",
                                            visibility=Visibility.INTERNAL),
                    )
                    for version in range(1, STREAM + 1)
                )  # fmt: skip
                entries.append(
                    Entry(command_id=command, fingerprint=b"", drafts=drafts, answer=lambda _: b"")
                )
                number += STREAM
            log.commit(entries)


def measure(home: Path, seed: int) -> Figures:
    """Proofs of events and of sizes drawn by chance."""
    random = Random(SEED + seed)
    settings = Settings(home=home, vault=False)
    with closing(Log.open(settings, writer=True)) as log:
        notary = Notary(log, settings)
        notary.begin()
        notary.make()
        size, root = log.head(), log.tree_root()
        positions = [random.randint(1, size) for _ in range(PROOFS)]
        bodies = {each: log.raw_page(each - 1, 1)[0][1] for each in positions}
        paths = {}

        def make() -> None:
            for position in positions:
                paths[position] = log.inclusion(position, size)

        def check() -> None:
            for position in positions:
                leaf, path = leaf_hash(bodies[position]), paths[position]
                verify_inclusion(leaf, position - 1, size, path, root)

        def follow() -> None:
            for old in positions:
                path = log.consistency(old, size)
                verify_consistency(old, size, log.tree_root(old), root, path)

        made, checked, followed = rate(make), rate(check), rate(follow)
        ring, last = keyring(settings), log.latest_checkpoint()
    assert ring is not None
    assert last is not None
    note = read_note(last.note)
    signed = rate(lambda: [ring.sign(note.text) for _ in positions])
    read = rate(lambda: [verified(read_note(last.note), ring.vkeys) for _ in positions])
    hashes = sum(map(len, paths.values())) / len(paths)
    return Figures(made, checked, followed, signed, read, hashes)


def rate(work: Callable[[], object]) -> float:
    """How many of them a second."""
    began = perf_counter()
    work()
    return PROOFS / (perf_counter() - began)


def _say(text: str) -> None:
    print(f"{text} ...", file=sys.stderr, flush=True)
