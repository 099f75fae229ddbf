"""The real history of a company's incidents, imported once for everybody who asks about it."""

import csv
import fcntl
import os
import pickle
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
import zstandard

from tocsin.importers.report import Report
from tocsin.importers.servicenow_audit import import_file
from tocsin.settings import Settings
from tocsin.store.log import Log

FILE = "incident_event_log.dev.csv.zst"
Rows = dict[str, list[dict[str, str]]]
"""What the file says, by the number of the incident."""


@dataclass(frozen=True)
class Imported:
    """A log that holds the real history and nothing else. Read it, never write it."""

    log: Log
    settings: Settings
    report: Report


def exported(file: Path) -> Rows:
    """The rows of each incident, in the order of the file, without any code of ours."""
    found: Rows = {}
    with zstandard.open(file, "rt", encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            found.setdefault(row["number"], []).append(row)
    return found


@pytest.fixture(scope="session")
def imported_uci(uci: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Imported]:
    """Import the whole file once per run of the suite, however many processes share it."""
    place = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        place = place.parent
    settings, told = Settings(home=place / "uci"), place / "uci.report"
    with (place / "uci.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not told.exists():
            with closing(Log.open(settings, writer=True)) as log:
                told.write_bytes(pickle.dumps(import_file(uci / FILE, log)))
    report: Report = pickle.loads(told.read_bytes())
    with closing(Log.open(settings)) as log:
        yield Imported(log, settings, report)
