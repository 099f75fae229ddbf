"""Importing again: after an interruption, from a torn file, from a repaired one."""

import gzip
import random
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
import zstandard

from tests.importers.audit import (
    HEADER,
    NOW,
    NUMBER,
    events,
    everything,
    imported,
    later,
    row,
    rows,
    written,
)
from tests.importers.conftest import NewLog
from tests.uci import FILE
from tocsin.importers import run
from tocsin.importers.report import UnreadableFile
from tocsin.importers.servicenow_audit import import_file
from tocsin.store.entries import Entry
from tocsin.store.log import Log

SAMPLE_ROWS = 400
TORN = 12
PACKED: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}
LIFE = (
    {"assignment_group": "Desk"},
    {"incident_state": "Active", "assigned_to": "Dan"},
    {"location": "Attic"},
    {"incident_state": "Awaiting User Info"},
    {"incident_state": "Resolved"},
    {"incident_state": "Closed", "made_sla": "false"},
)
LINES = [*rows(*LIFE), *rows(*LIFE[:4], number="INC0000002"), *rows(*LIFE, number="INC0000003")]


@pytest.fixture(scope="module")
def sample(uci: Path) -> bytes:
    """The first rows of the real file."""
    stream = zstandard.ZstdDecompressor().stream_reader((uci / FILE).read_bytes())
    return b"".join(stream.read(1 << 20).splitlines(keepends=True)[: SAMPLE_ROWS + 1])


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that incidents lie across batches."""
    monkeypatch.setattr(run, "BATCH_ROWS", 7)


def test_running_it_twice_adds_nothing(log: Log, path: Path) -> None:
    first = imported(log, path, *LINES)
    before = everything(log)
    second = imported(log, path, *LINES)
    assert everything(log) == before
    assert (second.known, second.imported, second.events) == (first.imported, 0, 0)
    assert (second.without_event, second.complete) == (first.without_event, True)


@pytest.mark.parametrize("packing", sorted(PACKED))
@pytest.mark.parametrize("source", ["by hand", "real"])
def test_a_torn_file_and_then_the_whole_give_the_same_log(
    new_log: NewLog,
    tmp_path: Path,
    packing: str,
    source: str,
    request: pytest.FixtureRequest,
) -> None:
    """The same events at the same positions, wherever the file was torn."""
    by_hand = "".join(f"{line}\n" for line in [HEADER, *LINES]).encode()
    data = by_hand if source == "by hand" else request.getfixturevalue("sample")
    whole = tmp_path / "whole"
    whole.write_bytes(PACKED[packing](data))
    at_once = new_log()
    import_file(whole, at_once)
    expected = everything(at_once)
    dice = random.Random(f"{packing} {source}")
    packed = whole.read_bytes()
    for _ in range(TORN):
        torn = tmp_path / "torn"
        torn.write_bytes(packed[: dice.randrange(len(packed))])
        log = new_log()
        with suppress(UnreadableFile):  # torn in the header
            import_file(torn, log)
        begun = everything(log)
        assert begun == expected[: len(begun)]
        import_file(whole, log)
        assert everything(log) == expected


def test_the_row_in_which_a_file_ends_is_not_imported(log: Log, path: Path) -> None:
    """It may lack a digit that nobody misses: 6/3/2016 10:0 is a time as good as any."""
    written(path, [row(), row(incident_state="Active")])
    path.write_bytes(path.read_bytes().removesuffix(b"\n"))
    report = import_file(path, log)
    assert later(log) == []
    (torn,) = report.reported
    assert (torn.line, torn.number) == (3, NUMBER)
    assert "ends in the middle of this row" in torn.advice


def test_an_interrupted_import_goes_on_where_it_was(new_log: NewLog, path: Path) -> None:
    """It stops between batches, and what it has stored by then is whole rows, in order."""
    at_once, log = new_log(), new_log()
    imported(at_once, path, *LINES)
    stopped = imported(log, path, *LINES, stop=lambda: True)
    assert (stopped.interrupted, stopped.complete, stopped.rows) == (True, False, 7)
    begun = everything(log)
    assert begun == everything(at_once)[: len(begun)]
    report = imported(log, path, *LINES)
    assert everything(log) == everything(at_once)
    assert report.known + report.imported == len(LINES) - report.without_event


def test_a_crash_while_a_batch_is_stored_leaves_whole_batches(
    new_log: NewLog, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once, log = new_log(), new_log()
    imported(at_once, path, *LINES)
    commit = log.commit
    left = iter([True, False])

    def crash(entries: list[Entry]) -> object:
        if next(left):
            return commit(entries)
        raise KeyboardInterrupt

    monkeypatch.setattr(log, "commit", crash)
    with pytest.raises(KeyboardInterrupt):
        imported(log, path, *LINES)
    monkeypatch.undo()
    assert 0 < len(everything(log)) < len(everything(at_once))
    imported(log, path, *LINES)
    assert everything(log) == everything(at_once)


def test_a_row_that_was_changed_since_is_reported_and_changes_nothing(log: Log, path: Path) -> None:
    imported(log, path, *rows(*LIFE))
    before = everything(log)
    changed = rows(LIFE[0], {**LIFE[1], "assigned_to": "Eve"}, *LIFE[2:])
    report = imported(log, path, *changed)
    assert everything(log) == before
    assert [(each.line, each.problem, each.number) for each in report.reported] == [
        (3 + i, "differs", NUMBER) for i in (0, 2, 3, 4)
    ]
    assert "Row 2 of this incident is not what it was" in report.reported[0].advice
    assert report.refused == 4


def test_a_row_that_says_something_only_now_is_not_put_behind_later_ones(
    log: Log, path: Path
) -> None:
    """Its events would stand after those of rows that came after it."""
    imported(log, path, *rows(*LIFE))
    before = everything(log)
    changed = [*rows(*LIFE)]
    changed[2] = row(**{**LIFE[0], **LIFE[1], "rfc": "CHG1", "sys_updated_at": "1/3/2016 02:05"})
    report = imported(log, path, *changed)
    assert everything(log) == before
    assert "differs" in {each.problem for each in report.reported if each.line == 4}


def test_final_values_that_changed_since_are_no_difference(log: Log, path: Path) -> None:
    """A later export writes other final values on the same rows."""
    imported(log, path, *rows({"closed_code": "?", "closed_at": "?"}, {"incident_state": "Active"}))
    report = imported(log, path, *rows({"closed_code": "code 7"}, {"incident_state": "Active"}))
    assert (report.known, report.refused) == (2, 0)


def test_the_code_of_the_closing_row_is_its_own(log: Log, path: Path) -> None:
    imported(log, path, *rows({}, {"incident_state": "Closed"}))
    report = imported(log, path, *rows({}, {"incident_state": "Closed", "closed_code": "code 7"}))
    assert (report.known, report.refused) == (1, 1)


def test_rows_that_were_added_since_follow(new_log: NewLog, path: Path) -> None:
    at_once, log = new_log(), new_log()
    imported(at_once, path, *rows(*LIFE))
    for length in range(1, len(LIFE) + 1):
        imported(log, path, *rows(*LIFE[:length]))
    assert everything(log) == everything(at_once)


def test_a_repaired_row_and_those_behind_it_follow(new_log: NewLog, path: Path) -> None:
    """An incident is told from its damaged row on only once that says what happened."""
    at_once, log = new_log(), new_log()
    imported(at_once, path, *rows(*LIFE))
    broken = rows(*LIFE)
    broken[3] = broken[3].replace("Awaiting User Info", "Awaiting Godot")
    report = imported(log, path, *broken)
    assert (report.unreadable, report.waiting) == (1, 2)
    assert imported(log, path, *broken).imported == 0
    imported(log, path, *rows(*LIFE))
    assert everything(log) == everything(at_once)


def test_incidents_whose_rows_lie_among_each_other_are_told_apart(
    new_log: NewLog, path: Path
) -> None:
    together, mixed = new_log(), new_log()
    imported(together, path, *LINES)
    by_time = sorted(LINES, key=lambda line: line.split(",")[13])
    assert by_time != LINES
    imported(mixed, path, *by_time)
    for number in (NUMBER, "INC0000002", "INC0000003"):
        assert events(mixed, number) == events(together, number)


def test_what_is_learnt_in_an_import_is_never_recorded_before_what_was(
    log: Log, path: Path
) -> None:
    """A clock that is put back while an import runs must not turn the log's time around."""
    clock = iter(NOW - timedelta(minutes=i) for i in range(100))
    imported(log, path, *LINES, clock=lambda: next(clock))
    assert {each.recorded_at for each in log.page(0, 1_000)} == {NOW - timedelta(minutes=1)}
