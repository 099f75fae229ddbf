"""What makes a trace: the ids of a command, a caller's header, and the choice to keep it or not."""

import random
from uuid import UUID, uuid4, uuid5

import pytest

from tests.http.conftest import REPORT, House
from tests.telemetry.receiver import derived
from tocsin.ids import new_id
from tocsin.telemetry.ids import command_span
from tocsin.telemetry.otlp import Sampler
from tocsin.telemetry.spans import Parent, Place, Span, new_span, new_trace, parent
from tocsin.telemetry.tracing import Traces

TRACE, SPAN = 0x4BF92F3577B34DA6A3CE929D0E0E4736, 0x00F067AA0BA902B7
SAID = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def kept(house: House) -> list[Span]:
    """The spans of a service that keeps all of them, and sends none."""
    spans: list[Span] = []
    traces = Traces(spans.append, lambda trace_id, caller, name: True)
    house.app.service.metrics.traces = traces
    house.app.service.desk.origin = traces.origin
    return spans


def test_the_ids_of_a_command_are_the_same_in_every_process() -> None:
    """They are documented, and a link from last year must lead somewhere."""
    command = UUID("01a202cc-0931-75ee-b5e6-c0d9758998f8")
    trace, span = command_span(command)
    assert (f"{trace:032x}", f"{span:016x}") == (
        "01175a75710574316a322b08d6fdc650",
        "7c92bbb02758815d",
    )
    assert (f"{trace:032x}", f"{span:016x}") == derived(str(command))


@pytest.mark.parametrize("make", [new_id, lambda: uuid5(uuid4(), "a key")])
def test_a_share_of_the_commands_is_kept_whatever_made_their_ids(
    make: type[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sampler takes chance from a trace's id; a UUID has its version and its variant there."""
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0.5")
    sampler = Sampler()
    kept = sum(sampler(command_span(make()).trace_id, None, "command") for _ in range(1_000))
    assert 400 < kept < 600


def test_a_caller_is_followed_unless_the_sampler_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    callers = [None, Parent(Place(TRACE, SPAN), True), Parent(Place(TRACE, SPAN), False)]
    assert [Sampler()(TRACE, each, "request") for each in callers] == [True, True, False]
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    assert [Sampler()(TRACE, each, "request") for each in callers] == [False, False, False]


def test_a_callers_trace_is_read() -> None:
    assert parent(SAID, b"vendor=x") == Parent(Place(TRACE, SPAN), True, "vendor=x")
    assert parent(SAID[:-2] + b"00") == Parent(Place(TRACE, SPAN), False)
    assert parent(b"01" + SAID[2:] + b"-more") == Parent(Place(TRACE, SPAN), True)
    assert parent(SAID, b"x" * 1_000) == Parent(Place(TRACE, SPAN), True)


@pytest.mark.parametrize(
    "said",
    [
        None,
        b"",
        b"nonsense",
        SAID.upper(),
        SAID + b"-more",
        b"ff" + SAID[2:],
        SAID.replace(b"4bf92f3577b34da6a3ce929d0e0e4736", b"0" * 32),
        SAID.replace(b"00f067aa0ba902b7", b"0" * 16),
        b" " + SAID,
        SAID[:-1] + b"\xff",
    ],
)
def test_what_is_no_trace_begins_a_new_one(said: bytes | None) -> None:
    assert parent(said) is None


def test_whatever_is_sent_as_a_trace_breaks_nothing() -> None:
    chance = random.Random(7)
    for _ in range(2_000):
        said = bytearray(SAID)
        for _ in range(chance.randrange(1, 5)):
            said[chance.randrange(len(said))] = chance.randrange(256)
        found = parent(bytes(said))
        assert found is None or (found.place.trace_id and found.place.span_id)


def test_ids_are_made_by_chance() -> None:
    assert len({new_trace() for _ in range(100)} | {new_span() for _ in range(100)}) == 200


async def test_each_command_of_a_batch_has_its_own_trace_besides_that_of_the_request(
    house: House, kept: list[Span]
) -> None:
    """One request, one trace with all in it; who knows only the command finds it all the same."""
    commands = [{"command": "report", "body": REPORT} for _ in range(3)]
    answer = await house.client.post("/commands", json={"commands": commands})
    assert answer.is_success, answer.text
    (request,) = [each for each in kept if each.serves]
    spans = [each for each in kept if each.name == "command report"]
    under = [each for each in spans if each.parent == request.place]
    assert len(under) == 3
    assert {each.place.trace_id for each in under} == {request.place.trace_id}
    for each in under:
        own = Place(*command_span(UUID(str(each.attributes["tocsin.command_id"]))))
        assert own in {span.place for span in spans}
    assert len({each.place for each in kept}) == len(kept)


async def test_without_telemetry_nothing_is_made(house: House) -> None:
    await house.report()
    assert house.app.service.metrics.traces is None
    assert house.app.service.desk.origin is None


async def test_a_defect_of_tracing_fails_no_command(
    house: House, kept: list[Span], caplog: pytest.LogCaptureFixture
) -> None:
    """What is recorded is answered as such, or the caller would send it again."""

    def broken(_: Span) -> None:
        raise RuntimeError

    traces = Traces(broken, lambda trace_id, caller, name: True)
    house.app.service.metrics.traces = traces
    house.app.service.desk.origin = None
    assert (await house.report())["changed"]
    assert "could not be traced" in caplog.text
    house.app.service.metrics.traces = None


async def test_a_fault_of_ours_is_marked_as_one(
    house: House, kept: list[Span], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(house.app.service.access, "check", broken)
    answer = await house.client.post("/incidents", json=REPORT)
    assert answer.status_code == 500
    (request,) = [each for each in kept if each.serves]
    assert request.failed
    assert request.attributes["http.response.status_code"] == 500
