"""What a post-mortem says: its summary, the rows of its timeline, and the engineers' own figures.

A row that cannot be read is a `Fault` that names its line. Nothing raises: a document with faults
says what else could be read of it, so that all its faults can be mended at once.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from hashlib import sha256
from html import unescape
from itertools import chain, pairwise
from pathlib import PurePath as Path
from zoneinfo import ZoneInfo

from tocsin.domain.printing import printable
from tocsin.importers.post_mortem.markdown import Cells, Grid, Line, Section, grids, sections
from tocsin.importers.post_mortem.stats import Stats, stats
from tocsin.importers.post_mortem.times import Clock, Known, Moment
from tocsin.importers.post_mortem.zones import zone_in_header, zone_in_prose, zone_named
from tocsin.importers.report import UnreadableCell, clipped

MAX_BYTES = 256 * 1024
"""Of a document: it becomes one incident, and its sections stand in one event."""
MAX_ROWS = 3_000
"""Of a timeline: with at most three events each, an incident stays below its ten thousand."""
MAX_TEXT = 20_000
"""Characters of a row, as of anything that people say here."""
MAX_TITLE = 500
MAX_NUMBER = 100
TIMELINE, SUMMARY, STATS = "timeline", "summary", "stats"
WINTER = {"CET": "UTC+1", "EET": "UTC+2", "WET": "UTC"}
"""What clocks in Europe show in winter only, though people say it all year."""
_EUROPE = ZoneInfo("Europe/Vienna")
_EVENT = ("event", "what", "description", "action", "happen")


@dataclass(frozen=True)
class Fault:
    """Something that cannot be read: where, why, and what to do."""

    line: int
    advice: str
    column: str | None = None
    value: str | None = None


@dataclass(frozen=True)
class Row:
    """A row of a timeline."""

    line: int
    written: str
    """Its time, as it stands there."""
    moment: Moment
    text: str

    @property
    def at(self) -> datetime:
        """Where it stands in the timeline."""
        return self.moment.at


@dataclass
class Document:
    """One post-mortem, as far as it could be read."""

    file: str
    number: str
    title: str = ""
    summary: str = ""
    rows: list[Row] = field(default_factory=list)
    """In the order of the document."""
    stats: Stats = field(default_factory=Stats)
    others: dict[str, str] = field(default_factory=dict)
    """Sections that are not read any further, by their headings."""
    faults: list[Fault] = field(default_factory=list)
    row_faults: int = 0
    """How many of the faults are rows."""
    zone: str = ""
    """Of the timeline, as it is named there."""
    clock: str = ""
    """What that was taken for."""
    fingerprint: bytes = b""
    """What tells it from one that was changed since."""

    @property
    def course(self) -> list[Row]:
        """The rows in the order in which it happened; of the same minute, in that of the rows."""
        return sorted(self.rows, key=lambda row: row.at)

    def remarks(self) -> Iterator[tuple[Row, str]]:
        """Rows that stand where a rule put them, or out of their order."""
        for row in self.rows:
            at = row.at.strftime("%Y-%m-%d %H:%M")
            match row.moment.known:
                case Known.OPEN:
                    yield row, f"Its time is open: it was put at {at} UTC, and says so."
                case Known.ABOUT:
                    yield row, f"Its minute is not certain: it was taken as {at} UTC, and says so."
                case Known.SPAN:
                    yield row, f"It spans some time: it was put at its beginning, {at} UTC."
        fixed = self.zone in WINTER and "/" not in self.clock
        summer = next((row for row in self.rows if fixed and _summer(row)), None)
        if summer is not None:
            advice = f"It says {self.zone} on a day of summer: {WINTER[self.zone]} was taken."
            yield summer, f"{advice} If their clock was meant, name its place with --time-zone."
        for above, row in pairwise(self.rows):
            if row.at < above.at:
                yield row, "It is earlier than the row above it: it was put where it belongs."


def read(file: str, data: bytes, *, told: tzinfo, now: datetime) -> Document:
    """Read a document. `told` is the zone of times that say none; nothing is later than `now`."""
    number, _, rest = Path(file).stem.partition(" - ")
    document = Document(file=file, number=number.strip())
    text = _text(data, document.faults)
    if not document.number or len(document.number) > MAX_NUMBER or not printable(document.number):
        advice = f"Name it NUMBER - TITLE.md, with a number of up to {MAX_NUMBER} characters."
        document.faults.append(Fault(1, advice))
    if text is None or document.faults:
        return document
    found = sections(text)
    titles = [section.title for section in found if section.level == 1]
    document.title = next(iter(titles), "") or rest or document.number
    if len(document.title) > MAX_TITLE:
        document.faults.append(Fault(1, f"Its title is longer than {MAX_TITLE} characters."))
    _sort_out(document, found)
    _timeline(document, found, told, now)
    document.fingerprint = sha256(data + b"\0" + document.clock.encode()).digest()
    return document


def _summer(row: Row) -> bool:
    return bool(row.at.astimezone(_EUROPE).dst())


def _text(data: bytes, faults: list[Fault]) -> str | None:
    if len(data) > MAX_BYTES:
        faults.append(Fault(1, f"It is larger than {MAX_BYTES} bytes: this is no post-mortem."))
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = data.count(b"\n", 0, error.start) + 1
        faults.append(Fault(place, "It is not UTF-8: save it so, or convert it with iconv."))
        return None
    for place, line in enumerate(text.split("\n"), 1):
        if not printable(line.removesuffix("\r")):
            faults.append(Fault(place, "It contains control characters: remove them."))
    return text


def _sort_out(document: Document, found: list[Section]) -> None:
    for section in found:
        kind = section.title.casefold()
        if kind.startswith(SUMMARY):
            document.summary = "\n\n".join(filter(None, (document.summary, section.text)))
        elif kind.startswith(STATS):
            document.stats = stats(section.lines)
        elif not kind.startswith(TIMELINE) and section.level and section.text:
            former = document.others.get(section.title)
            document.others[section.title] = "\n\n".join(filter(None, (former, section.text)))
    if len(document.summary) > MAX_TEXT:
        document.faults.append(Fault(1, f"Its summary is longer than {MAX_TEXT} characters."))


def _timeline(document: Document, found: list[Section], told: tzinfo, now: datetime) -> None:
    timelines = [each for each in found if each.title.casefold().startswith(TIMELINE)]
    if not timelines:
        advice = "It has no heading Timeline: this is no post-mortem. Add one, or move it away."
        document.faults.append(Fault(1, advice))
        return
    lines = list(chain.from_iterable(each.lines for each in timelines))
    tables = list(grids(lines))
    if not any(table.rows for table in tables):
        advice = "There is no table with rows under this heading: write them as | Time | Event |."
        document.faults.append(Fault(timelines[0].line, advice))
        return
    try:
        zone, name = _zone(lines, tables, told)
    except UnreadableCell as bad:
        document.faults.append(Fault(timelines[0].line, bad.advice, bad.column, bad.value))
        return
    document.zone, document.clock = name or str(told), str(zone)
    clock = Clock(zone, told=told, now=now)
    for table in tables:
        _rows(document, table, clock)


def _zone(lines: list[Line], tables: list[Grid], told: tzinfo) -> tuple[tzinfo, str]:
    """The zone of the timeline: as a sentence or the head of a table says, else as told."""
    prose = (zone_in_prose(line.text) for line in lines if not line.text.lstrip().startswith("|"))
    heads = (zone_in_header(cell[:MAX_TITLE]) for table in tables for cell in table.head.cells)
    names = sorted({name for name in (*prose, *heads) if name})
    if len(names) > 1:
        raise UnreadableCell("time zone", clipped(" and ".join(names)), "Say only one.")
    name = next(iter(names), "")
    return zone_named(name, told) if name else told, name


def _rows(document: Document, table: Grid, clock: Clock) -> None:
    if not table.ruled:
        advice = "The head of a table is followed by a line of dashes: | --- | --- |."
        document.faults.append(Fault(table.head.line, advice))
        return
    when, what = _columns(table.head.cells)
    for cells in table.rows:
        if not any(cells.cells):
            continue
        if len(document.rows) + document.row_faults >= MAX_ROWS:
            document.faults.append(Fault(cells.line, f"More than {MAX_ROWS} rows: split it."))
            return
        try:
            document.rows.append(_row(cells, len(table.head.cells), when, what, clock))
        except UnreadableCell as bad:
            column = bad.column or None
            value = bad.value if column else None
            document.faults.append(Fault(cells.line, bad.advice, column, value))
            document.row_faults += 1


def _columns(head: list[str]) -> tuple[list[int], int]:
    """Which columns say when (a day and a time may stand apart), and which one says what."""
    said = [cell.casefold() for cell in head]
    when = [n for n, cell in enumerate(said) if "date" in cell or "time" in cell] or [0]
    others = [n for n in range(len(said)) if n not in when]
    named = [n for n in others if any(word in said[n] for word in _EVENT)]
    return when, next(iter(named or others), len(said))


def _row(cells: Cells, width: int, when: list[int], what: int, clock: Clock) -> Row:
    if len(cells.cells) != width or what >= width:
        raise UnreadableCell(
            "", "", f"The row has {len(cells.cells)} cells, the head {width}: repair it."
        )
    written = " ".join(filter(None, (cells.cells[n] for n in when)))
    moment = clock.read(written)
    others = [n for n in range(width) if n not in when and n != what]
    extra = [cells.cells[n] for n in others if cells.cells[n]]
    text = unescape(cells.cells[what])
    if not text:
        raise UnreadableCell("event", "", "The row says no event: write what happened.")
    text = " ".join([text, *(f"({unescape(each)})" for each in extra)])
    if len(text) > MAX_TEXT or not printable(text):
        advice = f"Write up to {MAX_TEXT} characters, and none that control a terminal."
        raise UnreadableCell("event", clipped(text) if printable(text) else "", advice)
    return Row(cells.line, written, moment, text)
