"""What do the read models say of reviews, and is nothing that happens to them forgotten?"""

from datetime import datetime, timedelta
from typing import Any, get_args
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.domain.review import examples as x
from tests.domain.review.kit import INCIDENT_ID, STREAM
from tests.domain.strategies import events_of
from tests.readmodels.conftest import Model, follow, named
from tests.readmodels.streams import BEGIN, Memory, Scribe
from tests.readmodels.test_rebuilding import forget
from tocsin.domain.kernel import Event, Recorded, replace
from tocsin.domain.review import events as e
from tocsin.domain.review.state import REVIEW
from tocsin.domain.review.values import ActionKind, ActionState, ReviewStatus
from tocsin.readmodels import found
from tocsin.readmodels.database import Database
from tocsin.readmodels.rebuild import rebuild

OTHER = UUID(int=0x77)
NAMES = {name: st.sampled_from([f"{letter}1", f"{letter}2"]) for name, letter in (
    ("finding", "F"), ("factor", "C"), ("lesson", "L"), ("action", "A"),
)}  # fmt: skip
WILD: Any = events_of("review.", incident_id=st.just(str(INCIDENT_ID)), **NAMES)
IRRELEVANT: dict[str, set[type[Event]]] = {
    "action_items": {
        e.FacilitatorNamed, e.ParticipantsNamed, e.FindingRecorded, e.FindingWithdrawn,
        e.FactorRecorded, e.FactorWithdrawn, e.RootCauseIdentified, e.LessonRecorded,
        e.LessonWithdrawn, e.ReviewPublished, e.ReviewReopened,
    },
    "reviews": {e.ActionReassigned, e.ActionRescheduled, e.ActionReminded},
}  # fmt: skip
"""What a read model of reviews does not show."""
WHOLE = (x.OPENED, x.FOUND, x.FACTOR, x.LESSON, x.AGREED, x.PUBLISHED)


def told(*history: Event, of: UUID = STREAM, scribe: Scribe | None = None) -> list[Recorded[Any]]:
    scribe = scribe or Scribe()
    return [scribe.record(of, event) for event in history]


def model(database: Database, name: str, history: list[Recorded[Any]]) -> Model:
    projection = named(name)
    follow(Memory(history), database, projection).close()
    return Model(database, projection)


@pytest.mark.parametrize("name", sorted(IRRELEVANT))
def test_every_event_is_folded_or_known_not_to_matter(name: str) -> None:
    """In both directions: neither forgotten, nor called irrelevant while it is folded."""
    projection = named(name)
    assert set(get_args(e.ReviewEvent)) == projection.events
    folded = set()
    for event in x.EVERY_EVENT:
        for life in ((x.MANDATORY,), (x.OPENED,), WHOLE):
            scribe, row = Scribe(), None
            for each in told(*life, scribe=scribe):
                row = projection.fold(row, each)
            after = projection.fold(row, scribe.record(STREAM, event))
            if changed(row, after):
                folded.add(type(event))
    assert set(get_args(e.ReviewEvent)) - folded == IRRELEVANT[name]


def changed(before: Any, after: Any) -> bool:
    counts = {"version": 0} if "version" in vars(before) else {}
    return bool(replace(before, **counts) != replace(after, **counts))


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from([STREAM, OTHER]), WILD), max_size=15))
def test_rebuilt_equals_live_row_for_row(database: Database, steps: Any) -> None:
    """Whatever happened to reviews, in whatever order."""
    projections = [each for each in found() if each.name in IRRELEVANT]
    forget(database)
    scribe = Scribe()
    log = Memory([scribe.record(of, event) for of, event in steps])
    follow(log, database, *projections).close()
    live = {p.name: Model(database, p).rows() for p in projections}
    assert rebuild(log, database, projections)
    for projection in projections:
        assert live[projection.name] == Model(database, projection).rows()


@settings(max_examples=40)
@given(st.lists(WILD, max_size=12))
def test_rows_agree_with_the_review_itself(history: Any) -> None:
    """A list must not tell another story than the record, whatever happened."""
    log = told(*history)
    state = REVIEW.fold(STREAM, log)
    projection, kept = named("action_items"), None
    for each in log:
        kept = projection.fold(kept, each)
    assert projection.rows is not None
    rows = {row.action: row for row in (projection.rows(kept) if kept else ())}
    assert rows.keys() == state.actions.keys()
    for name, action in state.actions.items():
        row = rows[name]
        for field in ("what", "kind", "owner", "state", "due_at", "agreed_at", "ended_at"):
            assert getattr(action, field) == getattr(row, field), field
        assert next((at for _, at in action.reminders()), None) == row.remind_at
        assert (state.reference, state.mandatory) == (row.reference, row.mandatory)


def test_an_action_tells_what_became_of_it(database: Database) -> None:
    done = [replace(each, action="A2") for each in (x.AGREED, x.DONE)]
    dropped = [replace(each, action="A3") for each in (x.AGREED, x.DROPPED)]
    items = model(
        database,
        "action_items",
        told(x.OPENED, x.MANDATORY, x.AGREED, x.REASSIGNED, *done, *dropped),
    )
    open_item, done_item, dropped_item = items.rows()
    assert ("bob", ActionState.AGREED, "") == (
        open_item.owner, open_item.state, open_item.outcome,
    )  # fmt: skip
    assert ("INC0000001", "E-mail is down", True) == (
        open_item.reference, open_item.title, open_item.mandatory,
    )  # fmt: skip
    assert (x.DONE.evidence, None) == (done_item.outcome, done_item.remind_at)
    assert (ActionState.DROPPED, x.DROPPED.reason) == (dropped_item.state, dropped_item.outcome)


