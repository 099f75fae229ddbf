"""Do the rows that a state stands for follow it, and is only the difference written?"""

import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError

from tests.readmodels import counting, spells
from tests.readmodels.conftest import Model, Open, follow, made, newer, run_out, runner_of
from tests.readmodels.streams import REPORTED, Memory, published, stream, told
from tests.readmodels.test_following import CANCELLED, POISON
from tests.readmodels.test_rebuilding import forget
from tocsin.cli.verification import models
from tocsin.cli.verification.findings import Findings
from tocsin.domain.incident.events import IncidentHeld, IncidentReopened, IncidentReported
from tocsin.domain.incident.values import HoldReason
from tocsin.domain.kernel import Event, Recorded
from tocsin.readmodels.database import Database
from tocsin.readmodels.digest import digest, verify
from tocsin.readmodels.feeding import advance
from tocsin.readmodels.projector import Pace
from tocsin.readmodels.reading import BeingBuilt, ReadModels
from tocsin.readmodels.rebuild import Build, RebuildHalted, rebuild
from tocsin.readmodels.registry import Registry, Role, State
from tocsin.settings import Settings

CALLER, VENDOR = (
    IncidentHeld(reason=reason)
    for reason in (HoldReason.AWAITING_CALLER, HoldReason.AWAITING_VENDOR)
)
REOPENED = IncidentReopened(reason="Still broken.")
SPELLS = made("spells", spells)


def shown(model: Model) -> dict[tuple[int, str], tuple[int, str | None]]:
    """The rows, by the number of their incident and the last word of their reason."""
    numbers = {stream(number): number for number in range(1, 9)}
    return {
        (numbers[row.incident_id], row.reason.rpartition("-")[2]): (row.times, row.policy)
        for row in model.rows()
    }


def test_rows_appear_change_and_vanish_with_their_state(database: Database) -> None:
    """Several of one state, each on its own; and all of them go with it."""
    history = told(
        (1, REPORTED), (1, CALLER), (2, REPORTED), (2, VENDOR), (1, VENDOR), (1, CALLER),
        (2, REOPENED), (1, CANCELLED),
    )  # fmt: skip
    log, model = Memory(history[:4]), Model(database, SPELLS)
    projector = follow(log, database, SPELLS)
    assert shown(model) == {(1, "caller"): (1, None), (2, "vendor"): (1, None)}
    first = {(1, "caller"): (2, None), (1, "vendor"): (1, None)}
    for following, rows in (
        (history[4:6], {**first, (2, "vendor"): (1, None)}),
        (history[6:7], first),
        (history[7:], {}),
    ):
        log.add(following)
        while projector.step():
            pass
        assert rows == shown(model)
    assert [stream(2)] == [state.incident_id for state in model.states()]
    assert (model.live.position, model.live.state) == (8, State.RUNNING)


@st.composite
def lives(draw: st.DrawFn) -> list[Recorded[Any]]:
    """Incidents that are held and reopened while one policy follows the other."""
    kinds: list[tuple[int, Event]] = [
        *((number, each) for number in (1, 2, 3) for each in (REPORTED, CALLER, VENDOR, REOPENED)),
        *((number, CANCELLED) for number in (1, 2)),
        *((0, published(note)) for note in ("stricter", "milder")),
    ]
    return told(*draw(st.lists(st.sampled_from(kinds), max_size=25)))


