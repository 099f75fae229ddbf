"""`tocsin ledger`: what was signed about the log, proofs of it, and the keys that sign."""

from datetime import UTC, datetime
from typing import IO, Any

import click

from tocsin.cli.frame import EXITS, WRONG, Fault, Session, subcommand

SHOWN = 20
COLOURS = {"holds": "green", "DOES NOT HOLD": "bold red"}


@click.group("ledger")
def command() -> None:
    """Sign checkpoints of the log, compare them with held ones, prove what is in it."""


@subcommand("status", exits=f"{EXITS} The log is not the one that was signed: 1.")
def status(session: Session) -> int:
    """Say how far the log is signed and published, and whether it still is what was signed."""
    from tocsin.cli.histories import reading
    from tocsin.cli.ledgering import standing, told

    with reading(session) as log:
        found = standing(log, session.settings)
    if session.json:
        session.answer(found)
    else:
        for line in told(session, found):
            session.out.print(line, style="bold red" if line.startswith("ALARM") else "")
    return WRONG if found["alarm"] else 0


@subcommand("checkpoint")
def checkpoint(session: Session) -> None:
    """Sign the log as it is now, and hand the checkpoint to the places outside.

    The embedded log has one writer. Beside a running server, ask that:
    POST /ledger/checkpoints, with a key of the scope admin.
    """
    from tocsin.cli.ledgering import signing
    from tocsin.ledger.keeper import Keeper

    with signing(session) as log:
        keeper = Keeper(log, session.settings)
        made = keeper.once()
        last = log.latest_checkpoint()
        lacking = {each.place.name: each.says for each in keeper.couriers if each.says}
    note = last.note if last else None
    if session.json:
        session.answer({"made": made is not None, "note": note, "lacking": lacking})
        return
    if note is None:
        raise Fault("The log has no events: there is nothing to sign.")
    click.echo(note, nl=False)
    if made is None:
        session.err.print("The log has not grown since it was signed.")
    for name, says in lacking.items():
        session.err.print(f"{name} lacks it: {says}")


