"""How an intake stands, for whoever watches it: health and metrics over HTTP, and nothing else."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from tocsin.jetstream.connecting import CannotStream
from tocsin.jetstream.intake import Intake

REQUEST_SECONDS: Final = 5.0
LINE_BYTES: Final = 8_192
TEXT, EXPOSITION = "text/plain; charset=utf-8", "text/plain; version=0.0.4; charset=utf-8"
Page = tuple[int, str, str]
"""Status, media type and text."""
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def watched(intake: Intake, place: str) -> AsyncIterator[int]:
    """Answer at a place (host:port) until the end of the block; without one, nowhere.

    Raises:
        CannotStream: nothing can listen there.
    """
    if not place:
        yield 0
        return
    host, _, port = place.rpartition(":")
    try:
        server = await asyncio.start_server(
            _answering(lambda path: page(intake, path)),
            host.strip("[]"),
            int(port),
            limit=LINE_BYTES,
        )
    except (OSError, ValueError, OverflowError) as error:
        raise CannotStream(
            f"TOCSIN_INTAKE_HEALTH is {place!r}, and nothing can listen there: {error}."
            " It is host:port, such as 127.0.0.1:9091."
        ) from error
    async with server:
        yield int(server.sockets[0].getsockname()[1])


def page(intake: Intake, path: str) -> Page:
    """What there is to see."""
    if path == "/health/live":
        return 200, TEXT, "alive\n"
    if path == "/health/ready":
        fault = intake.ready
        return (503, TEXT, f"{fault}\n") if fault else (200, TEXT, "ready\n")
    if path == "/metrics":
        return 200, EXPOSITION, "".join(metrics(intake))
    return 404, TEXT, "There are /health/live, /health/ready and /metrics.\n"


def metrics(intake: Intake) -> Iterator[str]:
    """The figures in the text format of Prometheus."""
    handler, shares, standing = intake.handler, intake.shares, intake.asker.standing
    gauges = {
        "ready": ("Whether it gets on.", int(not intake.ready)),
        "waiting_messages": ("Messages that wait in the stream, for any host.", intake.pending),
        "parts": ("Parts that this host holds.", len(shares.held) if shares else 0),
        "hosts": ("Hosts that share the parts.", shares.hosts if shares else 0),
    }
    for name, (about, value) in gauges.items():
        yield _help(name, about, "gauge") + f"tocsin_intake_{name} {value}\n"
    counters = {
        "requests_total": ("Requests to the service.", standing.requests),
        "requests_again_total": ("Of them, those that had to be sent again.", standing.again),
        "received_total": ("Messages delivered here.", handler.tally.received if handler else 0),
        "folded_total": (
            "Messages that only said again what another said.",
            handler.tally.folded if handler else 0,
        ),
    }
    for name, (about, value) in counters.items():
        yield _help(name, about, "counter") + f"tocsin_intake_{name} {value}\n"
    for name, about, label, found in (
        ("commands_total", "Commands, by what they came to.", "outcome", "commands"),
        ("parked_total", "Messages parked, by reason.", "code", "parked"),
    ):
        yield _help(name, about, "counter")
        tally = getattr(handler.tally, found) if handler else {}
        for key, count in sorted(tally.items()):
            yield f'tocsin_intake_{name}{{{label}="{key}"}} {count}\n'


def _help(name: str, about: str, kind: str) -> str:
    return f"# HELP tocsin_intake_{name} {about}\n# TYPE tocsin_intake_{name} {kind}\n"


def _answering(show: Callable[[str], Page]) -> Serve:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError, TimeoutError, ValueError, asyncio.LimitOverrunError):
            async with asyncio.timeout(REQUEST_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
                method, target, _ = head.split(b"\r\n")[0].decode("latin-1").split(" ")
                path = target.partition("?")[0]
                status, kind, text = show(path) if method in ("GET", "HEAD") else _NOT_ALLOWED
                body = text.encode() if method == "GET" else b""
                writer.write(
                    f"HTTP/1.1 {status} {_SAID[status]}\r\nContent-Type: {kind}\r\n"
                    f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
                    + body
                )
                await writer.drain()
        writer.close()

    return answer


_SAID: Final = {200: "OK", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"}
_NOT_ALLOWED: Final[Page] = (405, TEXT, "Only GET.\n")
