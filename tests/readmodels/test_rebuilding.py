"""Is a rebuilt read model the live one, row for row, and does nobody notice the rebuilding?"""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from tests.domain.review.examples import AGREED, OPENED
from tests.domain.review.kit import STREAM
from tests.readmodels.conftest import SMALL, Model, Open, follow, made, newer, runner_of
from tests.readmodels.streams import (
    CLOSED,
    LOGGED,
    REPORTED,
    RESOLVED,
    Memory,
    Scribe,
    histories,
    plausible,
    told,
)
from tests.readmodels.test_following import POISON, lenient
from tocsin.readmodels import found
from tocsin.readmodels.database import Database
from tocsin.readmodels.digest import compare, digest, verify
from tocsin.readmodels.reading import BeingBuilt, ReadModels
from tocsin.readmodels.rebuild import AlreadyRebuilding, Build, Progress, RebuildHalted, rebuild
from tocsin.readmodels.registry import Registry, Role, State
from tocsin.readmodels.rows import RowStore


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories())
def test_rebuilt_equals_live_row_for_row(database: Database, history: Any) -> None:
    """Whatever happened, in whatever order: pages of three folded live, with rows read back from
    the tables, give what one great page gives that never read a row back."""
    projections = found()
    forget(database)
    log = Memory(history)
    follow(log, database, *projections).close()
    live = {p.name: Model(database, p).rows() for p in projections}
    assert rebuild(log, database, projections)
    for projection in projections:
        assert live[projection.name] == Model(database, projection).rows()
        assert len(history) == Model(database, projection).live.position


def forget(database: Database) -> None:
    """Begin with no read models."""
    registry = Registry(database)
    registry.migrate()
    with database.writing() as connection:
        for generation in registry.rows(connection):
            registry.drop(connection, generation)


def test_a_rebuild_serves_the_old_rows_until_it_switches(reopen: Open) -> None:
    """Interrupted at any page it goes on from there, and readers see the old table meanwhile."""
    log = Memory(plausible(20))
    model = Model(reopen(), made("counting"))
    follow(log, reopen(), model.projection).close()
    before, rows = model.live, model.rows()
    pages = iter([False, False, True])
    assert not rebuild(log, reopen(), [model.projection], stop=lambda: next(pages), page=10), (
        "it was stopped"
    )
    assert before == model.live
    building = model.generation(Role.BUILDING)
    assert building is not None
    assert (building.position, building.state) == (20, State.REBUILDING)
    seen: list[Progress] = []
    assert rebuild(log, reopen(), [model.projection], progress=seen.append, page=10)
    assert seen[0].position == 30, "it went on from where it was"
    assert building.generation == model.live.generation
    assert rows == model.rows()
    assert model.generation(Role.BUILDING) is None
    assert (log.head(), log.head()) == (seen[-1].position, seen[-1].head)
    assert seen[-1].eta_seconds == 0
    with reopen().reading() as connection:
        tables = connection.dialect.get_table_names(connection, schema=reopen().schema)
    assert before.table_name not in tables, "the old table is gone"


def test_a_runner_notices_the_switch_and_follows_the_new_table(reopen: Open) -> None:
    log = Memory(told((1, REPORTED)))
    model = Model(reopen(), made("counting"))
    projector = follow(log, reopen(), model.projection)
    assert rebuild(log, reopen(), [model.projection])
    log.add(told((1, REPORTED), (1, LOGGED))[1:])
    for _ in range(3):
        projector.step()
    assert (model.live.generation, model.live.position) == (2, 2)
    assert [row.events for row in model.rows()] == [2]


def test_a_rebuild_never_moves_readers_back(reopen: Open) -> None:
    """The live one may have gone further meanwhile: then the new one is not switched to yet."""
    history = told((1, REPORTED), (1, LOGGED))
    model = Model(reopen(), made("counting"))
    follow(Memory(history), reopen(), model.projection).close()
    build = Build(reopen(), model.projection, Role.BUILDING)
    follower = build.begin()
    assert follower is not None
    assert not build.settle(head=2)
    assert model.live.generation == 1
    build.abandon()
    assert model.generation(Role.BUILDING) is None


