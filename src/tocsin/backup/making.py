"""A backup is made: all of one moment, whole or not at all, and then the vault apart from it."""

from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tocsin import __version__
from tocsin.backup import evidence, sqlite
from tocsin.backup.folder import discarded, growing, kept, settle
from tocsin.backup.manifest import (
    DATABASES,
    LOG,
    PERSONAL,
    BackupTrouble,
    Kept,
    Manifest,
    Pieces,
    Show,
    Stop,
    never,
    silent,
)
from tocsin.backup.tables import COUNTED
from tocsin.drivers import sqlite3
from tocsin.ledger.merkle import Frontier
from tocsin.settings import Settings
from tocsin.store.sqlite_file import SCHEMA
from tocsin.store.tree import edge
from tocsin.vault.backups import back_up as back_up_vault
from tocsin.vault.keeping import standing

ROWS = 2_000


@dataclass(frozen=True, kw_only=True)
class Made:
    """What was made."""

    target: Path
    manifest: Manifest
    subjects: int | None
    """How many subjects of the vault were copied, if it was."""


def back_up(
    settings: Settings,
    target: Path,
    *,
    content: bool | None = None,
    vault: Path | None = None,
    show: Show = silent,
    stop: Stop = never,
) -> Made:
    """Copy everything that cannot be made again into a new folder, while a service writes it.

    Args:
        content: whether the content of evidence is copied; if nothing is said, when it lies in a
            folder here.
        vault: the file that a copy of the vault goes into.

    Raises:
        BackupTrouble: there is something at `target` or at `vault` already.
        StoreUnavailable: something cannot be read or written.
        VaultTrouble: there is no vault.
        Interrupted: `stop` said so. Nothing was left behind.
    """
    if vault is not None:
        _check_apart(vault, target)
    if content is None:
        content = not settings.evidence_url
    with _withdrawn(vault), growing(target) as folder:
        # Before the first look: whatever was acknowledged by then is in it.
        made_at = datetime.now(UTC)
        _copier(settings)(folder, show, stop)
        pieces = evidence.take(settings, folder, content=content, show=show, stop=stop)
        manifest = _described(folder, settings, made_at, pieces, show, stop)
        # After the log: so it has every key that anything in the log is sealed with.
        subjects = _vault(settings, vault, show) if vault is not None else None
        settle(manifest.write(folder))
    return Made(target=target, manifest=manifest, subjects=subjects)


@contextmanager
def _withdrawn(vault: Path | None) -> Iterator[None]:
    """A copy of the vault without the backup that it was to go with is not left behind."""
    try:
        yield
    except BaseException:
        if vault is not None:
            discarded(vault)
        raise


def _copier(settings: Settings) -> Callable[[Path, Show, Stop], None]:
    if settings.database:
        from tocsin.backup import postgres

        return lambda folder, show, stop: postgres.copy(settings.database, folder, show, stop)
    return lambda folder, show, stop: sqlite.copy(settings, folder, show, stop)


def _check_apart(vault: Path, target: Path) -> None:
    if vault.exists():
        raise BackupTrouble(f"There is a {vault} already: it is not overwritten.")
    if target.absolute() in vault.absolute().parents:
        raise BackupTrouble(
            f"{vault} lies in {target}: a copy of the vault must go before copies of the log do,"
            " and whoever has both can read what is sealed. Keep it elsewhere."
        )


def _vault(settings: Settings, file: Path, show: Show) -> int:
    file.absolute().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with standing(settings) as opened:
        return back_up_vault(opened, file, lambda *done: show("keys", *done))


def _described(
    folder: Path, settings: Settings, made_at: datetime, pieces: Pieces, show: Show, stop: Stop
) -> Manifest:
    files: dict[str, Kept] = {}
    for name in (*DATABASES, evidence.NAMES):
        file = folder / name
        if file.exists():
            settle(file)
            files[name] = kept(file, show, stop)
    with closing(sqlite3.connect(folder / LOG)) as log:
        position, reference, root = _head(log, folder)
        last = log.execute("SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1").fetchone()
    there = {*files, "evidence"} if pieces.copied and pieces.named else set(files)
    return Manifest(
        version=__version__,
        made_at=made_at,
        store="postgresql" if settings.database else "sqlite",
        schema=SCHEMA,
        position=position,
        reference=reference,
        root=b64encode(root).decode(),
        checkpoint=last[0] if last else None,
        counts=_counts(folder, files),
        files=files,
        evidence=pieces,
        personal={name: says for name, says in PERSONAL.items() if name in there},
    )


def _head(log: Any, folder: Path) -> tuple[int, int, bytes]:
    """The end of the log, the highest number given out, and the root over all events: the tree may
    have been left behind."""
    question = "SELECT position, reference, tree_size, frontier FROM head"
    ((position, reference, size, data),) = log.execute(question).fetchall()
    frontier: Frontier = edge(str(folder / LOG), position, size, data)
    asked = log.execute("SELECT body FROM events WHERE position > ? ORDER BY position", (size,))
    while some := asked.fetchmany(ROWS):
        frontier.extend(bytes(body) for (body,) in some)
    return position, reference, frontier.root()


def _counts(folder: Path, files: dict[str, Kept]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for what, (name, table) in COUNTED.items():
        if name in files:
            with closing(sqlite3.connect(folder / name)) as opened:
                ((counts[what],),) = opened.execute(f"SELECT count(*) FROM {table}").fetchall()
    return counts
