"""What the data ask those who review an incident: each question with the figures behind it.

They are asked, never answered: what was right is for people to say.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from tocsin.documents.spans import moment, often, span
from tocsin.domain.incident.values import Source
from tocsin.lake.spells import HOLD

if TYPE_CHECKING:
    from tocsin.brief.brief import Brief

SLOW_PERCENTILE = 90
"""With so many of a hundred incidents of its kind it took no longer."""
LEAST_INCIDENTS = 20
"""Of fewer there is no norm to speak of."""
LONG_WAIT_PERCENT = 50
HAND_OFFS = 3
APPROVAL_SECONDS = 1_800
DISSATISFIED = 2
LATE_ENTRIES = 3


class Question(NamedTuple):
    """Something worth asking."""

    topic: str
    question: str
    because: str
    """The figures that raise it."""


def questions(brief: "Brief") -> list[Question]:
    """Every question that the data raise, in the order of an incident's life."""
    return [question for ask in ASKED for question in ask(brief)]


def _detected(brief: "Brief") -> Iterator[Question]:
    if brief.incident.source is Source.USER_REPORT:
        yield Question(
            "detection",
            "What would have noticed it before users did?",
            "It became known by a report of a user.",
        )
    if any(each.measure == "detection" and (each.seconds or 0) < 0 for each in brief.times):
        yield Question(
            "detection",
            "Is the beginning of the impact right?",
            "It was noticed before the impact is said to have begun.",
        )


def _slow(brief: "Brief") -> Iterator[Question]:
    for each in brief.times:
        norm = each.norm
        if norm is None or each.seconds is None or norm.incidents < LEAST_INCIDENTS:
            continue
        if norm.percentile >= SLOW_PERCENTILE:
            yield Question(
                each.measure,
                f"Why did {each.measure} take longer than usual?",
                f"It took {span(each.seconds)}; with {norm.percentile} of 100 incidents of its "
                f"kind it took no longer, with half of them {span(norm.median_seconds)} at most "
                f"({norm.incidents} incidents).",
            )


def _missed(brief: "Brief") -> Iterator[Question]:
    for clock in brief.clocks:
        if clock["breached_at"] is None:
            continue
        paused = f", {span(clock['paused_seconds'])} on hold" if clock["paused_seconds"] else ""
        yield Question(
            "service levels",
            f"What would have kept “{clock['target']}”?",
            f"Its time of {span(clock['goal_seconds'])} was used up at "
            f"{moment(clock['breached_at'])} UTC; {span(clock['spent_seconds'])} were spent in the "
            f"end{paused}.",
        )


def _silent(brief: "Brief") -> Iterator[Question]:
    for gap in brief.gaps:
        yield Question(
            "timeline",
            f"What happened between {moment(gap.since)} and {moment(gap.until)} UTC?",
            f"Nothing is on record for {span(gap.seconds)}, after: {gap.after}",
        )


def _passed(brief: "Brief") -> Iterator[Question]:
    if len(brief.hand_offs) >= HAND_OFFS:
        way = " → ".join([brief.hand_offs[0].origin, *(each.to for each in brief.hand_offs)])
        yield Question(
            "hand-offs",
            "How could it have come to the right group sooner?",
            f"It was handed off {often(len(brief.hand_offs))}: {way}.",
        )
    for each in brief.hand_offs:
        if each.back:
            yield Question(
                "hand-offs",
                f"What was missing when it left {each.to}?",
                f"It came back from {each.origin} after {span(each.held_seconds)}.",
            )


def _waited(brief: "Brief") -> Iterator[Question]:
    total = brief.open_seconds
    held: dict[str, int] = {}
    for each in brief.spent:
        if each.what == HOLD:
            held[str(each.value)] = held.get(str(each.value), 0) + each.seconds
    for reason, seconds in held.items():
        if total and seconds * 100 >= LONG_WAIT_PERCENT * total:
            yield Question(
                "waiting",
                f"Did it have to be {reason.replace('-', ' ')} for so long?",
                f"{span(seconds)} of the {span(total)} that it was open.",
            )


def _promised(brief: "Brief") -> Iterator[Question]:
    late = [each for each in brief.told.updates if each.late_seconds]
    if late or brief.told.missed:
        waits = [each.late_seconds for each in late]
        most = max([*waits, *(each.late_seconds for each in brief.told.missed)])
        yield Question(
            "communication",
            "Why did people not hear when they were told they would?",
            f"Promised updates that came late: {len(late)}; that never came: "
            f"{len(brief.told.missed)}. The longest wait was {span(most)} too long.",
        )
    if brief.ever_major and not brief.told.updates:
        yield Question(
            "communication",
            "Who was told, and how?",
            "It was a major incident, and no update is on record.",
        )


def _relieved(brief: "Brief") -> Iterator[Question]:
    for way in brief.workarounds:
        if way.waited_seconds is not None and way.waited_seconds >= APPROVAL_SECONDS:
            yield Question(
                "workarounds",
                f"Could {way.name} have been approved sooner?",
                f"Its decision took {span(way.waited_seconds)}.",
            )
    if not brief.workarounds and brief.known_errors:
        yield Question(
            "workarounds",
            "Was the workaround of the known error tried?",
            "It is linked to a known error, and no workaround is on record.",
        )


def _ended(brief: "Brief") -> Iterator[Question]:
    reopened = brief.incident.reopen_count
    if reopened:
        tested = "with" if brief.incident.tests else "without"
        yield Question(
            "resolution",
            "Why did the resolution not hold?",
            f"It was reopened {often(reopened)}, {tested} a test of the resolution on record.",
        )
    if brief.incident.resolved_at is not None and brief.incident.cause is None:
        yield Question("cause", "What caused it?", "It is resolved, and no cause is on record.")
    if brief.incident.satisfaction is not None and brief.incident.satisfaction <= DISSATISFIED:
        yield Question(
            "satisfaction",
            "What would have served the people affected better?",
            f"They rated it {brief.incident.satisfaction} of 5.",
        )


def _again(brief: "Brief") -> Iterator[Question]:
    recurring = brief.surroundings.recurring
    if recurring is not None and not recurring.linked_to_problem:
        yield Question(
            "recurrence",
            "Is there a problem behind these incidents?",
            f"{recurring.incidents} with the same service, item and category in "
            f"{recurring.window_days} days, where {recurring.expected} were to be expected; none "
            "is linked to a problem record.",
        )
    for each in brief.surroundings.trending:
        yield Question("trend", f"Why is {each.dimension} {each.value} {each.kind}?", each.words)


def _recorded(brief: "Brief") -> Iterator[Question]:
    late = [each for each in brief.timeline if each.late_seconds]
    if len(late) >= LATE_ENTRIES:
        yield Question(
            "record",
            "What kept people from recording things as they happened?",
            f"{len(late)} entries were made later than they happened, the latest "
            f"{span(max(each.late_seconds for each in late))} later.",
        )
    if brief.corrections:
        facts = ", ".join(sorted({each.fact for each in brief.corrections}))
        yield Question(
            "record",
            "Which decisions rested on facts that were wrong?",
            f"Corrected later: {facts}.",
        )


ASKED: tuple[Callable[["Brief"], Iterator[Question]], ...] = (
    _detected,
    _slow,
    _missed,
    _silent,
    _passed,
    _waited,
    _promised,
    _relieved,
    _ended,
    _again,
    _recorded,
)
