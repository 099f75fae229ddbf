"""The two policies of those weeks, and the times of day in Vienna."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

VIENNA = ZoneInfo("Europe/Vienna")
YEAR = 2026
FORMAT = "%a %d %b %H:%M"

FIRST = (Path(__file__).parent / "policy.toml").read_text(encoding="utf-8")
CHANGES = (
    ('name = "Answer"', 'goal = "2h"', 'goal = "1h"'),
    ('name = "Solution: high"', 'goal = "8h"', 'goal = "4h"'),
    ('name = "Network"', 'goal = "4h"', 'goal = "2h"'),
    ('name = "Nobody has it"', 'after = "30m"', 'after = "15m"'),
    ("[closing]", "auto_close_days = 5", "auto_close_days = 3"),
)
"""What the second one changes: behind which line, what, and to what."""


def second() -> str:
    """The stricter policy, in force from Wednesday of the second week."""
    document = FIRST
    for place, before, after in CHANGES:
        head, line, tail = document.partition(place)
        assert line, place
        assert before in tail, before
        document = head + line + tail.replace(before, after, 1)
    return document


def at(local: str) -> datetime:
    """The instant of a time in Vienna, as in `Sun 29 Mar 03:30`."""
    named = datetime.strptime(f"{local} {YEAR}", f"{FORMAT} %Y").replace(tzinfo=VIENNA)
    moment = named.astimezone(UTC)
    assert shown(moment) == local, f"{local} is {shown(moment)}"
    return moment


def shown(moment: datetime) -> str:
    """An instant as the clocks of Vienna show it."""
    return moment.astimezone(VIENNA).strftime(FORMAT)
