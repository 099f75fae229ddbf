"""Must there be a review of an incident, by the policy that was in force, and why?"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from tocsin.domain.clock.happening import happening
from tocsin.domain.clock.plan import Rulebooks
from tocsin.domain.clock.reckoning import reckon
from tocsin.domain.incident.state import INCIDENT, Incident
from tocsin.domain.kernel import Recorded, replace
from tocsin.domain.openings import microseconds
from tocsin.domain.policy.record import Policy
from tocsin.domain.policy.rules import Condition, Facts


class Mandate(NamedTuple):
    """That a review is mandatory."""

    reason: str
    policy_version: int
    reference: str | None
    title: str


def mandate(history: Sequence[Recorded[Any]], rules: Rulebooks) -> Mandate | None:
    """Whether there must be a review, as the incident stands after these events and by the policy
    under which the last of them was decided: the answer about a history never changes."""
    last = history[-1]
    policy = rules(rules.in_force(last.position)).policy
    if not policy.reviews:
        return None
    incident = INCIDENT.fold(last.stream, history)
    if not conceivable(incident, policy):
        return None
    facts = replace(_facts(incident), breached=breached(history, rules))
    if not policy.review_required(facts):
        return None
    wanting = next(each for each in policy.reviews if each.holds(facts))
    reason = f"It is to be reviewed: {', '.join(because(wanting, facts)) or 'all are'}."
    return Mandate(reason, policy.version, incident.reference, incident.title)


def conceivable(incident: Incident, policy: Policy) -> bool:
    """Whether a review could be mandatory, whatever became of the targets: reckoning takes a
    hundred times as long as this, and most incidents are none of the reviewers' business."""
    facts = _facts(incident)
    return any(policy.review_required(replace(facts, breached=late)) for late in (False, True))


def _facts(incident: Incident) -> Facts:
    """The facts that stand in the incident itself."""
    return Facts(
        priority=incident.priority,
        category=incident.category,
        subcategory=incident.subcategory,
        services=incident.services,
        major=incident.major,
    )


def breached(history: Sequence[Recorded[Any]], rules: Rulebooks) -> bool:
    """Whether a target towards those affected was missed by the last of these events. What another
    system missed before the record was taken over is not held against anybody here."""
    known = (happening(each, rules.in_force(each.position)) for each in history)
    happenings = [each for each in known if each is not None]
    as_of = microseconds(max(each.occurred_at for each in history))
    reckoned = reckon(happenings, rules, as_of, escalations=False)
    floor = reckoned.course.floor
    return any(
        timer.breached is not None and (floor is None or timer.breached >= floor)
        for timer in reckoned.timers
        if timer.group is None
    )


def because(condition: Condition, facts: Facts) -> Iterator[str]:
    """What of the facts a condition goes by, in words."""
    if condition.priority:
        yield f"priority {facts.priority}"
    if condition.category:
        yield f"category {'/'.join(filter(None, (facts.category, facts.subcategory)))}"
    if condition.service:
        yield f"service {', '.join(sorted({*condition.service} & {*facts.services}))}"
    if condition.tenant:
        yield f"tenant {facts.tenant}"
    if condition.major is not None:
        yield "a major incident" if condition.major else "no major incident"
    if condition.breached is not None:
        yield "a missed target" if condition.breached else "no missed target"
