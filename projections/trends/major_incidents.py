"""How many major incidents there were, and what they cost in hours.

An incident that was ever declared major counts in the period of its report. Its hours as a major
incident are from the declaration until it was stood down, or over. Its hours of impact are from
when users were affected (or from the report, where nobody said) until they could work again for
good. People are those who acted on it. What has not ended yet has cost nothing so far.
"""

from tocsin.trends import USUAL, Part, Trend, columns
from tocsin.trends.measures import average, hours, total

VERSION = 1
SECOND_US = 1_000_000
TREND = Trend(
    title="Major incidents",
    parts={
        "reported": Part(
            table="incidents",
            moment="reported_us",
            rows=lambda t: t.major & ~t.void,
            sums={
                "open": "open",
                "major_seconds": lambda t: t.major_us // SECOND_US,
                "people_seconds": lambda t: t.major_us // SECOND_US * t.people,
                "people": "people",
                "updates": "updates",
            },
        ),
        "mitigated": Part(
            table="incidents",
            moment="reported_us",
            rows=lambda t: t.major & ~t.void,
            lasted=(lambda t: t.impact_began_us.fill_null(t.reported_us), "mitigated_us"),
        ),
    },
    measures=(
        total("incidents", "reported", "Major incidents that were reported."),
        total("open", "reported", "Of those, still open.", of="open"),
        hours("major_hours", "reported", "As major incidents.", of="major_seconds"),
        hours("impact_hours", "mitigated", "Of impact, of those that users can work again of."),
        hours(
            "people_hours",
            "reported",
            "Hours as major incidents times people: what it cost at most.",
            of="people_seconds",
        ),
        average("people_each", ("reported", "people"), ("reported", "n"), "Who acted on each."),
        average("updates_each", ("reported", "updates"), ("reported", "n"), "Told of each."),
    ),
    dimensions=(*USUAL, *columns("incidents", "impact", "urgency")),
)
