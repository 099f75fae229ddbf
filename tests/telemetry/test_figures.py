"""Figures of several processes told as one, of a store that is away, and of one process alone."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.http.conftest import REPORT, House
from tests.http.test_server import ROOT, first_key_of, started, until_ready
from tocsin.http.metrics import Metrics
from tocsin.settings import Settings
from tocsin.store.entries import StoreUnavailable
from tocsin.telemetry import board
from tocsin.telemetry.beside import begun, told
from tocsin.telemetry.board import Board, folder
from tocsin.telemetry.families import Family, Kind, merged
from tocsin.telemetry.spread import SHORT, Spread
from tocsin.variables import BadSetting

Sample = tuple[str, tuple[tuple[str, str], ...]]


def samples(text: str) -> dict[Sample, float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def total(text: str, name: str) -> float:
    return sum(value for (found, _), value in samples(text).items() if found == name)


def process(place: Path, name: str) -> Metrics:
    """A process of a service, that has just begun."""
    metrics = Metrics()
    metrics.process, metrics.board = name, Board(place, name)
    metrics.own.append(lambda: [("queue_commands", "Waiting.", {}, 2.0)])
    return metrics


def counts(metrics: Metrics) -> tuple[float, float]:
    """Commands and requests, as it tells them."""
    text = metrics.text().decode()
    return total(text, "tocsin_commands_total"), total(text, "tocsin_http_request_seconds_count")


def test_any_process_tells_all(tmp_path: Path) -> None:
    one, two = process(tmp_path, "api-1"), process(tmp_path, "api-2")
    one.commands["report", "recorded"] += 3
    two.commands["report", "recorded"] += 4
    two.answered("POST", "/incidents", 201, 0.1)
    two.text()
    assert counts(one) == counts(two) == (7, 1)
    found = samples(one.text().decode())
    assert found["tocsin_queue_commands", ()] == 4, "each has some of its own"
    labels = [dict(labels) for name, labels in found if name == "process_open_fds"]
    assert sorted(each["process"] for each in labels) == ["api-1", "api-2"]


def test_whoever_is_asked_a_counter_never_falls(tmp_path: Path) -> None:
    """Prometheus would take a fall for a new start, and what follows for a burst of work."""
    several = [process(tmp_path, f"api-{number}") for number in range(3)]
    last = (0.0, 0.0)
    for turn in range(60):
        for number, each in enumerate(several):
            each.commands["report", "recorded"] += number
            each.answered("GET", "/x", 200, 0.1)
        told = counts(several[turn % 3])
        assert told[0] >= last[0]
        assert told[1] >= last[1]
        last = told


def test_what_a_process_counted_outlives_it(tmp_path: Path) -> None:
    """A worker that was killed is started again under its name, and counts on."""
    one, two = process(tmp_path, "api-1"), process(tmp_path, "api-2")
    two.commands["report", "recorded"] += 4
    two.text()
    assert counts(one)[0] == 4
    two = process(tmp_path, "api-2")
    assert counts(two)[0] == 4
    two.commands["report", "recorded"] += 1
    assert counts(two)[0] == counts(one)[0] == 5
    assert counts(process(tmp_path, "api-2"))[0] == 5


def test_what_only_the_living_have_is_not_told_of_the_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = process(tmp_path, "api-1"), process(tmp_path, "api-2")
    two.commands["report", "recorded"] += 4
    two.text()
    monkeypatch.setattr(board, "STALE_SECONDS", 0.05)
    time.sleep(0.1)
    found = samples(one.text().decode())
    assert found["tocsin_queue_commands", ()] == 2
    assert found["tocsin_commands_total", (("outcome", "recorded"), ("path", "report"))] == 4


def test_a_process_that_nobody_asks_publishes_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "PULSE_SECONDS", 0.01)
    one, two = process(tmp_path, "api-1"), process(tmp_path, "api-2")
    assert two.board is not None
    two.board.pulse(two.mine)
    two.commands["report", "recorded"] += 4
    until = time.monotonic() + 10
    while counts(one)[0] != 4:
        assert time.monotonic() < until
    two.commands["report", "recorded"] += 1
    two.board.close(two.mine)
    assert counts(one)[0] == 5


def test_a_file_that_is_damaged_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "api-2.figures").write_bytes(b"{")
    one = process(tmp_path, "api-1")
    one.commands["report", "recorded"] += 1
    assert counts(one)[0] == 1


def test_a_disk_that_is_full_leaves_a_process_its_own_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    one = process(tmp_path, "api-1")
    one.commands["report", "recorded"] += 1
    monkeypatch.setattr(Path, "write_bytes", full)
    assert counts(one)[0] == 1


def test_spreads_of_other_bounds_are_not_added_up() -> None:
    """Two versions may run side by side for a while."""
    old = Family("a", "", Kind.HISTOGRAM, (), (1.0,), {(): [1.0, 0.0, 0.5]})
    new = Family("a", "", Kind.HISTOGRAM, (), (1.0, 2.0), {(): [1.0, 1.0, 0.0, 2.0]})
    assert [each.values for each in merged([[old], [new]])] == [{(): [1.0, 0.0, 0.5]}]


def test_a_spread_times_what_stands_in_it_whatever_becomes_of_it() -> None:
    spread = Spread(SHORT)
    with pytest.raises(KeyError), spread:
        raise KeyError
    assert (sum(spread.counts), spread.total > 0) == (1, True)


def test_the_folder_of_a_service_that_is_gone_goes(tmp_path: Path) -> None:
    """And nobody else looks into that of the one that runs."""
    home = tmp_path / "home"
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"],
                          capture_output=True, text=True, check=True).stdout.strip()  # fmt: skip
    dead = home / "figures" / gone
    dead.mkdir(parents=True)
    (home / "figures" / "1").mkdir()
    mine = folder(home)
    assert sorted(each.name for each in mine.parent.iterdir()) == sorted(["1", str(os.getpid())])
    assert mine.stat().st_mode & 0o777 == 0o700
    made = folder(tmp_path / "other" / "home")
    assert made.parent.parent.stat().st_mode & 0o777 == 0o700


def test_a_home_that_cannot_be_written_stops_nobody(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def denied(_: Path) -> Path:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tocsin.telemetry.beside.folder", denied)
    monkeypatch.setattr("tocsin.telemetry.beside.logs.begin", lambda *_, **__: None)
    assert begun(settings, "api") == settings
    assert "Permission denied" in caplog.text


async def test_figures_are_told_while_the_store_is_away(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is when they are needed: what cannot be read is left out, and that is told."""

    def away(*_: object) -> None:
        raise StoreUnavailable("gone")

    await house.report()
    log = house.app.service.log
    monkeypatch.setattr(log, "head", away)
    monkeypatch.setattr(log, "latest_checkpoint", away)
    answer = await house.client.get("/metrics")
    assert answer.status_code == 200
    assert total(answer.text, "tocsin_commands_total") == 1
    assert total(answer.text, "tocsin_figures_missing_sources") == 1
    assert "tocsin_head" not in answer.text
    monkeypatch.undo()
    answer = await house.client.get("/metrics")
    assert total(answer.text, "tocsin_figures_missing_sources") == 0


