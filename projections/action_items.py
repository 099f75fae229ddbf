"""What was agreed on in reviews: what is still to be done, by whom, until when, and what is late?

One row for each action of each review. Those that are done or dropped stay, with what became of
them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

import sqlalchemy as sa

from tocsin.domain.kernel import Name, Recorded, replace
from tocsin.domain.openings import instant, microseconds
from tocsin.domain.review.chapters import acting
from tocsin.domain.review.events import ReviewEvent, ReviewMadeMandatory, ReviewOpened
from tocsin.domain.review.record import ActionItem
from tocsin.domain.review.values import ActionKind, ActionState, ReminderKind
from tocsin.readmodels import Cursor, Key, Limit, Page, View, query, row

VERSION = 1
DAY = timedelta(days=1)


@row
class State:
    """What was agreed on in one review."""

    review_id: Key[UUID]
    incident_id: UUID | None = None
    reference: str | None = None
    title: str = ""
    mandatory: bool = False
    actions: list[list[Any]]


@row
class Row:
    """One action."""

    review_id: Key[UUID]
    action: Key[str]
    incident_id: UUID | None
    reference: str | None
    """Of the incident, as of when the review was opened; so is the title."""
    title: str
    mandatory: bool
    """Whether the policy wanted the review."""
    what: str
    kind: ActionKind
    owner: str
    state: ActionState
    agreed_at: datetime
    due_at: datetime
    ended_at: datetime | None
    outcome: str
    """What shows that it is done, or why it was dropped."""
    reminded: tuple[str, ...]
    """The reminders of this due time that are on record."""
    remind_at: datetime | None
    """When its owner is reminded next."""

    INDEXES: ClassVar = (("remind_at", "review_id"), ("state", "due_at"), ("owner", "state"))


@dataclass(frozen=True, kw_only=True)
class Item:
    """One action, and how late it is."""

    review_id: UUID
    action: str
    incident_id: UUID | None
    reference: str | None
    title: str
    mandatory: bool
    what: str
    kind: ActionKind
    owner: str
    state: ActionState
    agreed_at: datetime
    due_at: datetime
    ended_at: datetime | None
    outcome: str
    reminded: tuple[str, ...]
    remind_at: datetime | None
    overdue: bool
    days_overdue: int
    """Whole days since it was due, while it is still to be done."""


def fold(state: State | None, recorded: Recorded[ReviewEvent]) -> State:
    """Keep the actions; of the rest only what people call the incident."""
    event = recorded.event
    if state is None:
        state = State(review_id=recorded.stream, actions=[])
    if isinstance(event, ReviewOpened):
        of = UUID(event.incident_id)
        return replace(state, incident_id=of, reference=event.reference, title=event.title)
    if isinstance(event, ReviewMadeMandatory):
        return replace(state, mandatory=True)
    if not isinstance(event, acting.Chapter):
        return state
    actions = {each.name: each for each in map(_read, state.actions)}
    after = acting.fold(actions, event, recorded.occurred_at, recorded.version)
    return replace(state, actions=[_kept(each) for each in after.values()])


def _kept(action: ActionItem) -> list[Any]:
    ended = None if action.ended_at is None else microseconds(action.ended_at)
    said = [action.name, action.what, action.kind, action.owner, action.state]
    times = [microseconds(each) for each in (action.due_at, action.dated_at, action.agreed_at)]
    ends = [ended, action.evidence, action.dropped_because, ",".join(action.reminded)]
    return [*said, action.dated_by, *times, *ends]


def _read(kept: list[Any]) -> ActionItem:
    name, what, kind, owner, state, dated_by, due, dated, agreed, ended, *rest = kept
    evidence, dropped, reminded = rest
    return ActionItem(
        name=name,
        what=what,
        kind=ActionKind(kind),
        owner=owner,
        state=ActionState(state),
        dated_by=dated_by,
        due_at=instant(due),
        dated_at=instant(dated),
        agreed_at=instant(agreed),
        ended_at=None if ended is None else instant(ended),
        evidence=evidence,
        dropped_because=dropped,
        reminded=tuple(ReminderKind(each) for each in reminded.split(",") if each),
    )


def rows(state: State) -> Iterable[Row]:
    """Every action that was ever agreed on."""
    return (_row(state, _read(kept)) for kept in state.actions)


def _row(state: State, action: ActionItem) -> Row:
    return Row(
        review_id=state.review_id,
        action=action.name,
        incident_id=state.incident_id,
        reference=state.reference,
        title=state.title,
        mandatory=state.mandatory,
        what=action.what,
        kind=action.kind,
        owner=action.owner,
        state=action.state,
        agreed_at=action.agreed_at,
        due_at=action.due_at,
        ended_at=action.ended_at,
        outcome=action.evidence or action.dropped_because,
        reminded=tuple(kind.value for kind in action.reminded),
        remind_at=next((at for _, at in action.reminders()), None),
    )


@query("/action-items")
def action_items(
    view: View[Row],
    owner: Name | None = None,
    state: list[ActionState] | None = None,
    kind: ActionKind | None = None,
    reference: Name | None = None,
    overdue: bool | None = None,
    due_before: datetime | None = None,
    as_of: datetime | None = None,
    limit: Limit = 50,
    after: Cursor = None,
) -> Page[Item]:
    """Actions that reviews agreed on, the earliest due first; without `state`, those still to be
    done. What is overdue, and for how long, is as of now, or of `as_of`."""
    column, moment = view.table.c, as_of or view.now
    wanted = state or [ActionState.AGREED]
    asked = view.matching(owner=owner, state=wanted, kind=kind, reference=reference)
    if due_before is not None:
        asked.append(column.due_at < due_before)
    if overdue is not None:
        late = sa.and_(column.state == ActionState.AGREED, column.due_at < moment)
        asked.append(late if overdue else sa.not_(late))
    page = view.page(sa.select(view.table).where(*asked).order_by(column.due_at), limit, after)
    return Page(tuple(_item(each, moment) for each in page.items), page.next, page.position)


def _item(row: Row, moment: datetime) -> Item:
    late = row.state is ActionState.AGREED and row.due_at < moment
    days = (moment - row.due_at) // DAY if late else 0
    return Item(**vars(row), overdue=late, days_overdue=days)
