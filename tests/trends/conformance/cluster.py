"""A cluster of Spark on this machine: one master and two workers, reached by nobody else."""

import json
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psutil

LOOPBACK = "127.0.0.1"
START_SECONDS = 90.0
WORKERS, MEMORY = 2, "1200m"
DEPLOY = "org.apache.spark.deploy"


class Cluster:
    """What was started, and where it is."""

    def __init__(
        self,
        port: int,
        page: int,
        master: subprocess.Popen[bytes],
        *workers: subprocess.Popen[bytes],
    ) -> None:
        self.address = f"spark://{LOOPBACK}:{port}"
        self.master, self.workers = master, workers
        self._page = f"http://{LOOPBACK}:{page}/json/"

    def alive(self) -> int:
        """How many workers the master counts on."""
        return [each["state"] for each in self.said()["workers"]].count("ALIVE")

    def busy(self) -> int:
        """How many of them work for somebody."""
        workers = self.said()["workers"]
        return sum(each["state"] == "ALIVE" and each["coresused"] > 0 for each in workers)

    def said(self) -> Any:
        """What the master says of itself."""
        with urlopen(self._page, timeout=10) as page:
            return json.load(page)

    @property
    def pids(self) -> tuple[int, ...]:
        """Of all that was started for it."""
        return self.master.pid, *(worker.pid for worker in self.workers)

    def kill_worker(self) -> None:
        """End a worker at once, with the executors that it began: nothing is said to anybody."""
        end(self.workers[0].pid)


def end(pid: int) -> None:
    """Kill a process that was started here, and all that it started."""
    try:
        process = psutil.Process(pid)
        family = [*process.children(recursive=True), process]
    except psutil.NoSuchProcess:
        return
    for each in family:
        try:
            each.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(family, timeout=10)


@contextmanager
def cluster(python: Path, folder: Path) -> Iterator[Cluster]:
    """A master and two workers out of the wheel of PySpark; they end with the block."""
    found = subprocess.run(
        [python, "-c", "import pyspark; print(pyspark.__path__[0])"],
        capture_output=True,
        text=True,
        check=True,
    )
    home = Path(found.stdout.strip())
    port, page = free_port(), free_port()
    with ExitStack() as started:

        def start(name: str, *words: object) -> subprocess.Popen[bytes]:
            place = folder / name
            place.mkdir(parents=True)
            environment = {
                **os.environ,
                "SPARK_HOME": str(home),
                "SPARK_LOCAL_IP": LOOPBACK,
                "SPARK_LOCAL_DIRS": str(place),
                "SPARK_WORKER_DIR": str(place),
                "SPARK_DAEMON_MEMORY": "512m",
            }
            said = started.enter_context((place / "said").open("wb"))
            process = subprocess.Popen(
                [home / "bin" / "spark-class", *map(str, words)],
                env=environment,
                stdout=said,
                stderr=subprocess.STDOUT,
            )
            started.callback(process.wait)
            started.callback(end, process.pid)
            return process

        place = ("--host", LOOPBACK, "--port", port, "--webui-port", page)
        master = start("master", f"{DEPLOY}.master.Master", *place)
        worker = (f"{DEPLOY}.worker.Worker", "--host", LOOPBACK, "--cores", 1, "--memory", MEMORY)
        address = f"spark://{LOOPBACK}:{port}"
        workers = [
            start(f"worker-{number}", *worker, "--webui-port", free_port(), address)
            for number in range(WORKERS)
        ]
        there = Cluster(port, page, master, *workers)
        until(lambda: there.alive() == WORKERS, "two workers")
        yield there


def until(reached: Callable[[], bool], what: str) -> None:
    """Wait for something, but not for ever.

    Raises:
        TimeoutError: it did not come.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            if reached():
                return
        except OSError:
            pass
        time.sleep(0.2)
    raise TimeoutError(f"no {what} within {START_SECONDS:.0f} s")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port
