"""A real JetStream for tests: one node, or three on loopback that keep every message three times.

The server comes from a wheel. A node that is killed comes back on its port with what it stored.
"""

import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import nats
import pytest
from nats.errors import Error

from tests.postgres import free_port

READY_SECONDS = 30.0
STOP_SECONDS = 10.0
CONFIGURATION = """
server_name: {name}
listen: 127.0.0.1:{port}
http: 127.0.0.1:{monitor}
jetstream {{ store_dir: "{store}", max_mem: 64MB, max_file: 4GB }}
{cluster}
{more}
"""
CLUSTER = """
cluster {{ name: tests, listen: 127.0.0.1:{route}, routes: [{routes}], pool_size: 1 }}
"""


def program() -> str:
    """Where the server is."""
    beside = Path(sys.executable).parent / "nats-server"
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    assert found, "nats-server is not installed: scripts/bootstrap does it"
    return found


class Node:
    """One server, which can be killed and started again."""

    def __init__(self, home: Path, name: str) -> None:
        self.name, self.home = name, home
        self.port, self.monitor, self.route = _ports(3)
        self._server: subprocess.Popen[bytes] | None = None
        self._watch: subprocess.Popen[bytes] | None = None

    def write(self, peers: list["Node"], more: str) -> None:
        """Say who else there is."""
        routes = ", ".join(f"nats://127.0.0.1:{peer.route}" for peer in peers)
        cluster = CLUSTER.format(route=self.route, routes=routes) if len(peers) > 1 else ""
        self.home.mkdir(parents=True)
        self._configuration.write_text(
            CONFIGURATION.format(
                name=self.name,
                port=self.port,
                monitor=self.monitor,
                store=self.home / "store",
                cluster=cluster,
                more=more,
            )
        )

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._server is not None, "it was never started"
        return self._server.pid

    @property
    def running(self) -> bool:
        return self._server is not None and self._server.poll() is None

    def start(self) -> None:
        """Start it. Nothing to do when it runs."""
        if self.running:
            return
        with (self.home / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [program(), "-c", self._configuration],
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._watch = _die_with_us(self._server.pid)

    def kill(self) -> None:
        """`kill -9`."""
        self._end("kill")

    def stop(self) -> None:
        """End it in good order."""
        self._end("terminate")

    def healthy(self) -> bool:
        """Whether it says that it can be used, all that it stores included."""
        address = f"http://127.0.0.1:{self.monitor}/healthz"
        with suppress(OSError, ValueError), urllib.request.urlopen(address, timeout=2) as answer:
            return bool(json.load(answer)["status"] == "ok")
        return False

    def said(self) -> str:
        """The last of what it logged."""
        return (self.home / "log").read_text(errors="replace")[-4_000:]

    def _end(self, how: str) -> None:
        if self._server is not None:
            getattr(self._server, how)()
            try:
                self._server.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait(STOP_SECONDS)
        if self._watch is not None and self._watch.stdin is not None:
            self._watch.kill()
            self._watch.wait()
            self._watch.stdin.close()
            self._watch = None

    @property
    def _configuration(self) -> Path:
        return self.home / "nats.conf"


class Jetstream:
    """One node, or several that agree."""

    def __init__(self, home: Path, nodes: int = 1, more: str = "") -> None:
        self.nodes = [Node(home / f"n{number}", f"n{number}") for number in range(1, nodes + 1)]
        for node in self.nodes:
            node.write(self.nodes, more)

    @property
    def replicas(self) -> int:
        return len(self.nodes)

    @property
    def servers(self) -> str:
        """Where they are, as the setting has it."""
        return ",".join(node.url for node in self.nodes)

    def start(self) -> None:
        """Start all that do not run, and return when every one can be used."""
        for node in self.nodes:
            node.start()
        until = time.monotonic() + READY_SECONDS
        waiting = list(self.nodes)
        while waiting := [node for node in waiting if not node.healthy()]:
            said = "\n".join(node.said() for node in waiting)
            assert all(node.running for node in waiting), said
            assert time.monotonic() < until, said
            time.sleep(0.02)

    def stop(self) -> None:
        """End all."""
        for node in self.nodes:
            node.stop()

    async def leader(self, stream: str, consumer: str = "") -> Node:
        """Which node leads a stream, or a consumer of it; while one is being elected, wait."""
        asked = f"CONSUMER.INFO.{stream}.{consumer}" if consumer else f"STREAM.INFO.{stream}"
        client = await nats.connect(self.servers.split(","), connect_timeout=5)
        try:
            async with asyncio.timeout(READY_SECONDS):
                while True:
                    with suppress(Error):
                        said = await client.request(f"$JS.API.{asked}", b"", timeout=2)
                        name = json.loads(said.data).get("cluster", {}).get("leader")
                        if found := [node for node in self.nodes if node.name == name]:
                            return found[0]
                    await asyncio.sleep(0.1)
        finally:
            await client.close()

    def kill_leader(self, stream: str) -> Node:
        """`kill -9` of whoever leads a stream now. It stays down until somebody starts it."""
        node = asyncio.run(self.leader(stream))
        node.kill()
        return node


def _ports(count: int) -> list[int]:
    found: list[int] = []
    while len(found) < count:
        port = free_port()
        if port not in found:
            found.append(port)
    return found


def _die_with_us(pid: int) -> subprocess.Popen[bytes]:
    """Take a server down when the tests end in a way that runs no teardown.

    The watcher waits for the end of its input, which comes when we are gone, however we went.
    """
    return subprocess.Popen(
        ["/bin/sh", "-c", 'cat >/dev/null; kill -KILL "$0"', str(pid)],
        cwd="/",
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


@pytest.fixture(scope="session")
def jetstream_node() -> Iterator[Jetstream]:
    """The one node that this worker's tests share; each test makes streams of its own."""
    yield from _running(1)


@pytest.fixture(scope="session")
def jetstream_cluster() -> Iterator[Jetstream]:
    """Three nodes. Whoever kills one starts it again."""
    yield from _running(3)


def _running(nodes: int) -> Iterator[Jetstream]:
    with tempfile.TemporaryDirectory(prefix="tocsin-nats-", ignore_cleanup_errors=True) as home:
        cluster = Jetstream(Path(home), nodes)
        cluster.start()
        yield cluster
        cluster.stop()
