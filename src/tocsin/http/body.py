"""A request's body: whole, within its size, in its time, or not at all."""

import asyncio

from starlette.types import Receive, Scope

from tocsin.http.headers import Headers
from tocsin.http.problems import BAD_HEADER, TOO_LARGE, TOO_SLOW, Problem

ARRIVED = "tocsin.arrived"
"""By this our protocol says that the body is there as a whole: then no time need be taken."""
PATIENCE = "tocsin.patience"
"""Under this name our protocol tells how to be given more time for a body."""
_CLOSE = {"Connection": "close"}


class CallerGone(Exception):
    """Nobody waits for the answer any more."""


async def read_body(
    scope: Scope, headers: Headers, receive: Receive, limit: int, seconds: float
) -> bytes:
    """Return the body.

    Raises:
        Problem: 413, it is larger than `limit` bytes; 408, it took longer than `seconds`.
        CallerGone: the connection was closed.
    """
    stated = headers.get(b"content-length")
    if stated is not None:
        if not stated.isdigit():
            raise Problem(BAD_HEADER, "Content-Length must be a number.", _CLOSE)
        if int(stated) > limit:
            raise _too_large(limit)
    if ARRIVED in scope:
        return await _collect(receive, limit)
    try:
        async with asyncio.timeout(seconds):
            return await _collect(receive, limit)
    except TimeoutError as error:
        detail = f"The body must arrive within {seconds:g} seconds."
        raise Problem(TOO_SLOW, detail, _CLOSE) from error


async def _collect(receive: Receive, limit: int) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    if message["type"] == "http.request" and not message.get("more_body"):
        if len(body) > limit:
            raise _too_large(limit)
        return body
    chunks, size = [body], len(body)
    while message["type"] == "http.request" and message.get("more_body"):
        if size > limit:
            raise _too_large(limit)
        message = await receive()
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
    if message["type"] != "http.request":
        raise CallerGone
    if size > limit:
        raise _too_large(limit)
    return b"".join(chunks)


def _too_large(limit: int) -> Problem:
    return Problem(TOO_LARGE, f"The body may have {limit} bytes at most.", _CLOSE, limit=limit)
