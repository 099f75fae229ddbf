"""Asking one engine in a process of its own, and what that took."""

import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.trends.conformance.cluster import end
from tests.trends.conformance.lakes import Known

ROOT = Path(__file__).resolve().parents[3]
SAMPLE_SECONDS = 0.2
LONGEST_SECONDS = 7_200.0


class Failed(Exception):
    """An engine gave no answers. The text is the end of what it said."""


@dataclass(frozen=True)
class Asked:
    """What came of it."""

    answers: dict[str, dict[str, Any]]
    """By stage and question: the rows, the position, the seconds."""
    seconds: float
    peak_bytes: int
    """Of the process and of all that it started, together; what they share counts for each."""


def ask(
    python: Path,
    engine: str,
    known: Known,
    folder: Path,
    *,
    shapes: str = "many",
    fresh: bool = False,
    also: tuple[int, ...] = (),
    told: Callable[[int], None] = lambda _: None,
) -> Asked:
    """All questions to a copy of a lake, of which nothing is kept yet.

    `also` are the processes that work for it; `told` hears how many questions are answered.

    Raises:
        Failed: it ended before it had answered all.
    """
    folder.mkdir(parents=True)
    lake, out, log = folder / "lake", folder / "answers", folder / "said"
    shutil.copytree(known.lake, lake)
    words: list[object] = [python, "-m", "tests.trends.conformance.asked", engine, lake, out]
    words += ["--shapes", shapes, *(["--fresh"] if fresh else [])]
    words += ["--calendars"] if known.calendars else []
    began = time.perf_counter()
    with log.open("wb") as errors:
        process = subprocess.Popen(
            list(map(str, words)),
            cwd=ROOT,
            env=_environment(folder),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        too_long = threading.Timer(LONGEST_SECONDS, end, [process.pid])
        too_long.start()
        with process, Watched(process.pid, *also) as watched:
            try:
                assert process.stdout is not None
                for number, _ in enumerate(process.stdout):
                    told(number)
                code = process.wait()
            finally:
                too_long.cancel()
                end(process.pid)
    if code:
        raise Failed(log.read_text("utf-8", errors="replace")[-3_000:])
    lines = [json.loads(line) for line in out.read_bytes().splitlines()]
    answers = {key(line): line for line in lines}
    return Asked(answers, time.perf_counter() - began, watched.peak)


def _environment(home: Path) -> dict[str, str]:
    """Neither the settings of whoever runs this, nor a Spark of their own."""
    strange = ("TOCSIN_", "SPARK_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(strange)}
    return {**kept, "TOCSIN_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1"}


def key(line: Mapping[str, Any]) -> str:
    """What tells one question from another."""
    return f"{line['stage']}: {json.dumps(line['question'], ensure_ascii=False)}"


def differences(ours: Asked, theirs: Asked) -> list[str]:
    """Questions of theirs that ours were not asked, or were answered otherwise, in words."""
    return [
        sentence
        for which, answer in theirs.answers.items()
        if (sentence := _difference(which, ours.answers.get(which), answer))
    ]


def _difference(which: str, ours: Any, theirs: Any) -> str:
    if ours is None:
        return f"{which}: not asked of DuckDB"
    if failed := [each["error"] for each in (ours, theirs) if "error" in each]:
        return f"{which}: {'; '.join(failed)}"
    if ours["position"] != theirs["position"]:
        return f"{which}: up to {theirs['position']}, not {ours['position']}"
    if ours["rows"] == theirs["rows"]:
        return ""
    we, they = ({json.dumps(row) for row in each["rows"]} for each in (ours, theirs))
    lost, more = sorted(we - they), sorted(they - we)
    return f"{which}: lacks {lost[:2]}, has {more[:2]} ({len(lost)} and {len(more)} rows)"


class Watched:
    """How much memory some processes and their descendants have at most, together."""

    def __init__(self, *pids: int) -> None:
        self.peak = 0
        self._processes = [psutil.Process(pid) for pid in pids]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Watched":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(SAMPLE_SECONDS):
            self.peak = max(self.peak, sum(map(_bytes, self._family())))

    def _family(self) -> Iterator[psutil.Process]:
        for each in self._processes:
            with suppress(psutil.NoSuchProcess):
                yield each
                yield from each.children(recursive=True)


def _bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
