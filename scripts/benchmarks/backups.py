"""What a backup costs those who write meanwhile, and how long it and a restore take.

    .venv/bin/python scripts/benchmarks/backups.py [--events 300000] [--database URL]

A log of so many events is written, with an answer for each tenth. Then one writer commits single
events as fast as it can, for a while by itself, while a backup is made by another process, and by
itself again.
"""

import argparse
import multiprocessing
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from uuid import uuid4

from rich.console import Console
from rich.table import Table
from spreads import spread

from tocsin.backup import back_up, check, restore
from tocsin.domain.incident.events import IncidentNoted
from tocsin.domain.incident.values import Visibility
from tocsin.domain.kernel import Recorded
from tocsin.settings import Settings
from tocsin.store.copies import Answer, Piece, StoredEvent
from tocsin.store.entries import Entry, Stored
from tocsin.store.log import Log
from tocsin.store.mapper import encode, placed

PAGE = 5_000
ALONE_SECONDS, ROUNDS = 4.0, 3
TEXT = "The queue of mx1 grows; nobody can send. " * 8
CONTEXT = multiprocessing.get_context("spawn")


def drafts(count: int) -> Iterator[Recorded[IncidentNoted]]:
    """Events of streams of ten."""
    moment = datetime.now(UTC)
    for number in range(count):
        if not number % 10:
            stream, command = uuid4(), uuid4()
        yield Recorded(
            stream=stream, version=number % 10 + 1, position=0, actor="bench", occurred_at=moment,
            recorded_at=moment, command_id=command,
            event=IncidentNoted(text=f"{number} {TEXT}", visibility=Visibility.INTERNAL),
        )  # fmt: skip


def fill(log: Log, count: int) -> None:
    """Write a log, pieces at a time."""
    waiting: list[StoredEvent] = []
    answers: list[Answer] = []
    for position, draft in enumerate(drafts(count), 1):
        body = placed(encode(draft), position)
        waiting.append(
            StoredEvent(
                stream=draft.stream, version=draft.version, topic="incident.noted", body=body
            )
        )
        if draft.version == 1:
            answers.append((draft.command_id, b"fingerprint of it", body))
        if len(waiting) == PAGE or position == count:
            log.append_stored(Piece(after=position - len(waiting), events=waiting, answers=answers))
            waiting, answers = [], []


def commits(log: Log, until: "Iterator[bool]") -> list[float]:
    """Milliseconds that each of the commits took, one after another."""
    taken: list[float] = []
    for draft in drafts(10**9):
        if next(until):
            return taken
        alone = (replace(draft, version=1, stream=uuid4()),)
        entry = Entry(command_id=uuid4(), fingerprint=b"", drafts=alone, answer=lambda _: b"{}")
        began = time.perf_counter()
        (outcome,) = log.commit([entry])
        taken.append((time.perf_counter() - began) * 1e3)
        assert isinstance(outcome, Stored), outcome
    return taken


def seconds(span: float) -> Iterator[bool]:
    """Whether so much time has gone by."""
    end = time.monotonic() + span
    while True:
        yield time.monotonic() > end


def ended(process: "multiprocessing.process.BaseProcess") -> Iterator[bool]:
    """Whether a process has ended."""
    while True:
        yield not process.is_alive()


def copied(settings: Settings, target: Path, report: "multiprocessing.Queue[float]") -> None:
    """Make a backup, in a process of its own, and say how long it took."""
    began = time.monotonic()
    back_up(settings, target)
    report.put(time.monotonic() - began)


def row(name: str, taken: list[float]) -> list[str]:
    """The figures of some commits."""
    cuts = quantiles(taken, n=100)
    each = [cuts[49], cuts[98], max(taken)]
    return [name, f"{len(taken):,}", *(f"{figure:,.2f}" for figure in each)]


def main() -> None:
    """Print one table, and how fast it all went."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=300_000)
    parser.add_argument("--database", default="", help="an empty PostgreSQL database")
    asked = parser.parse_args()
    console = Console(width=110)
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as place:
        folder = Path(place)
        settings = Settings(home=folder / "home", database=asked.database)
        settings.home.mkdir(mode=0o700)
        table = Table(title=f"Commits one by one, on a log of {asked.events:,} events")
        for heading in ("", "commits", "p50 ms", "p99 ms", "slowest ms"):
            table.add_column(heading, justify="right" if heading else "left")
        took: list[float] = []
        with closing(Log.open(settings, writer=True, veiled=True)) as log:
            fill(log, asked.events)
            for number in range(ROUNDS):
                table.add_row(*row("alone", commits(log, seconds(ALONE_SECONDS))))
                report = CONTEXT.Queue()
                target = folder / f"backup-{number}"
                process = CONTEXT.Process(target=copied, args=(settings, target, report))
                process.start()
                table.add_row(*row("during a backup", commits(log, ended(process))))
                took.append(report.get())
        console.print(table)
        size = sum(file.stat().st_size for file in target.iterdir())
        speeds = [size / span / 2**20 for span in took]
        console.print(f"A backup of {size / 2**20:,.0f} MiB: {spread(took, 1)} s, "
                      f"{spread(speeds)} MiB/s")  # fmt: skip
        began = time.monotonic()
        check(target)
        read = time.monotonic() - began
        if not asked.database:
            began = time.monotonic()
            restore(Settings(home=folder / "new"), target)
            console.print(f"Read in {read:,.1f} s, restored in {time.monotonic() - began:,.1f} s")
        shutil.rmtree(target)


if __name__ == "__main__":
    main()
