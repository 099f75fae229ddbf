"""The vault: whether it opens, fits the log, and is kept as keys should be."""

import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from tocsin.cli.examination.check import Check, bad, good, warn
from tocsin.settings import Settings
from tocsin.store.entries import StoreUnavailable
from tocsin.store.log import Log
from tocsin.vault import VaultUnavailable
from tocsin.vault.keeping import counts
from tocsin.vault.masters import masters
from tocsin.vault.opening import Opened, opened

OTHERS = stat.S_IRWXG | stat.S_IRWXO
GONE = "Restore it from its backup, with `tocsin vault restore FILE`."


def examine(settings: Settings) -> Iterator[Check]:
    """The vault, its master key, where they lie, and whether the log needs another one."""
    try:
        found = opened(settings)
    except VaultUnavailable as error:
        yield bad("vault", str(error), "Put that right before anything is written.")
        return
    if found is None:
        yield _none(settings)
        return
    with closing(found.tables):
        yield _fits(settings, found)
        yield from _rotation(found)
        yield _apart(settings)
    yield _key(masters(settings).file)


def _none(settings: Settings) -> Check:
    if _lacking(settings, None):
        return bad("vault", "it is gone, and the log holds sealed values", GONE)
    if not settings.vault:
        return good("vault", "there is none, and TOCSIN_VAULT is off: personal data stay clear")
    return warn("vault", "there is none yet", "`tocsin serve` makes it.")


def _fits(settings: Settings, found: Opened) -> Check:
    if lacking := _lacking(settings, found):
        says = f"it lacks {lacking} of the keys of the log's last sealed event: an old copy?"
        return bad("vault", says, GONE)
    held = counts(found)
    said = f"{held.people:,} people, {held.cases:,} cases, {held.forgotten:,} forgotten"
    if not settings.vault:
        said += "; TOCSIN_VAULT is off, so what is new stays clear"
    return good("vault", f"{said}, in {found.tables.place}")


def _lacking(settings: Settings, found: Opened | None) -> int:
    """How many keys of the log's last sealed event are not there."""
    try:
        with closing(Log.open(settings, veiled=True)) as log:
            last = log.last_sealed(found.accepted if found else 0)
    except StoreUnavailable:
        return 0
    return len(last - found.rows.known(last)) if found else len(last)


def _rotation(found: Opened) -> Iterator[Check]:
    if waiting := counts(found).waiting:
        says = f"it was interrupted: {waiting:,} keys are still under an old lock"
        yield warn("vault rotation", says, "`tocsin vault rotate` goes on with it.")


def _apart(settings: Settings) -> Check:
    if settings.vault_address and settings.vault_address == settings.database:
        return warn(
            "vault backups",
            "it lies in the log's database: backups of that hold its keys as long as they exist",
            "Leave the schema tocsin_vault out of them, or set TOCSIN_VAULT_DATABASE.",
        )
    return good("vault backups", "`tocsin vault backup` copies it, apart from the log")


def _key(file: Path | None) -> Check:
    if file is None:
        return good("master key", "it is in no file")
    mode = stat.S_IMODE(file.stat().st_mode)
    if mode & OTHERS:
        return bad("master key", f"others may read {file} ({mode:04o})", f"chmod 600 {file}")
    return good("master key", f"only its owner reads {file}: keep a copy of it elsewhere")
