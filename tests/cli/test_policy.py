"""`tocsin policy`: what is wrong, what would change, what is in force, and since when."""

from pathlib import Path

import pytest

from tests.cli.running import Run
from tocsin.domain.policy import DEFAULT_DOCUMENT
from tocsin.settings import Settings
from tocsin.store.log import Log

CALMER = DEFAULT_DOCUMENT.replace('goal = "15m"', 'goal = "20m"')


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def calmer(tmp_path: Path) -> Path:
    """A policy that gives people five minutes more."""
    file = tmp_path / "calmer.toml"
    file.write_text(CALMER, "utf-8")
    return file


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    """Two slips in one file."""
    file = tmp_path / "wrong.toml"
    file.write_text(CALMER.replace("trigger =", "triger =", 1).replace('"20m"', '"20"'), "utf-8")
    return file


def line_in(file: Path, text: str) -> int:
    return file.read_text("utf-8").splitlines().index(text) + 1


def test_a_policy_is_checked_without_any_log(run: Run, home: Path, calmer: Path) -> None:
    said = run("--home", home, "policy", "check", calmer)
    assert (said.exit_code, said.out) == (0, f"{calmer} is a policy.\n")
    assert not home.exists()


def test_all_that_is_wrong_is_said_with_its_line(run: Run, home: Path, wrong: Path) -> None:
    said = run("--home", home, "policy", "check", wrong)
    assert said.exit_code == 1
    goal = line_in(wrong, 'goal = "20"')
    assert f"{wrong}: line {goal}, sla[1].goal: takes a duration" in said.out
    assert "escalations[1].triger: is no key here. Did you mean trigger?" in said.out
    assert said.out.endswith(f"{wrong} is no policy: 3 errors.\n")


def test_programs_get_the_flaws_as_json(run: Run, home: Path, wrong: Path) -> None:
    for command in ("check", "diff"):
        said = run("--home", home, "--json", "policy", command, wrong)
        assert said.exit_code == 1
        assert not said.document["ok"]
        (goal, *_) = said.document["errors"]
        assert (goal["key"], goal["line"]) == ("sla[1].goal", line_in(wrong, 'goal = "20"'))


def test_what_is_strange_is_said_and_is_no_error(run: Run, home: Path, calmer: Path) -> None:
    calmer.write_text(f"{CALMER}\n[groups.desk]\nlevel = 1\n", "utf-8")
    said = run("--home", home, "policy", "check", calmer)
    assert said.exit_code == 0
    assert "warning: line" in said.out
    assert "nobody is in it" in said.out
    assert said.out.endswith(f"{calmer} is a policy, with 1 warnings.\n")
    told = run("--home", home, "--json", "policy", "check", calmer).document
    assert (told["ok"], len(told["warnings"])) == (True, 1)


def test_a_difference_reads_as_a_sentence(run: Run, home: Path, calmer: Path) -> None:
    said = run("--home", home, "policy", "diff", calmer)
    sentence = 'target "First response: critical": goal was 15m, is 20m\n'
    assert (said.exit_code, said.out) == (0, sentence)
    assert run("--home", home, "--json", "policy", "diff", calmer).document == {
        "against": 1,
        "differences": [
            {
                "subject": 'target "First response: critical"',
                "aspect": "goal",
                "was": "15m",
                "now": "20m",
            }
        ],
    }


def test_publishing_says_what_changed_and_which_version_is_in_force(
    run: Run, home: Path, calmer: Path
) -> None:
    said = run("--home", home, "policy", "publish", calmer, "--note", "Fewer alarms at night")
    assert said.exit_code == 0, said.err
    assert said.out.splitlines()[-1] == "Version 2 is in force."
    again = run("--home", home, "policy", "publish", calmer, "--note", "Once more")
    assert "same as version 2: nothing was published" in again.out
    same = run("--home", home, "policy", "diff", calmer)
    assert same.out == "It means the same as version 2.\n"
    back = run("--home", home, "policy", "diff", calmer, "--against", "1")
    assert "goal was 15m, is 20m" in back.out


