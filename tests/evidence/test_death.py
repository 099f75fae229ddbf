"""What does a process leave that dies between the content and its event?"""

import subprocess
import sys
from pathlib import Path

from tests.cli.running import answer, environment

DIES = """
import os, sys
from tocsin.cli import main
from tocsin.store.log import Log
Log.commit = lambda *_: os._exit(9)  # the content is durable by now, the event is not
main(sys.argv[1:])
"""
LOG = b"Mar  2 08:00:01 mx1 postfix: no space left on device\n"


def files(home: Path) -> list[Path]:
    return [each for each in (home / "evidence").rglob("*") if each.is_file()]


def test_a_process_that_dies_before_the_event_leaves_content_that_nothing_refers_to(
    tmp_path: Path,
) -> None:
    home, file = tmp_path / "home", tmp_path / "mx1.txt"
    file.write_bytes(LOG)
    assert answer("--home", home, "demo").exit_code == 0
    arguments: list[str | Path] = ["--home", home, "evidence", "add", "INC0000001", file]
    died = subprocess.run(
        [sys.executable, "-c", DIES, *map(str, arguments)],
        env=environment({}),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert died.returncode == 9, died.stderr
    assert len(files(home)) == 1
    listed = answer("--home", home, "--json", "evidence", "list", "INC0000001").document
    assert listed["items"] == []
    # Whoever tries again gets what they wanted, and the rest is cleared when it is old.
    assert answer(*arguments).exit_code == 0
    env = {"TOCSIN_EVIDENCE_ORPHAN_HOURS": "0"}
    swept = subprocess.run(
        [sys.executable, "-m", "tocsin", "--home", home, "evidence", "verify", "--remove-orphans"],
        env=environment(env),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert swept.returncode == 0, swept.stderr
    assert "1 intact" in swept.stdout
    assert "1 that nothing refers to: removed" in swept.stdout
    assert len(files(home)) == 1
