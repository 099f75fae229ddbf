"""A program to run, and a home in which the demonstration has played."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.cli.running import Run, answer
from tocsin.cli import main


@pytest.fixture
def run() -> Run:
    """Runs the program in this process."""
    return answer


@pytest.fixture(scope="session")
def _played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("played") / "home"
    result = CliRunner().invoke(main, ["--home", str(home), "demo"])
    assert result.exit_code == 0, result.output
    return home


@pytest.fixture
def played(_played: Path, tmp_path: Path) -> Path:
    """A home of the test's own, with INC0000001 from its report to its closed record."""
    home = tmp_path / "home"
    shutil.copytree(_played, home)
    home.chmod(0o700)
    return home
