"""What an import says while it runs, and how importers are found."""

from pathlib import Path

import pytest

from tests.importers.audit import imported, row
from tocsin.importers import importers, run
from tocsin.importers.report import Progress
from tocsin.store.log import Log


def test_progress_is_told_after_every_batch(
    log: Log, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "BATCH_ROWS", 2)
    told: list[Progress] = []
    lines = [row(number=f"INC{i:07}") for i in range(1, 6)]
    report = imported(log, path, *lines, progress=told.append)
    assert [each.rows for each in told] == [2, 4, 5]
    assert told[-1].events == report.events == log.head()
    assert told[-1].bytes_read == told[-1].bytes_total == path.stat().st_size


def test_an_importer_is_found_because_it_is_there() -> None:
    found = importers()
    assert {"servicenow-audit", "post-mortem"} <= found.keys()
    ways = ("import_file", "import_folder")
    assert all(sum(hasattr(module, way) for way in ways) == 1 for module in found.values())
