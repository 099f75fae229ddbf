"""Durations and instants as people read them."""

from datetime import datetime

UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def span(seconds: int) -> str:
    """The two largest units of a duration: `2 d 3 h`, `45 min`, `12 s`. A day has 24 hours."""
    if seconds < 0:
        return f"-{span(-seconds)}"
    parts: list[tuple[int, str]] = []
    for size, unit in UNITS:
        count, seconds = divmod(seconds, size)
        if count or parts:
            parts.append((count, unit))
    shown = [f"{count} {unit}" for count, unit in parts[:2] if count]
    return " ".join(shown) or f"{seconds} s"


def moment(at: datetime | None) -> str:
    """An instant to the minute, in UTC."""
    return "" if at is None else f"{at:%Y-%m-%d %H:%M}"


def often(times: int) -> str:
    """How often, as people say it."""
    return {1: "once", 2: "twice"}.get(times, f"{times} times")
