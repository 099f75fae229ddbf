"""A brief as a document: its sections in the order in which people review an incident."""

from collections.abc import Iterator
from typing import Any

from tocsin.brief.brief import Brief
from tocsin.brief.times import Time
from tocsin.documents.document import Block, Document, Grid, Picture, Points, Section, Sentence
from tocsin.documents.spans import moment, span
from tocsin.lake.spells import GROUP, HOLD

NOTHING = "Nothing is on record."


def document(brief: Brief, pictures: tuple[Picture, ...] = ()) -> Document:
    """The brief, laid out. `pictures` come first: they show the course of it at a glance."""
    incident = brief.incident
    return Document(
        title=f"{incident.reference or incident.incident_id}: {incident.title}",
        subtitle=_subtitle(brief),
        sections=[
            Section("Questions that the data raise", _questions(brief)),
            Section("At a glance", [*_kind(brief), *pictures, *_times(brief)]),
            Section("Service levels", _clocks(brief)),
            Section("Timeline", _timeline(brief)),
            Section("Hand-offs and waiting", _passing(brief)),
            Section("Who was involved", _people(brief)),
            Section("Workarounds and approvals", _workarounds(brief)),
            Section("What people were told", _told(brief)),
            Section("Its like, and its trend", _around(brief)),
        ],
        footer=_footer(brief),
    )


def _subtitle(brief: Brief) -> str:
    incident = brief.incident
    parts = [f"Brief for the review, as of {moment(brief.as_of)} UTC", str(incident.status)]
    if incident.priority is not None:
        parts.append(f"priority {incident.priority}")
    if brief.ever_major:
        parts.append("major incident")
    return ". ".join(parts[:1]) + ". " + ", ".join(parts[1:]).capitalize() + "."


def _footer(brief: Brief) -> str:
    around = brief.surroundings
    compared = (
        f" Compared with history up to position {around.position} of the log."
        if around.position
        else ""
    )
    return (
        f"Generated from {brief.incident.version} events of the incident "
        f"{brief.incident.incident_id}. Times are UTC; durations count every hour unless they are "
        f"of service levels.{compared}"
    )


def _questions(brief: Brief) -> list[Block]:
    if not brief.questions:
        return [Sentence("The data raise no question.")]
    return [Points([(each.question, each.because) for each in brief.questions])]


def _kind(brief: Brief) -> Iterator[Block]:
    incident = brief.incident
    category = "/".join(filter(None, (incident.category, incident.subcategory)))
    said = [
        ("Category", category),
        ("Services", ", ".join(incident.services)),
        ("Configuration items", ", ".join(incident.configuration_items)),
        ("Came in by", str(incident.source or "")),
        ("Cause", incident.cause or ""),
        ("Resolution", incident.resolution or ""),
        ("Open for", span(brief.open_seconds)),
    ]
    yield Grid(("", ""), [row for row in said if row[1]])
    if brief.corrections:
        yield Grid(
            ("Corrected at", "By", "Fact", "Was", "Is", "Reason"),
            [
                (moment(each.at), each.actor, each.fact, each.was or "", each.now, each.reason)
                for each in brief.corrections
            ],
        )


def _times(brief: Brief) -> list[Block]:
    rows = [_time(each) for each in brief.times]
    slow = {
        place
        for place, each in enumerate(brief.times)
        if each.norm is not None and each.norm.percentile >= 90
    }
    heads = ("Time to", "From", "To", "Took", "Of 100 of its kind, as long at most", "Half", "90 %")
    blocks: list[Block] = [Grid((*heads, "Kind"), rows, frozenset(slow))]
    if brief.surroundings.missing:
        blocks.append(Sentence(brief.surroundings.missing))
    return blocks


def _time(each: Time) -> tuple[str, ...]:
    took = span(each.seconds) if each.seconds is not None else "not known"
    row = (each.measure, moment(each.since), moment(each.until), took)
    norm = each.norm
    if norm is None:
        return (*row, "", "", "", "")
    kind = ", ".join(f"{name} {value}" for name, value in norm.kind.items()) or "all incidents"
    return (
        *row,
        str(norm.percentile),
        span(norm.median_seconds),
        span(norm.p90_seconds),
        f"{kind} ({norm.incidents})",
    )


def _clocks(brief: Brief) -> list[Block]:
    if not brief.clocks:
        return [Sentence("No target of the policy held for it.")]
    rows = [_clock(each) for each in brief.clocks]
    missed = {place for place, each in enumerate(brief.clocks) if each["breached_at"] is not None}
    heads = ("Target", "Cycle", "State", "Spent", "Goal", "Missed at", "On hold", "Paused by")
    return [Grid(heads, rows, frozenset(missed))]


