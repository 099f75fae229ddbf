"""The three services that are compared, each in a process of its own, all on the same uvicorn."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
READY_SECONDS = 30.0


@dataclass
class Server:
    """A running service."""

    process: subprocess.Popen[str]
    port: int
    key: str = ""
    ready_seconds: float = 0.0
    follower: subprocess.Popen[bytes] | None = None
    """What keeps a read model beside it and is no child of it."""

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str) -> bytes:
        """Ask it something."""
        request = urllib.request.Request(
            self.url + path, headers={"Authorization": f"Bearer {self.key}"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            body: bytes = answer.read()
            return body


def free_port() -> int:
    """A port on loopback that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def plain(app: str, home: Path, database: str = "", processes: int = 1) -> Iterator[Server]:
    """A baseline: `empty_app` or `naive_app`, straight on uvicorn."""
    port = free_port()
    command = [
        sys.executable, "-m", "uvicorn", f"{app}:app", "--app-dir", str(HERE),
        "--port", str(port), "--loop", "uvloop", "--http", "httptools",
        "--log-level", "warning", "--no-access-log", "--workers", str(processes),
    ]  # fmt: skip
    with running(command, _naive(home, database), port, "/openapi.json") as server:
        yield server


@contextmanager
def projected(home: Path, database: str = "", processes: int = 1) -> Iterator[Server]:
    """The naive app with a read model, which a process of its own keeps."""
    with plain("naive_app", home, database, processes) as server:
        environment = _naive(home, database)
        follower = subprocess.Popen([sys.executable, HERE / "naive_projection.py"], env=environment)
        server.follower = follower
        try:
            yield server
            if follower.poll() is not None:
                raise RuntimeError("the naive app's read model ended by itself")
        finally:
            follower.terminate()
            follower.wait(30)


def _naive(home: Path, database: str) -> dict[str, str]:
    return {**os.environ, "NAIVE_DATABASE": database or str(home / "naive.db")}


@contextmanager
def tocsin(home: Path, **variables: str) -> Iterator[Server]:
    """Ours, whole: the API with its writer, and the projector; with these variables set."""
    with serving(home, **variables) as server:
        found = re.search(r"tocsin_\S+", (home / "stderr").read_text())
        assert found, "the first key is shown at the first start"
        server.key = found[0]
        yield server


@contextmanager
def serving(home: Path, patience: float = READY_SECONDS, **variables: str) -> Iterator[Server]:
    """Ours on a home that may have been used before, ready within so many seconds."""
    port = free_port()
    command = [sys.executable, "-m", "tocsin", "serve", "--home", str(home), "--port", str(port)]
    errors, environment = home / "stderr", os.environ | variables
    with running(command, environment, port, "/health/ready", errors, patience) as server:
        yield server


@contextmanager
def running(
    command: list[str],
    environment: dict[str, str],
    port: int,
    ready: str,
    errors: Path | None = None,
    patience: float = READY_SECONDS,
) -> Iterator[Server]:
    """A service of this command, once it answers; it is ended afterwards."""
    started = time.perf_counter()
    with errors.open("w") if errors else open(os.devnull, "w") as sink:  # noqa: PTH123
        process = subprocess.Popen(
            command, env=environment, text=True, stdout=subprocess.DEVNULL, stderr=sink
        )
        server = Server(process, port)
        try:
            while not _answers(server, ready):
                if process.poll() is not None or time.perf_counter() - started > patience:
                    raise RuntimeError(f"{command[2]} did not become ready")
                time.sleep(0.01)
            server.ready_seconds = time.perf_counter() - started
            yield server
        finally:
            process.terminate()
            process.wait(30)


def _answers(server: Server, path: str) -> bool:
    try:
        server.get(path)
    except OSError:
        return False
    return True
