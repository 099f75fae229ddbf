"""`tocsin evidence`: attach what shows what happened, see who had it, get it, and check it."""

from mimetypes import guess_type
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.frame import EXITS, USAGE, WRONG, Fault, Session, subcommand

if TYPE_CHECKING:
    from uuid import UUID

    from tocsin.domain.evidence.state import Evidence

COLUMNS = ("piece", "name", "type", "bytes", "custodian", "attached", "looks", "state")
COLOURS = {"altered": "red", "missing": "red", "discarded": "yellow", "intact": "green"}
HOUR = 3_600.0


@click.group("evidence")
def command() -> None:
    """Attach, list, get and check evidence."""


@subcommand("add", exits=f"{EXITS} A file that may not be kept: 1.")
@click.argument("name", metavar="INC")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--type", "media_type", help="Media type. Default: what the file's name says.")
@click.option("--description", default="", help="What it shows.")
@click.option("--source", default="", help="Where it comes from.")
@click.option("--collected-by", metavar="NAME", help="Who collected it, if not you.")
def add(
    session: Session,
    name: str,
    file: Path,
    media_type: str | None,
    description: str,
    source: str,
    collected_by: str | None,
) -> None:
    """Attach FILE to an incident. It writes the log: while a server does, ask that over HTTP."""
    import asyncio

    from tocsin.cli.custody import adding
    from tocsin.cli.histories import find, writing

    kind = media_type or guess_type(file.name)[0]
    if kind is None:
        raise Fault(f"What {file.name} is cannot be told: say --type MEDIA/TYPE.", USAGE)
    said = {"description": description, "source": source, "collected_by": collected_by}
    fields = {key: value for key, value in said.items() if value}
    with writing(session) as log:
        incident = find(log, name)
        receipt = asyncio.run(adding(session, log, incident, file, {**fields, "media_type": kind}))
    if session.json:
        session.answer(receipt.fields)
    else:
        known = receipt.fields
        session.out.print(f"Attached as number {known['number']}: {known['evidence_id']}")


@subcommand("list", exits=f"{EXITS} Without such an incident: 1.")
@click.argument("name", metavar="INC")
def listing(session: Session, name: str) -> None:
    """List the evidence of an incident, as it stands."""
    from tocsin.cli.accesses import noted
    from tocsin.cli.histories import find, reading
    from tocsin.evidence.pieces import pieces

    with reading(session) as log:
        incident = find(log, name)
        noted(session, log, "read", [incident])
        found = pieces(log, incident)
    if session.json:
        session.answer({"incident_id": incident, "items": [vars(each) for each in found]})
        return
    session.table(
        COLUMNS, (_row(session, each) for each in found), right=("bytes", "looks"), colours=COLOURS
    )


def _row(session: Session, each: "Evidence") -> tuple[str, ...]:
    from tocsin.cli.picture import clean

    assert each.attached_at is not None
    state = each.condition or each.status if each.status == "kept" else each.status
    return (
        str(each.evidence_id),
        clean(each.name),
        each.media_type,
        f"{each.size:,}",
        clean(each.custodian or ""),
        session.time(each.attached_at),
        str(each.accesses),
        str(state),
    )


@subcommand("get", exits=f"{EXITS} Content that is not what was attached: 1.")
@click.argument("piece", type=click.UUID)
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="New file.")
@click.option("--purpose", required=True, help="What it is needed for: that is put on record.")
def get(session: Session, piece: "UUID", output: Path, purpose: str) -> None:
    """Write the content of PIECE to a file. It writes the log: while a server does, ask that over
    HTTP."""
    import asyncio

    from tocsin.cli.custody import getting
    from tocsin.cli.histories import writing

    if output.exists():
        raise Fault(f"{output} is there already: name a new file.", USAGE)
    with writing(session) as log:
        size = asyncio.run(getting(session, log, piece, output, purpose))
    if session.json:
        session.answer({"evidence_id": piece, "file": output, "bytes": size})
    else:
        session.out.print(f"Written to {output}: {size:,} bytes.")


@subcommand("verify", exits=f"{EXITS} Content that is not what was attached, or is not there: 1.")
@click.argument("names", nargs=-1, metavar="[INC...]")
@click.option(
    "--remove-orphans",
    is_flag=True,
    help="Remove stored content that nothing refers to and that is old enough.",
)
def verify(session: Session, names: tuple[str, ...], remove_orphans: bool) -> int:
    """Compare all that is stored with what was attached: every byte is read and opened.

    Without INC, all evidence. Content that nothing refers to is what an upload left that never
    ended, or a crash: it is named once it is older than TOCSIN_EVIDENCE_ORPHAN_HOURS. Nothing is
    put on record.
    """
    from tocsin.cli.histories import find, reading
    from tocsin.evidence import Storage
    from tocsin.evidence.pieces import orphans, pieces, referred

    with reading(session) as log:
        storage = Storage.open(session.settings, log.seals)
        if names:
            kept = [each for name in names for each in pieces(log, find(log, name))]
            wanted = [(each.evidence_id, each.sha256) for each in kept if each.status == "kept"]
        else:
            wanted = [(each.stream, each.name) for each in referred(log)]
        found = [(stream, name, storage.condition(name)) for stream, name in wanted]
        age = session.settings.evidence_orphan_hours * HOUR
        left = [] if names else orphans(log, storage, age)
        if remove_orphans:
            for name in left:
                storage.clear(name)
    return _say(session, found, left, removed=remove_orphans)


def _say(session: Session, found: list[Any], left: list[str], *, removed: bool) -> int:
    bad = [each for each in found if each[2] in ("altered", "missing")]
    forgotten = sum(each[2] == "forgotten" for each in found)
    if session.json:
        items = [{"evidence_id": s, "sha256": n, "condition": c} for s, n, c in found]
        session.answer({"items": items, "orphans": left, "removed": removed})
        return WRONG if bad else 0
    for stream, name, condition in bad:
        session.out.print(f"{stream}: {condition} ({name})", style="red")
    fine = len(found) - len(bad) - forgotten
    session.out.print(f"{fine:,} intact, {len(bad):,} not, {forgotten:,} forgotten.")
    if left:
        what = "removed" if removed else "--remove-orphans removes them"
        session.out.print(f"{len(left):,} that nothing refers to: {what}.")
    return WRONG if bad else 0


for _each in (add, listing, get, verify):
    command.add_command(_each)