def test_a_log_that_became_shorter_is_noticed_and_can_be_rebuilt_from(reopen: Open) -> None:
    """After a backup was restored, rows tell of events that are not there: that must not pass."""
    history = told((1, REPORTED), (1, LOGGED), (1, RESOLVED))
    model = Model(reopen(), made("counting"))
    follow(Memory(history), reopen(), model.projection).close()
    restored = Memory(history[:2])
    follow(restored, reopen(), model.projection).close()
    assert State.HALTED is model.live.state
    assert model.live.error == "LogIsShorter: the log ends at position 2: rebuild this read model"
    assert rebuild(restored, reopen(), [model.projection])
    assert (
        model.live.position, model.live.state, [row.events for row in model.rows()],
    ) == (2, State.RUNNING, [2])  # fmt: skip


def test_two_rebuilds_of_one_read_model_do_not_meet(reopen: Open) -> None:
    log, projection = Memory(told((1, REPORTED))), made("counting")
    Registry(reopen()).migrate()
    build = Build(reopen(), projection, Role.BUILDING)
    build.begin()
    with pytest.raises(AlreadyRebuilding, match="counting"):
        rebuild(log, reopen(), [projection])
    build.abandon()
    assert rebuild(log, reopen(), [projection])


def test_one_that_could_not_be_begun_can_be_begun_again(
    reopen: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk was full for a moment: there is nobody else to wait for."""
    projection, database = made("counting"), reopen()
    Registry(database).migrate()
    with monkeypatch.context() as broken:
        broken.setattr(Registry, "begin", full)
        with pytest.raises(OSError, match="full"):
            Build(database, projection, Role.BUILDING).begin()
    again = Build(database, projection, Role.BUILDING)
    assert again.begin() is not None
    again.abandon()


def full(*_: Any) -> Any:
    raise OSError("the disk is full")


def test_new_code_builds_its_version_beside_the_old_one_and_switches(reopen: Open) -> None:
    """A deployment needs no downtime and no command: the old rows serve until the new are there."""
    log = Memory(plausible(20))
    old = Model(reopen(), made("counting"))
    follow(log, reopen(), old.projection).close()
    new = Model(reopen(), newer(old.projection))
    projector = runner_of(log, reopen(), [new.projection], pace=SMALL)
    projector.step()
    assert new.live.version == 1, "the old one serves"
    assert len(new.ask("counts", limit=20).items) == 20, "and new code may ask it"
    while projector.step():
        pass
    assert (new.live.version, new.live.state) == (2, State.RUNNING)
    assert new.live.table_name == "counting_v2_g2"
    log.add(told((99, REPORTED)))
    assert projector.step(), "and it goes on following"


def test_readers_are_told_when_no_table_has_the_columns_they_need(reopen: Open) -> None:
    """New columns cannot be answered from an old table: better to say so than to guess."""
    database = reopen()
    with pytest.raises(BeingBuilt, match="counting"):
        Model(database, made("counting")).ask("counts")
    follow(Memory(told((1, REPORTED))), database, made("counting")).close()
    other = Model(database, made("counting", Row=found()[0].row))
    with pytest.raises(BeingBuilt):
        other.ask("counts")


def test_a_rebuild_halts_at_a_poison_event_and_leaves_the_live_one(reopen: Open) -> None:
    """It names the event. Others rebuilt with it are finished, and repaired code resumes it."""
    log = Memory(told((1, REPORTED), (2, POISON), (1, LOGGED)))
    model = Model(reopen(), made("counting", fold=lenient))
    follow(log, reopen(), model.projection).close()
    before = model.live
    sound = made("sound", fold=lenient)
    with pytest.raises(RebuildHalted, match="counting at position 2") as caught:
        rebuild(log, reopen(), [made("counting"), sound])
    assert [each.name for each in caught.value.broken] == ["counting"]
    assert before == model.live
    assert Model(reopen(), sound).live.position == 3
    assert rebuild(log, reopen(), [model.projection])
    assert model.live.generation == 2


def test_fresh_forgets_what_an_interrupted_rebuild_made(reopen: Open) -> None:
    log, model = Memory(plausible(5)), Model(reopen(), made("counting"))
    pages = iter([False, True])
    rebuild(log, reopen(), [model.projection], stop=lambda: next(pages), page=5)
    seen: list[Progress] = []
    assert rebuild(log, reopen(), [model.projection], progress=seen.append, fresh=True, page=5)
    assert seen[0].position == 5


def test_verify_agrees_with_an_untouched_read_model(database: Database) -> None:
    log = Memory(plausible(20))
    follow(log, database, *found()).close()
    for projection in found():
        verdict = verify(log, database, projection)
        assert verdict.comparison.equal
        assert log.head() == verdict.position
        assert Model(database, projection).generation(Role.VERIFYING) is None


def test_verify_names_the_rows_that_differ(database: Database) -> None:
    """A changed row, one that is missing and one too many are each named by their key."""
    log, model = Memory(plausible(6)), Model(database, made("counting"))
    follow(log, database, model.projection).close()
    store = RowStore(database, model.projection.shape, model.live.table_name)
    rows = model.rows()
    changed, missing = rows[1], rows[3]
    extra = made("counting").row(
        **{**vars(rows[0]), "incident_id": type(changed.incident_id)(int=5)}
    )
    with database.writing() as connection:
        wrong = type(changed)(**{**vars(changed), "events": 99})
        store.write(connection, [wrong, extra], [missing.incident_id], new=False)
    comparison = verify(log, database, model.projection).comparison
    expected = sorted([changed.incident_id, missing.incident_id, extra.incident_id])
    assert (3, [(key,) for key in expected]) == (comparison.differing, list(comparison.keys))
    assert not comparison.equal
    assert comparison.digest != comparison.other_digest


def test_a_digest_is_the_same_on_both_stores(
    tmp_path_factory: pytest.TempPathFactory, postgres_url: str
) -> None:
    """So that a copy of the log elsewhere can be shown to say the same."""
    log, digests = Memory(plausible(20)), []
    log.add(reviewed(log.head()))
    for url in ("", postgres_url):
        database = Database.open(tmp_path_factory.mktemp("digest"), url)
        rebuild(log, database, found())
        for projection in found():
            model = Model(database, projection)
            store = RowStore(database, projection.shape, model.live.table_name)
            with database.reading() as connection:
                digests.append((projection.name, digest(connection, store)))
                assert compare(connection, store, store).equal
        database.close()
    half = len(digests) // 2
    assert digests[:half] == digests[half:]
    assert len({said for _, said in digests}) == half, "and no two of them say the same"


def reviewed(head: int) -> list[Any]:
    """A review, for the read models that are about nothing else."""
    scribe = Scribe()
    scribe.position = head
    return [scribe.record(STREAM, event) for event in (OPENED, AGREED)]


def test_a_live_read_model_can_be_asked_while_it_is_rebuilt(reopen: Open) -> None:
    log, model = Memory(told((1, REPORTED), (1, LOGGED), (1, RESOLVED), (1, CLOSED))), None
    model = Model(reopen(), made("counting"))
    follow(log, reopen(), model.projection).close()
    answers: list[int] = []

    def look(_: Progress) -> None:
        answers.append(model.ask("counts").items[0].events)

    assert rebuild(log, reopen(), [model.projection], progress=look, page=1)
    assert {4} == set(answers)
    assert ReadModels(reopen()).position("counting") == 4
