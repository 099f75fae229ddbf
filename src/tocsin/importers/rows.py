"""The rows of a CSV file, one at a time, and what is wrong with those that are none.

A damaged row costs itself, never its neighbours: a stray quote does not swallow the rest of the
file, and a line without end does not fill the memory.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tocsin.importers.compressed import Torn
from tocsin.importers.report import UnreadableFile, clipped

MAX_ROW_BYTES = 64 * 1024
"""Longest row, with all lines of its quoted cells."""
MAX_ROW_LINES = 1_000
"""Most lines of one row. Past that, its quote is taken for a stray one."""
MAX_LINE_BYTES = 256 * 1024 * 1024
"""A line as long as this is no row of anything: reading stops."""
MAX_EMPTY_LINES = 100_000
"""In a row. They pack so well that a small file could keep an import busy for days."""
MAX_HEADER_COLUMNS = 500

CUT_OFF = "The file ends in the middle of this row: import the whole file, and it will follow."
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""What breaks terminals and text columns, or turns the direction of reading to deceive."""


@dataclass(frozen=True, slots=True)
class Row:
    """A sound row: as many cells as the header has columns."""

    line: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class Damaged:
    """A row that cannot be read, with its beginning where that still says something."""

    line: int
    advice: str
    cells: Sequence[str] = ()
    column: str | None = None
    value: str | None = None


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    data: bytes
    length: int
    ended: bool = True


