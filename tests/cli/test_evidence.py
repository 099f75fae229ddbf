"""Is evidence attached, listed, handed out and checked by the command line?"""

import json
from pathlib import Path

import pytest

from tests.cli.running import Answer, Run

REF = "INC0000001"
LOG = b"Mar  2 08:00:01 mx1 postfix: no space left on device\n" * 3_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mx1.txt"
    path.write_bytes(LOG)
    return path


def added(run: Run, home: Path, file: Path, *more: str) -> Answer:
    answer = run("--home", home, "--json", "evidence", "add", REF, file, *more)
    assert answer.exit_code == 0, answer.err
    return answer


def content_of(home: Path) -> Path:
    (found,) = [each for each in (home / "evidence").rglob("*") if each.is_file()]
    return found


def test_a_file_is_attached_listed_and_handed_out(run: Run, played: Path, file: Path) -> None:
    receipt = added(run, played, file, "--description", "The log", "--collected-by", "ann").document
    assert receipt["number"] == 1
    listed = run("--home", played, "--json", "evidence", "list", REF).document["items"]
    assert [(each["name"], each["size"], each["collected_by"]) for each in listed] == [
        ("mx1.txt", len(LOG), "ann")
    ]
    assert "mx1.txt" in run("--home", played, "evidence", "list", REF).out
    out = file.with_name("out.txt")
    get = ("evidence", "get", receipt["evidence_id"], "-o", out, "--purpose", "To read it")
    assert run("--home", played, *get).exit_code == 0
    assert out.read_bytes() == LOG
    again = run("--home", played, *get)
    assert (again.exit_code, "there already" in again.err) == (2, True)
    (piece,) = run("--home", played, "--json", "evidence", "list", REF).document["items"]
    assert piece["accesses"] == 1
    kinds = [
        each["kind"] for each in run("--home", played, "--json", "access", "list").document["items"]
    ]
    assert "evidence" in kinds


def test_what_may_not_be_kept_is_refused(
    run: Run, played: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, content, more, reason in (
        ("a.png", b"no picture", (), "is not image/png"),
        ("a.strange", b"x", (), "--type"),
        ("a.html", b"<p>", (), "TOCSIN_EVIDENCE_TYPES"),
        ("empty.txt", b"", (), "0 bytes"),
        ("a.txt", b"x", ("--collected-by", "x" * 300), "collected_by"),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        answer = run("--home", played, "evidence", "add", REF, path, *more)
        assert (answer.exit_code in (1, 2), reason in answer.err) == (True, True), answer.err
    monkeypatch.setenv("TOCSIN_EVIDENCE_BYTES", "2")
    (tmp_path / "a.txt").write_bytes(b"three")
    assert run("--home", played, "evidence", "add", REF, tmp_path / "a.txt").exit_code == 1
    assert not [each for each in (played / "evidence").rglob("*") if each.is_file()]


def test_what_was_altered_is_named_and_not_handed_out(run: Run, played: Path, file: Path) -> None:
    receipt = added(run, played, file).document
    fine = run("--home", played, "evidence", "verify")
    assert (fine.exit_code, "1 intact, 0 not" in fine.out) == (0, True)
    content = content_of(played)
    content.write_bytes(content.read_bytes() + b"x")
    for arguments in ((), (REF,)):
        bad = run("--home", played, "--json", "evidence", "verify", *arguments)
        assert bad.exit_code == 1
        assert [each["condition"] for each in bad.document["items"]] == ["altered"]
    assert receipt["evidence_id"] in run("--home", played, "evidence", "verify").out
    out = file.with_name("out.txt")
    get = ("evidence", "get", receipt["evidence_id"], "-o", out, "--purpose", "To read it")
    answer = run("--home", played, *get)
    assert (answer.exit_code, out.exists()) == (1, False)
    (piece,) = run("--home", played, "--json", "evidence", "list", REF).document["items"]
    assert (piece["condition"], piece["accesses"]) == ("altered", 0)


def test_what_nothing_refers_to_is_removed_once_it_is_old(
    run: Run, played: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    added(run, played, file)
    kept = content_of(played)
    left = played / "evidence" / "ab" / ("ab" * 32)
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(b"left by a crash")
    young = run("--home", played, "--json", "evidence", "verify", "--remove-orphans").document
    assert (young["orphans"], left.exists()) == ([], True)
    monkeypatch.setenv("TOCSIN_EVIDENCE_ORPHAN_HOURS", "0")
    told = run("--home", played, "evidence", "verify")
    assert ("--remove-orphans removes them" in told.out, left.exists()) == (True, True)
    done = run("--home", played, "--json", "evidence", "verify", "--remove-orphans")
    assert json.loads(done.out)["orphans"] == [left.name]
    assert (left.exists(), kept.exists()) == (False, True)
