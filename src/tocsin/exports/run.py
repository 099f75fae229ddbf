"""One export, from the log to the file."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BufferedWriter, RawIOBase
from pathlib import Path
from typing import BinaryIO

from tocsin.exports.file import Output, whole
from tocsin.exports.format import Counts, Format
from tocsin.exports.reading import Source
from tocsin.exports.selection import BadSelection, Selection


def check(form: Format, selection: Selection, *, streamed: bool) -> None:
    """Make sure that a format can hold what is chosen, where it is to go.

    Raises:
        BadSelection: it cannot.
    """
    if form.WHOLE and selection.after:
        raise BadSelection(
            "after", f"is for formats with one line an event: {form.NAME} holds whole incidents"
        )
    if streamed and not form.STREAMED:
        raise BadSelection("output", f"takes a file: {form.NAME} cannot be written to a stream")


def to_file(
    form: Format, source: Source, file: Path, chosen: Mapping[str, str], *, force: bool
) -> Counts:
    """Write a file, whole or not at all.

    Raises:
        CannotWrite: it cannot be written there.
        Stopped: somebody wants no more of it. There is no file then.
    """
    with whole(file, force=force) as out:
        return form.write(source, out, chosen)


def to_stream(form: Format, source: Source, to: BinaryIO, chosen: Mapping[str, str]) -> Counts:
    """Write to a stream, which is flushed also when it is stopped.

    Raises:
        Stopped: somebody wants no more of it, with the position of the last line.
    """
    with _patient(to) as stream:
        return form.write(source, Output(stream), chosen)


@contextmanager
def _patient(to: BinaryIO) -> Iterator[BinaryIO]:
    """The stream, so that a write is whole. Unbuffered (PYTHONUNBUFFERED), standard output would
    write part of it when a signal comes, and only say how much."""
    stream = BufferedWriter(to) if isinstance(to, RawIOBase) else None
    try:
        yield stream or to
    finally:
        (stream or to).flush()
        if stream is not None:
            stream.detach()