@pytest.mark.parametrize(
    ("as_of", "days"),
    [
        (x.IN_TWO_WEEKS, None),
        (x.IN_TWO_WEEKS + timedelta(microseconds=1), 0),
        (x.IN_TWO_WEEKS + timedelta(hours=23), 0),
        (x.IN_TWO_WEEKS + timedelta(days=1), 1),
        (x.IN_TWO_WEEKS + timedelta(days=99.9), 99),
    ],
)
def test_what_is_late_says_for_how_many_days(
    database: Database, as_of: datetime, days: int | None
) -> None:
    items = model(database, "action_items", told(x.OPENED, x.AGREED))
    late = items.ask("action_items", overdue=True, as_of=as_of).items
    assert ([] if days is None else [days]) == [each.days_overdue for each in late]
    on_time = items.ask("action_items", overdue=False, as_of=as_of).items
    assert len(late) + len(on_time) == 1
    assert {days is not None} == {each.overdue for each in (*late, *on_time)}


def test_actions_are_found_by_owner_state_kind_incident_and_time(database: Database) -> None:
    scribe = Scribe()
    second = replace(x.AGREED, action="A2", owner="bob", due_at=x.IN_A_WEEK)
    third = replace(x.AGREED, action="A3", kind=ActionKind.PROCESS)
    over = replace(x.DONE, action="A3")
    history = told(x.OPENED, x.AGREED, second, third, over, scribe=scribe)
    other = replace(x.OPENED, reference="INC0000002")
    history += told(other, replace(x.AGREED, owner="eva"), of=OTHER, scribe=scribe)
    items = model(database, "action_items", history)

    def found_by(**asked: Any) -> list[tuple[str, str]]:
        page = items.ask("action_items", **asked)
        return [(each.reference, each.action) for each in page.items]

    first = ("INC0000001", "A1")
    assert [("INC0000001", "A2"), first, ("INC0000002", "A1")] == sorted(
        found_by(), key=lambda each: (each[1] != "A2", each)
    )
    assert [("INC0000001", "A2")] == found_by()[:1], "the earliest due comes first"
    assert [first] == found_by(owner="ann")
    assert [("INC0000001", "A3")] == found_by(state=[ActionState.DONE])
    assert 4 == len(found_by(state=[*ActionState]))
    assert [("INC0000002", "A1")] == found_by(reference="INC0000002")
    assert [("INC0000001", "A2")] == found_by(due_before=x.IN_TWO_WEEKS)
    assert [] == found_by(kind=ActionKind.PROCESS)
    assert [] == found_by(overdue=True, as_of=BEGIN)


def test_actions_come_in_pages(database: Database) -> None:
    many = [replace(x.AGREED, action=f"A{n}") for n in range(1, 6)]
    items = model(database, "action_items", told(x.OPENED, *many))
    seen: list[str] = []
    after: str | None = None
    while after is not None or not seen:
        page = items.ask("action_items", limit=2, after=after)
        seen += [each.action for each in page.items]
        after = page.next
    assert [f"A{n}" for n in range(1, 6)] == seen


def test_a_list_of_reviews_counts_what_stands(database: Database) -> None:
    second = replace(x.AGREED, action="A2")
    history = told(*WHOLE, x.REOPENED, x.WITHDRAWN, x.NO_FACTOR, second, x.DONE, x.MANDATORY)
    (row,) = model(database, "reviews", history).rows()
    assert (0, 0, 1) == (row.findings, row.factors, row.lessons)
    assert (2, ("A2",)) == (row.actions, row.open_actions)
    assert (ReviewStatus.OPEN, 1, True, 1) == (
        row.status, row.edition, row.mandatory, row.policy_version,
    )  # fmt: skip
    assert (INCIDENT_ID, "INC0000001", 12) == (row.incident_id, row.reference, row.version)


def test_reviews_are_found_by_how_they_stand(database: Database) -> None:
    scribe = Scribe()
    history = told(x.OPENED, x.MANDATORY, x.LED, scribe=scribe)
    published = replace(x.OPENED, reference="INC0000002", due_at=None)
    history += told(published, x.FOUND, x.PUBLISHED, of=OTHER, scribe=scribe)
    reviews = model(database, "reviews", history)

    def found_by(**asked: Any) -> list[str]:
        return [each.reference for each in reviews.ask("reviews", **asked).items]

    late, early = x.IN_A_WEEK + timedelta(seconds=1), x.IN_A_WEEK
    assert ["INC0000002", "INC0000001"] == found_by(), "the latest comes first"
    assert ["INC0000001"] == found_by(mandatory=True) == found_by(status=ReviewStatus.OPEN)
    assert ["INC0000001"] == found_by(facilitator="mia") == found_by(overdue=True, as_of=late)
    assert [] == found_by(overdue=True, as_of=early)
    assert ["INC0000002"] == found_by(overdue=False, as_of=late)
    assert ["INC0000002"] == found_by(reference="INC0000002")
    assert 2 == len(found_by(overdue=False, as_of=early))
