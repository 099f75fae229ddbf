"""Does the command line keep who read what, and show and check what was kept?"""

import getpass
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.running import Run
from tocsin.access import Access, Journal, Kind, Through
from tocsin.drivers import sqlite3
from tocsin.settings import Settings

ME = getpass.getuser()
REF = "INC0000001"


def kept(run: Run, home: Path) -> list[dict[str, object]]:
    """What the journal says, but for this look at it."""
    items: list[dict[str, object]] = run("--home", home, "--json", "access", "list").document[
        "items"
    ]
    return [each for each in items if each["kind"] != "audit"]


@pytest.mark.parametrize("arguments", [("incident",), ("replay", "--all"), ("clocks",), ("brief",)])
def test_who_looks_at_an_incident_is_kept(
    run: Run, played: Path, arguments: tuple[str, ...]
) -> None:
    name, *more = arguments
    assert run("--home", played, name, REF, *more).exit_code == 0
    (entry,) = kept(run, played)
    assert (entry["who"], entry["what"], entry["kind"]) == (ME, f"tocsin {name}", "read")
    assert entry["through"] == "cli"
    assert len(entry["incidents"]) == 1  # type: ignore[arg-type]


def test_an_export_is_kept_with_what_was_chosen(run: Run, played: Path, tmp_path: Path) -> None:
    answer = run(
        "--home", played, "export", "csv", "-o", tmp_path / "x.csv", "--since", "2020-01-01"
    )
    assert answer.exit_code == 0, answer.err
    (entry,) = kept(run, played)
    assert (entry["what"], entry["kind"]) == ("tocsin export csv", "export")
    assert "since" in str(entry["asked"])
    assert "2020" not in str(entry["asked"])


def test_what_it_is_for_is_kept(run: Run, played: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_PURPOSE", "Complaint 4711")
    run("--home", played, "incident", REF)
    monkeypatch.delenv("TOCSIN_PURPOSE")
    assert kept(run, played)[0]["purpose"] == "Complaint 4711"
    monkeypatch.setenv("TOCSIN_PURPOSE", "x" * 201)
    refused = run("--home", played, "incident", REF)
    assert (refused.exit_code, "TOCSIN_PURPOSE" in refused.err) == (2, True)


def test_looking_into_the_journal_is_kept_as_well(run: Run, played: Path) -> None:
    run("--home", played, "incident", REF)
    first = run("--home", played, "access", "list")
    assert "tocsin incident" in first.out
    again = run("--home", played, "access", "list")
    assert "tocsin access list" in again.out


def test_the_journal_is_asked_by_person_incident_and_time(run: Run, played: Path) -> None:
    run("--home", played, "incident", REF)
    for arguments, count in (
        (("--who", ME), 1),
        (("--who", "nobody"), 0),
        (("--incident", REF), 1),
        (("--since", "2100-01-01"), 0),
        (("--until", "2020-01-01"), 0),
        (("--limit", "1"), 1),
    ):
        found = run("--home", played, "--json", "access", "list", *arguments).document["items"]
        assert sum(each["kind"] == "read" for each in found) == count, arguments


def test_who_cannot_be_kept_reads_with_a_warning_and_takes_nothing_away(
    run: Run, played: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (played / "access.db").write_bytes(b"this is no database" * 100)
    read = run("--home", played, "incident", REF)
    assert (read.exit_code, "Not recorded" in read.err) == (0, True)
    file = tmp_path / "x.csv"
    taken = run("--home", played, "export", "csv", "-o", file)
    assert (taken.exit_code, file.exists()) == (3, False)
    monkeypatch.setenv("TOCSIN_ACCESS_STRICT", "true")
    assert run("--home", played, "incident", REF).exit_code == 3
    monkeypatch.setenv("TOCSIN_ACCESS", "false")
    assert run("--home", played, "incident", REF).exit_code == 0


def test_the_journal_is_checked_against_what_was_noted(run: Run, played: Path) -> None:
    run("--home", played, "incident", REF)
    fine = run("--home", played, "access", "verify")
    assert fine.exit_code == 0
    noted = fine.out.rpartition("elsewhere: ")[2].strip()
    run("--home", played, "incident", REF)
    assert run("--home", played, "access", "verify", "--noted", noted).exit_code == 0
    other = f"1:{'0' * 64}"
    wrong = run("--home", played, "access", "verify", "--noted", other)
    assert (wrong.exit_code, "not those that were noted" in wrong.out) == (1, True)
    with closing(sqlite3.connect(played / "access.db")) as connection:
        connection.execute("DROP TRIGGER entries_delete")
        connection.execute("DELETE FROM entries WHERE number = 2")
        connection.commit()
    wrong = run("--home", played, "--json", "access", "verify")
    assert (wrong.exit_code, len(wrong.document["faults"])) == (1, 1)


@pytest.mark.parametrize("noted", ["1", "x:y", "1:00"])
def test_what_was_noted_has_one_form(run: Run, played: Path, noted: str) -> None:
    run("--home", played, "incident", REF)
    answer = run("--home", played, "access", "verify", "--noted", noted)
    assert (answer.exit_code, "SIZE:ROOT" in answer.err) == (2, True)


def test_what_is_too_old_expires(run: Run, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    access = Access(who="dana", what="tocsin incident", kind=Kind.READ, through=Through.CLI)
    with closing(Journal.open(settings)) as journal:
        journal.note(access, at=datetime.now(UTC) - timedelta(days=40))
        journal.note(access)
    kept_for_ever = run("--home", settings.home, "access", "expire")
    assert (kept_for_ever.exit_code, "for ever" in kept_for_ever.err) == (1, True)
    answer = run("--home", settings.home, "--json", "access", "expire", "--days", "30")
    assert answer.document == {"expired": 1}
    assert "0 entries" in run("--home", settings.home, "access", "expire", "--days", "30").out
    verified = run("--home", settings.home, "--json", "access", "verify").document
    assert (verified["expired"], verified["faults"]) == (1, [])


def test_where_nobody_read_anything_nothing_is_made(run: Run, tmp_path: Path) -> None:
    answer = run("--home", tmp_path / "home", "access", "verify")
    assert (answer.exit_code, "nobody read anything" in answer.err) == (1, True)
    assert not (tmp_path / "home").exists()