def _clock(clock: dict[str, Any]) -> tuple[str, ...]:
    pauses = sorted({each["reason"] for each in clock["changes"] if each["kind"] == "pause"})
    return (
        clock["target"],
        str(clock["cycle"]),
        str(clock["state"]),
        span(clock["spent_seconds"]),
        span(clock["goal_seconds"]),
        moment(clock["breached_at"]),
        span(clock["paused_seconds"]) if clock["paused_seconds"] else "",
        ", ".join(str(each) for each in pauses),
    )


def _timeline(brief: Brief) -> list[Block]:
    rows: list[tuple[Any, int, tuple[str, ...], bool]] = []
    for each in brief.timeline:
        late = f" (recorded {span(each.late_seconds)} later)" if each.late_seconds else ""
        rows.append((each.at, 0, (moment(each.at), each.actor, each.words + late), False))
    for gap in brief.gaps:
        words = f"Nothing is on record for {span(gap.seconds)}."
        rows.append((gap.since, 1, (moment(gap.since), "", words), True))
    rows.sort(key=lambda row: row[:2])
    marked = frozenset(place for place, row in enumerate(rows) if row[3])
    return [Grid(("At", "Who", "What"), [row[2] for row in rows], marked)]


def _passing(brief: Brief) -> list[Block]:
    shown = [each for each in brief.spent if each.what in (GROUP, HOLD)]
    if not shown:
        return [Sentence("No group had it, and it waited for nobody.")]
    rows = [
        (
            each.what,
            each.value or "",
            moment(each.since),
            moment(each.until) or "still",
            span(each.seconds),
        )
        for each in shown
    ]
    blocks: list[Block] = [Grid(("What", "Whose, or why", "From", "To", "Took"), rows)]
    if brief.hand_offs:
        came = [
            f"{moment(each.at)}: {each.origin} → {each.to} after {span(each.held_seconds)}"
            + (", back again" if each.back else "")
            for each in brief.hand_offs
        ]
        blocks.append(Points([(line, "") for line in came]))
    return blocks


def _people(brief: Brief) -> list[Block]:
    rows = [
        (each.name, ", ".join(each.roles), moment(each.first), moment(each.last), str(each.actions))
        for each in brief.people
    ]
    return [Grid(("Who", "Was made", "First", "Last", "Entries"), rows)]


def _workarounds(brief: Brief) -> list[Block]:
    if not brief.workarounds:
        return [Sentence(NOTHING)]
    rows = [
        (
            f"{each.name}: {each.description}",
            f"{each.cost}, {each.risk}",
            f"{moment(each.proposed_at)} {each.proposed_by}",
            f"{each.decision} by {each.decided_by} after {span(each.waited_seconds or 0)}"
            if each.decision
            else ("awaited" if each.approval_required else "not needed"),
            moment(each.applied_at),
            moment(each.withdrawn_at),
        )
        for each in brief.workarounds
    ]
    heads = ("Workaround", "Cost, risk", "Proposed", "Approval", "Applied", "Withdrawn")
    return [Grid(heads, rows)]


def _told(brief: Brief) -> list[Block]:
    told = brief.told
    if not told.updates and not told.missed:
        return [Sentence(NOTHING)]
    rows = [
        (
            moment(each.at),
            each.actor,
            each.audience,
            each.message,
            moment(each.promised),
            span(each.late_seconds) if each.late_seconds else "",
        )
        for each in told.updates
    ]
    late = frozenset(place for place, each in enumerate(told.updates) if each.late_seconds)
    blocks: list[Block] = [Grid(("At", "Who", "To", "Message", "Promised by", "Late"), rows, late)]
    for silence in told.missed:
        text = f"What was promised by {moment(silence.promised)} never came."
        blocks.append(Sentence(text, marked=True))
    return blocks


def _around(brief: Brief) -> list[Block]:
    around = brief.surroundings
    blocks: list[Block] = []
    if around.similar:
        rows = [
            (
                each.reference or each.incident_id,
                each.title,
                f"{each.score_percent} %",
                ", ".join(each.terms),
                ", ".join(each.shares),
                each.resolution,
            )
            for each in around.similar
        ]
        heads = ("Incident", "Title", "Alike", "Shared words", "Same", "Resolution")
        blocks.append(Grid(heads, rows))
    if around.recurring is not None:
        each = around.recurring
        text = (
            f"{each.incidents} incidents with the same service, item and category in "
            f"{each.window_days} days, where {each.expected} were to be expected: "
        )
        blocks.append(Sentence(text + ", ".join(each.references) + "."))
    trends = [(f"{t.dimension} {t.value}: {t.kind}", t.words) for t in around.trending]
    if trends:
        blocks.append(Points(trends))
    if around.missing:
        blocks.append(Sentence(around.missing))
    return blocks or [Sentence("Nothing of the kind stands out.")]
