"""Every key that a policy document may have, with its meaning: read by the reader and by people.

The reader refuses any other key; the reference is written from here.
"""

DOCUMENT = {
    "priorities": "A table of impact by urgency: the priority, 1 to 5, of each pair.",
    "categories": "A table of names, each with the list or table of its subcategories.",
    "levels": "A table of the support levels: number, and what people call it.",
    "roles": "A table of names, each with the list of people who have the role.",
    "groups": "A table of groups by name.",
    "calendars": "A table of business calendars by name. `24x7` is always there.",
    "sla": "Targets towards those affected, the first that fits of each measure holds.",
    "ola": "Targets of groups towards each other, the first that fits of each group holds.",
    "escalations": "Who is called in when something takes too long; all that fit hold.",
    "approvals": "Which workarounds somebody must accept first, and who may.",
    "closing": "When a resolved incident may be closed, and is.",
    "reviews": "When a review of an incident is mandatory.",
}
GROUP = {
    "level": "The support level it stands on.",
    "members": "The people in it.",
    "managers": "Its line of managers, the nearest first.",
    "calendar": "When it works; `24x7` unless said.",
}
CALENDAR = {
    "zone": "The IANA time zone of its hours and dates, as in `Europe/Vienna`.",
    "hours": "A table of weekdays (`monday`, or `monday-friday`) with their spans of hours.",
    "day": "How long a day of a goal is, as in `8h`. Without it, goals here are in hours.",
    "holidays": "Public holidays by law, looked up and kept as dates when it is published.",
    "closed": "Own closures by date.",
    "extra": "Hours on single dates, also closed ones.",
    "closures": "Own closures from one instant to another.",
}
HOLIDAYS = {
    "country": "Two letters (ISO 3166-1).",
    "subdivision": "Of that country (ISO 3166-2, without the country), if it matters.",
    "from": "The first year.",
    "to": "The last year.",
}
CLOSED = {"on": "The date.", "name": "What it is called."}
EXTRA = {"on": "The date.", "hours": "The span, as in `09:00-12:00`.", "name": "Why."}
CLOSURE = {"begins": "From this instant", "ends": "to this one.", "name": "Why."}
CONDITION = {
    "priority": "Priorities, 1 to 5.",
    "category": "Categories: `network` is all of it, `network/vpn` that part.",
    "service": "Services, by the names that incidents give them.",
    "tenant": "Tenants, by name.",
    "major": "Whether it is a major incident.",
}
CLOCK = {
    "name": "What people call it; no other target has the name.",
    "when": "Which incidents it is about; all, unless said.",
    "goal": "How much of the calendar's time it may take, as in `30m`, `4h`, `2d`.",
    "calendar": "Whose time counts; `24x7` unless said.",
    "start": "What starts the clock.",
    "stop": "What stops it, whichever comes first.",
    "pause": "The reasons for holding an incident during which the clock stands.",
    "warn_at": "Percentages of the goal at which somebody is warned, 1 to 99.",
}
SLA = {"measure": "What is promised.", **CLOCK}
OLA = {"groups": "Whose target it is.", **CLOCK}
ESCALATION = {
    "name": "What people call it; no other escalation has the name.",
    "when": "Which incidents it is about; all, unless said.",
    "trigger": "What its steps count from.",
    "since": "From when elapsed time counts; from being logged, unless said.",
    "target": "The target whose percentages count.",
    "calendar": "Whose time counts; `24x7` unless said.",
    "pause": "The reasons for holding an incident during which its time stands.",
    "steps": "Who is called in, in order.",
    "repeat": "Whether the last step is taken again.",
}
STEP = {
    "after": "How long after the trigger.",
    "percent": "Of the target's goal, 1 to 1000; 100 is the breach.",
    "to_level": "Functional: the support level.",
    "to_group": "Functional: the group.",
    "to_manager": "Hierarchical: how far up the line of managers, from 1.",
    "to_person": "Hierarchical: a person by name.",
}
REPEAT = {"every": "How often.", "times": "How many times at most, 1 to 100."}
APPROVAL = {
    "risk": "Of the workaround.",
    "from_cost": "From this cost on, in whole units of the currency; 0 unless said.",
    "groups": "Whose members may accept it.",
    "roles": "Whose holders may.",
    "managers": "Whether the managers of the group that holds the incident may.",
}
CLOSING = {
    "confirmation_required": "Whether somebody affected must confirm first; false unless said.",
    "auto_close_days": "Days after which a resolved incident is closed; never unless said.",
}
REVIEWS = {"mandatory": "A list of conditions, any of which makes a review mandatory."}
REVIEW = {**CONDITION, "breached": "Whether a target towards those affected was missed."}

SECTIONS = {
    "groups.NAME": GROUP,
    "calendars.NAME": CALENDAR,
    "calendars.NAME.holidays": HOLIDAYS,
    "calendars.NAME.closed": CLOSED,
    "calendars.NAME.extra": EXTRA,
    "calendars.NAME.closures": CLOSURE,
    "sla": SLA,
    "ola": OLA,
    "sla.when, ola.when, escalations.when": CONDITION,
    "escalations": ESCALATION,
    "escalations.steps": STEP,
    "escalations.repeat": REPEAT,
    "approvals": APPROVAL,
    "closing": CLOSING,
    "reviews": REVIEWS,
    "reviews.mandatory": REVIEW,
}
"""The tables below the top, by their place: for the reference."""
