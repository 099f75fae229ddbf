"""From a request to the read models, as a real collector is told of it by two processes."""

import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.http.conftest import REPORT
from tests.http.test_server import first_key_of, started, until_ready
from tests.telemetry.receiver import Got, Receiver, derived, receiving

CALLER = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")
UNSAMPLED = ("5bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b8")


@dataclass
class Watched:
    """A service that has a collector."""

    client: httpx.Client
    receiver: Receiver
    process: subprocess.Popen[str]

    def post(self, path: str, body: dict[str, str], **headers: str) -> int:
        """The position of a command."""
        answer = self.client.post(path, json=body, headers=headers)
        assert answer.is_success, answer.text
        return int(answer.json()["position"])

    def spans(self, position: int) -> list[Got]:
        """All spans of the command that ends at a position, once the projector has told, too."""

        def there(spans: list[Got]) -> list[Got]:
            of = [each for each in spans if each.facts.get("tocsin.position") == position]
            names = {each.name for each in of}
            ready = any(name.startswith("POST") for name in names) and pages(spans, position)
            return of if ready else []

        found: list[Got] = self.receiver.until(there)
        return found


def pages(spans: list[Got], position: int) -> list[Got]:
    """The rounds of the projector in which a position was."""
    return [
        each
        for each in spans
        if each.name == "project"
        and each.facts["tocsin.position.first"] <= position <= each.facts["tocsin.position.last"]
    ]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """`tocsin serve` with its projector: two processes, one collector."""
    home: Path = tmp_path_factory.mktemp("watched")
    with receiving() as receiver:
        environment = {
            "TOCSIN_TELEMETRY": "true",
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
            "OTEL_BSP_SCHEDULE_DELAY": "50",
            "OTEL_METRIC_EXPORT_INTERVAL": "200",
            "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment=test",
        }
        with started(home / "home", **environment) as (process, url):
            until_ready(process, url)
            assert process.stderr is not None
            headers = {"Authorization": f"Bearer {first_key_of(process.stderr.readline())}"}
            with httpx.Client(base_url=url, headers=headers, timeout=20) as client:
                service = Watched(client, receiver, process)
                # Read models that are being built tell of no commands: that is history.
                built = {"at_least": service.post("/incidents", REPORT)}
                until = time.monotonic() + 30
                while not client.get("/incidents", params=built).is_success:
                    assert time.monotonic() < until, "the read models are not built"
                yield service


def test_the_trace_of_a_command_has_the_id_that_its_command_id_makes(watched: Watched) -> None:
    """Nobody named a trace: whoever knows the command id knows where to look."""
    position = watched.post("/incidents", REPORT)
    request, command = by_kind(watched.spans(position))
    assert command.place == derived(command.facts["tocsin.command_id"])
    assert request.trace == command.trace
    assert (request.name, request.parent) == ("POST /incidents", "")
    assert (command.name, command.parent) == ("command report", request.span)
    assert request.facts["http.route"] == "/incidents"
    assert request.facts["http.response.status_code"] == 201
    assert request.facts["tocsin.command_id"] == command.facts["tocsin.command_id"]
    assert command.facts["tocsin.outcome"] == "recorded"


def by_kind(spans: list[Got]) -> tuple[Got, Got]:
    """The request, and the command."""
    (request,) = [each for each in spans if each.name.startswith("POST")]
    (command,) = [each for each in spans if each.name.startswith("command")]
    return request, command


def test_the_projector_links_to_a_command_that_it_only_read_of(watched: Watched) -> None:
    """It is another process, and no event says anything of traces."""
    position = watched.post("/incidents", REPORT)
    _, command = by_kind(watched.spans(position))
    (page,) = pages(watched.receiver.spans, position)
    assert command.place in page.links
    assert (page.process, command.process) == ("projector", "api")
    stored = watched.client.get("/events", params={"after": position - 1}).json()["items"]
    assert command.facts["tocsin.command_id"] == stored[0]["command_id"]
    assert command.trace not in str(stored)


def test_a_batch_and_its_commands_link_to_each_other(watched: Watched) -> None:
    position = watched.post("/incidents", REPORT)
    _, command = by_kind(watched.spans(position))
    (link,) = command.links
    (batch,) = watched.receiver.until(lambda spans: [e for e in spans if e.place == link])
    assert (batch.name, batch.facts["tocsin.position.last"]) == ("batch", position)
    assert command.place in batch.links
    parts = [each for each in watched.receiver.spans if each.parent == batch.span]
    assert [each.name for each in parts] == ["prepare", "decide", "commit"]
    assert sum(each.seconds for each in parts) == pytest.approx(batch.seconds, rel=0.01)


