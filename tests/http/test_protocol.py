"""Connections that mean no good, or nothing: they are let go, and nobody else notices."""

import socket
import time
from collections.abc import Iterator

import pytest

from tests.http.conftest import REPORT, Run, Running

START = b"POST /incidents HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture
def service(running: Run) -> Iterator[Running]:
    with running(
        header_seconds=0.6, body_seconds=0.4, header_bytes=8_192, connections=30
    ) as service:
        yield service


def connect(service: Running) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", service.port))
    connection.settimeout(5)
    return connection


def everything(connection: socket.socket) -> bytes:
    """What is said until the connection is closed."""
    said = b""
    try:
        while received := connection.recv(65_536):
            said += received
    except ConnectionResetError:
        pass
    return said


def test_a_connection_that_says_nothing_is_closed(service: Running) -> None:
    with connect(service) as connection:
        started = time.monotonic()
        assert b" 408 " in everything(connection)
        assert 0.4 < time.monotonic() - started < 3


def test_headers_that_trickle_in_are_not_waited_for(service: Running) -> None:
    """Each byte would renew a time limit that counts from the last one."""
    with connect(service) as connection:
        connection.sendall(START)
        started = time.monotonic()
        try:
            while time.monotonic() - started < 5:
                connection.sendall(b"X-A: b\r\n")
                time.sleep(0.05)
        except OSError:
            pass  # closed
        assert time.monotonic() - started < 3


def test_headers_that_come_late_on_a_used_connection_are_not_waited_for(service: Running) -> None:
    with connect(service) as connection:
        connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b" 200 " in connection.recv(65_536)
        connection.sendall(START)
        started = time.monotonic()
        assert b" 408 " in everything(connection)
        assert time.monotonic() - started < 3


def test_a_used_connection_may_be_silent_for_a_while(service: Running) -> None:
    """Longer than headers may take: that is what keeping it alive is for."""
    with service.client() as client:
        for _ in range(3):
            assert client.get("/health/live").status_code == 200
            time.sleep(0.8)


def test_headers_without_end_are_cut_off(service: Running) -> None:
    with connect(service) as connection:
        connection.sendall(START)
        try:
            for number in range(10_000):
                connection.sendall(f"X-{number}: {'y' * 500}\r\n".encode())
        except OSError:
            pass
        said = everything(connection)
    assert not said or b" 431 " in said
    with connect(service) as connection:
        connection.sendall(START + b"X-A: " + b"y" * 8_200)
        assert b" 431 " in everything(connection)


def test_a_body_that_stops_coming_is_answered_and_closed(service: Running) -> None:
    with connect(service) as connection:
        connection.sendall(
            START + b"Content-Type: application/json\r\nContent-Length: 100\r\n"
            b"Authorization: Bearer " + service.token.encode() + b"\r\n\r\n{"
        )
        started = time.monotonic()
        said = everything(connection)
    assert b" 408 " in said
    assert b'"code":"too-slow"' in said
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("path", [b"/health/live", b"/nothing", b"/events?wait=20"])
def test_a_body_that_nobody_reads_is_not_waited_for(service: Running, path: bytes) -> None:
    with connect(service) as connection:
        connection.sendall(
            b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n"
            b"Authorization: Bearer " + service.token.encode() + b"\r\n\r\n{"
        )
        started = time.monotonic()
        everything(connection)
        assert time.monotonic() - started < 4


def test_a_whole_request_in_small_pieces_is_served(service: Running) -> None:
    body = b'{"title": "a", "source": "monitoring"}'
    whole = START + b"Content-Type: application/json\r\nAuthorization: Bearer "
    whole += service.token.encode() + b"\r\nConnection: close\r\nContent-Length: "
    whole += str(len(body)).encode() + b"\r\n\r\n" + body
    with connect(service) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start in range(0, len(whole), 16):
            connection.sendall(whole[start : start + 16])
            time.sleep(0.002)
        assert b" 201 " in everything(connection)


def test_requests_in_one_go_are_answered_in_order(service: Running) -> None:
    one = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n"
    with connect(service) as connection:
        connection.sendall((one + b"\r\n") * 5 + one + b"Connection: close\r\n\r\n")
        assert everything(connection).count(b" 200 ") == 6


