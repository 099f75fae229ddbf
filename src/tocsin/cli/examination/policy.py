"""The policy in force: how long are the public holidays of its calendars known?

They are frozen into the version, so that verdicts stay. When they run out nobody notices: clocks
simply run on a holiday, and what was promised for the next working day is due on it.
"""

import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tocsin.cli.examination.check import Check, good, warn
from tocsin.domain.policy.state import POLICY_STREAM
from tocsin.policies.versions import versions
from tocsin.store.log import Log

SOON = timedelta(days=90)
"""Before the holidays run out, from which on somebody should know."""
NAME = "public holidays"
WAY = "Publish a version in which the holidays of `calendars.{}` have a later `to`."


def examine(log: Log) -> Iterator[Check]:
    """Whether the holidays that the policy in force knows reach far enough."""
    found = versions(log.history(POLICY_STREAM))[-1]
    yield from judge(found.number, found.document, datetime.now(UTC).date())


def judge(version: int, document: str, today: date) -> Iterator[Check]:
    """What a policy's document says of the years of its holidays, a warning for each calendar."""
    said = f"version {version} of the policy"
    ends = {name: _end(lines) for name, lines in _holidays(document)}
    if not ends:
        yield good(NAME, f"none in {said}")
        return
    short = {name: end for name, end in ends.items() if end[0] - today <= SOON}
    for name, (end, place) in sorted(short.items()):
        verb = "ran out" if end < today else "run out"
        says = f"those of {place} in the calendar {name} {verb} with the year {end.year} ({said})"
        yield warn(f"{NAME} of {name}", says, WAY.format(name))
    if not short:
        first, _ = min(ends.values())
        yield good(NAME, f"known to the end of {first.year} in {said}")


def _holidays(document: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for name, calendar in tomllib.loads(document).get("calendars", {}).items():
        if lines := calendar.get("holidays"):
            yield name, lines


def _end(lines: list[dict[str, Any]]) -> tuple[date, str]:
    """The last day of which all holidays of a calendar are known, and whose run out then.

    Several lines may be about one place, a few years each: it is known as long as the last says.
    """
    last: dict[str, date] = {}
    for line in lines:
        place = "-".join(filter(None, (line["country"], line.get("subdivision"))))
        last[place] = max(date(line["to"], 12, 31), last.get(place, date.min))
    return min((end, place) for place, end in last.items())
