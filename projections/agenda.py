"""What does time do next, to which incident, and when?

One row for each incident to which something will happen by itself if nobody does anything: the
next warning, breach, escalation, reminder or closing. The timekeeper looks here for what is due.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar
from uuid import UUID

import sqlalchemy as sa

from tocsin.domain.clock.agenda import Act, acts, open_acts
from tocsin.domain.clock.dossier import Dossier, incident_of, noted, read
from tocsin.domain.clock.events import ClockEvent
from tocsin.domain.clock.plan import Rulebooks
from tocsin.domain.clock.reckoning import reckon
from tocsin.domain.clock.state import struck_after
from tocsin.domain.incident.events import IncidentEvent
from tocsin.domain.kernel import Recorded, replace
from tocsin.domain.openings import instant
from tocsin.readmodels import Cursor, Key, Limit, Page, View, query, row

VERSION = 1
CONTEXT = Rulebooks


@row
class State:
    """What clocks know of one incident, and what time has done to it already."""

    incident_id: Key[UUID]
    reference: str | None = None
    title: str = ""
    happenings: Dossier
    struck: dict[str, int]


@row
class Row:
    """The next thing that happens to an incident by itself."""

    incident_id: Key[UUID]
    due_at: datetime
    event: str
    """What will be recorded then."""
    kind: str
    """The measure of the target, or `escalation`, `update`, `hold`, `workaround`, `closing`."""
    name: str
    """Of the target, the escalation or the workaround."""
    mark: str
    """Which of its warnings or steps."""
    reference: str | None
    title: str
    group: str | None
    priority: int | None

    INDEXES: ClassVar = (("due_at", "incident_id"),)


keys = incident_of
ELSEWHERE = ClockEvent
"""What time does has a stream of its own; all else is keyed by its stream."""


def fold(
    state: State | None,
    recorded: Recorded[IncidentEvent | ClockEvent],
    key: UUID,
    context: Rulebooks,
) -> State:
    """Take in what matters to clocks, and what they have done."""
    event = recorded.event
    if state is None:
        state = State(incident_id=key, happenings=[], struck={})
    if isinstance(event, ClockEvent):
        struck = struck_after(state.struck, event, recorded.occurred_at)
        return state if struck is state.struck else replace(state, struck=dict(struck))
    changes = noted(state.happenings, recorded, context)
    return replace(state, **changes) if changes else state


def rows(state: State, context: Rulebooks) -> Iterable[Row]:
    """The first of what is not on record yet."""
    if not state.happenings:
        return
    happenings = read(state.happenings)
    reckoned = reckon(happenings, context, max(each.at for each in happenings), ahead=True)
    for act in open_acts(acts(reckoned, context), state.struck)[:1]:
        yield _row(state, act, reckoned.course.group, reckoned.course.kind.priority)


def _row(state: State, act: Act, group: str | None, priority: int | None) -> Row:
    kind, name, mark = act.named
    return Row(
        incident_id=state.incident_id,
        due_at=instant(act.due),
        event=act.event.event_name,
        kind=kind,
        name=name,
        mark=mark,
        reference=state.reference,
        title=state.title,
        group=group,
        priority=priority,
    )


@query("/agenda")
def agenda(
    view: View[Row],
    due_before: datetime | None = None,
    group: str | None = None,
    priority: int | None = None,
    limit: Limit = 50,
    after: Cursor = None,
) -> Page[Row]:
    """What happens by itself next, the earliest first; what is overdue is being recorded now."""
    row = view.table.c
    asked = view.matching(group=group, priority=priority)
    if due_before is not None:
        asked.append(row.due_at < due_before)
    return view.page(sa.select(view.table).where(*asked).order_by(row.due_at), limit, after)