@pytest.mark.parametrize(
    "request_line",
    [b"GET / HTTP/9.9", b"\x16\x03\x01\x02\x00", b"GET /\x00 HTTP/1.1", b"BREW / HTTP/1.1"],
)
def test_what_is_no_request_is_turned_away(service: Running, request_line: bytes) -> None:
    with connect(service) as connection:
        connection.sendall(request_line + b"\r\nHost: localhost\r\n\r\n")
        said = everything(connection)
    assert b" 200 " not in said


def test_lengths_that_contradict_each_other_are_refused(service: Running) -> None:
    """A proxy in front might believe the other one, and see another request behind it."""
    with connect(service) as connection:
        connection.sendall(
            START + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET"
        )
        assert b" 400 " in everything(connection)


def test_a_chunked_body_is_read_and_counted(service: Running) -> None:
    headers = START + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
    headers += b"Connection: close\r\nAuthorization: Bearer " + service.token.encode()
    with connect(service) as connection:
        body = b'{"title": "a", "source": "monitoring"}'
        chunks = b"".join(b"1\r\n%c\r\n" % each for each in body) + b"0\r\n\r\n"
        connection.sendall(headers + b"\r\n\r\n" + chunks)
        assert b" 201 " in everything(connection)
    with connect(service) as connection:
        connection.sendall(headers + b"\r\n\r\n")
        said = b""
        try:
            for _ in range(20):
                connection.sendall(b"10000\r\n" + b"x" * 65_536 + b"\r\n")
        except OSError:
            pass
        said = everything(connection)
    assert not said or b" 413 " in said


def test_too_many_connections_are_told_so_and_others_go_on(service: Running) -> None:
    with service.client() as client:
        assert client.get("/health/live").status_code == 200
        crowd = [connect(service) for _ in range(40)]
        time.sleep(0.1)
        answered = 0
        for connection in crowd[-5:]:
            answered += b" 503 " in everything(connection)
        assert answered >= 1
        assert client.post("/incidents", json=REPORT).status_code == 201
        for connection in crowd:
            connection.close()


def test_slow_connections_do_not_slow_the_others(service: Running) -> None:
    crowd = [connect(service) for _ in range(20)]
    for connection in crowd:
        connection.sendall(START)
    with service.client() as client:
        started = time.monotonic()
        for _ in range(20):
            assert client.post("/incidents", json=REPORT).status_code == 201
        assert time.monotonic() - started < 5
    assert all(b" 408 " in everything(connection) for connection in crowd)
    for connection in crowd:
        connection.close()


CHUNKED = START + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n"


def test_what_is_said_behind_a_body_is_no_header(service: Running) -> None:
    """A proxy in front has looked at the headers, and so have we."""
    trailers = b"Host: localhost\r\nAuthorization: Bearer " + service.token.encode()
    for headers, status in (
        (START.replace(b"localhost", b"evil.example"), b" 421 "),
        (START, b" 401 "),
    ):
        with connect(service) as connection:
            connection.sendall(
                headers + b"Connection: close\r\nTransfer-Encoding: chunked\r\n"
                b"Content-Type: application/json\r\n\r\n2\r\n{}\r\n0\r\n" + trailers + b"\r\n\r\n"
            )
            assert status in everything(connection)[:20]


@pytest.mark.parametrize("piece", [b"X-A: yyyyyyyyyyyyyy\r\n", b"y"], ids=["many", "one"])
def test_what_is_said_behind_a_body_has_an_end(service: Running, piece: bytes) -> None:
    with connect(service) as connection:
        connection.sendall(CHUNKED + b"\r\n0\r\nX-B: ")
        assert b" 401 " in connection.recv(65_536)
        closed = False
        try:
            for _ in range(1_000):
                connection.sendall(piece * 1_000)
        except OSError:
            closed = True
        assert closed


def test_who_is_one_too_many_is_told_when_to_come_back(service: Running) -> None:
    crowd = [connect(service) for _ in range(31)]
    said = b"".join(everything(connection) for connection in crowd)
    assert b" 503 " in said
    assert b"retry-after: " in said.partition(b" 503 ")[2]
    for connection in crowd:
        connection.close()
