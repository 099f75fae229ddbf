"""Is a backup what it was, and is it the log that was signed? Found out by reading all of it."""

from base64 import b64encode
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tocsin.backup import evidence
from tocsin.backup.folder import kept, trouble
from tocsin.backup.manifest import (
    LOG,
    BackupTrouble,
    Interrupted,
    Manifest,
    Show,
    Stop,
    never,
    read_manifest,
    silent,
)
from tocsin.drivers import sqlite3
from tocsin.ledger.checkpoints import Checkpoint, Signed, apart
from tocsin.ledger.merkle import Frontier
from tocsin.ledger.notary import KEY
from tocsin.ledger.vkeys import BadNote, Vkey, read_vkey
from tocsin.store.sqlite_file import SCHEMA

ROWS = 2_000
WITH_CHECKPOINTS = 2
"""The first schema that keeps what was signed."""
Pages = Iterable[list[tuple[int, bytes]]]


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What a backup is worth."""

    manifest: Manifest
    agreeing: int
    """Checkpoints, its own last one and those held outside, as which its log begins."""
    later: int
    """Checkpoints held outside that speak of events after the backup."""


@dataclass(frozen=True)
class Vouched:
    """What was signed of a log, to be compared with the tree of its events."""

    checkpoints: Sequence[Checkpoint]
    later: int


def check(
    folder: Path,
    held: Sequence[str] = (),
    vkeys: Collection[Vkey] = (),
    *,
    show: Show = silent,
    stop: Stop = never,
) -> Checked:
    """Read a whole backup: its files, the tree of its events, and what was signed of them.

    Args:
        held: lines of files with checkpoints that somebody holds outside.
        vkeys: the keys that are trusted to have signed them; without any, those of the log itself.

    Raises:
        BackupTrouble: it is not what it was, or not the log that was signed.
        BackupUnavailable: it cannot be read.
        Interrupted: `stop` said so.
    """
    manifest = read_manifest(folder)
    with trouble(folder):
        check_files(folder, manifest, show, stop)
        signed = vouched(folder, manifest, held, vkeys)
        with closing(_opened(folder / LOG)) as log:
            walk(pages(log), manifest, signed, show, stop)
        if wrong := evidence.check(folder, manifest.evidence, show, stop):
            raise BackupTrouble(
                f"{len(wrong)} of the contents of evidence in {folder} are not what they were:"
                f" {wrong[0]}{', ...' if wrong[1:] else ''}. Keep another backup."
            )
    return Checked(manifest=manifest, agreeing=len(signed.checkpoints), later=signed.later)


def check_files(folder: Path, manifest: Manifest, show: Show, stop: Stop) -> None:
    """Compare every file with what the manifest says of it.

    Raises:
        BackupTrouble: one is another, or is not there, or the log is of a newer version.
        Interrupted: `stop` said so.
    """
    for name, said in manifest.files.items():
        file = folder / name
        if not file.is_file():
            raise BackupTrouble(f"{file} is not there: the backup is not whole.")
        if file.with_name(f"{name}-wal").exists():
            raise BackupTrouble(f"{file} was written to since: there is a {name}-wal beside it.")
        if kept(file, show, stop) != said:
            raise BackupTrouble(f"{file} is not what it was when the backup was made.")
    if LOG not in manifest.files:
        raise BackupTrouble(f"{folder} holds no log.")
    if manifest.schema > SCHEMA:
        raise BackupTrouble(
            f"The log in {folder} has schema {manifest.schema}; this version knows up to {SCHEMA}."
            " Use a newer one."
        )


def vouched(
    folder: Path, manifest: Manifest, held: Sequence[str], vkeys: Collection[Vkey]
) -> Vouched:
    """What was signed of the log, by its own last word and in the checkpoints that are held.

    Raises:
        BackupTrouble: one is none, or none of the keys signed it.
    """
    ours: list[Checkpoint] = []
    later = 0
    try:
        if manifest.checkpoint is not None:
            ours.append(Signed.read(manifest.checkpoint).checkpoint)
        for number, text in enumerate(apart(held), 1):
            if Signed.read(text).checkpoint.size > manifest.position:
                later += 1
                continue
            keys = vkeys or _keys(folder / LOG, manifest.schema)
            try:
                ours.append(Signed.trusted(text, keys).checkpoint)
            except BadNote as error:
                raise BackupTrouble(f"Checkpoint {number} of those held: {error}") from error
    except BadNote as error:
        raise BackupTrouble(f"This is no checkpoint: {error}") from error
    return Vouched(ours, later)


def _keys(file: Path, schema: int) -> list[Vkey]:
    """The keys that signed for the log, as it says itself."""
    if schema < WITH_CHECKPOINTS:
        return []
    with closing(_opened(file)) as log:
        rows = log.execute("SELECT body FROM attestations WHERE kind = ?", (KEY,)).fetchall()
    return [read_vkey(bytes(body).decode()) for (body,) in rows]


def pages(log: Any) -> Iterator[list[tuple[int, bytes]]]:
    """Positions and stored bytes of every event, in order."""
    asked = log.execute("SELECT position, body FROM events ORDER BY position")
    while some := asked.fetchmany(ROWS):
        yield some


def walk(found: Pages, manifest: Manifest, signed: Vouched, show: Show, stop: Stop) -> None:
    """Grow the tree from the events, and compare it wherever something was said of it.

    Raises:
        BackupTrouble: an event is missing, or is another one.
        Interrupted: `stop` said so.
    """
    wanted: dict[int, list[Checkpoint]] = {}
    for each in signed.checkpoints:
        wanted.setdefault(each.size, []).append(each)
    tree, waiting = Frontier(), sorted(wanted)
    for some in found:
        page = some
        if stop():
            raise Interrupted
        for expected, (position, _) in enumerate(page, tree.size + 1):
            if position != expected:
                raise BackupTrouble(f"There is no event at position {expected:,}.")
        while waiting and waiting[0] <= tree.size + len(page):
            cut = waiting.pop(0) - tree.size
            tree.extend(bytes(body) for _, body in page[:cut])
            page = page[cut:]
            _compare(tree, wanted[tree.size])
        tree.extend(bytes(body) for _, body in page)
        show("events", tree.size, manifest.position)
    if tree.size != manifest.position or waiting:
        raise BackupTrouble(f"There are {tree.size:,} events, and {manifest.position:,} were kept.")
    if b64encode(tree.root()).decode() != manifest.root:
        raise BackupTrouble("The events are not those that were kept: their tree has another root.")


def _compare(tree: Frontier, said: Sequence[Checkpoint]) -> None:
    for each in said:
        if each.root != tree.root():
            raise BackupTrouble(
                f"This is not the log that was signed: of its first {each.size:,} events, at least"
                f" one is not what {each.origin} signed."
            )


def _opened(file: Path) -> Any:
    """A file of a backup, of which nothing is changed, not even by looking at it."""
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
