"""Whose time zones count? Those of the package, whatever files a machine has."""

import os
import subprocess
import sys
import zoneinfo
from importlib import resources
from pathlib import Path

import pytest

WINTER_IN_VIENNA = (
    "print(ZoneInfo('Europe/Vienna').utcoffset(datetime(2026, 1, 15, 12)).total_seconds() / 3600)"
)
ZONES = "from datetime import datetime; from zoneinfo import ZoneInfo"


@pytest.fixture
def doctored(tmp_path: Path) -> Path:
    """A folder of zone files, in which Vienna lies nine hours west of Greenwich."""
    (tmp_path / "Europe").mkdir()
    other = resources.files("tzdata") / "zoneinfo" / "Etc" / "GMT+9"
    (tmp_path / "Europe" / "Vienna").write_bytes(other.read_bytes())
    return tmp_path


def said(program: str, folder: Path) -> str:
    """What a program of its own prints, on a machine with these zone files."""
    environment = {**os.environ, "PYTHONTZPATH": str(folder)}
    asked = [sys.executable, "-c", program]
    return subprocess.check_output(asked, env=environment, text=True, timeout=60).strip()


def test_a_machine_with_other_zone_files_gets_the_same_answer(doctored: Path) -> None:
    assert "-9.0" == said(f"{ZONES}; {WINTER_IN_VIENNA}", doctored), "the folder is looked at"
    assert "1.0" == said(f"import tocsin; {ZONES}; {WINTER_IN_VIENNA}", doctored)


def test_a_zone_that_was_read_before_is_read_again(doctored: Path) -> None:
    """Zones are kept in memory: a program may have made one before it imports us."""
    program = f"{ZONES}; kept = ZoneInfo('Europe/Vienna'); import tocsin; {WINTER_IN_VIENNA}"
    assert "1.0" == said(program, doctored)


def test_a_zone_that_only_a_machine_knows_is_none(doctored: Path) -> None:
    """A policy that is accepted here must be readable everywhere."""
    (doctored / "Europe" / "Atlantis").write_bytes((doctored / "Europe" / "Vienna").read_bytes())
    program = "import tocsin; from zoneinfo import available_timezones as all; print(len(all()))"
    alone = said(program, doctored)
    assert alone == said(program, doctored / "nowhere")
    program = "import tocsin; from zoneinfo import available_timezones as all"
    assert "False" == said(f"{program}; print('Europe/Atlantis' in all())", doctored)


def test_no_folder_is_looked_at_in_this_process() -> None:
    assert () == zoneinfo.TZPATH


def test_the_package_is_wanted_at_one_version() -> None:
    project = (Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8")
    constraints = (Path(__file__).parents[2] / "constraints.txt").read_text("utf-8")
    (wanted,) = (line.strip() for line in constraints.splitlines() if line.startswith("tzdata=="))
    assert f'"{wanted}"' in project
