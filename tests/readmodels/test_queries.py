"""Do the read models answer what people ask, in pages that are complete and stable?"""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.readmodels.conftest import Model, follow, named
from tests.readmodels.streams import (
    BEGIN,
    CLOSED,
    IMPORTED,
    LOGGED,
    REPORTED,
    RESOLVED,
    RESUMED,
    Memory,
    Scribe,
    histories,
    plausible,
    stream,
)
from tocsin.domain.incident import events
from tocsin.domain.incident.values import EscalationKind, HoldReason, Source, Status
from tocsin.domain.kernel import Event, Recorded
from tocsin.readmodels import Page, found
from tocsin.readmodels.cursor import BadCursor
from tocsin.readmodels.database import Database
from tocsin.readmodels.rebuild import rebuild

NETWORK_ANN = events.IncidentAssigned(group="network", assignee="ann", level=2)
NETWORK = events.IncidentAssigned(group="network")
HELD = events.IncidentHeld(reason=HoldReason.AWAITING_VENDOR, detail="a part is on its way")
REOPENED = events.IncidentReopened(reason="Still broken.")


def logged(number: int) -> Event:
    return events.IncidentLogged(reference=f"INC{number:07}")


def written(*told: tuple[int, Event]) -> list[Recorded[Any]]:
    scribe = Scribe()
    return [scribe.record(stream(number), event) for number, event in told]


def asked(database: Database, name: str, *told: tuple[int, Event]) -> Model:
    model = Model(database, named(name))
    rebuild(Memory(written(*told)), database, [model.projection])
    return model


def numbers(page: Page[Any]) -> list[int]:
    return [(row.incident_id.int - stream(0).int) // 7919 for row in page.items]


def all_pages(model: Model, name: str, limit: int, **parameters: Any) -> list[Any]:
    items: list[Any] = []
    after = None
    for _ in range(1_000):
        page = model.ask(name, limit=limit, after=after, **parameters)
        assert len(page.items) <= limit
        items += page.items
        if page.next is None:
            return items
        after = page.next
    raise AssertionError("the pages never end")


SOME = (
    (1, REPORTED), (1, logged(1)), (1, events.IncidentPrioritised(priority=2)), (1, NETWORK_ANN),
    (2, events.IncidentReported(title="50 % of A_B is slow", source=Source.MONITORING,
                                services=("mail", "web"))),
    (2, logged(2)), (2, events.IncidentPrioritised(priority=1)), (2, NETWORK), (2, HELD),
    (3, events.IncidentReported(title="Printer", source=Source.MONITORING, services=("webshop",))),
    (3, logged(3)), (3, events.IncidentCategorised(category="print")), (3, RESOLVED),
    (4, REPORTED),
)  # fmt: skip


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, [4, 3, 2, 1]),
        ({"status": [Status.RESOLVED, Status.ON_HOLD]}, [3, 2]),
        ({"open": True}, [4, 2, 1]),
        ({"open": False}, [3]),
        ({"group": "network"}, [2, 1]),
        ({"assignee": "ann"}, [1]),
        ({"priority": [1, 2]}, [2, 1]),
        ({"category": "print"}, [3]),
        ({"service": "web"}, [2]),
        ({"source": Source.MONITORING}, [3, 2]),
        ({"major": True}, []),
        ({"reported_after": BEGIN + timedelta(minutes=1)}, [4, 3, 2]),
        ({"reported_before": BEGIN + timedelta(minutes=6)}, [2, 1]),
        ({"text": "a_b"}, [2]),
        ({"text": "%"}, [2]),
        ({"text": "inc0000003"}, [3]),
        ({"group": "network", "open": True, "priority": [1]}, [2]),
        ({"sort": "reported_at"}, [1, 2, 3, 4]),
        ({"sort": "priority"}, [2, 1, 3, 4]),
        ({"sort": "-priority"}, [1, 2, 3, 4]),
        ({"sort": "-updated_at"}, [4, 3, 2, 1]),
    ],
)
def test_the_list_gives_what_was_asked_for(
    database: Database, parameters: dict[str, Any], expected: list[int]
) -> None:
    """Filters together narrow; what has no priority comes last in either direction."""
    model = asked(database, "incidents", *SOME)
    if "sort" in parameters:
        (query,) = model.projection.queries
        parameters = {"sort": query.parameters["sort"].annotation(parameters["sort"])}
    assert expected == numbers(model.ask("incidents", **parameters))