def test_a_callers_trace_is_gone_on_with_and_the_commands_own_leads_to_it(watched: Watched) -> None:
    trace, span = CALLER
    said = {"traceparent": f"00-{trace}-{span}-01", "tracestate": "vendor=x"}
    position = watched.post("/incidents", REPORT, **said)
    spans = watched.spans(position)
    request = next(each for each in spans if each.name.startswith("POST"))
    assert (request.trace, request.parent) == CALLER
    mine, at_home = sorted(
        (each for each in spans if each.name == "command report"), key=lambda e: e.trace != trace
    )
    assert (mine.trace, mine.parent) == (trace, request.span)
    assert at_home.place == derived(mine.facts["tocsin.command_id"])
    assert at_home.links == (mine.place,)
    (page,) = pages(watched.receiver.spans, position)
    assert at_home.place in page.links


def test_a_caller_who_keeps_no_trace_gets_none(watched: Watched) -> None:
    trace, span = UNSAMPLED
    watched.post("/incidents", REPORT, traceparent=f"00-{trace}-{span}-00")
    watched.spans(watched.post("/incidents", REPORT))
    assert not [each for each in watched.receiver.spans if each.trace == trace]


def test_a_retry_is_found_in_the_trace_of_the_first_attempt(watched: Watched) -> None:
    """The same command id, so the same trace; and only one command in it was recorded."""
    named = {"Idempotency-Key": "one-key"}
    position = watched.post("/incidents", REPORT, **named)
    _, command = by_kind(watched.spans(position))
    watched.post("/incidents", REPORT, **named)

    def requests(spans: list[Got]) -> list[Got]:
        of = [e for e in spans if e.trace == command.trace and e.name == "POST /incidents"]
        return of if len(of) == 2 else []

    watched.receiver.until(requests)
    told = [e for e in watched.receiver.spans if e.trace == command.trace and e.kind == 1]
    assert sorted(e.facts["tocsin.outcome"] for e in told) == ["duplicate", "recorded"]


def test_a_refusal_says_in_its_trace_which_it_was(watched: Watched) -> None:
    position = watched.post("/incidents", REPORT)
    close = f"/incidents/{reference(watched, position)}/close"
    assert watched.client.post(close, json={}).status_code == 422
    answer = watched.client.post(close, json={"closure_code": "resolved"})
    assert (answer.status_code, answer.json()["code"]) == (409, "not-possible-while")
    (told,) = watched.receiver.until(
        lambda spans: [e for e in spans if e.facts.get("tocsin.outcome") == "not-possible-while"]
    )
    assert told.name == "command close"
    assert "tocsin.position" not in told.facts


def reference(watched: Watched, position: int) -> str:
    stored = watched.client.get("/events", params={"after": position - 1}).json()["items"]
    return str(stored[0]["stream"])


def test_what_is_read_is_traced_without_what_was_asked(watched: Watched) -> None:
    """A question may name a person; the route does not."""
    watched.client.get("/incidents", params={"group": "Jane Doe"})
    (request,) = watched.receiver.until(
        lambda spans: [e for e in spans if e.name == "GET /incidents"][:1]
    )
    assert set(request.facts) == {
        "http.request.method",
        "http.route",
        "http.response.status_code",
    }
    assert "Jane" not in str(watched.receiver.spans)


def test_every_process_tells_its_figures(watched: Watched) -> None:
    """By the names and in the numbers of /metrics."""
    watched.spans(watched.post("/incidents", REPORT))
    metrics = watched.receiver.metrics

    def counted() -> int:
        (point,) = metrics["api", "tocsin_commit_seconds"].histogram.data_points
        return int(point.count)

    count = watched.client.get("/metrics").text.partition("tocsin_commit_seconds_count ")[2]
    watched.receiver.until(lambda _: counted() == float(count.split()[0]))
    (point,) = metrics["api", "tocsin_commit_seconds"].histogram.data_points
    assert len(point.bucket_counts) == len(point.explicit_bounds) + 1
    assert (sum(point.bucket_counts), metrics["api", "tocsin_commit_seconds"].unit) == (
        point.count,
        "s",
    )
    commands = metrics["api", "tocsin_commands"].sum
    assert commands.is_monotonic
    assert {"recorded"} <= {
        each.value.string_value
        for point in commands.data_points
        for each in point.attributes
        if each.key == "outcome"
    }
    (rounds,) = metrics["projector", "tocsin_projector_round_events"].histogram.data_points
    assert rounds.sum > 0
    assert metrics["lake" if ("lake", "process_threads") in metrics else "api", "process_threads"]


def test_those_who_send_say_who_they_are(watched: Watched) -> None:
    spans = watched.spans(watched.post("/incidents", REPORT))
    known = spans[0].resource
    assert (known["service.name"], known["deployment.environment"]) == ("tocsin", "test")
    assert known["service.version"]


def test_what_waits_is_sent_when_the_service_ends(watched: Watched) -> None:
    """The last test of this module: it ends the service."""
    position = watched.post("/incidents", REPORT)
    watched.process.send_signal(signal.SIGTERM)
    assert watched.process.wait(20) == 0
    found = [each.facts.get("tocsin.position") for each in watched.receiver.spans]
    assert position in found
