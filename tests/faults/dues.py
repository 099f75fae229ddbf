"""Incidents whose time comes now: reported as of a while ago, so that something is always due."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

from tests.faults.load import Load, Told

POLICY = Path(__file__).parent / "minutes.toml"
LONGEST_AGO = 240.0
"""Seconds since the oldest of them was reported: then nothing more falls due before long."""
AHEAD = (6.0, 20.0)
"""Seconds until an appointment: a service that is down is back by then."""
CLOSES_AFTER = timedelta(days=1)
MINUTE = timedelta(minutes=1)
Asked = tuple[str, str, dict[str, Any]]


@dataclass
class Dues(Load):
    """Clients that report what happened earlier, and do this and that about it."""

    clients: int = 4
    pause: float = 0.25

    def _incidents(self, name: str, mine: list[Told]) -> Iterator[Asked]:
        keys, chance = (f"{name}-{n}" for n in count()), Random(f"dues {name}")
        while True:
            closes = chance.random() < 0.3
            resolved = ago(chance.uniform(-15, 5)) - CLOSES_AFTER
            began = resolved - MINUTE if closes else ago(chance.random() * LONGEST_AGO)
            key = next(keys)
            report = {"title": f"Alarm {key}", "source": "monitoring"}
            yield key, "/incidents", {**report, **on(began)}
            incident = f"/incidents/{mine[-1].fields['incident_id']}"
            key = next(keys)
            if closes:
                body = {"resolution_code": "fixed", "resolution": f"Solved by {key}."}
                yield key, f"{incident}/resolve", {**body, **on(resolved)}
                continue
            yield key, f"{incident}/prioritise", {**CRITICAL, **on(began)}
            for path in chance.sample(("acknowledge", "note", "hold", "post-update"), 2):
                key = next(keys)
                yield key, f"{incident}/{path}", said(path, key, chance)


CRITICAL = {"impact": "high", "urgency": "high"}


def said(path: str, key: str, chance: Random) -> dict[str, Any]:
    """What is said with a command: some of it makes a clock stand, or promises something."""
    soon = ago(-chance.uniform(*AHEAD)).isoformat()
    told = {"audience": "affected-users", "message": f"Looking, {key}.", "next_update_due": soon}
    bodies = {
        "note": {"text": f"Note {key}"},
        "hold": {"reason": "awaiting-caller", "until": soon},
        "post-update": told,
    }
    return bodies.get(path, {})


def on(moment: datetime) -> dict[str, str]:
    """That it happened then."""
    return {"occurred_at": moment.isoformat()}


def ago(seconds: float) -> datetime:
    """So long before now."""
    return datetime.now(UTC) - timedelta(seconds=seconds)
