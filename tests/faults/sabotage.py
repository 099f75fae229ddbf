"""Would anybody notice? Each mistake is made in a copy of the code, and a test must turn red."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.conftest import ROOT
from tests.faults.mistakes import ALL, Sabotage
from tests.faults.trials import Result, Site, Trial

SECONDS, EACH_SECONDS = 60.0, 60.0
"""To begin, and for each test: they are fast ones, on a machine that may not be."""
PASSED, FAILED = 0, 1
"""What pytest says; anything else is no verdict."""


class NoVerdict(Exception):
    """A test could not be run, or the copy of the code is not what it ran."""


@dataclass(frozen=True)
class Copy:
    """The code, in a place of its own, which comes first where Python looks for it."""

    folder: Path

    @classmethod
    def made(cls, folder: Path) -> "Copy":
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "src" / "tocsin", folder / "tocsin", ignore=ignored)
        copy = cls(folder)
        where = copy._run("-c", "import tocsin; print(tocsin.__file__)").stdout.strip()
        if not Path(where).is_relative_to(folder):
            raise NoVerdict(f"Python finds {where} before the copy")
        return copy

    def red(self, tests: Sequence[str]) -> bool:
        """Whether any of these tests fails.

        Raises:
            NoVerdict: they were not run.
        """
        wanted = [str(ROOT / "tests" / test) for test in tests]
        options = ("-q", "-x", "-p", "no:cacheprovider", *wanted)
        done = self._run("-m", "pytest", *options, seconds=SECONDS + EACH_SECONDS * len(tests))
        if done.returncode not in (PASSED, FAILED) or " skipped" in done.stdout:
            raise NoVerdict(done.stdout[-2_000:] + done.stderr[-2_000:])
        return done.returncode == FAILED

    def _run(self, *command: str, seconds: float = SECONDS) -> "subprocess.CompletedProcess[str]":
        others = {k: v for k, v in os.environ.items() if not k.startswith("TOCSIN_")}
        try:
            return subprocess.run(
                [sys.executable, *command],
                cwd=ROOT,
                env={**others, "PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"},
                capture_output=True,
                text=True,
                check=False,
                timeout=seconds,
            )
        except subprocess.TimeoutExpired as error:
            raise NoVerdict(f"{command[-1]} takes more than {seconds:.0f} s") from error

    def with_mistake(self, sabotage: Sabotage) -> bool:
        """Whether the test of a mistake notices it."""
        file = self.folder / sabotage.file
        whole = file.read_text(encoding="utf-8")
        file.write_text(sabotaged(whole, sabotage), encoding="utf-8")
        try:
            return self.red([sabotage.test])
        finally:
            file.write_text(whole, encoding="utf-8")


def sabotaged(source: str, sabotage: Sabotage) -> str:
    """The file with the mistake in it.

    Raises:
        NoVerdict: the words that change are not there, or more than once.
    """
    for was, becomes in ((sabotage.was, sabotage.becomes), *sabotage.also):
        if (times := source.count(was)) != 1:
            raise NoVerdict(f"{sabotage.name}: {was!r} is {times} times in {sabotage.file}")
        source = source.replace(was, becomes)
    return source


def noticed(site: Site, number: int) -> Result:
    """Make so many mistakes, others each time; each test is green without, and red with its own."""
    chosen = Random(site.seed).sample(ALL, min(number, len(ALL)))
    copy, seconds = Copy.made(site.folder / "copy"), list[float]()
    missed, trouble = list[str](), list[str]()
    try:
        if copy.red([each.test for each in chosen]):
            trouble.append("a test is red without any mistake")
    except NoVerdict as error:
        trouble.append(str(error))
    for each in chosen if not trouble else ():
        began = time.monotonic()
        try:
            if not copy.with_mistake(each):
                missed.append(each.name)
        except NoVerdict as error:
            trouble.append(f"{each.name}: {error}")
        seconds.append(time.monotonic() - began)
    remark = f"{len(chosen) - len(missed) - len(trouble)} of {len(chosen)} mistakes noticed"
    if missed or trouble:
        remark += f"; not noticed: {missed}; {' '.join(trouble)[:400]}"
    return Result(
        runs=len(chosen), ok=not missed and not trouble, recoveries=tuple(seconds), remark=remark
    )


TRIALS = (Trial("T27", "mistakes made on purpose", noticed, 3, len(ALL)),)
