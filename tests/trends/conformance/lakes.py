"""The lakes that are asked: one drawn by lot, the demonstration, and the real year."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import orjson

from tests.cli.running import answer
from tests.trends.conformance.drawn import draw
from tests.uci import FILE
from tocsin.importers.servicenow_audit import import_file
from tocsin.lake.segments import FORMAT, IDENTITY, Segments
from tocsin.lake.writer import Writer
from tocsin.settings import Settings
from tocsin.store.log import Log

DRAWN = "drawn"
DATA = Path(__file__).resolve().parents[4] / "shared" / "data" / "uci" / FILE


@dataclass(frozen=True)
class Known:
    """A lake, and whether its policy has the calendars that questions are about."""

    name: str
    lake: Path
    calendars: bool = False


def drawn(folder: Path) -> Known:
    """Everything that columns may say."""
    draw(folder / DRAWN)
    return Known(DRAWN, folder / DRAWN, calendars=True)


def demonstration(folder: Path) -> Known:
    """The outage that `tocsin demo` plays: a real log, in segments of eight events."""
    settings = Settings(home=folder / "demo")
    said = answer("--home", settings.home, "demo")
    assert said.exit_code == 0, said.err
    _written(settings, segment=8)
    return Known("demo", settings.lake_place)


def real_year(folder: Path) -> Known | None:
    """A company's incidents; none where the data are not here."""
    if not DATA.exists():
        return None
    settings = Settings(home=folder / "year")
    log = Log.open(settings, writer=True)
    try:
        import_file(DATA, log)
    finally:
        log.close()
    _written(settings, segment=16_384)
    return Known("real year", settings.lake_place)


def all_of_them(folder: Path) -> Iterator[Known]:
    """Every lake that can be had here."""
    yield drawn(folder)
    yield demonstration(folder)
    year = real_year(folder)
    if year is not None:
        yield year


def _written(settings: Settings, segment: int) -> None:
    """Write the lake of a log, in segments of another size than the usual."""
    log = Log.open(settings)
    try:
        first = sha256(log.raw_page(0, 1)[0][1]).hexdigest()
        segments = Segments(settings.lake_place)
        segments.folder.mkdir(parents=True)
        identity = {"format": FORMAT, "segment": segment, "log": first}
        (segments.folder / IDENTITY).write_bytes(orjson.dumps(identity))
        assert Writer(log, settings, processes=1).catch_up(threading.Event())
    finally:
        log.close()
