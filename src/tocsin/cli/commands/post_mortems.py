"""`tocsin post-mortems`: how long it took, by the timeline and by those who wrote it."""

from collections.abc import Iterator
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.frame import EXITS, WRONG, Session, subcommand, zone

if TYPE_CHECKING:
    from tocsin.importers.post_mortem.course import Around, Figure
    from tocsin.importers.post_mortem.differences import Difference
    from tocsin.importers.post_mortem.documents import Document, Row

COLUMNS = (
    "number", "rows", "detection", "written", "recovery", "written", "before", "whole", "after",
)  # fmt: skip
NONE = "-"
LEGEND = """\
Minutes. ~: a writer was not sure of the minute. *: no row says that the impact began; the last row
before the detection was taken. before, after: rows before the impact and after the recovery, and
how far they reach; whole: from the first row to the last."""


@subcommand(
    "post-mortems", exits=f"{EXITS} Documents that cannot be read in full: 1.", display=False
)
@click.argument(
    "folder",
    metavar="FOLDER",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)
@click.option(
    "--time-zone",
    "times",
    type=zone,
    metavar="ZONE",
    default="UTC",
    help="Zone of the times in the documents that say none. Default: UTC.",
)
def command(session: Session, folder: Path, times: tzinfo) -> int:
    """Compare detection and recovery as the timelines tell them with what the engineers wrote.

    FOLDER holds post-mortems as Markdown documents. Each difference is explained by the rows that
    the engineers counted from, or to. Nothing is imported.
    """
    from tocsin.importers.post_mortem import read_folder

    found = [_measured(document) for document in read_folder(folder, time_zone=times)]
    if session.json:
        session.answer({"documents": found})
    else:
        _show(session, found)
    return WRONG if any(each["faults"] for each in found) else 0


def _measured(document: "Document") -> dict[str, Any]:
    from tocsin.importers.post_mortem.course import course
    from tocsin.importers.post_mortem.differences import differences

    found = course(document.course)
    detection, recovery = differences(found, document.stats.detection, document.stats.recovery)
    return {
        "number": document.number,
        "file": document.file,
        "title": document.title,
        "rows": len(document.rows),
        "time_zone": document.zone,
        "began": _moment(found.began),
        "began_is_inferred": found.inferred,
        "known": _moment(found.known),
        "relieved": _moment(found.relieved),
        "detection": _told(detection),
        "recovery": _told(recovery),
        "before_impact": _around(found.before),
        "after_recovery": _around(found.after),
        "whole_minutes": found.minutes,
        "faults": [vars(fault) for fault in document.faults],
    }


def _moment(row: "Row | None") -> dict[str, Any] | None:
    if row is None:
        return None
    return {"line": row.line, "at": row.at, "known": row.moment.known, "written": row.written}


def _told(difference: "Difference") -> dict[str, Any]:
    return {
        "computed_minutes": _figure(difference.computed),
        "written": difference.written.text,
        "written_minutes": difference.written.minutes,
        "why": difference.why,
        "says": difference.says,
        "shown": str(difference.computed or NONE),
    }


def _figure(figure: "Figure | None") -> Any:
    if figure is None:
        return None
    return {"from": figure.low, "to": figure.high, "about": figure.about}


def _around(around: "Around | None") -> dict[str, int] | None:
    return None if around is None else {"rows": around.rows, "minutes": around.minutes}


def _show(session: Session, found: list[dict[str, Any]]) -> None:
    session.table(COLUMNS, map(_line, found), right=COLUMNS[1:])
    session.out.print(LEGEND, style="dim")
    for document in found:
        for line in _explained(document):
            session.out.print(line)
        for fault in document["faults"]:
            cell = f" {fault['column']} is {fault['value']!r}." if fault["column"] else ""
            says = f"{document['file']}, line {fault['line']}:{cell} {fault['advice']}"
            session.out.print(says, style="yellow")


def _line(document: dict[str, Any]) -> list[str]:
    star = "*" if document["began_is_inferred"] else ""
    return [
        document["number"],
        str(document["rows"]),
        *(
            cell
            for name in ("detection", "recovery")
            for cell in (
                document[name]["shown"] + (star if document[name]["computed_minutes"] else ""),
                document[name]["written"].removesuffix(" minutes") or NONE,
            )
        ),
        _beside(document["before_impact"]),
        str(document["whole_minutes"]),
        _beside(document["after_recovery"]),
    ]


def _beside(around: dict[str, int] | None) -> str:
    if not around or not around["rows"]:
        return NONE
    return f"{around['rows']} ({around['minutes']})"


def _explained(document: dict[str, Any]) -> Iterator[str]:
    for name in ("detection", "recovery"):
        told = document[name]
        if told["says"]:
            shown, written = told["shown"], told["written"]
            yield f"{document['number']} {name} {shown}, written {written}: {told['says']}"
