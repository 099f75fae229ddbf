"""Which charts the gallery shows, and what each of them is worth a look for."""

from collections.abc import Mapping
from dataclasses import dataclass

BUSY = {"from": "2016-02-29", "to": "2016-05-23"}
"""The weeks in which the company's record is whole; what comes later is what stayed open."""


@dataclass(frozen=True)
class Picture:
    """One chart: what is asked, and what one sees in it."""

    name: str
    trend: str
    sees: str
    asked: Mapping[str, str]
    measure: str = ""

    @property
    def command(self) -> str:
        """How to draw it."""
        options = {**self.asked, **({"measure": self.measure} if self.measure else {})}
        words = [f"--{name} {value}" for name, value in options.items()]
        return " ".join(["tocsin trends", self.trend, *words, f"--chart {self.name}.svg"])


PICTURES = (
    Picture(
        "volume",
        "volume",
        "Some 1,500 incidents a week, more than half of them in six categories.",
        {"grain": "week", "by": "category", **BUSY},
    ),
    Picture(
        "volume-by-day",
        "volume",
        "Weekends are nearly empty; the Friday of Easter is one too.",
        {"grain": "day", **BUSY},
    ),
    Picture(
        "backlog",
        "backlog",
        "The record begins with nothing open, so the first weeks fill it; from then on about a"
        " thousand are open, and more and more of them are old.",
        {"grain": "day", "from": "2016-02-29", "to": "2016-09-01"},
    ),
    Picture(
        "resolve-time",
        "resolve-time",
        "From April on half are resolved within hours; the slow tenth takes a week and a half,"
        " or more.",
        {"grain": "week", **BUSY},
    ),
    Picture(
        "resolve-time-by-priority",
        "resolve-time",
        "Nearly all incidents have priority 3, so of the others each week has few.",
        {"grain": "week", "by": "priority", **BUSY},
    ),
    Picture(
        "survival",
        "survival",
        "What is resolved within so many hours, with those counted that were still open: priority 1"
        " takes longest, as it does in many a real record.",
        {"grain": "all", "by": "priority"},
    ),
    Picture(
        "attainment",
        "attainment",
        "How many promises of Tocsin's own default policy would have been kept, and, as"
        " `elsewhere`, what the company's system said of its own.",
        {"grain": "week", **BUSY},
    ),
    Picture(
        "reopens",
        "reopens",
        "One in a hundred comes back.",
        {"grain": "week", **BUSY},
    ),
    Picture(
        "handovers",
        "handovers",
        "More than a third go from one group to another at least once.",
        {"grain": "week", **BUSY},
        measure="handed_over_percent",
    ),
    Picture(
        "holds",
        "holds",
        "Until summer, most of the time on hold is spent waiting for the person affected; of what"
        " stays open after that, much waits for vendors.",
        {"grain": "month"},
    ),
    Picture(
        "time-in-state",
        "time-in-state",
        "Where the hours go: most of them to records that are resolved and wait to be closed.",
        {"grain": "week", **BUSY},
    ),
    Picture(
        "time-in-group",
        "time-in-group",
        "One group has nearly as much of it as the next three together.",
        {"grain": "all"},
    ),
    Picture(
        "category-and-priority",
        "volume",
        "Nearly everything has priority 3: it hardly tells one incident from another.",
        {"grain": "all", "by": "category,priority"},
    ),
)