def test_programs_learn_what_was_published(run: Run, home: Path, calmer: Path) -> None:
    options = ("--note", "Fewer alarms", "--actor", "noor")
    told = run("--home", home, "--json", "policy", "publish", calmer, *options).document
    assert (told["version"], told["changed"], told["published_by"]) == (2, True, "noor")
    assert len(told["differences"]) == 1
    again = run("--home", home, "--json", "policy", "publish", calmer, *options).document
    assert (again["version"], again["changed"], again["differences"]) == (2, False, [])


@pytest.mark.parametrize("note", ["", "x" * 501])
def test_a_publication_says_why_in_a_line(run: Run, home: Path, calmer: Path, note: str) -> None:
    said = run("--home", home, "policy", "publish", calmer, "--note", note)
    assert (said.exit_code, "1 to 500 characters" in said.err) == (2, True)
    assert run("--home", home, "policy", "publish", calmer).exit_code == 2


def test_what_is_no_policy_is_not_published(run: Run, home: Path, wrong: Path) -> None:
    said = run("--home", home, "policy", "publish", wrong, "--note", "Try")
    assert (said.exit_code, "is no policy" in said.out) == (1, True)
    assert not home.exists()


def test_while_a_server_writes_the_file_the_way_over_http_is_named(
    run: Run, home: Path, calmer: Path
) -> None:
    server = Log.open(Settings(home=home), writer=True)
    said = run("--home", home, "policy", "publish", calmer, "--note", "Try")
    server.close()
    assert said.exit_code == 3
    assert "A policy is sent as POST /policy." in said.err


def test_every_version_is_listed_and_shown_as_it_was_written(
    run: Run, home: Path, calmer: Path
) -> None:
    first = run("--home", home, "policy", "show")
    assert first.out == DEFAULT_DOCUMENT
    assert first.err.startswith("Version 1, in force from the beginning: ")
    run("--home", home, "policy", "publish", calmer, "--note", "Fewer alarms", "--actor", "noor")
    history = run("--home", home, "policy", "history").out
    assert [line.split()[0] for line in history.splitlines()] == ["version", "1", "2"]
    assert "Fewer alarms" in history
    assert "from the beginning" in history
    shown = run("--home", home, "policy", "show")
    assert shown.out == CALMER
    assert " by noor: Fewer alarms" in shown.err
    assert run("--home", home, "policy", "show", "1").out == DEFAULT_DOCUMENT
    missing = run("--home", home, "policy", "show", "3")
    assert (missing.exit_code, "there is no version 3" in missing.err) == (1, True)


def test_programs_read_versions_as_json(run: Run, home: Path, calmer: Path) -> None:
    run("--home", home, "policy", "publish", calmer, "--note", "Fewer alarms")
    listed = run("--home", home, "--json", "policy", "history").document["versions"]
    assert [each["version"] for each in listed] == [1, 2]
    shown = run("--home", home, "--json", "policy", "show", "2").document
    assert shown["document"] == CALMER
    assert shown["compiled"]["targets"][0]["goal_seconds"] == 1_200
    assert shown["digest"] == listed[1]["digest"]


def test_a_log_with_policies_in_it_is_verified(run: Run, played: Path, calmer: Path) -> None:
    """Their streams are folded as what they are, beside those of incidents."""
    assert run("--home", played, "policy", "publish", calmer, "--note", "Try").exit_code == 0
    said = run("--home", played, "--json", "verify")
    assert (said.exit_code, said.document["ok"], said.document["streams"]) == (0, True, 2)


def test_a_file_that_is_no_text_is_refused(run: Run, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "binary.toml"
    file.write_bytes(b"a = \xff")
    said = run("--home", home, "policy", "check", file)
    assert (said.exit_code, "is not UTF-8: byte 4" in said.err) == (2, True)


def test_on_postgresql_it_is_published_beside_a_running_server(
    run: Run, home: Path, calmer: Path, postgres_url: str
) -> None:
    where = ("--home", home, "--database", postgres_url)
    server = Log.open(Settings(home=home, database=postgres_url), writer=True)
    said = run(*where, "policy", "publish", calmer, "--note", "Fewer alarms")
    server.close()
    assert said.exit_code == 0, said.err
    assert len(run(*where, "--json", "policy", "history").document["versions"]) == 2
