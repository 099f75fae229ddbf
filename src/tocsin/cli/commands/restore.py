"""`tocsin restore`: a backup is read, and put into a new place."""

from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from tocsin.cli.frame import EXITS, INTERRUPTED, USAGE, Fault, Session, subcommand

if TYPE_CHECKING:
    from tocsin.backup import Checked, Restored
    from tocsin.ledger.vkeys import Vkey

BACKUP = click.argument(
    "backup", metavar="BACKUP", type=click.Path(exists=True, file_okay=False, path_type=Path)
)


@subcommand("restore", exits=f"{EXITS} Interrupted: {INTERRUPTED}, and nothing was restored.")
@BACKUP
@click.option("--check", is_flag=True, help="Only read all of it, and say whether it is sound.")
@click.option(
    "--checkpoint",
    "held",
    multiple=True,
    metavar="FILE",
    type=click.File("r", encoding="utf-8", errors="replace"),
    help="Compare it with checkpoints that somebody holds outside.",
)
@click.option("--key", "vkeys", multiple=True, metavar="VKEY", help="Trust only this key of them.")
@click.option(
    "--vault",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Restore this copy of the vault with it.",
)
@click.option(
    "--master-from",
    default="",
    metavar="PLACE",
    help="Where the master key is that locks that copy, if the settings name another: file:PATH,"
    " env:NAME or kms:module:Class.",
)
def command(
    session: Session,
    backup: Path,
    check: bool,
    held: tuple[IO[str], ...],
    vkeys: tuple[str, ...],
    vault: Path | None,
    master_from: str,
) -> int:
    """Put a backup into the home folder or the database of the settings, where nothing is yet.

    Every file is compared with its hash, and the tree of all events with the root that the backup
    states, with the last checkpoint that was signed, and with those of --checkpoint. Only then is
    it there. Read models are built by the first start, or before it by `tocsin rebuild --all`.
    """
    from tocsin.backup import Interrupted
    from tocsin.cli.backups import INTERRUPTED_FAULT
    from tocsin.ledger.vkeys import read_vkey

    if check and vault is not None:
        raise Fault("--check restores nothing: `tocsin vault verify-backup` reads FILE.", USAGE)
    lines = [line for file in held for line in file]
    keys = [read_vkey(each) for each in vkeys]
    try:
        if check:
            _check(session, backup, lines, keys)
        else:
            _restore(session, backup, lines, keys, vault, master_from)
    except Interrupted:
        session.tell(INTERRUPTED_FAULT)
        return INTERRUPTED
    return 0


def _check(session: Session, backup: Path, lines: list[str], keys: "list[Vkey]") -> None:
    from tocsin.backup import check
    from tocsin.cli.progress import bars
    from tocsin.cli.stopping import stopped_by_signals

    with stopped_by_signals() as stop, bars(session) as show:
        found = check(backup, lines, keys, show=show, stop=stop.is_set)
    _sound(session, backup, found)


def _restore(
    session: Session,
    backup: Path,
    lines: list[str],
    keys: "list[Vkey]",
    vault: Path | None,
    master_from: str,
) -> None:
    from tocsin.backup import restore
    from tocsin.cli.progress import bars
    from tocsin.cli.stopping import stopped_by_signals

    with stopped_by_signals() as stop, bars(session) as show:
        put = restore(
            session.settings,
            backup,
            checkpoints=lines,
            vkeys=keys,
            vault=vault,
            old_master=master_from,
            show=show,
            stop=stop.is_set,
        )
    _restored(session, put)


def _sound(session: Session, backup: Path, found: "Checked") -> None:
    from tocsin.cli.backups import contents, document, signed

    manifest = found.manifest
    if session.json:
        told = {"agreeing": found.agreeing, "later": found.later}
        session.answer({**document(manifest), "checkpoints": told, "sound": True})
        return
    out = session.out
    out.print(f"{backup} is what it was on {session.time(manifest.made_at)}, all of it:")
    out.print(f"{contents(manifest)}, up to position {manifest.position:,}.")
    out.print(signed(found.agreeing, found.later))


def _restored(session: Session, put: "Restored") -> None:
    from tocsin.cli.backups import consequences, contents, document, signed

    manifest = put.manifest
    if session.json:
        told = {"agreeing": put.agreeing, "later": put.later}
        counted = {"evidence_restored": put.evidence, "subjects": put.subjects}
        session.answer({**document(manifest), **counted, "place": put.place, "checkpoints": told})
        return
    out = session.out
    out.print(f"{put.place} holds {contents(manifest)}, up to position {manifest.position:,}.")
    out.print(signed(put.agreeing, put.later))
    if put.subjects is not None:
        out.print(f"The vault holds {put.subjects:,} subjects.")
    out.print("What came after the backup is gone:")
    for each in consequences(put):
        out.print(f"- {each}")
    out.print(
        "Now read it with `tocsin verify --log-only`, and start `tocsin serve`: it builds the"
    )
    out.print("read models (`tocsin rebuild --all` does so before).")
