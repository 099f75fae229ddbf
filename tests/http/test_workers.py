"""Several processes that answer at one address, and who looks after them."""

import signal
import threading
import time
from collections import Counter
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg
import pytest

from tests.http.conftest import REPORT
from tests.http.test_server import said, started, until_ready
from tests.postgres import Postgres
from tocsin.http.supervisor import MOST, check_workers, supervise
from tocsin.keys import Keys, Scope
from tocsin.settings import Settings
from tocsin.variables import BadSetting

WORKERS = 2
SECONDS = 20.0


@pytest.fixture
def shared(tmp_path: Path, postgres_url: str) -> dict[str, str]:
    """What makes a service of several workers."""
    return {"TOCSIN_DATABASE": postgres_url, "TOCSIN_WORKERS": str(WORKERS)}


def workers(process: Any) -> list[psutil.Process]:
    """The processes that answer, oldest first."""
    found = []
    for each in psutil.Process(process.pid).children():
        with suppress(psutil.NoSuchProcess):
            found += [each] if "tocsin.http.worker" in each.cmdline() else []
    return found


def key_of(home: Path, url: str) -> dict[str, str]:
    with closing(Keys.open(Settings(home=home, database=url))) as keys:
        token, _ = keys.create("load", [Scope.ADMIN], by="a test")
    return {"Authorization": f"Bearer {token}"}


def client(url: str, headers: dict[str, str]) -> httpx.Client:
    """Every request of it is on a new connection."""
    once = httpx.Limits(max_keepalive_connections=0)
    return httpx.Client(base_url=url, headers=headers, timeout=SECONDS, limits=once)


class Crowd:
    """Clients that report incidents, each on a new connection, until they are told to stop."""

    def __init__(self, url: str, headers: dict[str, str], clients: int = 4) -> None:
        self._url, self._headers = url, headers
        self.positions: list[int] = []
        self.refused: Counter[str] = Counter()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._report) for _ in range(clients)]

    def __enter__(self) -> "Crowd":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _report(self) -> None:
        with client(self._url, self._headers) as asking:
            self._keep_on(asking)

    def _keep_on(self, asking: httpx.Client) -> None:
        while not self._stop.is_set():
            try:
                answer = asking.post("/incidents", json=REPORT)
            except httpx.TransportError as error:
                self.refused[type(error).__name__] += 1
                if isinstance(error, httpx.ConnectError):
                    time.sleep(0.05)
            else:
                assert answer.status_code in (201, 503), answer.text
                if answer.status_code == 201:
                    self.positions.append(answer.json()["position"])


def positions(url: str) -> list[int]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT position FROM tocsin.events ORDER BY position")
        return [position for (position,) in rows]


def test_they_answer_together_outlive_each_other_and_end_in_order(
    tmp_path: Path, shared: dict[str, str], postgres_url: str
) -> None:
    """One is killed under load: another takes its place, and at the end all that was acknowledged
    is there once, in one order without gaps."""
    with started(tmp_path, **shared) as (process, url):
        until_ready(process, url)
        headers = key_of(tmp_path, postgres_url)
        time.sleep(1.5)  # each worker looks for new keys once a second
        with Crowd(url, headers) as crowd:
            before = workers(process)
            assert len(before) == WORKERS
            time.sleep(0.5)
            before[0].kill()
            until = time.monotonic() + SECONDS
            while len(workers(process)) < WORKERS:
                assert time.monotonic() < until, "nobody took its place"
                time.sleep(0.05)
            known = len(crowd.positions)
            while len(crowd.positions) < known + 20:
                assert time.monotonic() < until, crowd.refused
                time.sleep(0.05)
            assert not crowd.refused["ConnectError"], "nobody was turned away"
            process.send_signal(signal.SIGTERM)
            assert process.wait(SECONDS) == 0
        assert crowd.refused["ReadTimeout"] == 0, "nobody was left waiting"
        assert set(crowd.positions) <= set(positions(postgres_url))
        assert len(set(crowd.positions)) == len(crowd.positions)
        assert positions(postgres_url) == list(range(1, len(positions(postgres_url)) + 1))
        assert "The worker 1 ended with -9" in said(process)


def test_connections_are_spread_over_them_and_none_outlives_their_supervisor(
    tmp_path: Path, shared: dict[str, str]
) -> None:
    with started(tmp_path, **shared) as (process, url):
        until_ready(process, url)
        assert process.stderr is not None
        lines = [process.stderr.readline()]
        while "Tocsin listens" not in lines[-1]:
            lines.append(process.stderr.readline())
        assert f"; {WORKERS} workers" in lines[-1]
        (key,) = (line.split()[-1] for line in lines if "first API key" in line)
        served: Counter[str] = Counter()
        with client(url, {"Authorization": f"Bearer {key}"}) as asking:
            for _ in range(60):
                answer = asking.get("/events")
                assert answer.status_code == 200
                served[answer.headers["x-request-id"].partition("-")[0]] += 1
        assert len(served) == WORKERS, served
        assert min(served.values()) >= 5, served

        # Killed, it tells them nothing: they notice, and another one finds the address free.
        left = psutil.Process(process.pid).children()
        process.kill()
        process.wait()
        port = {"TOCSIN_PORT": url.rpartition(":")[2]}
        with started(tmp_path, **{**shared, **port}) as (second, _):
            until_ready(second, url)
            _, alive = psutil.wait_procs(left, SECONDS)
            assert alive == []


def test_one_that_starts_while_the_database_is_away_says_so_and_answers_when_it_is_back(
    tmp_path: Path, shared: dict[str, str], postgres: Postgres, postgres_url: str
) -> None:
    with started(tmp_path, **shared) as (process, url):
        until_ready(process, url)
        with client(url, key_of(tmp_path, postgres_url)) as asking:
            postgres.kill()
            for worker in workers(process):
                worker.kill()
            for _ in range(4):
                told = asking.post("/incidents", json=REPORT)
                assert told.status_code == 503, told.text
                assert told.headers["retry-after"] == "5"
            postgres.start()
            until = time.monotonic() + SECONDS
            while asking.post("/incidents", json=REPORT).status_code != 201:
                assert time.monotonic() < until, "nobody answers"
                time.sleep(0.05)


@pytest.mark.parametrize(
    ("workers", "database", "way_out"),
    [
        (2, "", "set TOCSIN_DATABASE to a PostgreSQL database"),
        (0, "", f"1 to {MOST}"),
        (MOST + 1, "postgresql://db.example/tocsin", f"1 to {MOST}"),
    ],
)
def test_what_several_cannot_do_is_refused_with_the_way_out(
    tmp_path: Path, workers: int, database: str, way_out: str
) -> None:
    """One process writes an SQLite file."""
    settings = Settings(home=tmp_path / "home", workers=workers, database=database)
    with pytest.raises(BadSetting, match=way_out):
        supervise(settings)
    assert not settings.home.exists()
    check_workers(replace(settings, workers=1))
