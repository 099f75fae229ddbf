"""Bits that flip in the file of the log: is every one noticed that changes an event?

`python -m tests.audit.corruption --flips 1000 [--seed 1]` does it as often as is wanted.
"""

import argparse
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from tests.audit.paper import STREAMS, events
from tests.cli.running import answer
from tests.ledger.kit import signed
from tests.whatif.kit import APRIL, HISTORY, When, entry_of, record, stream_of, writing
from tocsin.audit import verify
from tocsin.domain.incident.events import IncidentLogged, IncidentNoted
from tocsin.domain.incident.values import Visibility
from tocsin.domain.kernel import Claim
from tocsin.drivers import sqlite3
from tocsin.ledger.notary import keys_ever
from tocsin.settings import Settings

LOG = "tocsin.db"
INCIDENTS, TAIL = 16, 5
UNREADABLE = None
DAMAGED = (sqlite3.Error, UnicodeDecodeError)
"""What SQLite raises; the latter when it cannot even say what is wrong."""


@dataclass(frozen=True)
class Home:
    """A log, and what an auditor keeps of it elsewhere."""

    path: Path
    key: str
    held: str


def made(path: Path) -> Home:
    """Sixteen incidents, and some notes at the end, signed before and after these."""
    settings = Settings(home=path)
    with writing(settings) as log:
        for number in range(1, INCIDENTS + 1):
            reference = f"INC{number:07d}"
            entry = entry_of(stream_of(reference), 0, told(number, reference))
            log.commit([replace(entry, claims=(Claim("reference", reference),))])
        held = str(signed(log, settings))
        for number in range(TAIL):
            noted = IncidentNoted(text=f"Note {number}", visibility=Visibility.INTERNAL)
            record(log, STREAMS["INC0000001"], [(APRIL + timedelta(hours=number), noted)])
        held += str(signed(log, settings))
        key = str(keys_ever(log)[0])
    return Home(path, key, held)


def told(number: int, reference: str) -> list[When]:
    """One of four kinds of incidents."""
    logged = IncidentLogged(reference=reference)
    story = HISTORY[number % len(HISTORY)]()
    return [(at, logged if isinstance(each, IncidentLogged) else each) for at, each in story]


@dataclass(frozen=True)
class Flip:
    """One bit, and who noticed."""

    byte: int
    bit: int
    altered: bool
    """Whether an event, as the store gives it, is not what it was."""
    verify: bool
    """Whether `tocsin verify` found it."""
    export: bool
    """Whether an export could not be made, was found wrong, or still holds what was recorded (a
    page that leads to events can be damaged so that only some ways lead to them)."""
    sqlite: bool
    """Whether SQLite's own check found it."""


def flips(home: Home, count: int, seed: int) -> Iterator[Flip]:
    """Flip one bit, look, flip it back."""
    file = home.path / LOG
    sound, before = file.read_bytes(), rows(file)
    assert before, "the log can be read as long as no bit is flipped,"
    assert _verified(home), "it is sound"
    assert proved(home) == [body for _, body in before], "and so is an export of it"
    dice = random.Random(seed)
    for _ in range(count):
        place = dice.randrange(len(sound) * 8)
        byte, bit = divmod(place, 8)
        damaged = bytearray(sound)
        damaged[byte] ^= 1 << bit
        _put(file, bytes(damaged))
        yield Flip(
            byte,
            bit,
            altered=rows(file) != before,
            verify=not _verified(home),
            export=proved(home) in (None, [body for _, body in before]),
            sqlite=not _whole(file),
        )
        _put(file, sound)


def _verified(home: Home) -> bool:
    return answer("--home", home.path, "verify", "--log-only").exit_code == 0


def rows(file: Path) -> list[Any] | None:
    """All events as the store has them; None when they cannot be read."""
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            found: list[Any] = connection.execute(
                "SELECT position, body FROM events ORDER BY position"
            ).fetchall()
            return found
    except DAMAGED:
        return UNREADABLE


def proved(home: Home) -> list[bytes] | None:
    """The events of an export of everything, if one can be made that is found right by who holds
    the key and the checkpoints."""
    with tempfile.TemporaryDirectory(dir=home.path.parent) as folder:
        file = Path(folder, "export.jsonl")
        answer("--home", home.path, "audit", "export", "--all", "-o", file)
        if not file.exists():
            return None
        raw = file.read_bytes()
    return None if found_wrong(raw, home) else events(raw)


def found_wrong(raw: bytes, home: Home, *, held: bool = True) -> list[str]:
    """What the auditor's program says of a file."""
    notes = [verify.note_of(text) for text in verify.NOTE.findall(home.held)] if held else []
    said = verify.examine(verify.Export(BytesIO(raw)), [verify.key_of(home.key)], notes, [])
    return [each["says"] for each in said["wrong"]]


def _put(file: Path, content: bytes) -> None:
    for beside in file.parent.glob(f"{file.name}-*"):
        beside.unlink()
    file.write_bytes(content)


def _whole(file: Path) -> bool:
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            return bool(connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)])
    except DAMAGED:
        return False


def main() -> int:
    """Count, and name what was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flips", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tocsin-flips-") as folder:
        (home := Path(folder, "home")).mkdir(mode=0o700)
        found = []
        for number, flip in enumerate(flips(made(home), asked.flips, asked.seed), 1):
            found.append(flip)
            if not number % 25:
                sys.stderr.write(f"\r{number} of {asked.flips}")
        shutil.rmtree(home)
    altered = [flip for flip in found if flip.altered]
    missed = [flip for flip in altered if not (flip.verify and flip.export)]
    said = [f"\n{len(found)} bits (seed {asked.seed}), {len(altered)} of which altered an event:"]
    said += [
        f"  found by {name}: {sum(getattr(flip, name) for flip in altered)}"
        for name in ("verify", "export", "sqlite")
    ]
    sys.stdout.write("\n".join([*said, *(f"MISSED: {flip}" for flip in missed), ""]))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