def plainly(history: Iterable[Recorded[Any]]) -> tuple[list[Any], list[Any]]:
    """The rows and states by the plainest fold there is, told of all policies beforehand."""
    context, states = spells.Policies(), dict[Any, Any]()
    for recorded in history:
        if recorded.stream == context.stream:
            context.add(recorded)
    for recorded in history:
        if type(recorded.event) in SPELLS.events:
            states[recorded.stream] = spells.fold(states.get(recorded.stream), recorded, context)
    known = [states[key] for key in sorted(states) if states[key] is not None]
    rows = [row for state in known for row in spells.rows(state, context)]
    return sorted(rows, key=lambda row: (row.incident_id, row.reason)), known


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=lives(), pages=st.tuples(st.integers(1, 9), st.integers(1, 9)))
def test_rebuilt_equals_live_at_any_size_of_page(
    database: Database, history: list[Recorded[Any]], pages: tuple[int, int]
) -> None:
    """Folded live or anew, a few events at a time or many, by stream or by keys of its own: rows
    and states are those of the plainest fold."""
    forget(database)
    by_key = made("by_key", spells, keys=lambda recorded: (recorded.stream,))
    log, models = Memory(history), [Model(database, each) for each in (SPELLS, by_key)]
    pace = Pace(live_events=pages[0], rebuild_events=pages[0], poll_seconds=0.01)
    half = Memory(history[: len(history) // 2])
    for source in (half, log):
        run_out(runner_of(source, database, [SPELLS, by_key], pace=pace)).close()
    expected = plainly(history)
    assert [expected] * 2 == [(model.rows(), model.states()) for model in models]
    assert rebuild(log, database, [SPELLS, by_key], page=pages[1])
    assert [expected] * 2 == [(model.rows(), model.states()) for model in models]
    assert verify(log, database, SPELLS).equal


def tamper(model: Model, *, times: int, reason: HoldReason) -> None:
    rows = model.store.table
    with model.database.writing() as connection:
        connection.execute(sa.update(rows).where(rows.c.reason == reason).values(times=times))


def test_verify_finds_a_changed_row_and_a_changed_state(database: Database) -> None:
    log = Memory(told((1, REPORTED), (2, REPORTED), (1, CALLER), (2, VENDOR)))
    model = Model(database, SPELLS)
    follow(log, database, SPELLS).close()
    assert verify(log, database, SPELLS).equal
    tamper(model, times=7, reason=HoldReason.AWAITING_CALLER)
    verdict = verify(log, database, SPELLS)
    assert verdict.states is not None
    assert (verdict.equal, verdict.comparison.equal, verdict.states.equal) == (False, False, True)
    assert ((stream(1), HoldReason.AWAITING_CALLER),) == verdict.comparison.keys
    assert rebuild(log, database, [SPELLS])
    states = model.state_store.table
    with database.writing() as connection:
        changed = sa.update(states).where(states.c.incident_id == stream(2)).values(holds=b"[ ]")
        connection.execute(changed)
    verdict = verify(log, database, SPELLS)
    assert verdict.states is not None
    assert (verdict.equal, verdict.comparison.equal, verdict.states.equal) == (False, True, False)
    assert ((stream(2),),) == verdict.states.keys
    assert verdict.states.digest != verdict.states.other_digest


def test_whoever_verifies_is_told_that_a_state_is_not_what_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though every row still says the right thing: the next event would make a wrong one."""
    log: Any = Memory(told((1, REPORTED), (1, CALLER)))
    database, findings = Database.open(tmp_path), Findings()
    model = Model(database, SPELLS)
    follow(log, database, SPELLS).close()
    with database.writing() as connection:
        connection.execute(sa.update(model.state_store.table).values(held_at=None))
    database.close()
    monkeypatch.setattr(models, "found", lambda: [SPELLS])
    (compared,) = models.compare_models(log, Settings(home=tmp_path), findings, print)
    assert (compared.equal, compared.rows) == (False, 1)
    said = f"spells differs from the log in 1 of 1 states: {stream(1)}"
    assert [(each.says, each.position) for each in findings.faults] == [(said, 2)]


def poisoned_rows(state: Any, context: Any) -> Any:
    found = list(spells.rows(state, context))
    if any(row.times > 1 for row in found):
        raise ValueError("nobody is held twice")
    return found


def shared_rows(state: Any, context: Any) -> Any:
    return [row for row in spells.rows(state, context) for _ in range(row.times)]


@pytest.mark.parametrize(
    ("parts", "event", "why", "rebuilt_to"),
    [
        ({}, POISON, "ValueError: this one cannot be folded", 4),
        ({"rows": poisoned_rows}, CALLER, "ValueError: nobody is held twice", 5),
        ({"rows": shared_rows}, CALLER, "SharedKey: two rows have the key", 5),
    ],
)
def test_it_halts_where_a_state_cannot_be_folded_or_unfolded(
    database: Database, parts: dict[str, Any], event: IncidentReported, why: str, rebuilt_to: int
) -> None:
    """Rows and states are those of the position before. A rebuild halts there, too, or, since it
    makes the rows at its end, there."""
    log = Memory(told((1, REPORTED), (1, CALLER), (2, REPORTED), (1, event), (2, VENDOR)))
    broken, sound = made("spells", spells, **parts), made("sound", counting)
    model = Model(database, broken)
    follow(Memory(told((1, REPORTED))), database, broken).close()
    follow(log, database, broken, sound).close()
    assert (model.live.position, model.live.error_position) == (3, 4)
    assert model.live.error is not None
    assert model.live.error.startswith(why)
    assert shown(model) == {(1, "caller"): (1, None)}
    assert len(model.states()) == 2
    with pytest.raises(RebuildHalted, match=f"spells at position {rebuilt_to}"):
        rebuild(log, database, [broken])


def tables(database: Database) -> set[str]:
    """All but who may move what, which only PostgreSQL keeps in a table."""
    with database.reading() as connection:
        names = connection.dialect.get_table_names(connection, schema=database.schema)
        return set(names) - {"leases"}


def test_no_table_of_a_state_is_left_behind(reopen: Open) -> None:
    """Whether a generation is switched, abandoned or dropped by code that knows of no state."""
    database, log = reopen(), Memory(told((1, REPORTED), (1, CALLER)))
    follow(log, database, SPELLS).close()
    assert tables(database) == {"clean", "projections", "spells_v1_g1", "spells_v1_g1_state"}
    follow(log, database, newer(SPELLS)).close()
    assert tables(database) == {"clean", "projections", "spells_v2_g2", "spells_v2_g2_state"}
    assert rebuild(log, database, [newer(SPELLS)], fresh=True)
    assert verify(log, database, newer(SPELLS)).equal
    assert tables(database) == {"clean", "projections", "spells_v2_g3", "spells_v2_g3_state"}
    assert rebuild(log, database, [made("spells", counting)])
    assert {"clean", "projections"} < tables(database)
    assert not any(name.endswith("_state") for name in tables(database))


def test_a_state_that_came_with_new_code_is_built_before_it_is_asked(reopen: Open) -> None:
    """A table that was made without a state cannot answer questions about it."""
    database, log = reopen(), Memory(told((1, REPORTED), (1, CALLER)))
    stateless = replace(SPELLS, states=None, rows=None, context=None, fold=nothing)
    follow(log, database, stateless).close()
    model = Model(database, SPELLS)
    with pytest.raises(BeingBuilt):
        model.ask("latest")
    follow(log, database, SPELLS)
    assert [stream(1)] == [state.incident_id for state in model.ask("latest")]
    assert "State.holds Octets" in model.live.columns, "so another type of it is another table"


def nothing(*_: Any) -> None:
    """Folds everything away."""


def test_a_question_may_look_at_the_states(database: Database) -> None:
    """They are indexed as they declare, and only there where a module has some."""
    log = Memory(told((1, REPORTED), (2, REPORTED), (3, REPORTED), (2, CALLER), (1, VENDOR)))
    plain, model = Model(database, made("counting")), Model(database, SPELLS)
    follow(log, database, SPELLS, plain.projection)
    assert [stream(1), stream(2)] == [state.incident_id for state in model.ask("latest")]
    indexes = sa.inspect(database.engine).get_indexes(model.live.states_name, database.schema)
    assert ["held_at"] in [each["column_names"] for each in indexes]
    with (
        ReadModels(database).view(plain.projection) as view,
        pytest.raises(AssertionError, match="no State"),
    ):
        assert view.states.c


def away(*_: Any, **__: Any) -> None:
    raise OperationalError("insert", {}, OSError("the database is away"))


def test_the_digests_of_states_are_the_same_on_both_stores(
    tmp_path_factory: pytest.TempPathFactory, postgres_url: str
) -> None:
    log = Memory(told((1, REPORTED), (2, REPORTED), (1, CALLER), (2, VENDOR), (2, CALLER)))
    digests = set()
    for url in ("", postgres_url):
        database = Database.open(tmp_path_factory.mktemp("states"), url)
        rebuild(log, database, [SPELLS])
        model = Model(database, SPELLS)
        with database.reading() as connection:
            digests.add(tuple(digest(connection, s) for s in (model.store, model.state_store)))
        database.close()
    assert len(digests) == 1


def test_a_build_unfolds_its_states_at_the_end_a_few_at_a_time(database: Database) -> None:
    """What an interrupted run has made is made again; what comes meanwhile comes along."""
    history = told(
        *((number, event) for number in range(1, 6) for event in (REPORTED, CALLER)),
        (5, VENDOR), (1, VENDOR), (2, REOPENED), (6, REPORTED), (6, VENDOR),
    )  # fmt: skip
    log = Memory(history[:11])
    Registry(database).migrate()
    build = Build(database, SPELLS, Role.BUILDING)
    for _ in range(2):
        build.lease.release()
        while build.begin() is None:  # the server may still be letting go of the lease
            time.sleep(0.01)
        follower = build.follower
        advance(log, [follower], 100)
        assert not follower.unfold(log, states=2)
        with database.reading() as connection:
            assert len(list(follower.rows.in_order(connection))) == 2
    log.add(history[11:])
    assert advance(log, [follower], 100) == 4
    while not follower.unfold(log, states=2):
        pass
    assert follower.unfold(log)
    assert build.settle(log.head())
    rows, states = plainly(history)
    model = Model(database, SPELLS)
    assert (rows, states) == (model.rows(), model.states())