def test_a_row_tells_the_whole_story_of_its_times(database: Database) -> None:
    """What a report needs: first and last resolution, first values, counts of what went back."""
    escalated = events.IncidentEscalated(kind=EscalationKind.FUNCTIONAL, group="mail")
    history = (
        (1, REPORTED), (1, LOGGED), (1, IMPORTED), (1, events.IncidentPrioritised(priority=3)),
        (1, events.IncidentCategorised(category="print")), (1, NETWORK), (1, escalated),
        (1, RESOLVED), (1, REOPENED), (1, events.IncidentCategorised(category="mail")),
        (1, events.IncidentPrioritised(priority=1)), (1, RESOLVED), (1, CLOSED),
    )  # fmt: skip
    (row,) = asked(database, "incidents", *history).rows()
    times = [written(*history)[at].occurred_at for at in (7, 11, 12)]
    assert times == [row.first_resolved_at, row.resolved_at, row.closed_at]
    assert (
        row.first_category, row.category, row.first_priority, row.priority,
    ) == ("print", "mail", 3, 1)  # fmt: skip
    assert (
        row.reopen_count, row.reassignment_count, row.raised_count, row.functional_escalations,
    ) == (1, 1, 1, 1)  # fmt: skip
    assert row.attributes == {"contact_type": "Phone"}
    assert (
        row.imported_from, row.closure_code, row.version, row.position,
    ) == ("servicenow:INC0000045", "done", 13, 13)  # fmt: skip


def test_queues_count_what_waits_in_each_group(database: Database) -> None:
    model = asked(database, "open_queue", *SOME)
    (network,) = model.ask("queues").items
    assert (
        network.group, network.open, network.on_hold, network.unassigned,
    ) == ("network", 2, 1, 1)  # fmt: skip
    assert (network.critical, network.high, network.not_prioritised) == (1, 1, 0)
    assert BEGIN + timedelta(minutes=1) == network.oldest_queued_at


def test_what_no_group_holds_has_a_queue_of_its_own(database: Database) -> None:
    model = asked(database, "open_queue", (1, REPORTED), (1, LOGGED), (2, REPORTED))
    assert [line.group for line in model.ask("queues").items] == ["(none)"]
    assert numbers(model.ask("queue", group="(none)")) == [1], "2 has not been logged"


def test_a_queue_says_who_holds_what_since_when_and_why_it_rests(database: Database) -> None:
    """The most urgent first; times move only with what they date."""
    model = asked(database, "open_queue", *SOME)
    held, taken = model.ask("queue", group="network").items
    assert (held.assignee, held.priority, held.on_hold) == (None, 1, True)
    assert (
        held.hold_reason, held.hold_detail,
    ) == (HoldReason.AWAITING_VENDOR, "a part is on its way")  # fmt: skip
    assert BEGIN + timedelta(minutes=9) == held.held_since
    assert (taken.assignee, taken.level, taken.reference) == ("ann", 2, "INC0000001")
    assert BEGIN + timedelta(minutes=4) == taken.assignee_since == taken.group_since
    assert numbers(model.ask("queue", group="network", assignee="ann")) == [1]
    assert numbers(model.ask("queue", group="network", on_hold=True)) == [2]


def test_a_resolved_incident_leaves_the_queue_and_comes_back_whole(database: Database) -> None:
    first = ((1, REPORTED), (1, LOGGED), (1, NETWORK_ANN), (1, HELD), (1, RESOLVED))
    model = asked(database, "open_queue", *first)
    assert () == model.ask("queue", group="network").items == model.ask("queues").items
    model = asked(database, "open_queue", *first, (1, REOPENED))
    (back,) = model.ask("queue", group="network").items
    assert ("ann", REPORTED.title, "INC0000001", 1) == (
        back.assignee, back.title, back.reference, back.reopen_count,
    )  # fmt: skip
    assert (
        back.on_hold, back.hold_reason, back.hold_detail, back.held_since,
    ) == (False, None, "", None)  # fmt: skip


