"""What the lake holds: its tables, their columns, and what each of them means.

`events` has one row for each event of the log. The others hold *statements* about incidents: a row
with `sign` 1 says something, and the same row with `sign` -1 takes it back when it no longer holds,
because more happened or because a fact was corrected. Whoever adds up `sign` times a column over
all rows therefore gets what is true now, over the rows up to a position what was known then, and
over new rows what changed: no window over history is needed, and every sum is incremental.

Instants are integer microseconds since 1970, UTC; durations are integer microseconds. Nothing here
knows Parquet: the types are those of any store of columns.
"""

from typing import Any, Final, NamedTuple, TypeAlias

VERSION: Final = 1
"""Of what the tables say. Another version is another lake, built anew beside this one."""

INTEGER, TEXT, FLAG = "int64", "string", "bool"


class Column(NamedTuple):
    """One column. It may be empty unless it says otherwise."""

    name: str
    type: str
    doc: str
    required: bool = False


class Table(NamedTuple):
    """One table of the lake."""

    name: str
    doc: str
    columns: tuple[Column, ...]
    month: str
    """The column whose instant says in which month's folder a row lies."""
    signed: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    def place(self, name: str) -> int:
        """Where a column stands."""
        return self.names.index(name)


def _must(name: str, kind: str, doc: str) -> Column:
    return Column(name, kind, doc, required=True)


KIND: Final = (
    Column("priority", INTEGER, "What comes first: 1 before 5."),
    Column("category", TEXT, "What kind of trouble it is."),
    Column("subcategory", TEXT, "Which part of the category."),
    Column("service", TEXT, "The first service that the report names."),
    Column("item", TEXT, "The first configuration item that the report names."),
    Column("group", TEXT, "Who holds it."),
    Column("source", TEXT, "How it came to be known."),
    _must("major", FLAG, "Whether it was ever declared a major incident."),
)
"""What people slice by: in `events` as it stood after the event, elsewhere as it stands now."""
DIMENSIONS: Final = tuple(column.name for column in KIND)

_STATED: Final = (
    _must("position", INTEGER, "Of the event after which this was so, or was so no more."),
    _must("sign", INTEGER, "1: this is so. -1: what was said before is so no more."),
    _must("incident_id", TEXT, "Whose it is."),
)

EVENTS: Final = Table(
    "events",
    "Every event of the log, with what was known of its incident right after it.",
    (
        _must("position", INTEGER, "Place in the log."),
        _must(
            "stream", TEXT, "Of which thing it is: an incident, its clock, a review, the policy."
        ),
        Column("incident_id", TEXT, "The incident that it is about."),
        _must("version", INTEGER, "Place in the history of its stream."),
        _must("event", TEXT, "Its stored name."),
        _must("schema", INTEGER, "Which shape its data have."),
        _must("actor", TEXT, "Who acted: a pseudonym where the log has it sealed."),
        Column("via", TEXT, "The service whose key sent the command for somebody else."),
        _must("occurred_us", INTEGER, "When it happened."),
        _must("recorded_us", INTEGER, "When it was recorded."),
        _must("command_id", TEXT, "The command that it came of."),
        Column("causation", INTEGER, "Position of the event that a reaction answered with it."),
        _must("data", TEXT, "Its fields as stored, as JSON; of what is sealed, pseudonyms."),
        Column("prev_event", TEXT, "Name of the event before it in the incident's history."),
        Column("prev_us", INTEGER, "When that happened."),
        Column("reference", TEXT, "What people call the incident."),
        Column("status_before", TEXT, "Where the incident stood before."),
        Column("status", TEXT, "Where it stood after."),
        Column("reported_us", INTEGER, "When it was reported."),
        Column("acknowledged_us", INTEGER, "When it was first acknowledged."),
        Column("assignee", TEXT, "Who worked on it."),
        *KIND,
    ),
    month="occurred_us",
    signed=False,
)

