"""Thousands of random lives of incidents, with crashes, rebuilds and retries, held against a model
of them in plain Python."""

import os
import subprocess
import sys
from pathlib import Path

from tests.faults.trials import Result, Site, Trial

ROOT = Path(__file__).resolve().parents[2]
MODEL = "tests/model"


def thorough(site: Site, times: int) -> Result:
    """Run the model's own tests, with a thousand lives where the suite has a few."""
    failed, said = 0, ""
    for number in range(times):
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                f"--hypothesis-seed={site.seed + number}",
                MODEL,
            ],
            cwd=ROOT,
            env=os.environ | {"HYPOTHESIS_PROFILE": "thorough"},
            capture_output=True,
            text=True,
            check=False,
        )
        said = done.stdout.strip().rpartition("\n")[2]
        if done.returncode:
            failed += 1
            sys.stderr.write(done.stdout)
    return Result(times, ok=not failed, lost=failed, remark=said)


TRIALS = (Trial("T15", "random lives against a model", thorough, 0, 1),)