def test_the_timeline_says_in_words_what_happened_last(database: Database) -> None:
    scribe = Scribe()
    history = [scribe.record(stream(number), event, actor="cleo") for number, event in SOME]
    yesterday = history[-1].recorded_at - timedelta(days=1)
    history.append(scribe.record(stream(1), HELD, at=yesterday))
    model = Model(database, named("timeline"))
    rebuild(Memory(history), database, [model.projection])
    last, *rest = model.ask("timeline").items
    assert (
        last.late, last.name, last.aspect, last.actor,
    ) == (True, "incident.held", "awaiting-vendor", "ann")  # fmt: skip
    assert last.words == "On hold, awaiting vendor: a part is on its way"
    assert list(range(14, 0, -1)) == [row.position for row in rest]

    def positions(**parameters: Any) -> list[int]:
        return [row.position for row in model.ask("timeline", **parameters).items]

    assert positions(event=["incident.held"]) == [15, 9]
    assert positions(incident_id=stream(1)) == [15, 4, 3, 2, 1]
    assert [15] == positions(actor="ann") == positions(late=True)
    assert positions(aspect="network") == [8, 4]
    assert positions(occurred_after=BEGIN + timedelta(minutes=12)) == [14, 13]
    assert positions(occurred_before=BEGIN + timedelta(minutes=2)) == [15, 1]


def test_work_is_handled_by_whoever_held_it_when_it_ended(database: Database) -> None:
    """Not by whoever wrote it down; and reopened, it is open work again."""
    ben = events.IncidentAssigned(group="network", assignee="ben")
    history = (
        (1, REPORTED), (1, LOGGED), (1, NETWORK_ANN), (1, RESOLVED), (1, CLOSED), (1, ben),
        (2, REPORTED), (2, LOGGED), (2, NETWORK_ANN), (2, RESOLVED), (2, REOPENED), (2, ben),
        (2, events.IncidentPrioritised(priority=2)), (2, HELD),
        (3, REPORTED), (3, LOGGED), (3, NETWORK_ANN), (3, events.IncidentCancelled(reason="-")),
        (4, REPORTED), (4, LOGGED), (4, events.IncidentAssigned(group="mail")), (4, CLOSED),
    )  # fmt: skip
    model = asked(database, "workload", *history)

    def loads(name: str, **parameters: Any) -> dict[str, tuple[int, int, int, int]]:
        lines = model.ask(name, **parameters).items
        return {load.name: (load.open, load.on_hold, load.urgent, load.handled) for load in lines}

    assert loads("people") == {"(nobody)": (0, 0, 0, 1), "ann": (0, 0, 0, 1), "ben": (1, 1, 1, 0)}
    assert loads("groups") == {"mail": (0, 0, 0, 1), "network": (1, 1, 1, 1)}
    assert loads("people", group="network") == {"ann": (0, 0, 0, 1), "ben": (1, 1, 1, 0)}
    late = BEGIN + timedelta(minutes=10)
    assert loads("groups", handled_after=late) == {"mail": (0, 0, 0, 1), "network": (1, 1, 1, 0)}
    assert loads("groups", handled_before=late) == {"network": (1, 1, 1, 1)}
    (open_since,) = (x for x in model.ask("people").items if x.name == "ben")
    assert BEGIN + timedelta(minutes=7) == open_since.oldest_reported_at


@pytest.mark.parametrize("name", ["incidents", "open_queue", "timeline", "workload"])
def test_every_query_can_be_paged_through(database: Database, name: str) -> None:
    """A page of one at a time gives what one great page gives: nothing twice, nothing left out."""
    model = Model(database, named(name))
    rebuild(Memory(plausible(25)), database, [model.projection])
    asked_of = {"group": "group 1"} if name == "open_queue" else {}
    for query in model.projection.queries:
        given_to = asked_of if "{group}" in query.path else {}
        whole = all_pages(model, query.name, 200, **given_to)
        assert whole == all_pages(model, query.name, 1, **given_to)
        assert whole == all_pages(model, query.name, 7, **given_to)
        assert whole or given_to


