"""The real history of a company's incidents, imported once for everybody who asks about it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tocsin.importers.report import Report
from tocsin.importers.servicenow_audit import import_file
from tocsin.settings import Settings
from tocsin.store.log import Log

FILE = "incident_event_log.dev.csv.zst"


@dataclass(frozen=True)
class Imported:
    """A log that holds the real history and nothing else. Read it, never write it."""

    log: Log
    settings: Settings
    report: Report


@pytest.fixture(scope="session")
def imported_uci(uci: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Imported]:
    """Import the whole file once per run of the suite."""
    settings = Settings(home=tmp_path_factory.mktemp("uci"))
    log = Log.open(settings, writer=True)
    yield Imported(log, settings, import_file(uci / FILE, log))
    log.close()
