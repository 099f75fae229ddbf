"""What an exception may say in a log: where it was raised, and no value that it was raised over.

A library repeats what it was given: the text that it could not read, the row that it could not
store. That may be a title, a name, a key. So what stands in quotes goes, and the details of a
database; where in the code it happened stays, and that is what one looks for.
"""

import re
import traceback
from collections.abc import Iterator

LONGEST = 500
CHAIN = 5
"""Exceptions that led to one another, of which so many are told."""
_QUOTED = re.compile(r"""(['"`]).*['"`]""")
"""From the first quote of a line to its last: who quotes does not always escape."""
_DETAIL = re.compile(r"\n?(?:DETAIL|CONTEXT|HINT|\[parameters|\[SQL)\b.*", re.DOTALL)
_TOKEN = re.compile(r"\b(?:tocsin_[0-9A-Za-z]{10}|whsec|Bearer)[_ ]\S+")
_PASSWORD = re.compile(r"://[^/\s@]*@")

OF_CODE = (AttributeError, NameError, ImportError)
"""These quote names of ours, that nobody wrote into a field."""


def scrubbed(text: str, *, quotes: bool = False) -> str:
    """A sentence of somebody else's, without what it may have been told."""
    text = _DETAIL.sub("", text)
    text = _PASSWORD.sub("://…@", _TOKEN.sub("…", text))
    if not quotes:
        text = "\n".join(_QUOTED.sub(r"\1…\1", line) for line in text.splitlines())
    return text[:LONGEST]


def described(error: BaseException) -> str:
    """An exception in one line."""
    kind = type(error)
    name = kind.__qualname__
    if kind.__module__ != "builtins":
        name = f"{kind.__module__}.{name}"
    said = " ".join(scrubbed(_said(error), quotes=isinstance(error, OF_CODE)).split())
    return f"{name}: {said}" if said else name


def _said(error: BaseException) -> str:
    """What it says. An exception can be so broken that it cannot say it."""
    try:
        return str(error)
    except Exception:
        return ""


def traced(error: BaseException) -> str:
    """An exception with where it came from, and those that led to it, the first one first."""
    return "\n".join(_told(error, CHAIN))


def _told(error: BaseException, depth: int) -> Iterator[str]:
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None and depth > 1:
        yield from _told(cause, depth - 1)
        yield "which led to"
    for frame, line in traceback.walk_tb(error.__traceback__):
        code = frame.f_code
        yield f"  {code.co_filename}:{line} in {code.co_qualname}"
    yield described(error)
    if isinstance(error, BaseExceptionGroup) and depth > 1:
        for each in error.exceptions:
            yield "of which one is"
            yield from _told(each, depth - 1)
