"""One answer of an examination."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from tocsin.settings import Settings


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"
    """It works, and somebody should know."""
    BAD = "bad"
    """It does not work, or what is acknowledged can be lost."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """What was looked at, what was found, and what to do about it."""

    name: str
    level: Level
    says: str
    do: str = ""
    unreachable: bool = False
    """The store is there to be found, and cannot be reached."""


Examination: TypeAlias = Callable[[Settings], Iterator[Check]]


def good(name: str, says: str) -> Check:
    """All is well."""
    return Check(name=name, level=Level.OK, says=says)


def warn(name: str, says: str, do: str) -> Check:
    """It works, and somebody should know."""
    return Check(name=name, level=Level.WARN, says=says, do=do)


def bad(name: str, says: str, do: str, *, unreachable: bool = False) -> Check:
    """It does not work, or what is acknowledged can be lost."""
    return Check(name=name, level=Level.BAD, says=says, do=do, unreachable=unreachable)
