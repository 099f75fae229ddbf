"""`tocsin backup`: all that cannot be made again, as of one moment, while the service runs."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tocsin.cli.frame import EXITS, INTERRUPTED, Session, subcommand

if TYPE_CHECKING:
    from tocsin.backup import Made


@subcommand("backup", exits=f"{EXITS} Interrupted: {INTERRUPTED}, and nothing is left behind.")
@click.argument("target", metavar="TARGET", type=click.Path(path_type=Path))
@click.option(
    "--vault",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Copy the vault as well, into this file, which lies elsewhere and expires sooner.",
)
@click.option(
    "--evidence/--no-evidence",
    "content",
    default=None,
    help="Copy the content of evidence, or only name it. Default: copy it from a folder, name it"
    " where it lies at a service such as S3.",
)
def command(session: Session, target: Path, vault: Path | None, content: bool | None) -> int:
    """Copy the log, the API keys, the access journal and evidence into a new folder TARGET.

    All of it is as it was at one moment, at which the service may be busy: nobody waits for it. It
    is the same from SQLite and from PostgreSQL, and can be restored to either. Read models and the
    lake are made anew from the log. The keys that sign checkpoints, and the master key of the
    vault, are never in it: keep copies of them yourself.

    `tocsin restore TARGET --check` reads it. A backup that nobody has read is a hope.
    """
    from tocsin.backup import Interrupted, back_up
    from tocsin.cli.backups import INTERRUPTED_FAULT, note_leaving
    from tocsin.cli.progress import bars
    from tocsin.cli.stopping import stopped_by_signals

    note_leaving(session)
    try:
        with stopped_by_signals() as stop, bars(session) as show:
            made = back_up(
                session.settings,
                target.absolute(),
                content=content,
                vault=vault,
                show=show,
                stop=stop.is_set,
            )
    except Interrupted:
        session.tell(INTERRUPTED_FAULT)
        return INTERRUPTED
    _report(session, made, vault)
    return 0


def _report(session: Session, made: "Made", vault: Path | None) -> None:
    from tocsin.cli.backups import contents, document

    manifest = made.manifest
    if session.json:
        copied = None if vault is None else {"file": vault, "subjects": made.subjects}
        session.answer({**document(manifest), "target": made.target, "vault": copied})
        return
    out = session.out
    out.print(f"{made.target} holds {contents(manifest)}")
    out.print(f"as of {session.time(manifest.made_at)}, up to position {manifest.position:,},")
    out.print(f"root {manifest.root}.")
    if manifest.evidence.lacking:
        lacking = len(manifest.evidence.lacking)
        out.print(
            f"{lacking:,} contents of evidence were not there or not what they were:"
            " `tocsin evidence verify` says more.",
            style="yellow",
        )
    out.print("It is about people:")
    for name, says in manifest.personal.items():
        out.print(f"  {name}: {says}")
    if vault is not None:
        out.print(f"{vault} holds {made.subjects:,} subjects of the vault: let it expire.")
    else:
        out.print("The vault is not in it: `tocsin vault backup` copies it, or --vault FILE here.")
