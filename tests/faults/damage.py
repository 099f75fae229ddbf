"""What is stored is damaged behind the service's back: is it noticed whenever an event is not what
it was?

Bits flip anywhere in the file; its write-ahead log is cut or wiped; events are exchanged or dropped
by somebody who makes everything else fit; an old backup takes its place; a page of PostgreSQL
changes on its disk. What is inside a log cannot tell that its end is missing: that takes a
checkpoint which somebody else holds, as here.
"""

import os
import shutil
from collections.abc import Callable
from contextlib import closing
from itertools import cycle, islice
from pathlib import Path
from random import Random

import psycopg

from tests.audit.corruption import LOG, flips, made, rows
from tests.audit.test_corruption import cut, rewritten, swapped
from tests.cli.running import answer, ended, process
from tests.faults.deaths import empty
from tests.faults.trials import Result, Site, Trial
from tests.ledger.kit import grow, signed
from tests.store.samples import entry, noted
from tests.whatif.kit import writing
from tocsin.settings import Settings

NOTES = 200
"""Events that only the write-ahead log has."""
EVENTS = 1_000
Damage = Callable[[Path, Random], None]


def flipped(site: Site, count: int) -> Result:
    """Bits in the file of the log, one at a time."""
    (home := site.folder / "home").mkdir(mode=0o700)
    found = list(flips(made(home), count, site.seed))
    altered = [flip for flip in found if flip.altered]
    missed = [flip for flip in altered if not (flip.verify and flip.export)]
    by_sqlite = sum(flip.sqlite for flip in altered)
    assert altered, "no event was hit"
    return Result(
        count,
        ok=not missed,
        lost=len(missed),
        remark=f"{len(altered)} changed an event, {len(altered) - len(missed)} of them noticed by"
        f" verify and by who gets an export; {by_sqlite} by SQLite's own check",
    )


def truncated(folder: Path, chance: Random) -> None:
    """The write-ahead log ends somewhere."""
    wal = folder / f"{LOG}-wal"
    os.truncate(wal, chance.randrange(wal.stat().st_size))


def zeroed(folder: Path, chance: Random) -> None:
    """A part of the write-ahead log is nothing but zeros."""
    wal = folder / f"{LOG}-wal"
    size = wal.stat().st_size
    first, end = sorted(chance.sample(range(size), 2))
    with wal.open("r+b") as file:
        file.seek(first)
        file.write(bytes(end - first))


def settled(damage: Callable[[Path], None]) -> Damage:
    """For who changes the log itself, not what is still on its way into it."""

    def changed(folder: Path, chance: Random) -> None:
        damage(folder)

    return changed


WAYS: dict[str, Damage] = {
    "WAL cut": truncated,
    "WAL wiped": zeroed,
    "tail dropped": settled(cut),
    "event rewritten": settled(rewritten),
    "events exchanged": settled(swapped),
}


def damaged(site: Site, count: int) -> Result:
    """One way after the other; with a checkpoint from outside, none that changes an event stays
    unnoticed."""
    chance, held = Random(site.seed), site.folder / "held.txt"
    sound = _with_a_tail(site.folder, held)
    before = rows(_copied(sound, site.folder / "whole") / LOG)
    assert before is not None
    assert not _noticed(site.folder / "whole", held), "it is sound as long as it is left alone"
    altered, missed = 0, list[str]()
    for number, (name, damage) in enumerate(islice(cycle(WAYS.items()), count)):
        folder = _copied(sound, site.folder / f"{number}")
        damage(folder, chance)
        changed, noticed = rows(folder / LOG) != before, _noticed(folder, held)
        altered += changed
        missed += [name] if changed and not noticed else []
        shutil.rmtree(folder)
    old = _copied(site.folder / "made", site.folder / "old")
    altered += rows(old / LOG) != before
    missed += [] if _noticed(old, held) else ["old backup"]
    return Result(
        count + 1,
        ok=not missed and altered > 1,
        lost=len(missed),
        remark=f"{altered} changed an event, {altered - len(missed)} of them noticed by verify or"
        f" against a checkpoint from outside{': ' if missed else ''}{', '.join(missed)}",
    )


def _with_a_tail(folder: Path, held: Path) -> Path:
    """A log whose last events stand in its write-ahead log alone, signed; and what was signed."""
    (home := folder / "made").mkdir(mode=0o700)
    first = made(home)
    grown = folder / "grown"
    shutil.copytree(home, grown)
    settings = Settings(home=grown)
    with writing(settings) as log:
        for number in range(NOTES):
            log.commit([entry(noted(f"tail {number}"))])
        held.write_text(first.held + str(signed(log, settings)), "utf-8")
        shutil.copytree(grown, folder / "sound")
    return folder / "sound"


def _copied(home: Path, to: Path) -> Path:
    shutil.copytree(home, to, ignore=shutil.ignore_patterns("*-shm"))
    return to


def _noticed(home: Path, held: Path) -> bool:
    """Whether anybody who looks sees that it is not as it was."""
    looks = (("verify", "--log-only"), ("ledger", "check", str(held)))
    return any(answer("--home", home, *look).exit_code for look in looks)


def flipped_pages(site: Site, count: int) -> Result:
    """Bytes of PostgreSQL's own file of the events, changed while the server was down."""
    chance, url = Random(site.seed), empty(site, shared=True)
    settings = Settings(home=site.folder, database=url)
    with writing(settings) as log:
        grow(log, EVENTS)
        signed(log, settings)
    assert _verified(settings), "it is sound as long as it is left alone"
    missed = 0
    for _ in range(count):
        file = _file_of_the_events(site, url)
        place = chance.randrange(file.stat().st_size)
        _change(site, file, place)
        missed += _verified(settings)
        _change(site, file, place)
    assert _verified(settings), "and every byte was put back"
    return Result(
        count, ok=not missed, lost=missed, remark=f"{count - missed} noticed: checksums are on"
    )


def _file_of_the_events(site: Site, url: str) -> Path:
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        connection.execute("CHECKPOINT")
        (path,) = connection.execute("SELECT pg_relation_filepath('tocsin.events')").fetchall()[0]
    return site.postgres.home / "data" / str(path)


def _change(site: Site, file: Path, place: int) -> None:
    """Change a byte, or change it back; the server sees it when it reads the page again."""
    site.postgres.stop()
    with file.open("r+b") as pages:
        pages.seek(place)
        (byte,) = pages.read(1)
        pages.seek(place)
        pages.write(bytes([byte ^ 0x55]))
    site.postgres.start()


def _verified(settings: Settings) -> bool:
    said = process(
        "verify", "--log-only", TOCSIN_HOME=str(settings.home), TOCSIN_DATABASE=settings.database
    )
    return ended(said).exit_code == 0


TRIALS = (
    Trial("T12", "bits flip in the file of the log", flipped, 25, 1_000),
    Trial("T12b", "WAL cut or wiped, events changed, an old backup", damaged, 10, 100),
    Trial("T12c", "bytes change in a page of PostgreSQL", flipped_pages, 2, 25),
)
