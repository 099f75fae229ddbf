"""Whether anything is sent to a collector, and if so, what, how often, and until when."""

import logging
import os
import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from tocsin.settings import Settings
from tocsin.telemetry.families import Family
from tocsin.telemetry.outbox import Bounds, Outbox
from tocsin.telemetry.spans import Span
from tocsin.telemetry.tracing import Sampled
from tocsin.variables import BadSetting

PROTOCOLS = ("", "http/protobuf")
EXPORTERS = ("", "otlp", "none")
INTERVAL_MILLISECONDS = 60_000


class NoTelemetry(BadSetting):
    """Telemetry is wanted, and cannot be had."""


class Collector:
    """Where the spans and figures of one process go."""

    def __init__(self, process: str) -> None:
        """
        Raises:
            NoTelemetry: the libraries are not there, or the variables ask for what they cannot do.
        """
        for signal in ("", "_TRACES", "_METRICS"):
            _one_of(f"OTEL_EXPORTER_OTLP{signal}_PROTOCOL", PROTOCOLS)
        wanted = {s: _one_of(f"OTEL_{s}_EXPORTER", EXPORTERS) != "none" for s in SIGNALS}
        otlp = _library()
        resource = otlp.resource(process, f"{socket.gethostname()}-{os.getpid()}")
        self.sampled: Sampled = otlp.Sampler()
        self._spans = otlp.Spans(resource) if wanted["TRACES"] else None
        self.outbox: Outbox[Span] | None = Outbox(self._spans, _bounds()) if self._spans else None
        self._metrics = otlp.Metrics(resource) if wanted["METRICS"] else None
        self._every = _number("OTEL_METRIC_EXPORT_INTERVAL", INTERVAL_MILLISECONDS) / 1_000
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, families: Callable[[], Iterable[Family]]) -> None:
        """Begin to send."""
        if self.outbox is not None:
            self.outbox.start()
        if self._metrics is not None:
            arguments = (self._metrics, families)
            self._thread = threading.Thread(
                target=self._tell, args=arguments, name="tocsin-metrics", daemon=True
            )
            self._thread.start()

    def close(self) -> None:
        """Send the rest, as far as there is time, and end."""
        self._stop.set()
        if self.outbox is not None and self._spans is not None:
            self.outbox.close(self._spans.close)
        if self._thread is not None and self._metrics is not None:
            self._thread.join(END_SECONDS)
            self._metrics.close()

    def _tell(
        self, send: Callable[[Iterable[Family]], bool], families: Callable[[], Iterable[Family]]
    ) -> None:
        ending = False
        while not ending:
            ending = self._stop.wait(self._every)
            with suppress(Exception):  # the figures are told again, and they are sums
                send(families())


SIGNALS = ("TRACES", "METRICS")
END_SECONDS = 3.0


def collector(settings: Settings, process: str) -> Collector | None:
    """What to send to, if that is wanted.

    Raises:
        NoTelemetry: it is, and cannot be had.
    """
    off = os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    return None if off or not settings.telemetry else Collector(process)


def _library() -> Any:
    try:
        from tocsin.telemetry import otlp
    except ImportError as error:
        raise NoTelemetry(
            "TOCSIN_TELEMETRY is true, but OpenTelemetry is not installed: pip install"
            f" 'tocsin[telemetry]', or set TOCSIN_TELEMETRY=false ({error.name} is missing)."
        ) from error
    # It reports every failed attempt; we report the outage.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    return otlp


def _one_of(variable: str, known: tuple[str, ...]) -> str:
    said = os.environ.get(variable, "").strip().lower()
    if said not in known:
        usable = " or ".join(filter(None, known))
        raise NoTelemetry(f"{variable} is {said}; Tocsin sends OTLP over HTTP: say {usable}.")
    return said


def _bounds() -> Bounds:
    """As the standard's variables for the batch processor have it."""
    usual = Bounds()
    most = _number("OTEL_BSP_MAX_QUEUE_SIZE", usual.most)
    at_once = _number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", usual.at_once)
    every = _number("OTEL_BSP_SCHEDULE_DELAY", int(usual.every_seconds * 1_000))
    return Bounds(most, min(at_once, most), every / 1_000)


def _number(variable: str, usual: int) -> int:
    said = os.environ.get(variable, "").strip()
    if not said:
        return usual
    if not said.isdigit() or int(said) == 0:
        raise NoTelemetry(f"{variable} is {said!r}; it must be a whole number above 0.")
    return int(said)
