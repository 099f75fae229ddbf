"""The figures that the engineers wrote themselves."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tocsin.importers.post_mortem.markdown import Line

_SAID = re.compile(r"[-*+]\s+(?P<key>[^:]{1,60}):(?P<value>.{0,500})")
_UNITS = {"d": 24 * 60, "h": 60, "m": 1}
_PART = r"(\d{1,6})\s*(d|days?|h|hours?|hrs?|m|mins?|minutes?)"
_LENGTH = re.compile(rf"{_PART}(?:[\s,]*(?:and\s+)?{_PART})?(?:[\s,]*(?:and\s+)?{_PART})?")
MAX_MINUTES = 10 * 366 * 24 * 60
"""Of a figure: ten years. What is longer is no time to recovery."""
_UNKNOWN = frozenset({"", "?", "??", "-", "--", "n/a", "na", "none", "unknown"})
CATEGORY, DETECTION, RECOVERY = "category", "time to detection", "time to recovery"


@dataclass(frozen=True)
class Written:
    """A figure as it was written. One that says nothing, or nothing that can be read, is open."""

    text: str = ""
    minutes: int | None = None
    line: int | None = None

    @property
    def readable(self) -> bool:
        """Whether it is a number of minutes, or says that there is none."""
        return self.minutes is not None or self.text.casefold() in _UNKNOWN


@dataclass(frozen=True)
class Stats:
    """What a document says about itself."""

    category: str | None = None
    detection: Written = Written()
    recovery: Written = Written()


def stats(lines: Iterable[Line]) -> Stats:
    """Read a list of `Name: value`. Of a name that is there twice, the first counts."""
    said: dict[str, tuple[str, int]] = {}
    for line in lines:
        if found := _SAID.fullmatch(line.text.strip()):
            key = " ".join(found["key"].casefold().split())
            said.setdefault(key, (" ".join(found["value"].split()), line.number))
    category = said.get(CATEGORY, ("", 0))[0]
    return Stats(
        category=None if category.casefold() in _UNKNOWN else category,
        detection=_written(said.get(DETECTION)),
        recovery=_written(said.get(RECOVERY)),
    )


def _written(said: tuple[str, int] | None) -> Written:
    if said is None:
        return Written()
    text, line = said
    found = _LENGTH.fullmatch(text.casefold())
    if not found:
        return Written(text, None, line)
    parts = [part for part in found.groups() if part is not None]
    pairs = zip(parts[::2], parts[1::2], strict=True)
    minutes = sum(int(n) * _UNITS[unit[0]] for n, unit in pairs)
    return Written(text, minutes if minutes <= MAX_MINUTES else None, line)
