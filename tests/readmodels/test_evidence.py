"""What does the read model say of evidence, and is nothing that happens to it forgotten?"""

from typing import Any, get_args
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.domain.evidence import kit as x
from tests.domain.strategies import events_of
from tests.readmodels.conftest import Model, follow, named
from tests.readmodels.streams import Memory, Scribe
from tests.readmodels.test_rebuilding import forget
from tocsin.domain.evidence import events as e
from tocsin.domain.evidence.state import EVIDENCE, evidence_stream
from tocsin.domain.evidence.values import Condition, Custody
from tocsin.domain.kernel import Event, Recorded, replace
from tocsin.readmodels.database import Database
from tocsin.readmodels.rebuild import rebuild

OTHER = evidence_stream(x.INCIDENT_ID, 2)
WILD: Any = events_of("evidence.", incident_id=st.just(str(x.INCIDENT_ID)))


def told(*history: Event, of: UUID = x.STREAM, scribe: Scribe | None = None) -> list[Recorded[Any]]:
    scribe = scribe or Scribe()
    return [scribe.record(of, event) for event in history]


def model(database: Database, history: list[Recorded[Any]]) -> Model:
    projection = named("evidence")
    follow(Memory(history), database, projection).close()
    return Model(database, projection)


@pytest.mark.parametrize("event", x.EVERY_EVENT[1:], ids=lambda event: event.event_name)
def test_every_event_shows(event: e.EvidenceEvent) -> None:
    projection = named("evidence")
    assert set(get_args(e.EvidenceEvent)) == projection.events
    scribe = Scribe()
    before = projection.fold(None, scribe.record(x.STREAM, x.ATTACHED))
    after = projection.fold(before, scribe.record(x.STREAM, event))
    assert replace(before, version=after.version) != after


@settings(max_examples=20)
@given(st.lists(WILD, max_size=12))
def test_a_row_says_what_the_piece_itself_says(history: list[Any]) -> None:
    log = told(x.ATTACHED, *history)
    state, row = EVIDENCE.fold(x.STREAM, log), None
    for each in log:
        row = named("evidence").fold(row, each)
    same = "version incident_id reference number name media_type size sha256 custodian status"
    for field in f"{same} accesses accessed_at condition checked_at".split():
        assert getattr(row, field) == getattr(state, field), field


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from([x.STREAM, OTHER]), WILD), max_size=12))
def test_rebuilt_equals_live_row_for_row(database: Database, steps: Any) -> None:
    projection = named("evidence")
    forget(database)
    scribe = Scribe()
    log = Memory([scribe.record(stream, event) for stream, event in steps])
    follow(log, database, projection).close()
    live = Model(database, projection).rows()
    rebuild(log, database, [projection])
    assert live == Model(database, projection).rows()


def test_evidence_is_found_by_what_it_is_and_who_has_it(database: Database) -> None:
    scribe = Scribe()
    altered = replace(x.CHECKED, condition=Condition.ALTERED)
    kept = model(
        database,
        [
            *told(x.ATTACHED, x.TRANSFERRED, altered, scribe=scribe),
            *told(replace(x.ATTACHED, number=2), x.DISCARDED, of=OTHER, scribe=scribe),
        ],
    )
    for asked, numbers in (
        ({}, [2, 1]),
        ({"status": Custody.KEPT}, [1]),
        ({"custodian": "ivo"}, [1]),
        ({"condition": Condition.ALTERED}, [1]),
        ({"incident_id": x.INCIDENT_ID}, [2, 1]),
        ({"incident_id": OTHER}, []),
        ({"reference": "INC0000001", "limit": 1}, [2]),
    ):
        found = kept.ask("evidence", **asked).items
        assert [each.number for each in found] == numbers, asked
