"""A reader who types every shell block of a page, in order, and compares what comes back."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.docs.markdown import ROOT, Block, blocks
from tests.docs.serving import Service, serving

BLOCK_SECONDS = 120
_SHELL = """set -a
. "$READER_STATE"
TOCSIN=$READER_URL KEY=$READER_KEY
trap 'export -p | grep -v " READER_" > "$READER_STATE"; declare -f >> "$READER_STATE"' EXIT
"""


class Reader:
    """One shell that lives through a page, and the service that the page starts and stops.

    Blocks marked `reader` say what only a person can do (paste a key, go to another terminal):
    the environment has it done already. Those marked `serve` and `stop` start and end the service.
    """

    def __init__(self, home: Path, *, database: str = "", beside: Service | None = None) -> None:
        """`beside` is a service of that home that runs already, and goes on running."""
        self.home, self.database = home, database
        self.state = home.parent / f"{home.name}.shell"
        self.state.write_text("")
        self.key, self.url = (beside.key, beside.url) if beside else ("", "")
        self._running = ExitStack()

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def read(self, page: Path, *, skip: str = "") -> Iterator[tuple[Block, str]]:
        """Do what the page says; yield each block that shows an answer, with the real one."""
        output = ""
        for block in blocks(page):
            if block.language != "sh":
                yield block, output
            elif "serve" in block.marks:
                self.serve()
            elif "stop" in block.marks:
                self.stop()
            elif "reader" not in block.marks and skip not in block.marks:
                output = self.type(block.text)

    def serve(self) -> Service:
        """Start the service, as the first terminal does."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith("TOCSIN")}
        service = self._running.enter_context(
            serving(self.home, clean, key=self.key, database=self.database)
        )
        self.key, self.url = service.key, service.url
        return service

    def stop(self) -> None:
        """Stop it with Ctrl-C."""
        self._running.close()

    def type(self, text: str) -> str:
        """Run one block in the shell that the blocks before it left, and return its output."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", _SHELL + text],
            cwd=ROOT,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=BLOCK_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def _environment(self) -> Mapping[str, str]:
        own = {k: v for k, v in os.environ.items() if not k.startswith("TOCSIN")}
        programs = f"{Path(sys.executable).parent}:{own['PATH']}"
        stores = {"TOCSIN_HOME": str(self.home), "TOCSIN_DATABASE": self.database}
        stores["TMPDIR"] = str(self.home.parent)  # what a page makes there goes with the test
        reads = {"READER_STATE": str(self.state), "READER_URL": self.url, "READER_KEY": self.key}
        return {**own, **stores, **reads, "PATH": programs}


def check(shown: Block, output: str) -> None:
    """Compare an answer that a page shows with the real one.

    JSON: every name that is shown is there, with that value; the real one may hold more. Text:
    every line that is shown is part of a line.
    """
    if shown.language == "json":
        wanted = json.loads(shown.text)
        real = [json.loads(line) for line in output.splitlines() if line.startswith(("{", "["))]
        assert real, f"no JSON in {output!r}"
        assert includes(real[-1], wanted), f"{wanted}\nis not in\n{real[-1]}"
    elif shown.language == "text":
        for line in shown.text.splitlines():
            pattern = ".*".join(map(re.escape, line.split("…")))
            assert re.search(pattern, output), f"{line!r} is not in\n{output}"


def includes(real: Any, shown: Any) -> bool:
    """Whether the real value says all that is shown of it."""
    if isinstance(shown, dict):
        return isinstance(real, dict) and all(
            name in real and includes(real[name], value) for name, value in shown.items()
        )
    if isinstance(shown, list):
        return (
            isinstance(real, list)
            and len(real) == len(shown)
            and all(includes(r, s) for r, s in zip(real, shown, strict=True))
        )
    return bool(real == shown)
