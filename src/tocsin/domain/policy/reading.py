"""Reading a table of a policy strictly: every flaw with its line, its key and the way out.

Reading goes on after a flaw, so that all of them are told at once. What could not be read is then
empty, and whoever looks it up passes over what is empty.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from difflib import get_close_matches
from enum import Enum
from typing import Any, TypeVar

from tocsin.domain.policy.locating import Path, line_of, locate
from tocsin.domain.printing import printable

E = TypeVar("E", bound=Enum)

MAX_ENTRIES = 1_000
"""Of one list or table: more is no policy that people could read."""
NAME_LENGTH = 200
_DURATION = re.compile(r"(?:(\d{1,6})d)? ?(?:(\d{1,6})h)? ?(?:(\d{1,6})m)?")
HOUR, MINUTE = 3_600, 60
REQUIRED: Any = object()


@dataclass(frozen=True)
class Flaw:
    """One thing that is wrong, or only strange, and where."""

    line: int
    key: str
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}, {self.key}: {self.reason}"


@dataclass
class Findings:
    """What was found in one document."""

    document: str
    flaws: list[tuple[Path, str]] = field(default_factory=list)
    warnings: list[tuple[Path, str]] = field(default_factory=list)

    def placed(self, found: Iterable[tuple[Path, str]]) -> tuple[Flaw, ...]:
        """With their lines, in the order of the document."""
        lines = locate(self.document)
        told = [Flaw(line_of(lines, path), written(path), reason) for path, reason in found]
        return tuple(sorted(told, key=lambda flaw: flaw.line))


def written(path: Path) -> str:
    """A way as people write it, places counted from 1: `sla[2].goal`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        else:
            bare = re.fullmatch(r"[A-Za-z0-9_-]+", part)
            text += f".{part}" if bare else f'."{part}"'
    return text.removeprefix(".") or "the document"


def nearest(word: str, known: Iterable[str]) -> str:
    """What somebody may have meant, as a sentence; or all that there is, when it is little."""
    names = sorted({*known})
    if near := get_close_matches(word.lower(), names, 1, 0.5):
        return f"Did you mean {near[0]}?"
    if not names:
        return "There is none yet."
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return f"There is {', '.join(names[:12])}{more}."


