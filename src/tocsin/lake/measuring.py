"""What the signed tables say of one incident: a pure function of its life and of the rules."""

from itertools import chain

from tocsin.domain.clock.happening import in_order
from tocsin.domain.clock.plan import Rules
from tocsin.domain.clock.reckoning import reckon
from tocsin.domain.clock.timer import Timer
from tocsin.domain.clock.values import TimerState
from tocsin.domain.incident.values import OPEN, LinkKind, Status
from tocsin.lake.life import Life
from tocsin.lake.spells import MAJOR, Spell, spells
from tocsin.lake.tables import Row, Statements

VOID = (Status.CANCELLED, Status.DISMISSED)
SLA, OLA = "SLA", "OLA"


def statements(life: Life, rules: Rules) -> Statements:
    """The rows of `incidents`, `spells` and `timers`, from the column after the sign on."""
    ordered = in_order(life.happenings)
    past = spells(ordered)
    reckoned = reckon(ordered, rules, life.heard_us, escalations=False)
    return (
        (_incident(life, past),),
        tuple(_spell(life, each) for each in past),
        tuple(chain.from_iterable(_timer(life, each) for each in reckoned.timers)),
    )


def kind(life: Life) -> Row:
    """The columns that people slice by."""
    return (
        life.priority,
        life.category,
        life.subcategory,
        life.service,
        life.item,
        life.group,
        life.source,
        life.major,
    )


def _incident(life: Life, past: list[Spell]) -> Row:
    first_contact = (
        life.resolved_us is not None
        and not life.reopens
        and not life.reassignments
        and not life.escalations_functional
    )
    return (
        life.incident_id,
        life.reference,
        life.status.value,
        life.status in OPEN,
        life.status in VOID,
        *kind(life),
        life.first_category,
        life.first_priority,
        life.impact,
        life.urgency,
        life.resolution_code,
        life.closure_code,
        life.system,
        *_moments(life),
        *_effort(life),
        first_contact,
        life.confirmed,
        life.satisfaction,
        life.marked_breached,
        sum(each.ended - each.began for each in past if each.spell == MAJOR and each.ended),
    )


def _moments(life: Life) -> Row:
    return (
        life.impact_began_us,
        life.detected_us,
        life.reported_us,
        life.logged_us,
        life.acknowledged_us,
        life.mitigated_us,
        life.first_resolved_us,
        life.resolved_us,
        life.closed_us,
    )


def _effort(life: Life) -> Row:
    known_errors = life.known_errors | life.linked(LinkKind.KNOWN_ERROR)
    return (
        life.reopens,
        life.rejections,
        life.reassignments,
        life.handovers,
        life.returns,
        len(life.groups),
        len(life.assignees),
        len(life.actors),
        life.escalations_functional,
        life.escalations_hierarchical,
        life.raised,
        life.lowered,
        life.holds,
        life.updates,
        life.workarounds_proposed,
        life.workarounds_applied,
        len(known_errors),
        len(life.linked(LinkKind.PROBLEM)),
        len(life.linked(LinkKind.CHANGE)),
    )


def _spell(life: Life, each: Spell) -> Row:
    return (
        life.incident_id,
        each.spell,
        each.value,
        each.began,
        each.ended,
        life.reported_us,
        *kind(life),
    )


def _timer(life: Life, timer: Timer) -> tuple[Row, ...]:
    """One row, if there is a verdict. What still runs after a breach is measured when it ends."""
    breached = timer.breached is not None
    if not breached and timer.state is not TimerState.MET:
        return ()
    verdict_us = timer.breached if breached else timer.ended
    over = timer.ended is not None
    row = (
        life.incident_id,
        timer.measure.value,
        OLA if timer.group is not None else SLA,
        timer.target,
        timer.policy_version,
        timer.cycle,
        timer.holder,
        "breached" if breached else "met",
        verdict_us,
        timer.began,
        timer.ended,
        timer.goal_us,
        timer.spent_us if over else 0,
        timer.paused_us if over else 0,
        life.reported_us,
        *kind(life),
    )
    return (row,)
