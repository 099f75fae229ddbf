"""`tocsin what-if`: the question as options, the answer as tables, JSON or a picture."""

import json
import signal
import sys
from pathlib import Path

import pytest

from tests.cli.running import Run, process
from tests.whatif import kit
from tocsin.settings import Settings
from tocsin.whatif.keeping import FOLDER


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Four incidents whose clocks anybody can reckon by hand."""
    settings = Settings(home=tmp_path / "home")
    with kit.writing(settings) as log:
        kit.record_all(log)
    return settings.home


@pytest.fixture
def stricter(tmp_path: Path) -> Path:
    file = tmp_path / "stricter.toml"
    file.write_text(kit.STRICTER, "utf-8")
    return file


def test_breaches_before_and_after_stand_side_by_side(run: Run, home: Path, stricter: Path) -> None:
    said = run("--home", home, "what-if", "--policy", stricter)
    assert said.exit_code == 0, said.err
    lines = [" ".join(line.split()) for line in said.out.splitlines()]
    assert "4 incidents; timers 11 before, 11 after; breaches 1 before, 5 after" in lines
    assert "resolution 0 2 3 1 100.00 33.33 4 4" in lines
    assert "By month of the timer's start (UTC)" in lines
    assert "2 incidents change verdict" in lines
    assert (
        "INC0000001 resolution met breached Resolution: critical: 3h 0m of 4h 0m"
        " Resolution: critical: 3h 0m of 2h 0m"
    ) in lines
    assert "1 incidents end with another priority" in lines
    assert "2 1 1" in lines
    assert "A critical one takes long 2 0 2 0 2" in lines


def test_programs_get_the_report_as_json(run: Run, home: Path, stricter: Path) -> None:
    said = run("--home", home, "--json", "what-if", "--policy", stricter)
    assert said.document["timers"]["after"]["breached"] == 5
    same = run("--home", home, "what-if", "--policy", stricter, "--format", "json")
    assert same.out == said.out
    assert list(said.document) == sorted(said.document)


@pytest.mark.parametrize("form", ["table", "json", "svg"])
def test_an_answer_in_a_file_is_the_same_bytes_every_time(
    run: Run, home: Path, stricter: Path, tmp_path: Path, form: str
) -> None:
    files = [tmp_path / name for name in ("a", "b")]
    for file in files:
        asked = ("what-if", "--policy", stricter, "--format", form, "-o", file)
        said = run("--home", home, *asked)
        assert (said.exit_code, said.out) == (0, "")
        assert str(file) in said.err
    assert files[0].read_bytes() == files[1].read_bytes()
    begins = {"table": b"Policy ", "json": b"{\n", "svg": b"<svg"}
    assert files[0].read_bytes().startswith(begins[form])


def test_a_question_may_be_narrow(run: Run, home: Path, stricter: Path) -> None:
    asked = ("--where", "group=network", "--where", "priority=1", "--where", "priority=3")
    times = ("--since", "2026-03-02T08:00", "--until", "2026-03-03T09:00:00+01:00", "--at", "20")
    said = run("--home", home, "--json", "what-if", "--policy", stricter, *asked, *times)
    assert said.exit_code == 0, said.err
    assert said.document["incidents"] == 1
    assert said.document["question"] == {
        **said.document["question"],
        "since": "2026-03-02T08:00:00Z",
        "until": "2026-03-03T08:00:00Z",
        "where": ["group=network", "priority=1", "priority=3"],
        "position": 20,
    }
    shown = run("--home", home, "what-if", "--policy", stricter, *asked)
    assert "Incidents: group=network, priority=1, priority=3\n" in shown.out


def test_a_version_and_a_file_may_be_what_it_is_compared_with(
    run: Run, home: Path, stricter: Path
) -> None:
    for against in (stricter, "1"):
        said = run("--home", home, "--json", "what-if", "--policy", stricter, "--against", against)
        expected = 5 if against == stricter else 1
        assert said.document["timers"]["before"]["breached"] == expected
        assert said.document["question"]["against"] is not None


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--against", "7"), "--against names version 7 of the policy: there is no such version"),
        (("--against", "nowhere.toml"), "--against takes the number of a version, or a file"),
        (("--where", "colour=red"), "--where knows category, group, priority, service, source"),
        (("--where", "priority"), "--where takes KEY=VALUE, as in priority=1, not 'priority'"),
        (("--where", "priority=high"), "--where takes for priority one of 1, 2, 3, 4, 5"),
        (("--at", "27"), "--at is beyond the end of the log, which is position 26"),
        (("--until", "2026-03-01", "--since", "2026-03-02"), "--until is not after since"),
    ],
)
def test_what_cannot_be_asked_is_said_by_the_name_of_its_option(
    run: Run, home: Path, stricter: Path, options: tuple[str, ...], reason: str
) -> None:
    said = run("--home", home, "what-if", "--policy", stricter, *options)
    assert (said.exit_code, said.out) == (2, "")
    assert reason in said.err


def test_what_is_no_policy_is_told_with_its_lines(run: Run, home: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(kit.STRICTER.replace('goal = "2h"', 'goal = "soon"'), "utf-8")
    line = wrong.read_text("utf-8").splitlines().index('goal = "soon"') + 1
    said = run("--home", home, "what-if", "--policy", wrong)
    assert said.exit_code == 1
    assert f"{wrong}: line {line}, sla[9].goal: takes a duration" in said.out
    assert run("--home", home, "what-if", "--policy", tmp_path / "none.toml").exit_code == 2


def test_without_a_log_there_is_nothing_to_replay(run: Run, tmp_path: Path, stricter: Path) -> None:
    said = run("--home", tmp_path / "nowhere", "what-if", "--policy", stricter)
    assert (said.exit_code, "There is no log" in said.err) == (3, True)


def test_who_lacks_the_libraries_for_charts_is_told_which(
    run: Run, home: Path, stricter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    said = run("--home", home, "what-if", "--policy", stricter, "--format", "svg")
    assert (said.exit_code, "pip install 'tocsin[charts]'" in said.err) == (2, True)


def test_an_interruption_says_how_to_go_on(tmp_path: Path, stricter: Path) -> None:
    """And in the position that it names nothing has happened since."""
    settings = Settings(home=tmp_path / "long")
    with kit.writing(settings) as log:
        kit.many(log, 2_000)
        head = log.head()
    folder, said = settings.home / FOLDER, ("what-if", "--policy", stricter, "--format", "json")
    with process("--home", settings.home, *said, TOCSIN_WHAT_IF_EVENTS="500") as started:
        while not folder.exists():
            assert started.poll() is None
        started.send_signal(signal.SIGINT)
        out, err = started.communicate(timeout=60)
    assert (started.returncode, out) == (130, "")
    assert f"--at {head}, and it goes on from there" in err
    with process("--home", settings.home, *said, "--at", str(head)) as again:
        out, _ = again.communicate(timeout=60)
    assert json.loads(out)["incidents"] == 2_000
