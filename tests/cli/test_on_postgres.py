"""The same commands on PostgreSQL, by one option."""

from pathlib import Path

from tests.cli.running import Run
from tests.importers.audit import rows, written


def test_everything_works_on_the_shared_store(run: Run, tmp_path: Path, postgres_url: str) -> None:
    """Played, imported, asked, replayed, rebuilt and verified, with nothing in the home."""
    place = ("--home", tmp_path / "home", "--database", postgres_url)
    assert run(*place, "demo").exit_code == 0
    file = written(tmp_path / "audit.csv", rows({}, number="INC0000777"))
    assert run(*place, "import", "servicenow-audit", file).exit_code == 0
    assert "INC0000777  new" in run(*place, "incident", "INC0000777").out
    assert run(*place, "replay", "INC0000001", "--version", "3").exit_code == 0
    assert run(*place, "rebuild", "--all").exit_code == 0
    standings = run(*place, "--json", "projections").document
    assert {each["lag_events"] for each in standings["projections"]} == {0}
    document = run(*place, "--json", "verify").document
    assert (document["ok"], document["streams"]) == (True, 2)
    assert {each["equal"] for each in document["read_models"]} == {True}
    assert run(*place, "--json", "keys", "issue", "ada", "--scope", "admin").exit_code == 0
    assert len(run(*place, "--json", "keys", "list").document["keys"]) == 1


def test_a_database_without_a_log_cannot_be_asked(run: Run, postgres_url: str) -> None:
    answer = run("--database", postgres_url, "incident", "INC0000001")
    assert answer.exit_code == 3
    assert "There is no log in PostgreSQL" in answer.err
