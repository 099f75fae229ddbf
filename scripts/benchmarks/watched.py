"""What watching costs: the service without telemetry, and with it, in turns."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import http_mix
from rich.console import Console

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
    with swallowing() as collector:
        on = {"TOCSIN_TELEMETRY": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": collector}

        def measure(form: str, connections: int) -> http_mix.Run:
            given = {**on, **FORMS[form]} if form != OFF else {}
            return http_mix.run("tocsin", connections, seconds, **given)

        found = http_mix.in_turns(runs, (CONNECTIONS,), FORMS, measure)
    title = "Report, acknowledge, resolve, with OpenTelemetry: commands/s"
    console.print(http_mix.compared(title, "sends", found, OFF))
