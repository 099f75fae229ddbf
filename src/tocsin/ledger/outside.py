"""Asking somebody outside over HTTP: within a time, up to a size, and never elsewhere than told."""

import ssl
from dataclasses import dataclass
from functools import lru_cache
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import ip_address
from time import monotonic
from urllib.parse import SplitResult, urlsplit

from tocsin import __version__

ANSWER_BYTES = 65_536
SECONDS = 15.0


class Unanswered(Exception):
    """There was no answer that could be used. Asking again later may help."""


class BadAddress(Exception):
    """The address may not be asked at all."""


@dataclass(frozen=True)
class Answered:
    """What came back."""

    status: int
    media_type: str
    body: bytes


def check_address(address: str, *, in_clear: bool = False) -> SplitResult:
    """Take an address apart.

    Raises:
        BadAddress: it is none, has a password in it, or goes over the network in the clear.
    """
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError as error:
        raise BadAddress(f"{address} is no address: {error}.") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadAddress(f"{address} is no address of https://.")
    if parts.username or parts.password or parts.fragment:
        raise BadAddress("An address outside has no user, password or fragment in it.")
    if parts.scheme == "http" and not in_clear and not _loopback(parts.hostname):
        raise BadAddress(f"{address} would be asked in the clear: use https://.")
    return parts


def post(address: str, body: bytes, media_type: str, seconds: float = SECONDS) -> Answered:
    """Send this, and return what comes back. A redirection is an answer, not followed.

    Raises:
        Unanswered: nothing came back in time, or too much.
    """
    parts = check_address(address, in_clear=True)
    end = monotonic() + seconds
    connection = _connection(parts, seconds)
    target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    headers = {"Content-Type": media_type, "User-Agent": f"tocsin/{__version__}"}
    try:
        connection.request("POST", target, body, headers)
        answer = connection.getresponse()
        received = b""
        while piece := answer.read1(ANSWER_BYTES):
            received += piece
            if len(received) > ANSWER_BYTES:
                raise Unanswered(f"{parts.netloc} answers more than {ANSWER_BYTES:,} bytes.")
            if monotonic() > end:
                raise Unanswered(f"{parts.netloc} did not answer within {seconds:.0f} s.")
        said = answer.headers.get_content_type() if "Content-Type" in answer.headers else ""
        return Answered(answer.status, said, received)
    except (OSError, HTTPException) as error:
        says = str(error) or type(error).__name__
        raise Unanswered(f"{parts.netloc} does not answer: {says}.") from error
    finally:
        connection.close()


def _connection(parts: SplitResult, seconds: float) -> HTTPConnection:
    host = parts.hostname or ""
    if parts.scheme == "https":
        return HTTPSConnection(host, parts.port, timeout=seconds, context=_trust())
    return HTTPConnection(host, parts.port, timeout=seconds)


@lru_cache(1)
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
