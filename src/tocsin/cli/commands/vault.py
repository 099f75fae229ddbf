"""`tocsin vault`: the keys of what is sealed in the log, their copies, and their locks."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tocsin.cli.frame import Session, subcommand

if TYPE_CHECKING:
    from tocsin.settings import Settings

LOSS = (
    "Without the vault or its master key, nothing that is sealed can be read by anybody, for ever:"
    " keep copies of both, and never in the same place."
)
FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


OLD_MASTER = click.option(
    "--master-from",
    metavar="PLACE",
    default="",
    help="Where the master key of that time is: file:PATH, env:NAME or kms:module:Class.",
)


@click.group("vault")
def command() -> None:
    """Look after the keys of the personal data in the log."""


@subcommand("status")
def status(session: Session) -> None:
    """Show where the vault is, what locks it, and how many keys it holds."""
    from tocsin.vault.keeping import counts, locks, standing

    with standing(session.settings) as vault:
        held, locked = counts(vault), locks(vault)
        place, key = vault.tables.place, vault.masters.source
    if session.json:
        answer = {"place": place, "master_key": key, "sealing": session.settings.vault}
        session.answer({**answer, **asdict(held), "locks": [asdict(each) for each in locked]})
        return
    rows = [
        ("vault", place),
        ("master key", key),
        ("new values", "are sealed" if session.settings.vault else "stay clear (TOCSIN_VAULT)"),
        ("people", f"{held.people:,}"),
        ("cases", f"{held.cases:,}, and {held.spare:,} spare keys"),
        ("retired", f"{held.retired:,}"),
        ("forgotten", f"{held.forgotten:,}"),
    ]
    rows += [
        (
            f"lock {each.number}",
            f"{each.keys:,} keys, since {session.time(each.created_at)}, under {each.master}",
        )
        for each in locked
        if each.retired_at is None
    ]
    session.table(("what", "found"), rows)
    session.out.print(LOSS)
    if held.waiting:
        session.err.print(
            f"A rotation was interrupted: {held.waiting:,} keys wait. `tocsin vault rotate` goes on"
            " with it."
        )


@subcommand("rotate")
@click.option("--master", is_flag=True, help="Change the master key as well.")
@click.option(
    "--master-from",
    metavar="PLACE",
    help="Where the old master key is, when the settings name its successor already:"
    " file:PATH, env:NAME or kms:module:Class.",
)
def rotate(session: Session, master: bool, master_from: str | None) -> None:
    """Make a new lock and put every key under it. What is sealed in the log stays as it is.

    The service may run on, unless the master key changes and is not in a file. What interrupts a
    rotation does no harm: the next one goes on from there.
    """
    from tocsin.cli.progress import bar
    from tocsin.vault.keeping import standing
    from tocsin.vault.rotation import change_master
    from tocsin.vault.rotation import rotate as rotated

    with standing(session.settings, master_from or "") as vault:
        if master or master_from:
            change_master(vault, make=master_from is None)
        with bar(session, "keys", "rotating") as show:
            done = rotated(vault, show)
        key = vault.masters.current().id
    if session.json:
        session.answer({**asdict(done), "master": key})
        return
    if done.continued:
        session.out.print(f"Finished the rotation that was interrupted: {done.keys:,} keys more.")
    else:
        session.out.print(f"{done.keys:,} keys are under lock {done.lock}, under master key {key}.")
    if master or master_from:
        session.err.print(
            "Keep a copy of the new master key, and make a new backup of the vault: older ones open"
            " with the old key only."
        )


@subcommand("backup")
@FILE
def backup(session: Session, file: Path) -> None:
    """Copy the vault as it is now into FILE, while the service runs.

    The copy is worth nothing without the master key, and must not lie beside it. Let copies expire
    within the time in which you promise to forget people: a key in a copy is not destroyed.
    """
    from tocsin.cli.progress import bar
    from tocsin.vault.backups import back_up
    from tocsin.vault.keeping import standing

    with standing(session.settings) as vault, bar(session, "keys", "copying") as show:
        count = back_up(vault, file, show)
    if session.json:
        session.answer({"file": file, "subjects": count})
    else:
        session.out.print(f"Copied {count:,} subjects to {file}.")


@subcommand("verify-backup")
@FILE
@OLD_MASTER
def verify_backup(session: Session, file: Path, master_from: str) -> int:
    """Unlock every key in a copy of the vault, and compare it with the vault.

    A copy that holds keys which the vault has destroyed must go: until then whom they belong to
    is not forgotten.
    """
    from tocsin.cli.progress import bar
    from tocsin.vault.backups import NAMED, verify
    from tocsin.vault.keeping import standing

    with (
        standing(session.settings, master_from) as vault,
        bar(session, "keys", "unlocking") as show,
    ):
        report = verify(vault, file, show)
    if session.json:
        session.answer(asdict(report))
        return 1 if report.damaged else 0
    out = session.out
    out.print(f"{report.keys:,} keys unlock.")
    if report.damaged:
        named = ", ".join(report.damaged[:NAMED])
        out.print(f"{len(report.damaged):,} do NOT unlock: {named}. Keep another copy.")
    if report.missing:
        out.print(f"{report.missing:,} keys of the vault are not in it: they are newer.")
    if report.strange:
        out.print(f"{report.strange:,} keys in it are not in the vault.")
    if report.destroyed:
        named = ", ".join(report.destroyed[:NAMED])
        out.print(
            f"{len(report.destroyed):,} keys in it are destroyed in the vault: {named}."
            " Delete this copy when there is a newer one: until then they are not forgotten."
        )
    return 1 if report.damaged else 0


@subcommand("restore")
@FILE
@OLD_MASTER
def restore(session: Session, file: Path, master_from: str) -> None:
    """Put a copy in the place of a vault that is gone. Stop the service first.

    What was forgotten since the copy was made is forgotten again at the next start: the log says
    who it was.
    """
    from tocsin.cli.progress import bar
    from tocsin.vault.backups import restore as restored

    with bar(session, "keys", "copying") as show:
        count = restored(session.settings, file, show, old_master=master_from)
    if session.json:
        session.answer({"subjects": count})
    else:
        session.out.print(f"Restored {count:,} subjects from {file}.")


@subcommand("new-master")
def new_master(session: Session) -> None:
    """Print a new master key, for an environment variable or a file. Nothing is changed."""
    from tocsin.vault.masters import new_key, written

    text = written(new_key())
    if session.json:
        session.answer({"key": text})
    else:
        session.out.print(text)


@subcommand("begin-anew")
@click.option("--yes", is_flag=True, help="Don't ask.")
def begin_anew(session: Session, yes: bool) -> None:
    """Go on when keys are lost for ever: what was sealed with them stays unreadable.

    A vault that opens keeps the keys that it has. One that does not is moved aside, and another
    is made. Stop the service first.
    """
    from tocsin.vault.keeping import begin_anew as begun
    from tocsin.vault.keeping import state

    settings = session.settings
    found = state(settings)
    if not yes:
        click.confirm(f"{found}\nGo on, and give up what cannot be opened?", abort=True, err=True)
    aside = begun(settings, _head(settings))
    if session.json:
        session.answer({"found": found, "moved_to": aside or None})
    elif aside:
        session.out.print(f"The vault was moved to {aside}, and there is a new one.")
    else:
        session.out.print("The log and the vault go on together from here.")


def _head(settings: "Settings") -> int:
    """The end of the log, which nobody may write at the moment."""
    from contextlib import closing

    from tocsin.store.log import Log

    with closing(Log.open(settings, writer=True, veiled=True)) as log:
        return log.head()


for _each in (status, rotate, backup, verify_backup, restore, new_master, begin_anew):
    command.add_command(_each)
