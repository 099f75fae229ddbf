"""A backup is put into a new place, and looked at there before anybody can take it for the log."""

import os
import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tocsin.backup import evidence
from tocsin.backup.checking import Vouched, check_files, pages, vouched, walk
from tocsin.backup.folder import MODE_FOLDER, copied, emptied, held, settle, trouble
from tocsin.backup.manifest import (
    DATABASES,
    LOG,
    BackupTrouble,
    Manifest,
    Show,
    Stop,
    never,
    read_manifest,
    silent,
)
from tocsin.ledger.vkeys import Vkey
from tocsin.settings import Settings
from tocsin.store.sqlite_file import SCHEMA, connect, exclusive, migrate
from tocsin.vault.backups import restore as restore_vault
from tocsin.vault.backups import unlockable

UNFINISHED = ".restoring"


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What there is now, and where."""

    manifest: Manifest
    place: str
    agreeing: int
    """Checkpoints, its own last one and those held outside, as which the log begins."""
    later: int
    """Checkpoints held outside that speak of events which are not in it."""
    evidence: int
    """How many contents were put back."""
    subjects: int | None
    """How many subjects of the vault were restored, if it was."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is to be restored, and with what."""

    folder: Path
    manifest: Manifest
    signed: Vouched
    show: Show
    stop: Stop


def restore(
    settings: Settings,
    folder: Path,
    *,
    checkpoints: Sequence[str] = (),
    vkeys: Collection[Vkey] = (),
    vault: Path | None = None,
    old_master: str = "",
    show: Show = silent,
    stop: Stop = never,
) -> Restored:
    """Put a backup where the settings say, where there must be nothing yet.

    Args:
        checkpoints: lines of files with checkpoints that somebody holds outside.
        vkeys: the keys that are trusted to have signed them; without any, those of the log itself.
        vault: a copy of the vault to be restored with it.
        old_master: where the master key is that locks the copy, if the settings name another.

    Raises:
        BackupTrouble: there is something there, or the backup is not what it was, or not the log
            that was signed. Nothing was restored.
        StoreUnavailable: something cannot be read or written. Nothing was restored.
        VaultTrouble: the copy of the vault cannot be restored there.
        Interrupted: `stop` said so. Nothing was restored.
    """
    manifest = read_manifest(folder)
    with trouble(folder):
        check_empty(settings)
        if vault is not None:
            if not settings.vault_address and settings.vault_file.exists():
                raise BackupTrouble(f"There is a vault already ({settings.vault_file}).")
            unlockable(settings, vault, old_master)
        check_files(folder, manifest, show, stop)
        signed = vouched(folder, manifest, checkpoints, vkeys)
        asked = Asked(folder=folder, manifest=manifest, signed=signed, show=show, stop=stop)
        put = _into_database if settings.database else _into_home
        place, pieces = put(settings, asked)
    subjects = None
    if vault is not None:
        subjects = restore_vault(
            settings, vault, lambda *done: show("keys", *done), old_master=old_master
        )
    return Restored(
        manifest=manifest,
        place=place,
        agreeing=len(signed.checkpoints),
        later=signed.later,
        evidence=pieces,
        subjects=subjects,
    )


def check_empty(settings: Settings) -> None:
    """Make sure that no installation is where one is to be restored.

    Raises:
        BackupTrouble: there is one, or a part of one.
        StoreUnavailable: the database cannot be reached.
    """
    if settings.database:
        from tocsin.backup import postgres

        postgres.check_empty(settings.database)
        return
    home = settings.home
    files = [*DATABASES, *(f"{name}-wal" for name in DATABASES), "readmodels.db"]
    there = [home / name for name in files] + [settings.lake_place]
    if found := [file for file in there if file.exists()]:
        raise BackupTrouble(
            f"{home} is not empty: there is {found[0]}. A backup is restored into a home of its"
            " own; of an old one only vault.key and ledger.key may be there."
        )


def _into_home(settings: Settings, asked: Asked) -> tuple[str, int]:
    home, files = settings.home, asked.manifest.files
    names = [name for name in DATABASES if name in files]
    home.mkdir(mode=MODE_FOLDER, parents=True, exist_ok=True)
    with _unfinished(home) as new, _only_writer(settings.log_file):
        for name in names:
            # What was compared with the manifest a moment ago is compared again as it is copied.
            if copied(asked.folder / name, new / name, asked.show, asked.stop) != files[name]:
                raise BackupTrouble(f"{asked.folder / name} changed while it was read.")
        with closing(connect(new / LOG, write=False)) as log:
            walk(pages(log), asked.manifest, asked.signed, asked.show, asked.stop)
        for name in names:
            # As a service leaves it: to change the mode, nobody else may look at the file.
            with closing(connect(new / name, write=True)) as opened:
                if name == LOG:
                    migrate(new / LOG, opened)
            settle(new / name)
        pieces = _evidence(settings, asked)
        check_empty(settings)  # still: reading all of it took its time
        # The log comes last: without one, nobody takes the rest for an installation.
        for name in reversed(names):
            (new / name).rename(home / name)
        settle(home)
    return str(settings.log_file), pieces


def _into_database(settings: Settings, asked: Asked) -> tuple[str, int]:
    from tocsin.backup.postgres import Loading

    if asked.manifest.schema != SCHEMA:
        raise BackupTrouble(
            f"The log in {asked.folder} has schema {asked.manifest.schema}, PostgreSQL takes"
            f" {SCHEMA}: restore it into a home, which migrates it, and then `tocsin replay --into`"
            " the database."
        )
    manifest, show, stop = asked.manifest, asked.show, asked.stop
    with closing(Loading(settings.database, asked.folder, manifest, show, stop)) as loading:
        walk(loading.events(), manifest, asked.signed, show, stop)
        pieces = _evidence(settings, asked)
        loading.commit()
        return loading.place, pieces


def _evidence(settings: Settings, asked: Asked) -> int:
    pieces = asked.manifest.evidence
    if wrong := evidence.check(asked.folder, pieces, asked.show, asked.stop):
        raise BackupTrouble(
            f"{len(wrong)} of the contents of evidence in {asked.folder} are not what they were:"
            f" {wrong[0]}{', ...' if wrong[1:] else ''}. Keep another backup."
        )
    return evidence.put_back(settings, asked.folder, pieces, asked.show, asked.stop)


@contextmanager
def _unfinished(home: Path) -> Iterator[Path]:
    """A folder in the new home in which everything lies until it was looked at."""
    new = home / UNFINISHED
    new.mkdir(mode=MODE_FOLDER, exist_ok=True)
    with held(new):
        try:
            emptied(new)
            yield new
        finally:
            shutil.rmtree(new, ignore_errors=True)


@contextmanager
def _only_writer(log: Path) -> Iterator[None]:
    """Nobody starts a service there meanwhile.

    Raises:
        StoreUnavailable: somebody did.
    """
    lock = exclusive(log)
    try:
        yield
    finally:
        os.close(lock)
