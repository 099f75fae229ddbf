"""Backups that are made while many write, and what is in each of them when it is restored."""

import asyncio
import shutil
import subprocess
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from statistics import quantiles
from typing import Any
from uuid import uuid4

from tests.cli.running import Answer, command, environment
from tests.faults.audit import Audit, audit
from tests.faults.load import Client, Load, Told
from tests.faults.service import Service
from tests.faults.trials import Result, Site, Trial
from tocsin.backup import BackupTrouble, read_manifest
from tocsin.ledger.checkpoints import Checkpoint, Signed, apart
from tocsin.ledger.merkle import BadProof, verify_consistency
from tocsin.settings import Settings
from tocsin.store.log import Log

FIRST_SECONDS = 1.0
"""How long the load runs before the first backup, and after the last."""
COMMAND_SECONDS, HELD_SECONDS = 300.0, 30.0
DEATHS = 2
"""Backups that are killed in the midst of it, in each run."""
CLIENTS = 8


@dataclass
class Copy:
    """One backup, and what had been acknowledged when it began."""

    folder: Path
    vault: Path
    before: list[Told]


@dataclass
class Watch:
    """How long somebody waited for an answer: while a backup was made, and else."""

    busy: bool = False
    waited: dict[bool, list[float]] = field(default_factory=lambda: {True: [], False: []})


@dataclass(frozen=True)
class Found:
    """What one backup came to when it was restored."""

    audit: Audit
    seconds: float
    wrong: tuple[str, ...]


