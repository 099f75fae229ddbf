"""Incidents told line by line, and what a brief says of them."""

from typing import Any

from tests.clock.kit import Life, in_log, prioritised
from tests.domain import examples as x
from tocsin.brief.brief import Brief, compiled
from tocsin.brief.questions import Question
from tocsin.brief.surroundings import Surroundings
from tocsin.domain.clock.plan import Rulebooks
from tocsin.domain.incident import events as e
from tocsin.domain.kernel import Recorded

DESK = e.IncidentAssigned(group="desk", assignee="dana")
NETWORK = e.IncidentAssigned(group="network", assignee="ivo")


def begun(priority: int = 3) -> Life:
    """Reported at nine, taken on ten minutes later."""
    life = Life(Rulebooks()).on("09:00", x.REPORTED, x.LOGGED, prioritised(priority), DESK)
    return life.on("09:10", x.ACKNOWLEDGED)


def brief(
    life: Life, until: str = "18:00", around: Surroundings | None = None, **more: Any
) -> Brief:
    """Its brief as of a time of that Monday."""
    struck: list[Recorded[Any]] = more.pop("struck", [])
    return compiled(life.history, struck, life.rules, life.at(until), around)


def asked(brief: Brief, topic: str) -> list[Question]:
    """What it asks about something."""
    return [each for each in brief.questions if each.topic == topic]


__all__ = ["DESK", "NETWORK", "asked", "begun", "brief", "in_log", "x"]
