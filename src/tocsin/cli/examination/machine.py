"""What Tocsin runs on: Python, SQLite, the clock, and who can reach the address."""

import platform
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import tocsin
from tocsin.cli.examination.check import Check, bad, good, warn
from tocsin.drivers import sqlite3
from tocsin.settings import Settings

NEEDED = (3, 11)
WAL_RESET_FIXED = ((3, 44, 6), (3, 50, 7), (3, 51, 3))
"""The first versions without the WAL-reset bug: two old branches, and all from the last one on.

Two connections that write or checkpoint at the same moment can corrupt the file, in every
version since 3.7.0 (https://sqlite.org/wal.html).
"""
TICK_SECONDS = 0.02
ANSWER_SECONDS = 1.0


def examine(settings: Settings) -> Iterator[Check]:
    """Python, SQLite, clock and address."""
    yield _python(sys.version_info[:3])
    if not settings.database:
        yield sqlite(sqlite3.sqlite_version_info, sqlite3.__name__)
    yield _clock()
    yield _address(settings)
    yield _service(settings)


def _python(version: tuple[int, ...]) -> Check:
    said = f"Python {platform.python_version()}, {platform.machine()}, {platform.system()}"
    if version < NEEDED:
        return bad("python", said, "Install Python 3.11 or later.")
    return good("python", said)


def sqlite(version: tuple[int, ...], module: str) -> Check:
    """Whether this SQLite is one with the WAL-reset bug."""
    said = f"SQLite {'.'.join(map(str, version))} ({module})"
    fixed = version >= WAL_RESET_FIXED[-1] or any(
        version[:2] == first[:2] and version >= first for first in WAL_RESET_FIXED
    )
    if fixed:
        return good("sqlite", said)
    return bad(
        "sqlite",
        f"{said} has the WAL-reset bug, which can destroy the file",
        "pip install pysqlite3 0.6.1 or later, which brings its own SQLite.",
    )


def _clock() -> Check:
    """The clock runs, and is not behind the code that reads it."""
    wall, steady = time.time(), time.monotonic()
    time.sleep(TICK_SECONDS)
    drift = abs((time.time() - wall) - (time.monotonic() - steady))
    now = datetime.now(UTC)
    installed = datetime.fromtimestamp(Path(tocsin.__file__).stat().st_mtime, UTC)
    said = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    if now < installed - timedelta(days=1):
        way = "Set the clock, and keep it right with NTP."
        return bad("clock", f"{said}, before Tocsin was installed ({installed:%Y-%m-%d})", way)
    if drift > TICK_SECONDS:
        return warn(
            "clock", f"{said}, and it was just moved by {drift:.3f} s", "Use chrony or NTP."
        )
    return good("clock", said)


def _address(settings: Settings) -> Check:
    said = f"{settings.host}:{settings.port}"
    if settings.tls_certificate is not None and settings.tls_key is not None:
        missing = [
            file for file in (settings.tls_certificate, settings.tls_key) if not file.exists()
        ]
        if missing:
            return bad("address", f"{said}, and {missing[0]} is missing", "Put the file there.")
        return good("address", f"{said}, with TLS")
    if settings.loopback:
        return good("address", f"{said}, reachable from this machine only")
    if settings.behind_proxy:
        return good("address", f"{said}, behind a proxy that ends TLS")
    return bad(
        "address",
        f"{said} is public, without TLS: `tocsin serve` refuses",
        "Set TOCSIN_TLS_CERTIFICATE and TOCSIN_TLS_KEY, or TOCSIN_BEHIND_PROXY.",
    )


def _service(settings: Settings) -> Check:
    """Whether a service answers there: it need not."""
    if settings.tls_certificate is not None:
        return good("service", "not asked, as it speaks TLS")
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host.strip("[]")
    connection = HTTPConnection(host, settings.port, timeout=ANSWER_SECONDS)
    with closing(connection), suppress(OSError, HTTPException):
        connection.request("GET", "/health/ready")
        status = connection.getresponse().status
        if status == 200:
            return good("service", f"answers at {settings.host}:{settings.port}, and is ready")
        said = f"something answers {status} at {settings.host}:{settings.port}"
        return warn("service", said, "Ask /health/ready there what is missing.")
    return good("service", f"nobody answers at {settings.host}:{settings.port}; none runs here")