class Table:
    """A table of the document, on its way to a value."""

    def __init__(self, raw: Any, path: Path, findings: Findings, keys: Mapping[str, str]) -> None:
        self.path, self._findings, self.keys = path, findings, keys
        self._raw: dict[str, Any] = {}
        if not isinstance(raw, dict):
            self.flaw(None, "is a table.")
            return
        for name in raw.keys() - keys.keys():
            self.flaw(name, f"is no key here. {nearest(name, keys)}")
        self._raw = {name: raw[name] for name in keys if name in raw}

    def flaw(self, key: str | int | None, reason: str, *inside: str | int) -> None:
        """Tell what is wrong with a key, or with something inside it."""
        where = () if key is None else (key, *inside)
        self._findings.flaws.append(((*self.path, *where), reason))

    def warn(self, key: str | None, reason: str) -> None:
        """Tell what works and is probably not meant."""
        where = () if key is None else (key,)
        self._findings.warnings.append(((*self.path, *where), reason))

    def __contains__(self, key: str) -> bool:
        return key in self._raw

    def _is(self, key: str, kind: type | tuple[type, ...], wanted: str, default: Any) -> bool:
        """Whether the key is there and of that kind; says so if it is not."""
        if key not in self._raw:
            if default is REQUIRED:
                self.flaw(None, f"lacks {key}: it takes {wanted}.")
            return False
        found = self._raw[key]
        if isinstance(found, kind) and (kind is bool or not isinstance(found, bool)):
            return True
        self.flaw(key, f"takes {wanted}.")
        return False

    def text(self, key: str, default: str = REQUIRED) -> str:
        """A short text; empty when there is none or it cannot be one."""
        if not self._is(key, str, 'a text, as in "Service desk"', default):
            return "" if default is REQUIRED else default
        return self._checked(key, self._raw[key])

    def _checked(self, key: str, text: str, *inside: int) -> str:
        if 0 < len(text) <= NAME_LENGTH and printable(text):
            return text
        self.flaw(key, f"takes 1 to {NAME_LENGTH} printable characters.", *inside)
        return ""

    def texts(self, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """A list of short texts; one that is said twice counts once."""
        if not self._is(key, list, 'a list of texts, as in ["ann", "ben"]', default):
            return () if default is REQUIRED else default
        found: list[Any] = self._limited(key, self._raw[key])
        read = []
        for place, each in enumerate(found):
            if isinstance(each, str):
                read.append(self._checked(key, each, place))
            else:
                self.flaw(key, "is a text.", place)
        return tuple(dict.fromkeys(filter(None, read)))

    def _limited(self, key: str, found: Any) -> Any:
        if len(found) <= MAX_ENTRIES:
            return found
        self.flaw(key, f"takes {MAX_ENTRIES} entries at most.")
        return found[:0]

    def whole(self, key: str, least: int, most: int, default: Any = REQUIRED) -> int | None:
        """A whole number."""
        wanted = f"a whole number from {least} to {most:,}"
        if not self._is(key, int, wanted, default):
            return None if default is REQUIRED else default
        if not least <= self._raw[key] <= most:
            self.flaw(key, f"takes {wanted}.")
            return None
        return int(self._raw[key])

    def wholes(self, key: str, least: int, most: int) -> tuple[int, ...]:
        """A list of whole numbers, in rising order."""
        wanted = f"a list of whole numbers from {least} to {most}"
        if not self._is(key, list, wanted, ()):
            return ()
        found = self._limited(key, self._raw[key])
        if not all(type(each) is int and least <= each <= most for each in found):
            self.flaw(key, f"takes {wanted}.")
            return ()
        return tuple(sorted({*found}))

    def flag(self, key: str, default: bool | None = False) -> bool | None:
        """Yes or no."""
        return bool(self._raw[key]) if self._is(key, bool, "true or false", default) else default

    def word(self, key: str, kind: type[E], default: Any = REQUIRED) -> E | None:
        """One of a closed list of words."""
        if not self._is(key, str, f"one of {', '.join(_words(kind))}", default):
            return None if default is REQUIRED else default
        return self._member(key, kind, self._raw[key])

    def words(self, key: str, kind: type[E], default: tuple[E, ...] = ()) -> tuple[E, ...]:
        """Some of a closed list of words, in the order of that list."""
        if key not in self:
            return default
        found = {self._member(key, kind, text) for text in self.texts(key)}
        return tuple(each for each in kind if each in found)

    def _member(self, key: str, kind: type[E], text: str) -> E | None:
        if text in _words(kind):
            return kind(text)
        self.flaw(key, f'"{text[:60]}" is none of its words. {nearest(text, _words(kind))}')
        return None

    def date(self, key: str) -> date | None:
        """A date."""
        if not self._is(key, date, "a date without quotes, as in 2026-12-24", REQUIRED):
            return None
        if isinstance(self._raw[key], datetime):
            self.flaw(key, "takes a date without a time, as in 2026-12-24.")
            return None
        found: date = self._raw[key]
        return found

    def instant(self, key: str) -> datetime | None:
        """A time with its zone."""
        wanted = "a time with its zone and without quotes, as in 2026-12-24T12:00:00+01:00"
        if not self._is(key, datetime, wanted, REQUIRED):
            return None
        found: datetime = self._raw[key]
        if found.tzinfo is None:
            self.flaw(key, f"takes {wanted}.")
            return None
        return found

    def duration(self, key: str, day_seconds: int | None, default: Any = REQUIRED) -> int | None:
        """A duration as seconds: `90m`, `4h`, `2d 4h`. A day is `day_seconds` long."""
        wanted = 'a duration, as in "30m", "4h", "1h 30m" or "2d"'
        if not self._is(key, str, wanted, default):
            return None
        found = _DURATION.fullmatch(self._raw[key].strip())
        days, hours, minutes = (int(part or 0) for part in found.groups()) if found else (0, 0, 0)
        if days and day_seconds is None:
            self.flaw(
                key,
                "counts days, and its calendar does not say how long a day is: write hours, or"
                ' give the calendar a day, as in day = "8h".',
            )
            return None
        seconds = days * (day_seconds or 0) + hours * HOUR + minutes * MINUTE
        if not seconds:
            self.flaw(key, f"takes {wanted}.")
            return None
        return seconds

    def table(self, key: str, keys: Mapping[str, str]) -> "Table":
        """A table in this one; empty when it is not there."""
        return Table(self._raw.get(key, {}), (*self.path, key), self._findings, keys)

    def tables(self, key: str, keys: Mapping[str, str]) -> Iterator["Table"]:
        """The tables of an array of tables."""
        if self._is(key, list, f"tables, each under its own [[{key}]]", ()):
            for place, raw in enumerate(self._limited(key, self._raw[key])):
                yield Table(raw, (*self.path, key, place), self._findings, keys)

    def named(self, key: str, keys: Mapping[str, str]) -> Iterator[tuple[str, "Table"]]:
        """The tables of a table whose keys are names that the document makes up."""
        for name, raw in self.entries(key):
            yield name, Table(raw, (*self.path, key, name), self._findings, keys)

    def entries(self, key: str) -> Iterator[tuple[str, Any]]:
        """Names that the document makes up, with what stands under each."""
        if self._is(key, dict, "a table of names", ()):
            if len(self._raw[key]) > MAX_ENTRIES:
                self.flaw(key, f"takes {MAX_ENTRIES} entries at most.")
                return
            for name, raw in self._raw[key].items():
                if 0 < len(name) <= NAME_LENGTH and printable(name):
                    yield name, raw
                else:
                    self.flaw(key, f"takes names of 1 to {NAME_LENGTH} printable characters.", name)


def _words(kind: type[Enum]) -> list[str]:
    return [each.value for each in kind]
