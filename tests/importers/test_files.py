"""Files that are audit logs, and files that are none."""

from pathlib import Path

import pytest

from tests.importers.audit import (
    HEADER,
    imported,
    row,
    written,
)
from tocsin.importers import rows as reading
from tocsin.importers.report import UnreadableFile
from tocsin.importers.servicenow_audit import import_file
from tocsin.store.log import Log


def test_missing_columns_are_named(log: Log, path: Path) -> None:
    header = HEADER.replace(",rfc", "").replace("made_sla,", "")
    with pytest.raises(UnreadableFile, match="lacks made_sla, rfc"):
        import_file(written(path, [], header), log)


def test_a_column_that_is_there_twice_is_named(log: Log, path: Path) -> None:
    with pytest.raises(UnreadableFile, match="names rfc more than once"):
        import_file(written(path, [], f"{HEADER},rfc"), log)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no complete header"),
        (HEADER.encode(), "no complete header"),
        (HEADER.encode("utf-16"), "no complete header"),
        (f"{HEADER}\n".encode("utf-16"), "not CSV in UTF-8"),
        (b'"number\n', "not CSV in UTF-8"),
        (b"PK\x03\x04 and so on", "zip archive: unpack it first"),
        (b"a," * 600 + f"{HEADER}\n".encode(), "too long"),
        (b"%PDF-1.7\n", "lacks number, incident_state"),
    ],
)
def test_a_file_that_is_no_audit_log_is_refused(
    log: Log, path: Path, data: bytes, reason: str
) -> None:
    path.write_bytes(data)
    with pytest.raises(UnreadableFile, match=reason):
        import_file(path, log)


def test_a_file_that_is_not_there_is_refused(log: Log, path: Path) -> None:
    with pytest.raises(UnreadableFile, match="No such file"):
        import_file(path, log)


def test_a_mark_of_byte_order_and_windows_line_ends_are_no_damage(log: Log, path: Path) -> None:
    """As spreadsheets write them."""
    written(path, [row(), row(incident_state="Active")])
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    report = import_file(path, log)
    assert (report.complete, report.imported) == (True, 2)


def test_an_import_of_nothing_is_complete(log: Log, path: Path) -> None:
    report = imported(log, path)
    assert (report.complete, report.rows, log.head()) == (True, 0, 0)


def test_too_many_incidents_stop_the_import(
    log: Log, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last row of each is kept in memory, and memory has an end."""
    monkeypatch.setattr("tocsin.importers.run.BATCH_ROWS", 2)
    monkeypatch.setattr("tocsin.importers.run.MAX_INCIDENTS", 3)
    report = imported(log, path, *(row(number=f"INC{i:07}") for i in range(1, 10)))
    assert report.fault == "It has more than 3 incidents: split the file."
    assert (report.rows, report.complete) == (4, False)


def test_a_line_without_end_stops_the_import(
    log: Log, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_LINE_BYTES", 1_000_000)
    path.write_text(f"{HEADER}\n{row()}\n{'x' * 2_000_000}")
    report = import_file(path, log)
    assert report.fault == "Line 3 does not end: this is no audit log."
    assert (report.imported, report.unreadable) == (1, 1)
