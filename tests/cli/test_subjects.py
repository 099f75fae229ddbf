"""`tocsin subjects`: find, hand over and forget a person, without a server."""

import stat
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.cli.running import Answer, Run
from tocsin.erasure import worker
from tocsin.readmodels.database import Database
from tocsin.readmodels.projection import found
from tocsin.readmodels.rebuild import rebuild
from tocsin.settings import Settings
from tocsin.store.log import Log

WHY = ("--basis", "objection", "--request", "DSR-7")
REPORTER = "mia"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no other process that has to notice first."""
    monkeypatch.setattr(worker, "NOTICED_SECONDS", 0.0)


@pytest.fixture
def ask(run: Run, played: Path) -> Any:
    """Runs it on the home in which the demonstration has played."""
    return lambda *more: run("--home", played, *more)


def who(ask: Any) -> tuple[str, str]:
    """Somebody who has a part in the demonstration, and their id in the log."""
    state = ask("--json", "incident", "INC0000001").document["incidents"][0]["state"]
    name = state["reporter"]
    (subject,) = ask("--json", "subjects", "find", name).document["subjects"]
    return name, subject["subject_id"]


def test_a_person_is_found_wherever_they_stand(ask: Any) -> None:
    name, subject = who(ask)
    document = ask("--json", "subjects", "find", name.upper()).document
    assert document["subjects"][0]["subject_id"] == subject
    assert document["values"]["named"] >= 1
    assert document["involved"]["count"] == 1
    shown = ask("subjects", "find", name).out
    assert subject in shown
    assert "involved in 1 incidents: INC0000001" in shown


def test_who_is_nowhere_is_told_so(ask: Any) -> None:
    answer: Answer = ask("subjects", "find", "nobody-of-that-name")
    assert (answer.exit_code, answer.err) == (
        1,
        "Error: Nothing names or mentions nobody-of-that-name.\n",
    )
    assert ask("subjects", "find").exit_code == 2


@pytest.mark.parametrize("form", ["json", "markdown"])
def test_all_that_is_kept_is_written_to_a_file_of_their_own(
    ask: Any, tmp_path: Path, form: str
) -> None:
    name, _ = who(ask)
    file = tmp_path / "theirs"
    answer = ask("subjects", "export", name, "-o", file, "--format", form)
    assert answer.exit_code == 0, answer.err
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    content = file.read_text()
    assert name in content
    if form == "json":
        assert orjson.loads(content)["names"] == [name]
    again = ask("subjects", "export", name, "-o", file)
    assert again.exit_code == 3, "nobody's file is written over"


def test_nobody_is_forgotten_unless_it_is_confirmed(ask: Any) -> None:
    name, subject = who(ask)
    answer = ask("subjects", "forget", name, *WHY)
    assert answer.exit_code == 1
    assert "To be forgotten: 1 subjects" in answer.err
    assert ask("--json", "subjects", "show", subject).document["subject"]["forgotten"] == 0


def test_who_is_forgotten_is_gone_from_the_read_models_as_well(ask: Any, played: Path) -> None:
    settings = Settings(home=played)
    log, database = Log.open(settings), Database.open(played)
    rebuild(log, database, found())
    database.close()
    log.close()
    name, subject = who(ask)
    answer = ask("--json", "subjects", "forget", name, *WHY, "--yes")
    assert answer.exit_code == 0, answer.err
    assert answer.document["purged"] is True
    state = ask("--json", "incident", "INC0000001").document["incidents"][0]["state"]
    assert state["reporter"] == f"person:{subject}"
    shown = ask("subjects", "show", subject).out
    assert "A person is forgotten on request DSR-7 (objection)" in shown
    assert "Gone from: read models" in shown
    assert ask("verify").exit_code == 0


def test_the_texts_of_an_incident_are_forgotten_alone(ask: Any) -> None:
    answer = ask("subjects", "forget", "--incident", "INC0000001", *WHY, "--yes")
    assert answer.exit_code == 0, answer.err
    state = ask("--json", "incident", "INC0000001").document["incidents"][0]["state"]
    assert state["title"] == "[forgotten]"
    assert not state["reporter"].startswith("person:")


def test_what_is_held_is_kept_until_it_is_lifted(ask: Any) -> None:
    name, subject = who(ask)
    assert ask("subjects", "hold", subject, "LIT-1", "--reason", "A claim.").exit_code == 0
    refused = ask("subjects", "forget", name, *WHY, "--texts", "none", "--yes")
    assert refused.exit_code == 1
    assert "Under legal hold: LIT-1." in refused.err
    assert "lift the hold first" in refused.err
    assert "Recorded" in ask("subjects", "lift", subject, "LIT-1", "--reason", "Over.").out
    again = ask("subjects", "lift", subject, "LIT-1", "--reason", "Over.")
    assert "It was so already" in again.out
    assert ask("subjects", "forget", name, *WHY, "--texts", "none", "--yes").exit_code == 0


def test_beside_a_running_server_the_way_is_named(ask: Any, played: Path) -> None:
    name, _ = who(ask)
    log = Log.open(Settings(home=played), writer=True)
    try:
        answer = ask("subjects", "forget", name, *WHY, "--yes")
    finally:
        log.close()
    assert answer.exit_code == 3
    assert "POST /subjects/{id}/forget" in answer.err


def test_who_says_nobody_is_asked_whom(ask: Any) -> None:
    answer = ask("subjects", "forget", *WHY)
    assert (answer.exit_code, "--incident" in answer.err) == (2, True)
    answer = ask("subjects", "show", "INC7777777")
    assert answer.exit_code == 1