async def test_a_batch_leaves_its_times(house: House) -> None:
    """How long it waited, was prepared, decided and committed, and what of that was the disk."""
    for _ in range(3):
        await house.report()
    text = (await house.client.get("/metrics")).text
    spent = {}
    for name in ("command_wait", "prepare", "decide", "commit", "store_commit"):
        assert total(text, f"tocsin_{name}_seconds_count") == 3, name
        spent[name] = total(text, f"tocsin_{name}_seconds_sum")
    assert 0 < spent["store_commit"] < spent["commit"]
    assert total(text, "tocsin_queue_depth_commands_count") == 3
    assert total(text, "tocsin_vault_keys_ready") > 0


@contextmanager
def projector(home: Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """`tocsin project` as an operator starts it."""
    known = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "TOCSIN_HOME": str(home)}
    process = subprocess.Popen(
        [sys.executable, "-m", "tocsin", "project"],
        env={**known, **environment},
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


def projected(home: Path) -> str:
    """The figures of a projector, when it has done something."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with projector(home, TOCSIN_METRICS_PORT=str(port)):
        until, text = time.monotonic() + 30, ""
        while not (text and total(text, "tocsin_projector_round_events_sum") >= 2):
            assert time.monotonic() < until, text
            try:
                text = httpx.get(f"http://127.0.0.1:{port}/metrics").text
            except httpx.TransportError:
                time.sleep(0.05)
    return text


@pytest.mark.slow
async def test_a_projector_elsewhere_tells_its_figures_at_a_port_of_its_own(house: House) -> None:
    await house.report()
    text = await asyncio.to_thread(projected, house.settings.home)
    assert total(text, "tocsin_projector_round_seconds_count") > 0
    assert 'process="projector"' in text


def test_a_port_that_is_taken_is_said_to_be(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(BadSetting, match=f"port {port}.*TOCSIN_METRICS_PORT"),
            told(replace(settings, metrics_port=port), Metrics(), "projector"),
        ):
            pass


@pytest.mark.slow
def test_any_of_several_workers_tells_of_all(tmp_path: Path, postgres_url: str) -> None:
    """Also of one that was killed meanwhile."""
    environment = {"TOCSIN_DATABASE": postgres_url, "TOCSIN_WORKERS": "2"}
    with started(tmp_path, **environment) as (process, url):
        until_ready(process, url)
        assert process.stderr is not None
        headers = {"Authorization": f"Bearer {first_key_of(process.stderr.readline())}"}

        def ask(path: str, **body: str) -> httpx.Response:
            """On a connection of its own, so that any worker answers."""
            with httpx.Client(base_url=url, headers=headers, timeout=20) as client:
                return client.post(path, json=body) if body else client.get(path)

        for _ in range(20):
            assert ask("/incidents", **REPORT).status_code == 201
        time.sleep(2 * board.PULSE_SECONDS)
        told = {total(ask("/metrics").text, "tocsin_commands_total") for _ in range(10)}
        assert told == {20}
        found = samples(ask("/metrics").text)
        names = {dict(of)["process"] for name, of in found if name == "process_threads"}
        assert {"api-1", "api-2", "projector"} <= names
        waits = found["tocsin_store_head_seconds_count", ()]
        assert waits >= 20, "writers of several processes wait for each other"
