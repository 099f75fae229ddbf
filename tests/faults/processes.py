"""Processes of the trial that follows the log: those that write, and those that read."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.postgres import free_port
from tocsin.keys import Keys, Scope
from tocsin.settings import Settings
from tocsin.store.log import Log

END_SECONDS = 180.0
LOOK_SECONDS = 0.02
OVER = b"over\n"
"""What a writer says when it has stopped to write, and still serves."""


def prepared(home: Path, database: str, processes: int) -> tuple[list[Settings], str]:
    """An empty log with its keys, settings for each process, and a token for readers."""
    first = Settings(home=home, database=database, lake=False, timekeeper=False, access=False)
    Log.open(first, writer=True).close()
    with closing(Keys.open(first)) as keys:
        token, _ = keys.create("load", [Scope.ADMIN], by="a test")
    return [replace(first, port=free_port()) for _ in range(processes)], token


def environment(settings: Settings) -> dict[str, str]:
    """What such a process runs under."""
    others = {k: v for k, v in os.environ.items() if not k.startswith("TOCSIN_")}
    return others | settings.environment()


@dataclass
class Writer:
    """A process that writes, as often as it is started."""

    settings: Settings
    callers: int
    output: Path
    lives: int = 0
    process: "subprocess.Popen[bytes]" = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Let it write."""
        self.lives += 1
        seed = f"{self.output.stem}-{self.lives}"
        with self.output.open("ab") as output, self.errors.open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.writers", str(self.callers), seed],
                env=environment(self.settings),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=errors,
            )

    @property
    def errors(self) -> Path:
        return self.output.with_suffix(".errors")

    def die(self) -> float:
        """`kill -9`, and another one in its place; return the seconds until it was answered."""
        assert self.process.poll() is None, self.errors.read_text()[-4_000:]
        self.kill()
        began, size = time.monotonic(), self.output.stat().st_size
        self.start()
        self._await(lambda: self.output.stat().st_size > size)
        return time.monotonic() - began

    def calm(self) -> None:
        """Let it answer what it has taken, ask no more, and go on to serve."""
        assert self.process.stdin is not None
        assert self.process.poll() is None, self.errors.read_text()[-4_000:]
        self.process.stdin.write(OVER)
        self.process.stdin.flush()
        self._await(lambda: self._last(len(OVER)) == OVER)

    def end(self) -> None:
        """Let it stop."""
        self.process.communicate(timeout=END_SECONDS)
        assert not self.process.returncode, self.errors.read_text()[-4_000:]

    def kill(self) -> None:
        """End it at once, if it runs."""
        self.process.kill()
        self.process.communicate()

    def _await(self, come: Any) -> None:
        until = time.monotonic() + END_SECONDS
        while not come():
            assert self.process.poll() is None, self.errors.read_text()[-4_000:]
            assert time.monotonic() < until, f"{self.output.name} stands still"
            time.sleep(LOOK_SECONDS)

    def _last(self, size: int) -> bytes:
        with self.output.open("rb") as lines:
            lines.seek(max(0, self.output.stat().st_size - size))
            return lines.read()

    @property
    def told(self) -> Iterator[list[str]]:
        """What its callers heard; a line in whose midst it died is left out."""
        with self.output.open() as lines:
            for line in lines:
                if line.endswith("\n") and line.encode() != OVER:
                    yield line.split()


@dataclass
class Reader:
    """A process that follows from the beginning."""

    settings: Sequence[Settings]
    kind: str
    token: str

    def __post_init__(self) -> None:
        ports = [str(each.port) for each in self.settings]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.readers", self.kind, self.token, *ports],
            env=environment(self.settings[0]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def end(self, head: int) -> dict[str, Any]:
        """Let it read as far as this; return what it saw."""
        output, _ = self.process.communicate(f"{head}\n".encode(), timeout=END_SECONDS)
        seen: dict[str, Any] = json.loads(output)
        return seen

    def kill(self) -> None:
        """End it at once, if it runs."""
        self.process.kill()
        self.process.communicate()
