"""`tocsin lake`: written, shown, examined, listed; and what the doctor says of it."""

import signal
import time
from pathlib import Path

import duckdb
import pytest

from tests.cli.running import SECONDS, Run, ended, examined, process
from tocsin.lake import extra
from tocsin.lake.segments import Segments


def test_it_is_written_shown_and_examined(run: Run, played: Path) -> None:
    written = run("--home", played, "--json", "lake", "follow", "--once")
    assert written.exit_code == 0
    assert written.document == run("--home", played, "--json", "lake", "status").document
    assert written.document["folder"] == str(played / "lake" / "v1")
    assert (written.document["position"], written.document["lag_events"]) == (19, 0)
    assert written.document["rows"]["events"] == 19
    assert written.document["written_now"] is False
    verdict = run("--home", played, "--json", "lake", "verify")
    assert verdict.exit_code == 0
    assert (verdict.document["ok"], verdict.document["position"]) == (True, 19)
    assert "The lake is sound up to position 19." in run("--home", played, "lake", "verify").out
    assert "lag events" in run("--home", played, "lake", "status").out


def test_its_files_are_what_any_engine_reads(run: Run, played: Path) -> None:
    run("--home", played, "lake", "follow", "--once")
    files = run("--home", played, "lake", "files", "incidents").out.split()
    with duckdb.connect() as engine:
        told = engine.execute(
            "SELECT sum(sign), any_value(status) FROM read_parquet(?)", [files]
        ).fetchall()
    assert told == [(1, "closed")]
    assert run("--home", played, "--json", "lake", "files", "incidents").document["files"] == files
    answer = run("--home", played, "lake", "files", "tickets")
    assert answer.exit_code == 2
    assert "there are: events, incidents, spells, timers" in answer.err


def test_damage_is_named(run: Run, played: Path) -> None:
    run("--home", played, "lake", "follow", "--once")
    tail = Segments(played / "lake").tail()
    assert tail is not None
    path = played / "lake" / "v1" / tail.files[0].path
    path.write_bytes(path.read_bytes()[:-1])
    answer = run("--home", played, "lake", "verify")
    assert answer.exit_code == 1
    assert f"{tail.files[0].path} has" in answer.out


@pytest.mark.parametrize("command", [("status",), ("verify",), ("files", "events")])
def test_without_a_lake_it_says_who_writes_one(
    run: Run, played: Path, command: tuple[str, ...]
) -> None:
    answer = run("--home", played, "lake", *command)
    assert answer.exit_code == 1
    assert "There is no lake in" in answer.err
    assert "`tocsin lake follow`" in answer.err


def test_a_lake_of_another_log_is_refused(run: Run, played: Path, tmp_path: Path) -> None:
    folder = tmp_path / "lake"
    run("--home", played, "lake", "follow", "--once", "--folder", folder)
    run("--home", tmp_path / "other", "demo")
    for command in (("follow", "--once"), ("verify",)):
        answer = run("--home", tmp_path / "other", "lake", *command, "--folder", folder)
        assert answer.exit_code == 1
        assert "is of another log than this" in answer.err


def test_it_follows_until_it_is_told_to_stop(run: Run, played: Path) -> None:
    follower = process("--home", played, "lake", "follow")
    segments, until = Segments(played / "lake"), time.monotonic() + SECONDS
    while segments.position < 19:
        assert time.monotonic() < until, "the lake is not written"
        time.sleep(0.05)
    assert run("--home", played, "--json", "lake", "status").document["written_now"] is True
    busy = run("--home", played, "lake", "follow", "--once")
    assert (busy.exit_code, "Another process writes the lake" in busy.err) == (1, True)
    follower.send_signal(signal.SIGTERM)
    answer = ended(follower)
    assert answer.exit_code == 0
    assert f"Following {played}/tocsin.db into {played}/lake" in answer.err


def test_it_keeps_delta_tables_when_asked(run: Run, played: Path, tmp_path: Path) -> None:
    """What is sealed is in them: of a short log nothing yet."""
    answer = run("--home", played, "lake", "follow", "--once", "--delta", tmp_path / "delta")
    assert answer.exit_code == 0
    assert not (tmp_path / "delta").exists()


def test_without_the_libraries_it_says_how_to_get_them(
    run: Run, played: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = dict.fromkeys(extra.LIBRARIES, ("no_such_library",))
    monkeypatch.setattr(extra, "LIBRARIES", missing)
    answer = run("--home", played, "lake", "follow", "--once")
    assert answer.exit_code == 2
    assert "pip install 'tocsin[trends]'" in answer.err
    _, checks = examined(played)
    assert checks["lake"]["level"] == "warn"
    assert "pip install 'tocsin[trends]'" in checks["lake"]["do"]


def test_the_doctor_says_how_far_it_is(
    run: Run, played: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, checks = examined(played)
    assert checks["lake"]["level"] == "warn"
    assert checks["lake"]["says"] == f"there is none in {played}/lake yet"
    run("--home", played, "lake", "follow", "--once")
    _, checks = examined(played)
    assert (checks["lake"]["level"], checks["lake"]["says"]) == ("ok", f"{played}/lake, at 19")
    tail = Segments(played / "lake").tails()[0]
    for file in tail.iterdir():
        file.unlink()
    tail.rmdir()
    monkeypatch.setenv("TOCSIN_LAG_SECONDS", "0")
    _, checks = examined(played)
    assert "at 0, 19 events and" in checks["lake"]["says"]
    monkeypatch.setenv("TOCSIN_LAKE", "false")
    _, checks = examined(played)
    assert (checks["lake"]["level"], "none is written" in checks["lake"]["says"]) == ("ok", True)


def test_the_doctor_names_a_lake_of_another_log(run: Run, played: Path, tmp_path: Path) -> None:
    run("--home", tmp_path / "other", "demo")
    run("--home", played, "lake", "follow", "--once", "--folder", tmp_path / "other" / "lake")
    _, checks = examined(tmp_path / "other")
    assert checks["lake"]["level"] == "bad"
    assert "is of another log than this" in checks["lake"]["says"]
    assert "remove that folder" in checks["lake"]["do"]
