"""Running the program: in this process, or as one of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from click.testing import CliRunner

from tocsin.cli import main

SECONDS = 60


@dataclass(frozen=True)
class Answer:
    """What the program said, and how it ended."""

    exit_code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on standard output."""
        return json.loads(self.out)


class Run(Protocol):
    """The program, with these arguments."""

    def __call__(self, *arguments: str | Path) -> Answer: ...


def answer(*arguments: str | Path) -> Answer:
    """Run it in this process, with the settings of this process."""
    result = CliRunner().invoke(main, [str(each) for each in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Answer(result.exit_code, result.stdout, result.stderr)


def process(*arguments: str | Path, **settings: str) -> "subprocess.Popen[str]":
    """Start it as a process of its own, with these variables and no other setting."""
    return subprocess.Popen(
        command(*arguments),
        env=environment(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def running(*arguments: str | Path, **settings: str) -> Iterator["subprocess.Popen[str]"]:
    """Start it, and make sure that it is gone afterwards, whatever the test comes to."""
    started = process(*arguments, **settings)
    with started:
        try:
            yield started
        finally:
            started.kill()


def ended(started: "subprocess.Popen[str]") -> Answer:
    """Wait for it, and return what it said; one that does not end is ended."""
    with started:
        try:
            out, err = started.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            started.kill()
            raise
    return Answer(started.returncode, out, err)


def command(*arguments: str | Path) -> list[str]:
    """How it is started."""
    return [sys.executable, "-m", "tocsin", *(str(each) for each in arguments)]


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Ours without any setting, and these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
    return {**kept, **settings}


def examined(home: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """The exit code of the doctor, and each check by its name."""
    said = answer("--home", home, "--json", "doctor", *arguments)
    return said.exit_code, {check["name"]: check for check in said.document["checks"]}
