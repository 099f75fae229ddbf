"""The service as people run it, in a process of its own, which can be killed."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psutil

from tests.postgres import free_port
from tocsin.keys import Keys, Scope
from tocsin.settings import Settings

READY_SECONDS = 60.0
"""Generous: a loaded machine is slow. How long it really took is told, not tested."""
STOP_SECONDS = 30.0
POLL_SECONDS = 0.02


class Service:
    """`tocsin serve` on one store and one port, as often as it is started."""

    def __init__(
        self,
        home: Path,
        database: str = "",
        program: str = "tocsin",
        beside: Mapping[str, str] | None = None,
    ) -> None:
        """Without a lake: what happens to its writer is shown on its own. The service itself runs
        under what is `beside` the usual environment; its other commands do not.
        """
        self._program, self._beside = program, dict(beside or {})
        self.settings = Settings(home=home, database=database, port=free_port(), lake=False)
        with closing(Keys.open(self.settings)) as keys:
            self.token, _ = keys.create("load", [Scope.ADMIN], by="a test")
        self.restarts: list[float] = []
        """Seconds from each start to ready."""
        self._log = (home / "stderr").open("ab")
        self._server: psutil.Popen | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What its commands run under."""
        ours = {k: v for k, v in os.environ.items() if not k.startswith("TOCSIN_")}
        named = {"TOCSIN_HOME": str(self.settings.home), "TOCSIN_PORT": str(self.settings.port)}
        named["TOCSIN_LAKE"] = str(self.settings.lake)
        if self.settings.database:
            named["TOCSIN_DATABASE"] = self.settings.database
        return ours | named

    def start(self) -> None:
        """Start it, and wait until it says that it is ready. No repair, no operator."""
        assert self._server is None
        began = time.monotonic()
        self._server = psutil.Popen(
            [sys.executable, "-m", self._program, "serve"],
            env=self.environment | self._beside,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._log,
        )
        while not self.is_ready():
            assert self._server.poll() is None, f"it ended by itself:\n{self.stderr()}"
            assert time.monotonic() - began < READY_SECONDS, f"never ready:\n{self.stderr()}"
            time.sleep(POLL_SECONDS)
        self.restarts.append(time.monotonic() - began)

    def kill(self, *, with_projector: bool) -> None:
        """`kill -9`: no handler runs, nothing is written after this moment."""
        assert self._server is not None
        for process in self.family() if with_projector else [self._server]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._server.wait(STOP_SECONDS)
        self._server = None

    def kill_projector(self) -> None:
        """Only what keeps the read models: the service has to start it again."""
        for process in self.projectors():
            with suppress(psutil.NoSuchProcess):
                process.kill()

    def projectors(self) -> list[Any]:
        """The processes that the service has started."""
        with suppress(psutil.NoSuchProcess):
            return self._server.children(recursive=True) if self._server else []
        return []

    def family(self) -> list[Any]:
        """The service, and the processes that it has started."""
        return [self._server, *self.projectors()] if self._server else []

    def stop(self) -> None:
        """End it in good order, whatever state it is in."""
        if self._server is not None:
            family = self.family()
            with suppress(psutil.NoSuchProcess):
                self._server.terminate()
            _, alive = psutil.wait_procs(family, STOP_SECONDS)
            for process in alive:
                process.kill()
            self._server = None
        self._log.close()

    def get(self, path: str) -> Any:
        """Ask for something, as JSON."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.settings.port}{path}",
            headers={"Authorization": f"Bearer {self.token}"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def run(self, *command: str) -> dict[str, Any]:
        """Run one of its other commands beside it, and read its answer."""
        done = subprocess.run(
            [sys.executable, "-m", "tocsin", "--json", *command],
            env=self.environment,
            capture_output=True,
            check=False,
            timeout=300,
        )
        assert done.stdout, done.stderr.decode()
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def stderr(self) -> str:
        """The last of what it complained about."""
        return (self.settings.home / "stderr").read_text(errors="replace")[-4_000:]

    def is_ready(self) -> bool:
        """Whether it says that it is fit to be asked."""
        with suppress(OSError, ValueError):
            return bool(self.get("/health/ready"))
        return False
