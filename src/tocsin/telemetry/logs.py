"""Lines of log: one JSON object each where a machine reads them, one sentence where a person does.

Only our own modules speak at the level that is set. Libraries speak when something is wrong: at
lower levels they repeat what passes through them. No line holds what people wrote, nor a secret.
"""

import logging
import re
import sys
from contextlib import suppress
from datetime import UTC, datetime

import orjson

from tocsin.settings import Settings
from tocsin.telemetry.context import known
from tocsin.telemetry.scrubbing import scrubbed, traced

OURS = re.compile(r"(?:tocsin|projections)(?:\.|$)")
LIBRARIES = logging.WARNING
"""The level from which on libraries are heard."""


NAMES = ("request_id", "incident_id", "command_id")


def names(record: logging.LogRecord) -> dict[str, str]:
    """What a line is about: as its author says, or else as is known where it was said."""
    said = {name: str(value) for name in NAMES if (value := getattr(record, name, None))}
    return {**known(), **said}


def message(record: logging.LogRecord) -> str:
    """What is said. Of others it is not known what they put into a sentence; nor of ours, where
    they tell what went wrong in the words of an exception."""
    given, ours = record.args, OURS.match(record.name)
    if ours and isinstance(given, tuple):
        given = tuple(_told(each) if isinstance(each, Exception) else each for each in given)
    said = str(record.msg) % given if given else str(record.msg)
    return said if ours and record.levelno < logging.ERROR else scrubbed(said)


def _told(error: Exception) -> str:
    """An exception within a sentence. A rule that says no may name the people it is about."""
    code = getattr(error, "code", None)
    return str(code) if isinstance(code, str) else scrubbed(str(error))


def exception(record: logging.LogRecord) -> str | None:
    """What went wrong, and where."""
    if record.exc_info and record.exc_info[1] is not None:
        return traced(record.exc_info[1])
    return None


def when(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Json(logging.Formatter):
    """One JSON object a line."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """A line."""
        line = {
            "time": when(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message(record),
            "process": self._process,
            **names(record),
        }
        if (what := exception(record)) is not None:
            line["exception"] = what
        return orjson.dumps(line, default=str).decode()


class Text(logging.Formatter):
    """A line for a person, and below it where an exception came from."""

    def format(self, record: logging.LogRecord) -> str:
        """A line."""
        about = "".join(f" [{name} {value}]" for name, value in names(record).items())
        said = f"{when(record)} {record.levelname} {record.name}: {message(record)}{about}"
        what = exception(record)
        return said if what is None else f"{said}\n{what}"


class Stderr(logging.Handler):
    """Standard error, whatever that is when something is said."""

    def emit(self, record: logging.LogRecord) -> None:
        """Say a line. What cannot be said, as to a pipe that nobody reads, is lost."""
        with suppress(OSError, ValueError):
            sys.stderr.write(f"{self.format(record)}\n")
            sys.stderr.flush()


def begin(settings: Settings, process: str, *, starting: bool = False) -> None:
    """From now on, what this process has to say goes to standard error, as the settings have it.

    While it is `starting`, a person hears of it only what they are to know, and of trouble.
    """
    root, handler = logging.getLogger(), Stderr()
    handler.setFormatter(Json(process) if settings.logs == "json" else Text())
    for before in [each for each in root.handlers if isinstance(each, Stderr)]:
        root.removeHandler(before)
    root.addHandler(handler)
    root.setLevel(LIBRARIES)
    level = settings.log_level.upper()
    if starting and settings.logs == "text" and level == "INFO":
        level = "WARNING"
    for ours in ("tocsin", "projections"):
        logging.getLogger(ours).setLevel(level)
    logging.captureWarnings(capture=True)


def say(line: str) -> None:
    """Tell whoever started this process, at whatever level lines of log are wanted."""
    formatters = (handler.formatter for handler in logging.getLogger().handlers)
    if json := next((each for each in formatters if isinstance(each, Json)), None):
        line = json.format(logging.LogRecord("tocsin", logging.INFO, "", 0, line, None, None))
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
