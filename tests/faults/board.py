"""The table of what was left, and the book in which finished trials are kept."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median

from tests.faults.trials import Result, Trial

COLUMNS = (
    "test", "runs", "acknowledged", "lost", "doubled", "gaps", "recovery p50", "max", "verdict",
    "remark",
)  # fmt: skip
REST = "{:>8} {:>12} {:>6} {:>7} {:>4} {:>12} {:>8}  {:8} {}"
MARGIN = 2


class Table:
    """Lines of one width."""

    def __init__(self, trials: Sequence[Trial]) -> None:
        names = [self._name(trial) for trial in trials]
        self._width = max(map(len, names), default=0) + MARGIN

    @property
    def head(self) -> str:
        """What the columns are."""
        return self._line(*COLUMNS)

    def line(self, trial: Trial, result: Result) -> str:
        """What is told of a trial that ran."""
        recovery = result.recoveries
        return self._line(
            self._name(trial),
            f"{result.runs:,}",
            f"{result.acknowledged:,}",
            result.lost,
            result.doubled,
            result.gaps,
            f"{median(recovery):.2f} s" if recovery else "-",
            f"{max(recovery):.2f} s" if recovery else "-",
            "ok" if result.ok else "FAILED",
            result.remark,
        )

    def not_run(self, trial: Trial, why: str) -> str:
        """What is told of one that cannot run here."""
        return self._line(self._name(trial), *"-" * 7, "not run", why)

    def _line(self, name: str, *rest: object) -> str:
        return f"{name:{self._width}}{REST.format(*rest)}".rstrip()

    @staticmethod
    def _name(trial: Trial) -> str:
        return f"{trial.number} {trial.name}"


class Book:
    """Results on disk, a line each, so that a run that was interrupted can go on."""

    def __init__(self, file: Path, *, resume: bool) -> None:
        self._file = file
        file.parent.mkdir(parents=True, exist_ok=True)
        if not resume:
            file.unlink(missing_ok=True)
        lines = file.read_text("utf-8").splitlines() if file.exists() else []
        self._results = {(each["number"], each["size"]): each for each in map(json.loads, lines)}

    def find(self, trial: Trial, size: int) -> Result | None:
        """What was left when this trial was run in this size, if it was and all was well."""
        found = self._results.get((trial.number, size))
        result = Result(**found["result"]) if found else None
        return result if result and result.ok else None

    def keep(self, trial: Trial, size: int, result: Result) -> None:
        """Remember it."""
        entry = {"number": trial.number, "size": size, "result": asdict(result)}
        self._results[trial.number, size] = entry
        with self._file.open("a", encoding="utf-8") as file:
            file.write(f"{json.dumps(entry)}\n")