class Table:
    """The rows of one file under its header. Iterate once."""

    def __init__(self, pieces: Iterable[bytes], required: Iterable[str]) -> None:
        """Read the header.

        Raises:
            UnreadableFile: there is none, or a required column is not in it.
        """
        self.fault: str | None = None
        """Why reading stopped before the end, if it did."""
        self._lines = self._split(iter(pieces))
        self._again: list[_Line] = []
        self.header = self._header(required)

    def _header(self, required: Iterable[str]) -> list[str]:
        line = next(self._lines, None)
        if line is None or not line.ended:
            raise UnreadableFile(self.fault or "The file has no complete header line.")
        try:
            text = line.data.decode("utf-8-sig")
            header = next(csv.reader([text], strict=True), [])
        except (UnicodeDecodeError, csv.Error) as error:
            raise UnreadableFile(
                "The header is not CSV in UTF-8: export the file so, or convert it with iconv."
            ) from error
        missing = [column for column in required if column not in header]
        twice = sorted({column for column in header if header.count(column) > 1})
        if len(header) > MAX_HEADER_COLUMNS or line.length > MAX_ROW_BYTES:
            raise UnreadableFile("The header is too long for an audit log.")
        if missing:
            raise UnreadableFile(
                f"The header lacks {', '.join(missing)}. It begins with {clipped(text)!r}."
            )
        if twice:
            raise UnreadableFile(f"The header names {', '.join(twice)} more than once.")
        return header

    def __iter__(self) -> Iterator[Row | Damaged]:
        """Yield each row, sound or damaged, in file order. Empty lines are none."""
        empty = 0
        while (line := self._next()) is not None:
            data = line.data
            empty = 0 if data else empty + 1
            if empty > MAX_EMPTY_LINES:
                self.fault = f"Nothing but empty lines from line {line.number - empty + 1} on."
                return
            if not line.ended:
                yield Damaged(line.number, CUT_OFF, _readable(line))
            elif line.length > MAX_ROW_BYTES:
                advice = f"The row is longer than {MAX_ROW_BYTES} bytes: shorten or leave it out."
                yield Damaged(line.number, advice, _readable(line))
            elif b'"' in data:
                yield from self._quoted(line)
            elif data:
                try:
                    text = data.decode()
                except UnicodeDecodeError:
                    yield self._undecodable(line.number, data)
                    continue
                yield self._checked(line.number, text, text.split(","))

    def _next(self) -> _Line | None:
        return self._again.pop() if self._again else next(self._lines, None)

    def _checked(self, line: int, text: str, cells: list[str]) -> Row | Damaged:
        width = len(self.header)
        if len(cells) != width:
            return Damaged(
                line, f"The row has {len(cells)} cells, the header {width}: repair it.", cells
            )
        if not text.isprintable() and _CONTROL.search(text):
            for column, cell in zip(self.header, cells, strict=True):
                if _CONTROL.search(cell):
                    return Damaged(
                        line, "It contains control characters: remove them.", cells, column,
                        clipped(cell),
                    )  # fmt: skip
        return Row(line, cells)

    def _undecodable(self, line: int, data: bytes) -> Damaged:
        """Say which cell is not UTF-8, and what can still be read of the row."""
        cells = data.decode(errors="replace").split(",")
        bad = next(i for i, cell in enumerate(cells) if "\ufffd" in cell)
        named = len(cells) == len(self.header)
        return Damaged(
            line,
            "It is not UTF-8: export the file so, or convert it with iconv.",
            ["" if "\ufffd" in cell else cell for cell in cells],
            self.header[bad] if named else None,
            clipped(cells[bad]),
        )

    def _quoted(self, first: _Line) -> Iterator[Row | Damaged]:
        """Read a row with quotes, on as many lines as they span, if they ever close."""
        lines, size, cells = [first], first.length, _parsed([first])
        while cells is None:
            following = self._next()
            if following is None:
                yield self._stray(lines)
                return
            lines.append(following)
            size += following.length
            if not following.ended:
                # A row that was cut off, or a stray quote somewhere above the end: nobody can say.
                yield from (Damaged(line.number, CUT_OFF, _readable(line)) for line in lines)
                return
            if size > MAX_ROW_BYTES or len(lines) > MAX_ROW_LINES:
                yield self._stray(lines)
                return
            if b'"' in following.data:
                cells = _parsed(lines)
        data = b"\n".join(line.data for line in lines)
        try:
            text = data.decode()
        except UnicodeDecodeError:
            yield self._undecodable(first.number, data)
            return
        if cells:
            yield self._checked(first.number, text, cells)
        else:
            yield self._stray(lines)

    def _stray(self, lines: list[_Line]) -> Damaged:
        """Give up the first of these lines, and read the others again as rows of their own."""
        self._again.extend(reversed(lines[1:]))
        return Damaged(
            lines[0].number,
            "A quote is opened or closed in the wrong place: repair it.",
            _readable(lines[0]),
        )

    def _split(self, pieces: Iterator[bytes]) -> Iterator[_Line]:
        """Yield lines without their ends; of one that is too long, only its beginning."""
        number, rest, dropped = 1, b"", 0
        while True:
            try:
                piece = next(pieces, None)
            except Torn as torn:
                self.fault = str(torn)
                piece = None
            if piece is None:
                break
            *whole, last = piece.split(b"\n")
            for part in whole:
                data = rest + part if not dropped else rest
                length = len(data) + dropped + (len(part) if dropped else 0)
                yield _Line(number, data.removesuffix(b"\r")[:MAX_ROW_BYTES], length)
                number, rest, dropped = number + 1, b"", 0
            if dropped:
                dropped += len(last)
            else:
                rest += last
                if len(rest) > MAX_ROW_BYTES:
                    dropped, rest = len(rest) - MAX_ROW_BYTES, rest[:MAX_ROW_BYTES]
            if dropped > MAX_LINE_BYTES:
                self.fault = f"Line {number} does not end: this is no audit log."
                break
        if rest:
            yield _Line(number, rest, len(rest) + dropped, ended=False)


def _parsed(lines: list[_Line]) -> list[str] | None:
    """The cells on these lines; None if a quote is still open, nothing if one is misplaced."""
    text = b"\n".join(line.data for line in lines).decode(errors="replace")
    try:
        return next(csv.reader(text.splitlines(keepends=True), strict=True))
    except csv.Error as error:
        return None if "unexpected end of data" in str(error) else []


def _readable(line: _Line) -> list[str]:
    return line.data.decode(errors="replace").split(",")
