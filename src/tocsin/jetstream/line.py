"""One connection to a service, for commands: where it is, what opens it, and what it answers."""

import http.client
import os
import ssl
from contextlib import suppress
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import orjson

from tocsin.jetstream.connecting import CannotStream
from tocsin.settings import Settings

ANSWER_SECONDS: Final = 30.0
LONGEST_SECONDS: Final = 5.0
"""That a service is left alone, however much longer it asks for."""


class Line:
    """One connection to the service, opened again when it breaks."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        place = address(settings)
        self._host, self._port = place.hostname or "", place.port
        self._path = place.path.rstrip("/") + "/commands"
        self._tls = None
        if place.scheme == "https":
            try:
                self._tls = ssl.create_default_context(cafile=settings.intake_ca)
            except OSError as error:
                raise CannotStream(f"TOCSIN_INTAKE_CA is no use: {error}.") from error
        self._connection: http.client.HTTPConnection | None = None

    def post(self, body: bytes) -> tuple[int, dict[str, Any], float]:
        """Send a batch: the status, the answer, and how long to wait before another attempt.

        Raises:
            OSError, HTTPException, ValueError: there is no whole answer.
        """
        headers = {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {key(self._settings)}",
        }
        connection = self._connection or self._connect()
        try:
            connection.request("POST", self._path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
        except BaseException:
            self.close()
            raise
        if answer.will_close:
            self.close()
        after = answer.headers.get("Retry-After", "")
        found = _document(content, answer.status)
        wait = min(float(after), LONGEST_SECONDS) if after.isdigit() else 0.0
        return answer.status, found, wait

    def _connect(self) -> http.client.HTTPConnection:
        if self._tls is not None:
            self._connection = http.client.HTTPSConnection(
                self._host, self._port, timeout=ANSWER_SECONDS, context=self._tls
            )
        else:
            self._connection = http.client.HTTPConnection(
                self._host, self._port, timeout=ANSWER_SECONDS
            )
        return self._connection

    def close(self) -> None:
        """Let go of it."""
        if self._connection is not None:
            with suppress(OSError):
                self._connection.close()
            self._connection = None


def address(settings: Settings) -> SplitResult:
    """Where the service is.

    Raises:
        CannotStream: nowhere that could be asked.
    """
    with suppress(ValueError):
        found = urlsplit(settings.intake_url)
        if found.scheme in ("http", "https") and found.hostname and found.port != 0:
            return found
    raise CannotStream(
        f"TOCSIN_INTAKE_URL is {settings.intake_url!r}: it is http:// or https:// and a"
        " host, such as https://tocsin.example."
    )


def key(settings: Settings) -> str:
    """The API key. It is read each time, so that a new one needs no restart.

    Raises:
        CannotStream: there is none.
    """
    if settings.intake_key_env:
        found = os.environ.get(settings.intake_key_env, "").strip()
        where = f"the variable {settings.intake_key_env}"
    elif settings.intake_key_file is not None:
        file = settings.intake_key_file
        try:
            found = file.read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise CannotStream(f"TOCSIN_INTAKE_KEY_FILE cannot be read: {error}.") from error
        where = str(file)
    else:
        raise CannotStream(
            "Set TOCSIN_INTAKE_KEY_FILE (or TOCSIN_INTAKE_KEY_ENV): commands are sent with an API"
            " key. `tocsin keys issue intake --scope incidents:write` makes one."
        )
    if not found or not found.isascii() or not found.isprintable():
        raise CannotStream(f"There is no API key in {where}.")
    return found


def _document(content: bytes, status: int) -> dict[str, Any]:
    """What an answer says. What stands in between may say no in a form of its own."""
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        if status == 200:
            raise
        return {}
    return found if isinstance(found, dict) else {}