def tocsin(settings: Settings, *arguments: str | Path, exits: int = 0) -> Answer:
    """Run one of the commands on an installation."""
    done = subprocess.run(
        command("--json", *arguments),
        env=environment(settings.environment()),
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    assert done.returncode == exits, f"{arguments}: {done.stdout}{done.stderr}"
    return Answer(done.returncode, done.stdout, done.stderr)


async def under_load(
    service: Service, folder: Path, runs: int, seed: int
) -> tuple[list[Copy], Load, Watch, list[str]]:
    """Make so many backups while the load runs; and begin some that are killed."""
    load, watch, stop, chance = Load(service, CLIENTS, seed), Watch(), asyncio.Event(), Random(seed)
    waiting = asyncio.gather(load.run(stop), _watch(service, load, watch, stop))
    copies: list[Copy] = []
    wrong: list[str] = []
    try:
        await asyncio.sleep(FIRST_SECONDS)
        for number in range(runs):
            copy = Copy(folder / f"copy-{number}", folder / f"vault-{number}", list(load.heard))
            watch.busy = True
            await asyncio.to_thread(
                tocsin, service.settings, "backup", copy.folder, "--vault", copy.vault
            )
            watch.busy = False
            copies.append(copy)
            await asyncio.sleep(chance.random() * 0.3)
        for number in range(DEATHS):
            wrong += await asyncio.to_thread(_killed, service, folder / f"dead-{number}", chance)
        await asyncio.sleep(FIRST_SECONDS)
    finally:
        stop.set()
        await waiting
    return copies, load, watch, wrong


async def _watch(service: Service, load: Load, watch: Watch, stop: asyncio.Event) -> None:
    client, number = Client(service), 0
    try:
        while not stop.is_set():
            number += 1
            key, began, busy = f"{load.seed}-watch-{number}", time.monotonic(), watch.busy
            body = {"title": f"Watched {key}", "source": "monitoring"}
            load.heard.append(await client.tell(key, "/incidents", body))
            watch.waited[busy or watch.busy].append(time.monotonic() - began)
            await asyncio.sleep(0.002)
    finally:
        client.close()


def _killed(service: Service, target: Path, chance: Random) -> list[str]:
    """Kill a backup at some moment; what is wrong with what it left, which is nothing or whole."""
    with subprocess.Popen(
        command("backup", target),
        env=environment(service.settings.environment()),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.2 + chance.random() * 1.5)
        process.kill()
    if not target.exists():
        return []
    try:
        read_manifest(target)
    except BackupTrouble as trouble:
        return [f"half a backup has the name of a whole one: {trouble}"]
    return []


def last_held(file: Path, until: int) -> Checkpoint:
    """The last checkpoint that a place outside holds, once it speaks of so many events."""
    end = time.monotonic() + HELD_SECONDS
    while True:
        lines = file.read_text("utf-8").splitlines(keepends=True) if file.exists() else []
        found = [Signed.read(text).checkpoint for text in apart(lines)]
        if found and found[-1].size >= until:
            return found[-1]
        assert time.monotonic() < end, f"no checkpoint of {until} events: {found[-1:]}"
        time.sleep(0.05)


def restored(copy: Copy, target: Settings, live: Log, held: Checkpoint, secret: Path) -> Found:
    """Put a backup into a new place, and look at everything there."""
    target.home.mkdir(mode=0o700)
    shutil.copy(secret, target.home / "vault.key")
    began = time.monotonic()
    tocsin(target, "restore", copy.folder, "--vault", copy.vault)
    seconds = time.monotonic() - began
    wrong = []
    with closing(Log.open(target)) as log:
        size, root = log.head(), log.tree_root()
    path = live.consistency(size, held.size)
    try:
        verify_consistency(size, held.size, root, held.root, path)
    except BadProof as error:
        wrong.append(f"{copy.folder.name} is no beginning of what is held outside: {error}")
    tocsin(target, "rebuild", "--all")
    verdict: dict[str, Any] = tocsin(target, "verify").document
    if not verdict["ok"] or not all(each["equal"] for each in verdict["read_models"]):
        wrong.append(f"{copy.folder.name} does not verify: {verdict['faults'][:3]}")
    return Found(audit(target, copy.before), seconds, tuple(wrong))


def trial(site: Site, runs: int, database: str) -> Result:
    """Back up under load so often; restore each, to the same store and to the other in turn."""
    home = site.folder / "home"
    home.mkdir(mode=0o700)
    outside = site.folder / "held.txt"
    beside = {"TOCSIN_CHECKPOINT_FILE": str(outside), "TOCSIN_CHECKPOINT_SECONDS": "0.2"}
    service = Service(home, database, beside=beside)
    try:
        service.start()
        asked = under_load(service, site.folder, runs, site.seed)
        copies, load, watch, wrong = asyncio.run(asked)
        with closing(Log.open(service.settings)) as live:
            held = last_held(outside, live.head())
            found = [
                restored(copy, _place(site, service, number), live, held, home / "vault.key")
                for number, copy in enumerate(copies)
            ]
    finally:
        service.stop()
    for each in found:
        wrong += each.wrong
    return judged(runs, load, found, watch, wrong)


def _place(site: Site, service: Service, number: int) -> Settings:
    shared = bool(service.settings.database) == (number % 2 == 0)
    database = site.postgres.create(f"tocsin_{uuid4().hex}") if shared else ""
    return replace(service.settings, home=site.folder / f"new-{number}", database=database)


def judged(runs: int, load: Load, found: Sequence[Found], watch: Watch, wrong: list[str]) -> Result:
    """The line of the table."""
    lost, doubled, gaps = (
        sum(len(getattr(each.audit, name)) for each in found)
        for name in ("lost", "doubled", "gaps")
    )
    sound = all(each.audit.clean for each in found) and len(found) == runs
    before = min((each.audit.acknowledged for each in found), default=0)
    p99 = {busy: _p99(waited) * 1_000 for busy, waited in watch.waited.items()}
    told = f"p99 {p99[True]:.0f} ms during a backup, {p99[False]:.0f} ms else"
    return Result(
        runs=runs,
        ok=sound and not wrong and before > 0 and not load.changed_their_mind,
        acknowledged=len(load.heard),
        lost=lost,
        doubled=doubled,
        gaps=gaps,
        recoveries=[each.seconds for each in found],
        remark="; ".join([told, *wrong]),
    )


def _p99(waited: Sequence[float]) -> float:
    return quantiles(waited, n=100)[-1] if len(waited) > 1 else sum(waited)


def on_sqlite(site: Site, runs: int) -> Result:
    """On the embedded store."""
    return trial(site, runs, "")


def on_postgres(site: Site, runs: int) -> Result:
    """On the shared store."""
    return trial(site, runs, site.postgres.create(f"tocsin_{uuid4().hex}"))


TRIALS = (
    Trial("T24", "backup under load, SQLite", on_sqlite, 1, 20),
    Trial("T24b", "backup under load, PostgreSQL", on_postgres, 1, 20),
)
