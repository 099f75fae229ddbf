"""`tocsin audit report`: its forms, its exit codes, and that it was made is on record."""

import signal
from contextlib import closing
from pathlib import Path

import pytest

from tests.audit.scene import played, signed
from tests.cli.running import answer
from tocsin.cli.frame import INTERRUPTED, USAGE, WRONG
from tocsin.drivers import sqlite3
from tocsin.settings import Settings
from tocsin.store.log import Log

MARCH = ("--from", "2026-03-01", "--to", "2026-03-03")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a record that was signed."""
    settings = Settings(home=tmp_path / "home")
    with closing(Log.open(settings, writer=True)) as log:
        played(log)
        signed(log, settings)
    return settings.home


def test_it_is_markdown_unless_something_else_is_asked(home: Path) -> None:
    said = answer("--home", home, "audit", "report", *MARCH)
    assert said.exit_code == 0
    assert said.out.startswith("# Report for auditors\n")
    assert "8 events, at positions 3 to 10." in said.out


def test_as_json_it_is_one_document(home: Path) -> None:
    for options in (("--json",), ("--format", "json")):
        said = answer("--home", home, "audit", "report", *MARCH, *options)
        assert said.document["volume"]["events"] == 8
        assert said.document["sound"]


def test_it_is_written_to_a_file(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    said = answer("--home", home, "audit", "report", "--format", "html", "-o", file)
    assert (said.exit_code, said.out) == (0, "")
    assert file.read_text("utf-8").startswith("<!doctype html>")
    assert file.stat().st_mode & 0o077 == 0, "it names people"
    again = ("--home", home, "audit", "report", "-o", file)
    refused = answer(*again)
    assert (refused.exit_code, "--force replaces it" in refused.err) == (USAGE, True)
    assert answer(*again, "--force").exit_code == 0
    assert file.read_text("utf-8").startswith("# Report")


def test_what_counts_as_late_can_be_said(home: Path) -> None:
    command = ("--home", home, "--json", "audit", "report", *MARCH)
    assert answer(*command).document["late"]["count"] == 1
    assert answer(*command, "--late-minutes", "181").document["late"]["count"] == 0


def test_a_changed_record_ends_with_1_and_is_reported_all_the_same(home: Path) -> None:
    with closing(sqlite3.connect(home / "tocsin.db")) as file:
        file.execute("DROP TRIGGER events_update")
        ((body,),) = file.execute("SELECT body FROM events WHERE position = 4").fetchall()
        changed = body.replace(b"INC0000002", b"INC0000003")
        file.execute("UPDATE events SET body = ? WHERE position = 4", (changed,))
        file.commit()
    said = answer("--home", home, "audit", "report")
    assert said.exit_code == WRONG
    assert "The first 11 events give the root" in said.err
    assert "\n## Corrections\n" in said.out


def test_that_it_was_made_is_on_record(home: Path) -> None:
    answer("--home", home, "audit", "report", *MARCH)
    access = answer("--home", home, "--json", "audit", "report").document["access"]
    assert {each["kind"] for each in access["taken"]["named"]} == {"audit"}
    assert access["entries"] == 2


def test_a_period_that_holds_nothing_is_wrong_use(home: Path) -> None:
    said = answer("--home", home, "audit", "report", "--from", "2026-03-02", "--to", "2026-03-01")
    assert said.exit_code == USAGE


def test_interrupted_it_leaves_no_file(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = Log.raw_page

    def interrupted(log: Log, after: int, limit: int) -> list[tuple[int, bytes]]:
        signal.raise_signal(signal.SIGTERM)
        return ask(log, after, min(limit, 5))

    monkeypatch.setattr(Log, "raw_page", interrupted)
    said = answer("--home", home, "audit", "report", "-o", tmp_path / "report.md")
    assert said.exit_code == INTERRUPTED
    assert not (tmp_path / "report.md").exists()
