"""Whatever an earlier version has written, this one opens, reads, answers and goes on with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tests.cli.running import Answer, answer
from tests.upgrade.conftest import STORES, Old
from tests.upgrade.packing import names, unpacked
from tocsin.domain.kernel import aggregate_of
from tocsin.drivers import sqlite3
from tocsin.http.app import create_app
from tocsin.settings import Settings
from tocsin.store.entries import StoreUnavailable
from tocsin.store.log import Log
from tocsin.store.sqlite_file import SCHEMA

ALL = 100_000


@asynccontextmanager
async def served(old: Old) -> AsyncIterator[httpx.AsyncClient]:
    """Today's service on it, and a client with the key of then."""
    app = create_app(old.settings)
    headers = {"Authorization": f"Bearer {old.told['token']}"}
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://localhost", headers=headers
        ) as client,
    ):
        yield client


def run(old: Old, *command: str | Path) -> Answer:
    """One of today's commands on it."""
    place: tuple[str | Path, ...] = ("--home", old.settings.home)
    if old.settings.database:
        place += ("--database", old.settings.database)
    return answer(*place, "--json", *command)


def schema(settings: Settings, newer: int | None = None) -> int:
    """Which schema its log has; or the one that it has from now on."""
    if settings.database:
        with psycopg.connect(settings.database, autocommit=True) as connection:
            if newer is not None:
                connection.execute("UPDATE tocsin.schema_version SET version = %s", (newer,))
            row = connection.execute("SELECT version FROM tocsin.schema_version").fetchone()
            assert row is not None
            return int(row[0])
    with closing(sqlite3.connect(settings.log_file)) as file:
        if newer is not None:
            file.execute(f"PRAGMA user_version = {newer}")
        return int(file.execute("PRAGMA user_version").fetchone()[0])


def test_there_is_an_old_log_of_every_earlier_schema_on_both_stores(tmp_path: Path) -> None:
    """Who changes the schema makes a fixture of the version before; README.md there says how."""
    found = set()
    for name in names(STORES[0]):
        unpacked(name, STORES[0], tmp_path / name)
        found.add(schema(Settings(home=tmp_path / name)))
    assert set(range(1, SCHEMA)) <= found
    assert names(STORES[0]) == names(STORES[1])


def test_who_only_reads_is_told_to_migrate_an_old_schema_first(old: Old) -> None:
    """A reader changes nothing, so it cannot read what only a migration makes readable."""
    have = schema(old.settings)
    if have == SCHEMA:
        with closing(Log.open(old.settings)) as log:
            assert log.head() == old.told["head"]
        return
    with pytest.raises(StoreUnavailable, match=f"has schema {have}.*`tocsin serve` migrates it"):
        Log.open(old.settings)
    assert schema(old.settings) == have


def test_every_event_is_there_and_is_decoded(started: Old) -> None:
    with closing(Log.open(started.settings)) as log:
        found = log.page(0, ALL)
        assert [each.position for each in found] == list(range(1, started.told["head"] + 1))
        assert len({each.stream for each in found}) == started.told["streams"]
        kinds = {aggregate_of(each.event).name for each in found}
        assert {"incident"} <= kinds
        assert log.tree()[0] == started.told["head"], "the tree was caught up"
    assert schema(started.settings) == SCHEMA


async def test_a_command_of_then_is_answered_by_the_very_bytes_of_then(started: Old) -> None:
    """Exactly once holds across versions, for every command that was ever answered."""
    async with served(started) as client:
        for each in started.told["told"]:
            answered = await client.post(
                each["path"],
                content=each["body"].encode(),
                headers={"Idempotency-Key": each["key"], "Content-Type": each["kind"]},
            )
            assert answered.content == each["answer"].encode(), each["path"]
            assert answered.status_code == each["status"], each["path"]
    with closing(Log.open(started.settings)) as log:
        assert log.head() == started.told["head"], "nothing was recorded again"


async def test_the_incidents_of_then_go_on(old: Old) -> None:
    """What is open takes further commands, and what is new gets a number that nobody has."""
    told = [each for each in old.told["told"] if each["path"] == "/incidents"]
    async with served(old) as client:
        last = httpx.Response(200, content=told[-1]["answer"]).json()
        noted = await client.post(f"/incidents/{last['incident_id']}/note", json={"text": "On."})
        assert noted.status_code == 200, noted.text
        assert noted.json()["position"] == old.told["head"] + 1
        new = {"title": "After the upgrade", "source": "monitoring"}
        made: dict[str, Any] = (await client.post("/incidents", json=new)).json()
        assert made["position"] == old.told["head"] + 3
        assert int(made["reference"].removeprefix("INC")) > int(last["reference"][3:])


def test_it_verifies_and_its_read_models_are_built(started: Old) -> None:
    assert run(started, "rebuild", "--all").exit_code == 0
    said = run(started, "verify")
    assert (said.exit_code, said.document["faults"]) == (0, [])
    assert said.document["head"] == started.told["head"]
    assert {each["equal"] for each in said.document["read_models"]} == {True}


def test_what_was_sealed_signed_and_attached_then_still_holds(newest: Old) -> None:
    """Names open with the keys of then, checkpoints of then hold, evidence of then is intact."""
    Log.open(newest.settings, writer=True).close()
    assert run(newest, "ledger", "check", newest.settings.home / "held.txt").exit_code == 0
    found = run(newest, "evidence", "verify")
    assert found.exit_code == 0
    assert [piece["condition"] for piece in found.document["items"]] == ["intact"]
    with closing(Log.open(newest.settings)) as log:
        actors = {each.actor for each in log.page(0, ALL)}
    assert {"ann", "mia", "fixture"} <= actors
    assert "zoë.müller" not in actors, "who was forgotten stays so"


@pytest.mark.parametrize("writer", [False, True])
def test_a_log_of_a_newer_schema_is_refused_and_left_alone(newest: Old, writer: bool) -> None:
    schema(newest.settings, newer=SCHEMA + 1)
    with pytest.raises(StoreUnavailable, match=f"has schema {SCHEMA + 1}.*Use a newer one"):
        Log.open(newest.settings, writer=writer)
    assert schema(newest.settings) == SCHEMA + 1