INCIDENTS: Final = Table(
    "incidents",
    "Each incident as a whole: its kind, its moments, and what it took.",
    (
        *_STATED,
        Column("reference", TEXT, "What people call it."),
        _must("status", TEXT, "Where it stands."),
        _must("open", FLAG, "Whether it is still to be resolved."),
        _must("void", FLAG, "Whether it was cancelled, or dismissed as a false positive."),
        *KIND,
        Column("first_category", TEXT, "The category that it had first."),
        Column("first_priority", INTEGER, "The priority that it had first."),
        Column("impact", TEXT, "How much of the business is affected."),
        Column("urgency", TEXT, "How soon the business needs it back."),
        Column("resolution_code", TEXT, "How it was resolved."),
        Column("closure_code", TEXT, "With which code it was closed."),
        Column("system", TEXT, "From which other system it was taken over."),
        Column("impact_began_us", INTEGER, "Since when users were affected."),
        Column("detected_us", INTEGER, "When it was noticed."),
        _must("reported_us", INTEGER, "When it was reported."),
        Column("logged_us", INTEGER, "When it was logged."),
        Column("acknowledged_us", INTEGER, "When it was first acknowledged."),
        Column("mitigated_us", INTEGER, "Since when users could work again."),
        Column("first_resolved_us", INTEGER, "When it was resolved for the first time."),
        Column("resolved_us", INTEGER, "When it was resolved for good, as far as is known."),
        Column("closed_us", INTEGER, "When it was closed."),
        _must("reopens", INTEGER, "How often it was reopened."),
        _must("rejections", INTEGER, "How often a resolution was rejected."),
        _must("reassignments", INTEGER, "How often it went on from a group."),
        _must("handovers", INTEGER, "How often it went from one group to another."),
        _must("returns", INTEGER, "How often it came back to a group that had had it before."),
        _must("groups", INTEGER, "How many groups had it."),
        _must("assignees", INTEGER, "How many people it was assigned to."),
        _must("people", INTEGER, "How many acted on it; time itself does not count."),
        _must("escalations_functional", INTEGER, "To other skills."),
        _must("escalations_hierarchical", INTEGER, "To other rank."),
        _must("raised", INTEGER, "How often the priority was made more urgent."),
        _must("lowered", INTEGER, "How often the priority was made less urgent."),
        _must("holds", INTEGER, "How often it waited for somebody."),
        _must("updates", INTEGER, "How often people were told how it stands."),
        _must("workarounds_proposed", INTEGER, "Workarounds that were proposed."),
        _must("workarounds_applied", INTEGER, "How often a workaround was applied."),
        _must("known_errors", INTEGER, "Known errors that it is linked to, or whose fix was used."),
        _must("problems", INTEGER, "Problem records that it is linked to."),
        _must("changes", INTEGER, "Changes that it is linked to."),
        _must("first_contact", FLAG, "Resolved by the first group, never passed on or reopened."),
        _must("confirmed", FLAG, "Whether the person affected agreed that service is back."),
        Column("satisfaction", INTEGER, "Of that person: 1 (very dissatisfied) to 5."),
        _must("marked_breached", FLAG, "Another system said that its service level was missed."),
        _must("major_us", INTEGER, "For how long it was run as a major incident, so far ended."),
    ),
    month="reported_us",
)

SPELLS: Final = Table(
    "spells",
    "How long an incident was in something: a state, a group's hands, a hold, open, major.",
    (
        *_STATED,
        _must("spell", TEXT, "In what: `state`, `group`, `hold`, `open` or `major`."),
        Column("value", TEXT, "Which state or group, or why it was held."),
        _must("began_us", INTEGER, "Since when."),
        Column("ended_us", INTEGER, "Until when; empty while it lasts."),
        _must("reported_us", INTEGER, "When the incident was reported."),
        *KIND,
    ),
    month="began_us",
)

TIMERS: Final = Table(
    "timers",
    "Every promise (SLA of everybody, OLA of a group) on which there is a verdict.",
    (
        *_STATED,
        _must("measure", TEXT, "What was promised: a first response, updates, a resolution, ..."),
        _must("agreement", TEXT, "`SLA`, or `OLA` where it is a group's own promise."),
        _must("target", TEXT, "Its name in the policy."),
        _must("policy_version", INTEGER, "Which version of the policy."),
        _must("cycle", INTEGER, "From 1: each reopening begins another."),
        Column("holder", TEXT, "The group whose promise it is, or that had the incident then."),
        _must("verdict", TEXT, "`met` or `breached`."),
        _must("verdict_us", INTEGER, "When the promise was kept or broken."),
        _must("began_us", INTEGER, "When the clock began."),
        Column("ended_us", INTEGER, "When it ended; empty while it runs on after a breach."),
        _must("goal_us", INTEGER, "How much working time was promised."),
        _must("spent_us", INTEGER, "How much working time was spent, of one that ended."),
        _must("paused_us", INTEGER, "How long it stood, of one that ended."),
        _must("reported_us", INTEGER, "When the incident was reported."),
        *KIND,
    ),
    month="verdict_us",
)

TABLES: Final = (EVENTS, INCIDENTS, SPELLS, TIMERS)
"""In the order in which they are written."""

Row: TypeAlias = tuple[Any, ...]
Statements: TypeAlias = tuple[tuple[Row, ...], ...]
"""Of each signed table in turn, the rows that hold of one incident, from its id on."""
NOTHING: Final[Statements] = ((), (), ())
