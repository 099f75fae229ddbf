"""A collector that is away costs spans, and nothing else."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tests.http.conftest import REPORT, Run
from tests.telemetry.receiver import Receiver, receiving
from tocsin.cli.frame import USAGE
from tocsin.settings import Settings
from tocsin.telemetry.outbox import Bounds, Outbox
from tocsin.telemetry.sending import Collector, NoTelemetry, collector

FAST = Bounds(most=10, at_once=4, every_seconds=0.01)


class Away:
    """Somebody to send to, who takes nothing until it is back."""

    def __init__(self) -> None:
        self.back, self.got = threading.Event(), list[int]()
        self.asked = threading.Event()

    def __call__(self, items: Sequence[int]) -> bool:
        self.asked.set()
        if self.back.is_set():
            self.got.extend(items)
        return self.back.is_set()


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_a_queue_that_is_full_takes_no_more_and_counts() -> None:
    """Nobody has begun to send, so nothing leaves."""
    outbox = Outbox[int](Away(), FAST)
    for number in range(25):
        outbox.put(number)
    assert outbox.dropped == 15
    outbox.close()
    assert (outbox.sent, outbox.dropped) == (0, 25)


def test_putting_in_never_waits_for_a_collector_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.telemetry.outbox.END_SECONDS", 0.1)
    hangs = threading.Event()

    def send(_: Sequence[int]) -> bool:
        hangs.wait()
        return False

    outbox = Outbox[int](send, FAST)
    outbox.start()
    began = time.perf_counter()
    for number in range(10_000):
        outbox.put(number)
    assert time.perf_counter() - began < 1
    assert outbox.dropped >= 10_000 - FAST.most - FAST.at_once
    outbox.close(hangs.set)
    outbox._thread.join()


def test_an_outage_is_told_once_and_so_is_its_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "tocsin.telemetry.outbox")
    away = Away()
    outbox = Outbox[int](away, FAST)
    outbox.start()
    for _ in range(3):
        outbox.put(1)
        until(lambda: not outbox._waiting and away.asked.is_set())
        away.asked.clear()
    away.back.set()
    outbox.put(2)
    until(lambda: outbox.sent == 1)
    outbox.close()
    assert [record.message for record in caplog.records] == [
        "The OpenTelemetry collector takes nothing: spans are dropped.",
        "The OpenTelemetry collector answers again.",
    ]
    assert (away.got, outbox.sent, outbox.dropped) == ([2], 1, 3)


def test_whatever_goes_wrong_with_sending_is_an_outage() -> None:
    def send(_: Sequence[int]) -> bool:
        raise RuntimeError("a defect of the exporter")

    outbox = Outbox[int](send, FAST)
    outbox.start()
    outbox.put(1)
    until(lambda: outbox.dropped == 1)
    outbox.close()
    ((_, values),) = [(each.name, each.values) for each in outbox.families()]
    assert values == {("sent",): [0.0], ("dropped",): [1.0]}


@pytest.fixture
def collecting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A collector for services in this process."""
    with receiving() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
        yield receiver


def dropped(client: httpx.Client) -> float:
    figures = client.get("/metrics").text
    return float(figures.partition('spans_total{outcome="dropped"} ')[2].split()[0])


def test_commands_are_answered_while_the_collector_is_away(
    running: Run, collecting: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answers 503 at first, and then nothing listens there any more."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    collecting.status = 503
    with running(telemetry=True, lake=False) as service, service.client() as client:
        began = time.monotonic()
        for _ in range(20):
            assert client.post("/incidents", json=REPORT).status_code == 201
        assert time.monotonic() - began < 10
        until(lambda: collecting.asked and dropped(client))
        collecting.status = 200
        until(lambda: client.post("/incidents", json=REPORT).is_success and collecting.spans)
        began = time.monotonic()
    assert time.monotonic() - began < 10, "it ends, collector or not"


def test_a_service_starts_and_ends_without_its_collector(
    running: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    with running(telemetry=True) as service, service.client() as client:
        assert client.post("/incidents", json=REPORT).status_code == 201
        began = time.monotonic()
    assert time.monotonic() - began < 15


WITHOUT = """
import sys
sys.modules["opentelemetry.sdk"] = sys.modules["opentelemetry.exporter"] = None
from tocsin.cli import main
main(["serve"])
"""


def test_without_the_extra_it_is_said_how_to_install_it(tmp_path: Path) -> None:
    """And nothing is served that is not watched as it is wished."""
    known = {**os.environ, "TOCSIN_HOME": str(tmp_path), "TOCSIN_TELEMETRY": "true"}
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT],
        env={**known, "TOCSIN_PORT": "0"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == USAGE
    assert "pip install 'tocsin[telemetry]', or set TOCSIN_TELEMETRY=false" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "say http/protobuf"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json", "say http/protobuf"),
        ("OTEL_TRACES_EXPORTER", "jaeger", "say otlp or none"),
        ("OTEL_METRICS_EXPORTER", "prometheus", "say otlp or none"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "many", "must be a whole number above 0"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "0", "must be a whole number above 0"),
    ],
)
def test_a_variable_that_asks_for_what_cannot_be_done_is_named(
    variable: str, value: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(NoTelemetry, match=f"{variable} is .*{value}.*{says}"):
        Collector("api")


def test_what_is_not_wanted_is_not_sent(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    wanted = replace(settings, telemetry=True)
    assert collector(settings, "api") is None
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    sends = collector(wanted, "api")
    assert sends is not None
    assert sends.outbox is None
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert collector(wanted, "api") is None
