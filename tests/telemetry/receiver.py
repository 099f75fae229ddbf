"""A collector for tests: OTLP over HTTP, read with OpenTelemetry's own types."""

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

SECONDS = 20.0


@dataclass(frozen=True)
class Got:
    """A span as it arrived."""

    name: str
    trace: str
    span: str
    parent: str
    kind: int
    seconds: float
    facts: dict[str, Any]
    links: tuple[tuple[str, str], ...]
    resource: dict[str, Any]
    failed: bool

    @property
    def place(self) -> tuple[str, str]:
        return self.trace, self.span

    @property
    def process(self) -> str:
        return str(self.resource["tocsin.process"])


@dataclass
class Receiver:
    """What has arrived so far."""

    spans: list[Got] = field(default_factory=list)
    metrics: dict[tuple[str, str], Any] = field(default_factory=dict)
    """By process and name."""
    url: str = ""
    status: int = 200
    asked: int = 0

    def until(self, wanted: Callable[[list[Got]], Any]) -> Any:
        """Wait until there is such a thing among the spans."""
        until = time.monotonic() + SECONDS
        while not (found := wanted(list(self.spans))):
            names = sorted({f"{each.process} {each.name}" for each in self.spans})
            assert time.monotonic() < until, f"it has not arrived; there are: {names}"
            time.sleep(0.02)
        return found

    def take(self, path: str, body: bytes) -> None:
        if path == "/v1/traces":
            for of in ExportTraceServiceRequest.FromString(body).resource_spans:
                known = facts(of.resource.attributes)
                for scope in of.scope_spans:
                    assert scope.scope.name == "tocsin"
                    self.spans += [got(each, known) for each in scope.spans]
        else:
            assert path == "/v1/metrics", path
            for of in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                process = facts(of.resource.attributes)["tocsin.process"]
                for scope in of.scope_metrics:
                    for metric in scope.metrics:
                        self.metrics[process, metric.name] = metric


def facts(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}


def got(span: Any, resource: dict[str, Any]) -> Got:
    return Got(
        span.name,
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        span.kind,
        (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
        facts(span.attributes),
        tuple((link.trace_id.hex(), link.span_id.hex()) for link in span.links),
        resource,
        span.status.code == span.status.STATUS_CODE_ERROR,
    )


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A collector that listens."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == "application/x-protobuf"
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            receiver.asked += 1
            if receiver.status == 200:
                receiver.take(self.path, body)
            self.send_response(receiver.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing: the test says what is wrong."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, name="receiver")
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def derived(command_id: str) -> tuple[str, str]:
    """The trace and the span of a command, by the words of the documentation."""
    from hashlib import sha256

    made = sha256(UUID(command_id).bytes).hexdigest()
    return made[:32], made[32:48]
