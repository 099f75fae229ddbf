"""HEAD: what GET would be answered, less the content (RFC 9110, 9.3.2)."""

import socket
from contextlib import closing

import pytest

from tests.http.conftest import House, Run, Running

DIFFERS = ("x-request-id", "date")
"""Headers that are another for each answer."""


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/incidents", 200),
        ("/incidents/INC0000001", 200),
        ("/incidents/INC0000001/timeline?limit=1", 200),
        ("/incidents/INC0000001?verbose=1", 422),
        ("/incidents/INC7", 404),
        ("/incidents/INC0000001/acknowledge", 405),
        ("/events", 200),
        ("/policy", 200),
        ("/policy/versions/1", 200),
        ("/health/live", 200),
        ("/openapi.json", 200),
        ("/nothing", 404),
    ],
)
async def test_it_has_the_headers_of_get_and_no_content(
    house: House, path: str, status: int
) -> None:
    await house.report()
    house.project()
    head, get = await house.client.head(path), await house.client.get(path)
    assert (status, status) == (head.status_code, get.status_code)
    assert (b"", True) == (head.content, bool(get.content))
    for answer in (head, get):
        for name in DIFFERS:
            answer.headers.pop(name, None)
    assert head.headers == get.headers
    assert int(head.headers["content-length"]) == len(get.content)


async def test_what_is_unchanged_is_said_to_be(house: House) -> None:
    await house.report()
    tag = (await house.client.head("/incidents/INC0000001")).headers["etag"]
    again = await house.client.head("/incidents/INC0000001", headers={"If-None-Match": tag})
    assert (304, tag) == (again.status_code, again.headers["etag"])


async def test_it_needs_a_key_as_get_does(house: House) -> None:
    answer = await house.client.head("/incidents", headers={"Authorization": "Bearer x"})
    assert 401 == answer.status_code


async def test_it_is_counted_as_what_it_is(house: House) -> None:
    await house.client.head("/health/live")
    assert ("HEAD", "/health/live", 200) in house.app.service.metrics.requests


def _asked(service: Running, path: str, more: str = "") -> bytes:
    """All that a HEAD is answered with on the wire, until the connection is closed."""
    head = f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{more}"
    head += f"Authorization: Bearer {service.token}\r\n\r\n"
    with closing(socket.create_connection(("127.0.0.1", service.port), timeout=20)) as wire:
        wire.sendall(head.encode())
        return b"".join(iter(lambda: wire.recv(65_536), b""))


def test_on_the_wire_nothing_follows_the_headers(running: Run) -> None:
    with running() as service:
        said = _asked(service, "/policy")
    assert said.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\n\r\n" == said[said.index(b"\r\n\r\n") :]
    assert b"content-length: 0\r\n" not in said


def test_the_head_of_a_stream_ends(running: Run) -> None:
    """The stream itself never does: nobody is to be kept waiting, and no place taken."""
    with running(streams=2) as service:
        for _ in range(6):
            said = _asked(service, "/events", "Accept: text/event-stream\r\n")
            assert said.startswith(b"HTTP/1.1 200 OK\r\n")
            assert b"content-type: text/event-stream" in said
            assert said.endswith(b"\r\n\r\n")
