"""`tocsin demo`: the outage of the e-mail service, played on the real thing."""

import re
import tempfile
from pathlib import Path

import pytest

from tests.cli.running import Run, answer, ended, process
from tests.importers.audit import row, written
from tocsin.settings import Settings
from tocsin.store.log import Log

STAGES = (
    "reported and logged",
    "acknowledged",
    "categorised",
    "prioritised",
    "diagnosed",
    "escalated to the server team",
    "cause found",
    "workaround proposed",
    "workaround approved",
    "workaround applied",
    "resolved",
    "tested",
    "confirmed",
    "closed",
)
TIMELINE = (
    "Reported by ada.lovelace",
    "Logged as INC0000001",
    "Acknowledged",
    "Categorised",
    "Priority set to 1",
    "Diagnosed",
    "Escalated",
    "Cause identified",
    "Workaround W1 proposed",
    "Workaround W1 approved",
    "Workaround W1 applied",
    "Resolved",
    "Tested in production",
    "Resolution confirmed by ada.lovelace",
    "Closed",
)


@pytest.fixture(scope="module")
def told() -> str:
    """All that one play says."""
    return answer("demo").out


def test_it_plays_every_stage_in_order(told: str) -> None:
    places = [told.index(f"UTC  {stage}  ") for stage in STAGES]
    assert places == sorted(places)


def test_the_timeline_tells_every_stage_in_order(told: str) -> None:
    _, _, timeline = told.partition("The timeline now says:")
    places = [timeline.index(words) for words in TIMELINE]
    assert places == sorted(places)


def test_the_queues_show_the_incident_on_its_way(told: str) -> None:
    moves = re.findall(r"queue (\S+): INC0000001 (\S+), .*held by (\S+),", told)
    assert moves == [
        ("(none)", "new", "nobody"),
        ("(none)", "in-progress", "nobody"),
        ("(none)", "in-progress", "nobody"),
        ("service-desk", "in-progress", "grace.hopper"),
        ("server-team", "in-progress", "nobody"),
        ("server-team", "in-progress", "linus.hall"),
    ]
    assert told.count("in no queue any more") == 1


def test_a_workaround_that_nobody_approved_is_refused_on_the_way(told: str) -> None:
    assert "refused: Workaround W1 needs approval before it is applied." in told


def test_its_json_holds_scenes_timeline_and_state(run: Run) -> None:
    answer = run("demo", "--json")
    document = answer.document
    assert set(document) == {"home", "scenes", "timeline", "state"}
    assert document["home"] is None
    assert document["state"]["status"] == "closed"
    assert {name for scene in document["scenes"] for name in scene["queues"]} == {
        "(none)",
        "service-desk",
        "server-team",
    }
    assert [row["version"] for row in document["timeline"]] == list(range(1, 20))


def test_it_leaves_nothing_behind_unless_a_home_is_given(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does it touch the home that the environment names: that may be the real one."""
    monkeypatch.setenv("TOCSIN_HOME", str(tmp_path / "real"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    assert run("demo").exit_code == 0
    assert not (tmp_path / "real").exists()
    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_second_play_in_one_home_is_another_incident(run: Run, played: Path) -> None:
    answer = run("demo", "--home", played, "--json")
    assert answer.document["state"]["reference"] == "INC0000002"
    assert answer.document["home"] == str(played)
    assert run("--home", played, "verify").exit_code == 0


def test_among_many_others_it_still_finds_its_place_in_the_queue(run: Run, tmp_path: Path) -> None:
    """Without a priority it waits last, behind more than one page of others."""
    lines = [row(number=f"INC{1000 + n:07d}") for n in range(250)]
    file = written(tmp_path / "audit.csv", lines)
    home = tmp_path / "home"
    assert run("--home", home, "import", "servicenow-audit", file).exit_code == 0
    first = run("--home", home, "--json", "demo").document["scenes"][0]
    assert first["queues"]["(none)"]["reference"] == "INC0001250"


def test_a_log_that_another_process_writes_is_left_alone(
    run: Run, played: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence says who writes it and what to do."""
    monkeypatch.setenv("TOCSIN_HOME", str(played))
    writer = Log.open(Settings(home=played), writer=True)
    try:
        answer = ended(process("demo", "--home", played))
    finally:
        writer.close()
    assert answer.exit_code == 3
    assert "is being written by process" in answer.err
    assert "Stop it first" in answer.err
