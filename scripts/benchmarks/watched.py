"""What watching costs: the service without telemetry, and with it, in turns."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import http_mix
from rich.console import Console
from rich.table import Table
from spreads import spread

CONNECTIONS = 16
OFF = "off"
SOME = {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.1"}
FORMS: dict[str, dict[str, str]] = {
    OFF: {},
    "figures only": {"OTEL_TRACES_EXPORTER": "none"},
    "one trace in ten": SOME,
    "every trace": {},
}


class Swallow(BaseHTTPRequestHandler):
    """A collector that takes everything and keeps nothing."""

    def do_POST(self) -> None:
        """Take it."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def swallowing() -> Iterator[str]:
    """Where such a collector listens."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Swallow)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def compared(console: Console, runs: int, seconds: int) -> None:
    """Commands per second in each form, as ratios to the service that nobody watches."""
    found: dict[str, list[http_mix.Run]] = {}
    with swallowing() as collector:
        for number in range(1, runs + 1):
            for form, variables in FORMS.items():
                print(f"run {number} of {runs}: {form}", file=sys.stderr, flush=True)
                on = {"TOCSIN_TELEMETRY": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": collector}
                given = {**on, **variables} if form != OFF else {}
                run = http_mix.run("tocsin", CONNECTIONS, seconds, **given)
                found.setdefault(form, []).append(run)
    table = Table(title="Report, acknowledge, resolve, with OpenTelemetry: commands/s")
    table.add_column("sends")
    for heading in ("commands/s", "of off", "p50 ms", "p99 ms", "failed"):
        table.add_column(heading, justify="right")
    for form, mine in found.items():
        ratios = [a.per_second / b.per_second for a, b in zip(mine, found[OFF], strict=True)]
        table.add_row(
            form,
            spread([run.per_second for run in mine]),
            spread(ratios, 2),
            spread([run.p50_ms for run in mine], 1),
            spread([run.p99_ms for run in mine], 1),
            str(sum(run.failed for run in mine)),
        )
    console.print(table)
