"""A folder of post-mortems on its way into the log: each document whole, or not at all.

A document with a row that cannot be read waits until that is mended: a timeline with a hole in it
would tell another story. What was imported before is recognised by its number. A document that was
changed since is reported, and changes nothing.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, tzinfo
from itertools import islice
from pathlib import Path
from time import monotonic

from tocsin.importers.format import Happening
from tocsin.importers.post_mortem.documents import MAX_BYTES, Document, Fault, read
from tocsin.importers.post_mortem.events import SYSTEM, happenings
from tocsin.importers.report import Progress, Report, RowReport, UnreadableFile
from tocsin.importers.storing import Pending, Storing, Target

MAX_DOCUMENTS = 20_000
BATCH = 50
"""Documents that are committed in one transaction."""
NOT_ONES = frozenset({"readme.md", "contributing.md", "changelog.md", "license.md", "template.md"})
"""What lies beside post-mortems and is none."""


def read_folder(
    path: Path,
    *,
    time_zone: tzinfo = UTC,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Iterator[Document]:
    """Read each document of a folder, in the order of their names.

    `time_zone` is that of documents that say none; see `zones` for CET and its like in summer.

    Raises:
        UnreadableFile: the folder cannot be read, or holds none or too many.
    """
    numbers: dict[str, str] = {}
    now = clock()
    for file in _files(path):
        document = _read(file, time_zone, now)
        former = numbers.setdefault(document.number, document.file)
        if former != document.file:
            advice = f"It has the number of {former!r}: give it one of its own."
            document.faults.append(Fault(1, advice))
        yield document


def import_folder(
    path: Path,
    log: Target,
    *,
    time_zone: tzinfo = UTC,
    progress: Callable[[Progress], None] = lambda _: None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    stop: Callable[[], bool] = lambda: False,
) -> Report:
    """Import a folder of post-mortems. Running it again imports only those that are new.

    `stop` is asked after every batch; what was imported until then stays.

    Raises:
        UnreadableFile: the folder cannot be read, or holds none or too many.
        StoreUnavailable: the log cannot be written; whole batches only were stored.
    """
    started, report = monotonic(), Report(path=str(path))
    storing = Storing(log, name=SYSTEM, system=SYSTEM, report=report)
    sizes = {file.name: _size(file) for file in _files(path)}
    found = read_folder(path, time_zone=time_zone, clock=clock)
    recorded_at, seen = clock(), 0
    while batch := list(islice(found, BATCH)):
        recorded_at = max(recorded_at, clock())
        pending = [each for document in batch if (each := _pending(document, storing, report))]
        storing.store(pending, recorded_at)
        seen += sum(sizes.get(document.file, 0) for document in batch)
        progress(
            Progress(
                rows=report.rows,
                events=report.events,
                bytes_read=seen,
                bytes_total=sum(sizes.values()),
            )
        )
        if stop():
            report.interrupted = True
            break
    report.seconds = monotonic() - started
    return report


def _files(path: Path) -> list[Path]:
    try:
        found = [file for file in path.iterdir() if file.suffix.casefold() == ".md"]
    except OSError as error:
        raise UnreadableFile(f"{path} cannot be read: {error.strerror}.") from error
    wanted = sorted(file for file in found if file.name.casefold() not in NOT_ONES)
    if not wanted:
        raise UnreadableFile(f"{path} holds no post-mortems: they are Markdown documents (.md).")
    if len(wanted) > MAX_DOCUMENTS:
        raise UnreadableFile(f"{path} holds more than {MAX_DOCUMENTS} documents: split it.")
    return wanted


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _read(file: Path, time_zone: tzinfo, now: datetime) -> Document:
    name = file.name.encode(errors="replace").decode()
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
    except OSError as error:
        advice = f"It cannot be read: {error.strerror}."
        return Document(file=name, number=file.stem, faults=[Fault(1, advice)])
    return read(name, data, told=time_zone, now=now)


def _pending(document: Document, storing: Storing, report: Report) -> Pending | None:
    """The document as one entry for the log, if all of it could be read."""
    report.rows += len(document.rows) + len(document.faults)
    for row, advice in document.remarks():
        report.remark(_told(document, row.line, "remark", advice))
    for fault in document.faults:
        said = _told(document, fault.line, "unreadable", fault.advice, fault.column, fault.value)
        report.add(said)
    if document.faults:
        if document.rows:
            advice = "They wait for the faults of their document: repair it, and import it again."
            line = document.rows[0].line
            report.add(_told(document, line, "waiting", advice, rows=len(document.rows)))
        return None
    track = storing.track(document.number, document.file)
    found: list[Happening] = happenings(document)
    return Pending(
        line=1,
        ordinal=1,
        track=track,
        command_id=storing.command_id(document.number, 1),
        fingerprint=document.fingerprint,
        happenings=found,
        rows=len(document.rows),
        name="The document",
    )


def _told(
    document: Document,
    line: int,
    problem: str,
    advice: str,
    column: str | None = None,
    value: str | None = None,
    rows: int = 1,
) -> RowReport:
    return RowReport(
        file=document.file,
        line=line,
        problem=problem,
        number=document.number,
        column=column,
        value=value,
        advice=advice,
        rows=rows,
    )
