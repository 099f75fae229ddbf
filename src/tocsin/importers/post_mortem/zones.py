"""Which clock the times of a document are from."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from tocsin.importers.report import UnreadableCell, clipped

HOURS = {
    "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3,
}  # fmt: skip
"""Abbreviations that mean one offset only. EST, IST, BST, CST mean several: they are refused."""
_OFFSET = re.compile(r"(?:UTC|GMT)?(?P<sign>[+-])(?P<hours>\d{1,2})(?::?(?P<minutes>\d{2}))?")
_NAME = r"[A-Z]{3,5}(?:[+-]\d{1,2}(?::?\d{2})?)?|[A-Z][A-Za-z_]+(?:/[A-Z][A-Za-z_]+){1,2}"
_IN_PROSE = re.compile(rf"\btimes?\b[^.|]{{0,60}}?\bin\s+(?P<zone>{_NAME})(?![A-Za-z])", re.ASCII)
_IN_HEADER = re.compile(rf"(?:\bin\s+|[(\[,]\s*|\s)(?P<zone>{_NAME})[)\]]?\s*$", re.ASCII)
_WORDS = frozenset({"DATE", "TIME", "TIMES", "EVENT", "WHEN", "WHAT"})
"""What a header in capitals says that is no zone."""


def zone_in_prose(text: str) -> str | None:
    """The zone that a sentence such as "All times in UTC." names."""
    found = _IN_PROSE.search(text)
    return found["zone"] if found else None


def zone_in_header(text: str) -> str | None:
    """The zone that the head of a column such as "Date and Time in CET" names."""
    found = _IN_HEADER.search(text)
    return found["zone"] if found and found["zone"] not in _WORDS else None


def zone_named(name: str, told: tzinfo) -> tzinfo:
    """The clock of that name. `told` is that of whoever imports.

    An abbreviation is the offset that it names, all year, unless `told` is a place whose clocks
    carry it for part of the year: people there say CET in summer as well, and mean their clock.

    Raises:
        UnreadableCell: nobody can say which clock that is.
    """
    if isinstance(told, ZoneInfo) and name in _carried(told):
        return told
    if name in HOURS:
        return timezone(timedelta(hours=HOURS[name])) if HOURS[name] else UTC
    if offset := _OFFSET.fullmatch(name):
        away = timedelta(hours=int(offset["hours"]), minutes=int(offset["minutes"] or 0))
        if away < timedelta(hours=24):
            return timezone(away if offset["sign"] == "+" else -away)
    elif "/" in name:
        try:
            return ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            pass
    advice = f"Name one of {', '.join(HOURS)}, an offset (UTC+02:00) or a place (Europe/Vienna)."
    raise UnreadableCell("time zone", clipped(name), advice)


def _carried(place: ZoneInfo) -> set[str | None]:
    """The abbreviations of a place in the middle of winter and of summer."""
    return {datetime(2021, month, 15, tzinfo=place).tzname() for month in (1, 7)}
