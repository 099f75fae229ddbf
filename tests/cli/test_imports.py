"""`tocsin import`: what became of a file, and how to go on."""

import signal
import time
from pathlib import Path

import pytest

from tests.cli.running import SECONDS, Run, ended, process
from tests.importers.audit import row, rows, written

SOUND = rows({}, {"incident_state": "Active"}, {"incident_state": "Resolved"})
MANY = 12_000
"""Rows that take long enough to be interrupted."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A sound audit log of one incident."""
    return written(tmp_path / "audit.csv", SOUND)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where it is imported to."""
    return tmp_path / "home"


def test_a_sound_file_is_imported_and_can_be_asked_for(run: Run, home: Path, file: Path) -> None:
    answer = run("--home", home, "import", "servicenow-audit", file)
    assert answer.exit_code == 0
    assert "rows read" in answer.out
    assert "Resolved" in run("--home", home, "incident", "INC0000001").out


def test_its_json_is_the_report(run: Run, home: Path, file: Path) -> None:
    report = run("--home", home, "--json", "import", "servicenow-audit", file).document
    assert (report["rows"], report["imported"], report["incidents"]) == (3, 3, 1)
    assert report["complete"] is True
    assert report["reported"] == []


def test_an_incident_whose_number_is_taken_is_found_by_its_old_one(
    run: Run, played: Path, file: Path
) -> None:
    """INC0000001 is the outage of the demonstration; the imported one got another reference."""
    assert run("--home", played, "import", "servicenow-audit", file).exit_code == 0
    answer = run("--home", played, "--json", "incident", "servicenow:INC0000001", "INC0000001")
    imported, native = (found["state"] for found in answer.document["incidents"])
    assert imported["imported_from"] == "servicenow:INC0000001"
    assert imported["reference"] != "INC0000001"
    assert native["title"] == "Nobody can send or receive e-mail"
    assert run("--home", played, "verify").exit_code == 0


def test_a_second_time_nothing_is_imported(run: Run, home: Path, file: Path) -> None:
    run("--home", home, "import", "servicenow-audit", file)
    report = run("--home", home, "--json", "import", "servicenow-audit", file).document
    assert (report["imported"], report["known"]) == (0, 3)


def test_rows_that_cannot_be_read_are_named_and_the_exit_code_says_so(
    run: Run, home: Path, tmp_path: Path
) -> None:
    bad = row(number="INC0000002", opened_at="31/2/2016 10:00")
    file = written(tmp_path / "audit.csv", [*SOUND, bad])
    answer = run("--home", home, "import", "servicenow-audit", file)
    assert answer.exit_code == 1
    assert "line 5 (INC0000002): opened_at is '31/2/2016 10:00'." in answer.out
    report = run("--home", home, "--json", "import", "servicenow-audit", file).document
    assert report["reported"][0]["line"] == 5
    assert report["complete"] is False


def test_times_in_the_file_are_in_the_zone_that_is_said(run: Run, home: Path, file: Path) -> None:
    zone = ("--time-zone", "Europe/Lisbon", "--home", home)
    assert run("import", "servicenow-audit", *zone, file).exit_code == 0
    (found,) = run("--home", home, "--json", "incident", "INC0000001").document["incidents"]
    assert found["state"]["reported_at"] == "2016-02-29T23:59:00Z"
    zone = ("--time-zone", "Europe/Vienna", "--home", home.with_name("other"))
    assert run("import", "servicenow-audit", *zone, file).exit_code == 0
    answer = run("--home", home.with_name("other"), "--json", "incident", "INC0000001")
    assert answer.document["incidents"][0]["state"]["reported_at"] == "2016-02-29T22:59:00Z"


def test_a_file_that_is_not_there_is_wrong_use(run: Run, home: Path) -> None:
    answer = run("--home", home, "import", "servicenow-audit", "none.csv")
    assert answer.exit_code == 2
    assert "'none.csv' does not exist" in answer.err


def test_a_file_of_another_kind_is_wrong_use(run: Run, home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("name,age\nAnn,7\n")
    answer = run("--home", home, "--json", "import", "servicenow-audit", other)
    assert answer.exit_code == 2
    assert answer.document["error"]["exit_code"] == 2
    assert len(answer.err.splitlines()) == 1


def test_a_format_that_nobody_knows_is_wrong_use(run: Run, file: Path) -> None:
    assert run("import", "carrier-pigeon", file).exit_code == 2


def test_interrupted_it_says_what_was_done_and_goes_on_from_there(
    run: Run, home: Path, tmp_path: Path
) -> None:
    """Ctrl-C ends it at the next batch; the same command brings the rest."""
    lines = [row(number=f"INC{number:07d}") for number in range(1, MANY + 1)]
    file = written(tmp_path / "audit.csv", lines)
    started = process("--json", "import", "servicenow-audit", file, TOCSIN_HOME=str(home))
    end = time.monotonic() + SECONDS
    while run("--home", home, "incident", "INC0000001").exit_code:
        assert time.monotonic() < end
        assert started.poll() is None
        time.sleep(0.01)
    started.send_signal(signal.SIGINT)
    answer = ended(started)
    assert answer.exit_code == 130, answer.err
    assert answer.document["interrupted"] is True
    done = answer.document["imported"]
    assert 0 < done < MANY
    report = run("--home", home, "--json", "import", "servicenow-audit", file).document
    assert (report["known"], report["imported"]) == (done, MANY - done)
    assert report["complete"] is True