@subcommand("checkpoints")
@click.option("--after", type=click.IntRange(min=0), default=0, help="Of more events than this.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=SHOWN, show_default=True)
@click.option("--notes", is_flag=True, help="Print the notes themselves, one after another.")
def checkpoints(session: Session, after: int, limit: int, notes: bool) -> None:
    """List the checkpoints, smallest first. With --notes, as a file to hold elsewhere."""
    from tocsin.cli.histories import reading
    from tocsin.ledger import shown

    with reading(session) as log:
        found = [shown.checkpoint(log, each) for each in log.checkpoints(after, limit)]
    if session.json:
        session.answer({"checkpoints": found})
    elif notes:
        for each in found:
            click.echo(each["note"], nl=False)
    else:
        rows = [
            (f"{each['size']:,}", each["root"], session.time(each["made_at"])) for each in found
        ]
        session.table(("events", "root", "signed"), rows, right=("events",))


@subcommand("prove")
@click.argument("what", metavar="INCIDENT|POSITION")
@click.option("--size", type=click.IntRange(min=1), help="Of the tree. Default: the checkpoint's.")
def prove(session: Session, what: str, size: int | None) -> None:
    """Prove that the events of an incident, or the event at a position, are in the log's tree.

    With --json, everything that a verifier needs: `tocsin audit export` puts it into one file.
    """
    from tocsin.cli.histories import reading
    from tocsin.cli.ledgering import proofs

    with reading(session) as log:
        found = proofs(log, what, size)
    if session.json:
        session.answer(found)
        return
    rows = [
        (f"{each['position']:,}", each["leaf_hash"], str(len(each["path"])))
        for each in found["items"]
    ]
    session.table(("position", "leaf hash", "hashes in proof"), rows, right=("position",))
    session.out.print(f"All are in the tree of {found['size']:,} events, root {found['root']}.")
    if found["checkpoint"] is None:
        session.out.print("No checkpoint of that size was signed.", style="yellow")
    else:
        click.echo(f"\n{found['checkpoint']}", nl=False)


@subcommand("check", exits=f"{EXITS} A held checkpoint does not hold: 1.")
@click.argument("held", type=click.File("r", encoding="utf-8", errors="replace"), metavar="FILE")
@click.option("--key", "vkeys", multiple=True, metavar="VKEY", help="Trust only this key.")
def check(session: Session, held: IO[str], vkeys: tuple[str, ...]) -> int:
    """Compare checkpoints that somebody holds (FILE, or - for standard input) with the log.

    This is what finds a log that was cut off, whose events were altered or swapped, or that was
    replaced by an old backup. Without --key, the keys that the log itself names are trusted: use
    keys that you have from elsewhere.
    """
    from tocsin.cli.histories import reading
    from tocsin.ledger.held import examine
    from tocsin.ledger.notary import keys_ever
    from tocsin.ledger.vkeys import read_vkey

    with reading(session) as log:
        keys = [read_vkey(each) for each in vkeys] or keys_ever(log)
        if not keys:
            raise Fault("No key ever signed for this log: say --key VKEY.")
        found = list(examine(log, held, keys))
        size, _ = log.tree()
    wrong = [each for each in found if not each.holds]
    if session.json:
        session.answer({"size": size, "held": [vars_of(each) for each in found], "ok": not wrong})
    else:
        for each in wrong[:SHOWN]:
            where = f"checkpoint {each.number} of the file"
            events = f" ({each.size:,} events)" if each.size is not None else ""
            session.out.print(f"{where}{events} DOES NOT HOLD: {each.says}", style="bold red")
        if len(wrong) > SHOWN:
            session.out.print(f"… and {len(wrong) - SHOWN:,} more.", style="bold red")
        good = len(found) - len(wrong)
        last = max((each.size or 0 for each in found if each.holds), default=0)
        says = f"{good:,} of {len(found):,} held checkpoints hold"
        session.out.print(f"{says}, the last of {last:,} events; the log has {size:,}.")
    return WRONG if wrong or not found else 0


@subcommand("key")
def key(session: Session) -> None:
    """Print the public halves of the keys: hand them to whoever is to verify."""
    from tocsin.cli.histories import reading
    from tocsin.ledger import shown

    with reading(session) as log:
        found = shown.keys(log)
    if session.json:
        session.answer(found)
        return
    for each in found["items"]:
        click.echo(each["vkey"])
    if not found["items"]:
        raise Fault("No key signs for this log yet: `tocsin serve` makes one.")


@subcommand("rotate")
def rotate(session: Session) -> None:
    """Add a key of the same name, so that the next checkpoint is signed by both."""
    from tocsin.ledger import keys

    vkey = keys.rotate(session.settings)
    session.out.print(f"Added {vkey}.")
    session.out.print(
        "The next checkpoint carries the lines of both. Hand the new key to whoever verifies, give"
        " the file to every server of the log, then `tocsin ledger retire` the old one."
    )


@subcommand("retire")
@click.argument("key_id", metavar="KEYID")
def retire(session: Session, key_id: str) -> None:
    """Take a key away, once a checkpoint was signed by another one beside it."""
    from tocsin.cli.histories import reading
    from tocsin.cli.ledgering import check_followed
    from tocsin.ledger import keys

    with reading(session) as log:
        check_followed(log, session.settings, key_id)
    vkey = keys.retire(session.settings, key_id)
    session.out.print(f"Retired {vkey}. What it signed can be verified with it for ever.")


@subcommand("adopt")
@click.option("--reason", required=True, help="Why no earlier key vouches for this one.")
def adopt(session: Session, reason: str) -> None:
    """Let the key at hand sign from here on, although no earlier key of the log vouches for it.

    For a key that was lost, and for a log that goes on under a new TOCSIN_ORIGIN after an old
    backup was restored. It is kept for ever and everybody sees it. Auditors will ask.
    """
    from tocsin.cli.histories import writing
    from tocsin.ledger.keys import keyring, new_keyring
    from tocsin.ledger.notary import ADOPTED, KEY, attest

    with writing(session) as log:
        ring = keyring(session.settings) or new_keyring(session.settings)
        for vkey in ring.vkeys:
            attest(log, KEY, vkey, datetime.now(UTC))
            attest(log, ADOPTED, vkey, datetime.now(UTC), reason)
    for vkey in ring.vkeys:
        session.out.print(f"From here on {vkey} signs.")


def vars_of(found: Any) -> dict[str, Any]:
    """The fields of a finding."""
    return {name: getattr(found, name) for name in ("number", "size", "holds", "says")}


for _each in (status, checkpoint, checkpoints, prove, check, key, rotate, retire, adopt):
    command.add_command(_each)
