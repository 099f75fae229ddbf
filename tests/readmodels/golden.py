"""The golden incidents, as the timeline must tell them: in the words of its rows."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from tests.readmodels.figures import Models
from tocsin.importers.servicenow_rows import HOLD_REASONS

SILENT = ("incident.logged", "incident.imported", "incident.escalated", "incident.corrected")
"""What the golden incidents do not tell, or tell in one event with something else."""

Told = tuple[str, str, str]
"""When, by whom, and what."""


def timeline(models: Models, number: str) -> list[Told]:
    """What the timeline says of an incident, without what no golden event knows."""
    silent = ", ".join(f"'{name}'" for name in SILENT)
    rows = models.ask(
        f"""select strftime('%Y-%m-%dT%H:%M', occurred_at / 1000000, 'unixepoch') as at,
          actor, name, t.words, attributes ->> 'contact_type' as contact
        from timeline t join incidents i using (incident_id)
        where reference = '{number}' and name not in ({silent}) order by t.version"""
    )
    told: list[Told] = []
    ranked = False
    for row in rows:
        words: str = row["words"]
        match row["name"]:
            case "incident.reported":
                words = f"{words.partition(' (')[0]}: {row['contact']}"
            case "incident.prioritised":
                words = words.partition(":")[0] if ranked else words
                ranked = True
            case "incident.noted":
                words = words.partition(" has ")[0]
        told.append((row["at"], row["actor"], words))
    return told


def expected(events: Sequence[dict[str, Any]]) -> Iterator[list[Told]]:
    """What must be told, row by row of the file; within a row nobody knows an order."""
    group = assignee = None
    for _, row in groupby(events, itemgetter("row")):
        told: list[Told] = []
        for event in row:
            at, by = event["at"], event["by"]
            match event["type"]:
                case "reported_and_logged":
                    told += _first(event, events)
                case "group_set":
                    group = event["new"]
                case "assignee_set":
                    assignee = event["new"]
                case kind:
                    told.append((at, by, WORDS[kind](event)))
            if event["type"].endswith("_set"):
                told = [each for each in told if not each[2].startswith("Assigned to ")]
                holder = ", ".join(part for part in (assignee, group) if part) or "nobody"
                told.append((at, by, f"Assigned to {holder}."))
        yield told


def _first(event: dict[str, Any], events: Sequence[dict[str, Any]]) -> list[Told]:
    """The report is as whoever opened it says, the rest as what else the first row brought."""
    at, by = next((each["at"], each["by"]) for each in events[1:] if each["row"] == event["row"])
    impact, urgency = (event[name].partition(" - ")[2].lower() for name in ("impact", "urgency"))
    reported = f"Reported by {event['caller']}: {event['contact_type']}"
    return [
        (event["at"], event["by"], reported),
        (at, by, f"Categorised as {event['category']} / {event['subcategory']}."),
        (at, by, f"Priority set to {event['priority'][0]}: {impact} impact, {urgency} urgency."),
    ]


WORDS: dict[str, Callable[[dict[str, Any]], str]] = {
    "work_started": lambda event: "Acknowledged.",
    "put_on_hold": lambda event: f"On hold, {HOLD_REASONS[event['reason']].replace('-', ' ')}.",
    "resumed": lambda event: "Resumed.",
    "resolved": lambda event: "Resolved.",
    "reopened": lambda event: f"Reopened: ServiceNow: {event['from_state']} to {event['to_state']}",
    "closed": lambda event: f"Closed ({event['code']}).",
    "sla_marked_breached": lambda event: "Service level missed, by the verdict of servicenow.",
    "linked_to_problem": lambda event: f"Linked to problem {event['ref']}.",
    "linked_to_change": lambda event: f"Linked to change {event['ref']}.",
    "unknown_state": lambda event: f"Noted (internal): ServiceNow state {event['state']}",
    "priority_changed": lambda event: f"Priority set to {event['new'][0]}",
}
