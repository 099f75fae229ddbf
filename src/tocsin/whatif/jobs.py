"""A question that a process of its own answers, in a folder: asked, under way, answered or failed.

The folder outlives whoever asked, so an answer is still there after a restart.
"""

import shutil
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from tocsin.whatif.keeping import FOLDER, held, written
from tocsin.whatif.question import Question

REPORTS = "reports"
QUESTION, PROGRESS, REPORT = "question.json", "progress.json", "report.json"
CHART, FAILED = "chart.svg", "failed.json"


class Job:
    """The folder of one question, by the question's name."""

    def __init__(self, home: Path, name: str) -> None:
        self.name = name
        self.folder = home / FOLDER / REPORTS / name

    @property
    def asked(self) -> bool:
        """Whether anybody has asked this and it is not forgotten."""
        return (self.folder / QUESTION).exists()

    @property
    def state(self) -> str:
        """`finished`, `failed`, or `interrupted` if nobody works on it."""
        if (self.folder / REPORT).exists():
            return "finished"
        return "failed" if (self.folder / FAILED).exists() else "interrupted"

    def ask(self, question: Question) -> None:
        """Put the question there; a failure of before is forgotten."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.folder / FAILED).unlink(missing_ok=True)
        written(self.folder / QUESTION, question.text)

    def question(self) -> Question:
        """What was asked.

        Raises:
            OSError: it was cancelled.
            ValueError: by another version of Tocsin.
        """
        return Question.read((self.folder / QUESTION).read_bytes())

    def advance(self, done: int, total: int) -> None:
        """Say how many events are replayed."""
        written(self.folder / PROGRESS, orjson.dumps({"done": done, "total": total}))

    def fail(self, reason: str) -> None:
        """Say why there is no answer."""
        if self.asked:
            written(self.folder / FAILED, orjson.dumps({"reason": reason}))

    def answer(self, report: bytes, chart: bytes | None) -> None:
        """Put the answer there, last of all that belongs to it."""
        if chart is not None:
            written(self.folder / CHART, chart)
        written(self.folder / REPORT, report)

    def part(self, name: str) -> bytes | None:
        """One of its files, if it is there."""
        with suppress(OSError):
            return (self.folder / name).read_bytes()
        return None

    def told(self, name: str) -> Any:
        """The JSON in one of its files, if it is there."""
        part = self.part(name)
        return orjson.loads(part) if part is not None else None

    def forget(self) -> None:
        """Keep nothing of it."""
        shutil.rmtree(self.folder, ignore_errors=True)


def forget_oldest(home: Path, most: int, needed: Collection[str]) -> None:
    """Keep so many questions and their answers, those that were asked or answered last; never
    forget one that is needed."""
    folder = home / FOLDER / REPORTS
    with suppress(OSError):
        known = sorted(folder.iterdir(), key=lambda each: each.stat().st_mtime, reverse=True)
        for each in known[most:]:
            if each.name not in needed and not held(each):
                Job(home, each.name).forget()
