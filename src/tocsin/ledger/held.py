"""Checkpoints that are held outside, in a file: is our log still the one that they speak of?"""

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tocsin.ledger.checkpoints import Checkpoint, Signed, apart
from tocsin.ledger.notary import Contradicted
from tocsin.ledger.outside import Unanswered
from tocsin.ledger.places import Attested, Refused
from tocsin.ledger.vkeys import BadNote, Vkey
from tocsin.store.log import Log
from tocsin.store.tree import Checkpoint as Kept

TAIL_BYTES = 65_536
"""As much of a file is compared at the start: the last few hundred checkpoints."""
NOTES_AT_ONCE = 100
ROUNDS = 100
INTERRUPTED = "\n\N{EM DASH} interrupted AAAAAAAA\n"
"""Ends what a power cut left half-written: it looks like the signature of a key that nobody has."""


@dataclass(frozen=True)
class Finding:
    """What became of one checkpoint that somebody holds."""

    number: int
    """Its place in the file."""
    size: int | None
    holds: bool
    says: str


def examine(log: Log, lines: Iterable[str], keys: Collection[Vkey]) -> Iterator[Finding]:
    """Say of each checkpoint that is held whether the log still begins as it says.

    It counts only when one of these keys signed it.
    """
    for number, text in enumerate(apart(lines), 1):
        size: int | None = None
        try:
            size = Signed.read(text).checkpoint.size
            compare(log, Signed.trusted(text, keys).checkpoint)
        except (BadNote, Contradicted) as error:
            yield Finding(number, size, False, str(error))
        else:
            yield Finding(number, size, True, "the log begins so")


def compare(log: Log, checkpoint: Checkpoint) -> None:
    """Make sure that the log begins as a checkpoint says.

    Raises:
        Contradicted: it does not.
    """
    size, _ = log.tree()
    if checkpoint.size > size:
        raise Contradicted(
            f"The log has {size:,} events, and {checkpoint.size:,} were signed: events are missing."
        )
    if log.tree_root(checkpoint.size) != checkpoint.root:
        raise Contradicted(
            f"The first {checkpoint.size:,} events of the log are not those that were signed."
        )


class HeldFile:
    """A file on another machine's mount, to which every checkpoint is appended."""

    kind = "copy"
    every_seconds = 0.0

    def __init__(self, path: Path, keys: Callable[[], Collection[Vkey]]) -> None:
        self.path, self.name, self._keys = path, str(path), keys
        self._left: tuple[int, int] | None = None
        """Which file it was and how long, as we left it."""
        self._held = 0
        """The size of the last checkpoint in it."""

    def publish(self, log: Log, known: int) -> Attested | None:
        """Append the checkpoints that the file lacks.

        Raises:
            Unanswered: the file cannot be read or written, or has gone.
            Contradicted: it holds a checkpoint that we signed and that the log contradicts.
        """
        try:
            self._look(log, known)
            wrote = False
            for _ in range(ROUNDS):
                waiting = log.checkpoints(self._held, NOTES_AT_ONCE)
                if not waiting:
                    break
                self._append(waiting)
                wrote = True
        except OSError as error:
            raise Unanswered(
                f"{self.path} cannot be written: {error.strerror or error}."
            ) from error
        if not wrote and self._held == known:
            return None
        return Attested(self._held, b"")

    def _look(self, log: Log, known: int) -> None:
        """Compare what it holds with the log, unless it is as we left it."""
        if self._file() == self._left is not None:
            return
        if known and not self.path.exists():
            raise Unanswered(
                f"{self.path}, which had checkpoints of {known:,} events, has gone: mount it"
                " again, or make it empty yourself if it is to begin anew."
            )
        self._held = 0
        for text in apart(self._tail()):
            try:
                signed = Signed.trusted(text, self._keys())
            except BadNote:
                continue
            try:
                compare(log, signed.checkpoint)
            except Contradicted as error:
                raise Contradicted(f"{self.path} holds a checkpoint of ours. {error}") from error
            self._held = max(self._held, signed.checkpoint.size)

    def _tail(self) -> list[str]:
        if not self.path.exists():
            return []
        with self.path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - TAIL_BYTES))
            text = file.read().decode("utf-8", "replace")
        lines = text.splitlines(keepends=True)
        if size <= TAIL_BYTES:
            return lines
        ends = (i for i, line in enumerate(lines) if line.startswith("\N{EM DASH} "))
        return lines[next(ends, 0) + 1 :]

    def _append(self, waiting: list[Kept]) -> None:
        text = "".join(each.note for each in waiting)
        opened = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            if self._torn(opened):
                text = INTERRUPTED + text
            data = text.encode()
            if os.write(opened, data) != len(data):
                raise Refused(f"{self.path} takes only part of a checkpoint: is its disk full?")
            os.fsync(opened)
            status = os.fstat(opened)
        finally:
            os.close(opened)
        self._left = (status.st_ino, status.st_size)
        self._held = waiting[-1].size

    def _torn(self, opened: int) -> bool:
        """Whether the last thing in it is not a whole checkpoint."""
        size = os.fstat(opened).st_size
        tail = os.pread(opened, 4_096, max(0, size - 4_096)).decode("utf-8", "replace")
        last = tail.rstrip("\n").rpartition("\n")[2]
        return bool(tail) and not (tail.endswith("\n") and last.startswith("\N{EM DASH} "))

    def _file(self) -> tuple[int, int] | None:
        try:
            status = self.path.stat()
        except FileNotFoundError:
            return None
        return status.st_ino, status.st_size
