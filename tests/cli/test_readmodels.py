"""`tocsin projections`, `rebuild`, `project`: how the read models are doing, and mending them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import SECONDS, Run, ended, running
from tocsin.cli.stopping import PARENT_SECONDS
from tocsin.readmodels.database import Database
from tocsin.readmodels.projection import found
from tocsin.readmodels.rebuild import Build, rebuild
from tocsin.readmodels.registry import Role
from tocsin.settings import Settings
from tocsin.store.log import Log

NAMES = [projection.name for projection in found()]


def standings(run: Run, home: Path) -> dict[str, Any]:
    """The live read models, by name."""
    document = run("--home", home, "--json", "projections").document
    return {each["name"]: each for each in document["projections"] if each["role"] == "live"}


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_each_read_model_has_a_line(run: Run, played: Path) -> None:
    answer = run("--home", played, "projections")
    assert answer.exit_code == 0
    head, *lines = answer.out.splitlines()
    assert head.split() == ["name", "version", "state", "position", "head", "lag", "follower"]
    assert sorted(line.split()[0] for line in lines) == NAMES


def test_those_that_were_never_built_are_said_to_be_so(run: Run, played: Path) -> None:
    """The demonstration follows the two that it asks."""
    document = run("--home", played, "--json", "projections").document
    assert document["head"] == 19
    assert sorted(each["name"] for each in document["projections"]) == ["open_queue", "timeline"]
    assert {"incidents", "workload"} <= {each["name"] for each in document["not_built"]}


def test_asking_makes_no_read_models(run: Run, played: Path) -> None:
    (played / "readmodels.db").unlink()
    document = run("--home", played, "--json", "projections").document
    assert document["projections"] == []
    assert not (played / "readmodels.db").exists()


def test_all_are_rebuilt_to_the_head(run: Run, played: Path) -> None:
    document = run("--home", played, "--json", "rebuild", "--all").document
    assert document["rebuilt"] == NAMES
    assert (document["complete"], document["position"]) == (True, 19)
    assert {each["position"] for each in standings(run, played).values()} == {19}
    assert sorted(standings(run, played)) == NAMES


def test_one_is_rebuilt_and_the_others_are_as_they_were(run: Run, played: Path) -> None:
    before = standings(run, played)
    answer = run("--home", played, "rebuild", "timeline")
    assert answer.exit_code == 0
    assert answer.out.startswith("Rebuilt timeline: 19 events in ")
    after = standings(run, played)
    assert after["timeline"]["generation"] > before["timeline"]["generation"]
    assert after["open_queue"]["generation"] == before["open_queue"]["generation"]


@pytest.mark.parametrize("arguments", [(), ("nothing",), ("timeline", "--all")])
def test_what_to_rebuild_is_said_in_one_way(
    run: Run, played: Path, arguments: tuple[str, ...]
) -> None:
    answer = run("--home", played, "rebuild", *arguments)
    assert (answer.exit_code, answer.out) == (2, "")


def test_an_unknown_name_is_answered_with_those_there_are(run: Run, played: Path) -> None:
    answer = run("--home", played, "rebuild", "nothing")
    assert answer.err == (
        f"Error: There is no projection nothing; there are: {', '.join(NAMES)}.\n"
    )


def test_a_rebuild_that_another_process_is_at_is_left_to_it(run: Run, played: Path) -> None:
    database = Database.open(played)
    timeline = next(each for each in found() if each.name == "timeline")
    build = Build(database, timeline, Role.BUILDING)
    build.begin()
    try:
        answer = run("--home", played, "rebuild", "timeline")
    finally:
        build.abandon()
        database.close()
    assert answer.exit_code == 1
    assert answer.err == "Error: timeline is being rebuilt by another process.\n"


def test_a_rebuild_runs_beside_the_writer(run: Run, played: Path) -> None:
    writer = Log.open(Settings(home=played), writer=True)
    try:
        assert run("--home", played, "rebuild", "--all").exit_code == 0
    finally:
        writer.close()


def test_an_interrupted_rebuild_says_how_to_go_on(
    run: Run, played: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*arguments: Any, **options: Any) -> bool:
        os.kill(os.getpid(), signal.SIGINT)
        return rebuild(*arguments, **options)

    monkeypatch.setattr("tocsin.readmodels.rebuild.rebuild", interrupted)
    answer = run("--home", played, "rebuild", "--all")
    assert answer.exit_code == 130
    assert "run the same command again" in answer.out


def test_a_halted_read_model_is_named_and_the_exit_code_says_so(
    run: Run, played: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import projections.timeline

    def broken(row: object, recorded: object) -> None:
        raise ValueError("cannot read that")

    monkeypatch.setattr(projections.timeline, "fold", broken)
    monkeypatch.setattr("tocsin.readmodels.projection._events", lambda fold: _all_events())
    answer = run("--home", played, "rebuild", "timeline")
    assert answer.exit_code == 1
    assert "cannot read that" in answer.err
    answer = run("--home", played, "projections")
    assert answer.exit_code == 1
    assert "timeline halted before position 1 (incident.reported" in answer.out
    doctor = run("--home", played, "doctor", "--json").document["checks"]
    assert {check["level"] for check in doctor if "timeline" in check["name"]} == {"bad"}


def _all_events() -> frozenset[Any]:
    from tocsin.domain.kernel import EVENTS

    return frozenset(EVENTS.values())


def test_a_projector_brings_them_to_the_head_and_ends_when_told(run: Run, played: Path) -> None:
    with running("project", TOCSIN_HOME=str(played)) as started:
        wait_until(lambda: sorted(standings(run, played)) == NAMES)
        wait_until(lambda: all(each["followed"] for each in standings(run, played).values()))
        started.send_signal(signal.SIGTERM)
        answer = ended(started)
    assert answer.exit_code == 0
    assert f"Following {played}/tocsin.db: {', '.join(NAMES)}" in answer.err


def test_a_projector_follows_only_those_that_are_named(run: Run, played: Path) -> None:
    with running("project", "workload", TOCSIN_HOME=str(played)) as started:
        wait_until(lambda: "workload" in standings(run, played))
        started.send_signal(signal.SIGINT)
        assert ended(started).exit_code == 0
    assert "incidents" not in standings(run, played)


def test_a_projector_for_an_unknown_name_is_wrong_use(run: Run, played: Path) -> None:
    assert run("--home", played, "project", "nothing").exit_code == 2


def test_a_projector_ends_with_the_process_that_started_it(played: Path) -> None:
    """A service that is killed must not leave one behind."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as other:
        # Not the one that started it, so it is as if that had been killed before it looked.
        try:
            parent = f"--with-parent={other.pid}"
            with running("project", parent, TOCSIN_HOME=str(played)) as started:
                assert ended(started).exit_code == 0
        finally:
            other.kill()


def test_a_projector_stays_as_long_as_the_process_that_started_it(run: Run, played: Path) -> None:
    with running("project", "--with-parent", TOCSIN_HOME=str(played)) as started:
        wait_until(lambda: "workload" in standings(run, played))
        with pytest.raises(subprocess.TimeoutExpired):
            started.wait(2 * PARENT_SECONDS)