SORTS = ["reported_at", "-reported_at", "priority", "-priority", "updated_at", "-updated_at"]


@settings(
    phases=[Phase.generate],
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(history=histories(), sort=st.sampled_from(SORTS), limit=st.integers(1, 3))
def test_pages_are_complete_in_any_order(
    database: Database, history: Any, sort: str, limit: int
) -> None:
    """Also where many rows share a value, and where some have none."""
    model = Model(database, named("incidents"))
    rebuild(Memory(history), database, [model.projection], fresh=True)
    (query,) = model.projection.queries
    by = query.parameters["sort"].annotation(sort)
    pages = all_pages(model, "incidents", limit, sort=by)
    column = sort.removeprefix("-")
    values = [getattr(row, column) for row in pages if getattr(row, column) is not None]
    assert sorted(values, reverse=sort.startswith("-")) == values
    assert [None] * (len(pages) - len(values)) == [
        getattr(row, column) for row in pages[len(values) :]
    ]
    assert {row.incident_id for row in model.rows()} == {row.incident_id for row in pages}
    assert len(pages) == len(model.rows())


def test_a_page_is_stable_while_others_come_in(database: Database) -> None:
    """What is reported meanwhile neither moves nor repeats what comes after a cursor."""
    told = [(number, REPORTED) for number in (1, 2, 3, 4)]
    log, model = Memory(written(*told)), Model(database, named("incidents"))
    projector = follow(log, database, model.projection)
    first = model.ask("incidents", limit=2)
    log.add(written(*told, (5, REPORTED), (6, REPORTED))[4:])
    while projector.step():
        pass
    second = model.ask("incidents", limit=2, after=first.next)
    assert (numbers(first), numbers(second), second.next) == ([4, 3], [2, 1], None)
    assert (first.position, second.position) == (4, 6)


@pytest.mark.parametrize("cursor", ["x", "!!!!", "W10", "WzEyMyw0XQ", "bnVsbA", "\u20ac"])
def test_a_cursor_that_is_not_ours_is_refused(database: Database, cursor: str) -> None:
    model = asked(database, "incidents", *SOME)
    with pytest.raises(BadCursor):
        model.ask("incidents", after=cursor)


def test_a_cursor_of_another_order_is_refused(database: Database) -> None:
    """It would begin at a place that means nothing there."""
    model = asked(database, "incidents", *SOME)
    by = model.projection.queries[0].parameters["sort"].annotation
    page = model.ask("incidents", limit=1, sort=by("priority"))
    with pytest.raises(BadCursor, match="start without one"):
        model.ask("incidents", limit=1, sort=by("-priority"), after=page.next)


def test_a_page_is_never_larger_than_its_limit_allows(database: Database) -> None:
    model = Model(database, named("timeline"))
    rebuild(Memory(plausible(40)), database, [model.projection])
    assert len(model.ask("timeline", limit=10_000).items) == 200


def test_every_query_says_what_it_can_be_asked() -> None:
    """The HTTP room mounts them from their signatures alone."""
    paths = {query.path: query for each in found() for query in each.queries}
    assert {
        "/incidents", "/queues", "/queues/{group}", "/timeline", "/workload/people",
        "/workload/groups", "/agenda", "/timers", "/breaches", "/attainment", "/action-items",
        "/reviews", "/evidence",
    } == set(paths)  # fmt: skip
    for path, query in paths.items():
        assert query.doc
        assert list(query.parameters)[-2:] == ["limit", "after"]
        assert ("group" in query.parameters) == (
            path
            not in {
                "/queues", "/timeline", "/workload/groups", "/attainment", "/action-items",
                "/reviews", "/evidence",
            }
        )  # fmt: skip
        assert query.returns.__origin__ is Page
    assert RESUMED.event_name == "incident.resumed"
