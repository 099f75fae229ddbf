"""What was agreed to be done, by whom and until when, and what became of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, assert_never

from tocsin.domain.kernel import moment, replace
from tocsin.domain.review.events import (
    ActionAgreed,
    ActionDone,
    ActionDropped,
    ActionReassigned,
    ActionReminded,
    ActionRescheduled,
)
from tocsin.domain.review.record import ActionItem
from tocsin.domain.review.values import ActionState, ReminderKind

Chapter = (
    ActionAgreed
    | ActionReassigned
    | ActionRescheduled
    | ActionDone
    | ActionDropped
    | ActionReminded
)
Actions = Mapping[str, ActionItem]


def fold(actions: Actions, event: Chapter, at: datetime, version: int) -> dict[str, ActionItem]:
    """The actions of a review after an event of this chapter. One that nobody agreed on before is
    passed over: the fold is lenient."""
    match event:
        case ActionAgreed():
            return {**actions, event.action: _agreed(event, at, version)}
        case ActionReassigned(action=name, owner=owner):
            return _changed(actions, name, owner=owner)
        case ActionRescheduled(action=name, due_at=due_at):
            dated = {"dated_at": at, "dated_by": version}
            return _changed(actions, name, due_at=due_at, **dated, reminded=())
        case ActionDone(action=name, evidence=evidence):
            return _changed(actions, name, state=ActionState.DONE, ended_at=at, evidence=evidence)
        case ActionDropped(action=name, reason=reason):
            return _changed(
                actions, name, state=ActionState.DROPPED, ended_at=at, dropped_because=reason
            )
        case ActionReminded(action=name, kind=kind):
            known = actions.get(name)
            return _changed(actions, name, reminded=(*(known.reminded if known else ()), kind))
        case unknown:
            assert_never(unknown)


def _agreed(event: ActionAgreed, at: datetime, version: int) -> ActionItem:
    return ActionItem(
        name=event.action,
        what=event.what,
        kind=event.kind,
        owner=event.owner,
        due_at=event.due_at,
        dated_at=at,
        dated_by=version,
        agreed_at=at,
    )


def _changed(actions: Actions, name: str, **changes: Any) -> dict[str, ActionItem]:
    known = actions.get(name)
    return {**actions} if known is None else {**actions, name: replace(known, **changes)}


def words(event: Chapter) -> str:
    """The event as one sentence."""
    match event:
        case ActionAgreed():
            until = f"by {event.owner}, until {moment(event.due_at)}"
            return f"Action {event.action} agreed ({event.kind}), {until}: {event.what}"
        case ActionReassigned(action=name, owner=owner, reason=reason):
            return f"Action {name} goes to {owner}: {reason}"
        case ActionRescheduled(action=name, due_at=due_at, reason=reason):
            return f"Action {name} has time until {moment(due_at)}: {reason}"
        case ActionDone(action=name, evidence=evidence):
            return f"Action {name} done: {evidence}"
        case ActionDropped(action=name, reason=reason):
            return f"Action {name} dropped: {reason}"
        case ActionReminded(kind=ReminderKind.DUE_SOON):
            due = f"due soon, {moment(event.due_at)}"
            return f"{event.owner} reminded: action {event.action} is {due}."
        case ActionReminded():
            since = f"since {moment(event.due_at)}"
            return f"{event.owner} reminded: action {event.action} is overdue {since}."
        case unknown:
            assert_never(unknown)
