"""`tocsin database`: a service that may add to the log, and not change it, on a real server."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.cli.running import Run
from tests.postgres import Postgres
from tests.store.samples import entry, noted, release, take
from tocsin.cli.examination import server
from tocsin.settings import Settings
from tocsin.store import postgres_roles, postgres_server
from tocsin.store.entries import Stored, StoreUnavailable
from tocsin.store.log import Log

MADE = datetime(2026, 3, 1, 12, tzinfo=UTC)
REPLACED = (
    "CREATE OR REPLACE FUNCTION tocsin.append_only() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RETURN NULL; END $$"
)
TABLES = ("events", "commands", "nodes", "checkpoints", "attestations")


@pytest.fixture
def clerk(postgres: Postgres) -> str:
    """A role that exists and may do nothing; its name needs quoting."""
    name = f"the clerk's {uuid4().hex[:8]}"
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(f'CREATE ROLE "{name}" LOGIN'.encode())
    return name


def as_role(url: str, role: str) -> str:
    quoted = role.replace(" ", "%20").replace("'", "%27")
    return url.replace("postgres@", f"{quoted}@")


def prepared(run: Run, url: str, role: str) -> str:
    """Make the tables as their owner, execute what is printed, and return the role's address."""
    assert run("--database", url, "database", "migrate").exit_code == 0
    granted(run, url, role)
    return as_role(url, role)


def granted(run: Run, url: str, role: str) -> None:
    printed = run("--database", url, "database", "grants", role)
    assert printed.exit_code == 0
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(printed.out.encode())


@pytest.fixture
def address(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres_url: str, clerk: str
) -> str:
    """A database of the owner, as the role sees it."""
    monkeypatch.setenv("TOCSIN_HOME", str(tmp_path))
    return prepared(run, postgres_url, clerk)


def test_the_role_does_all_that_a_service_does(run: Run, address: str) -> None:
    """Commands, read models, keys and the vault; twice, as the first start makes schemas."""
    for _ in range(2):
        for arguments in (
            ["demo"],
            ["rebuild", "timeline"],
            ["keys", "issue", "anna", "--scope", "admin"],
        ):
            answer = run("--database", address, *arguments)
            assert answer.exit_code == 0, answer.err
    answer = run("--database", address, "--json", "verify")
    assert (answer.document["ok"], answer.exit_code) == (True, 0)


def test_the_role_takes_commands_and_keeps_checkpoints(address: str, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, database=address)
    with closing(Log.open(settings, writer=True)) as log:
        name = ("dedup", "disk")
        batch = [entry(*[noted("x")] * 20, claims=(take(*name),))]
        assert log.commit(batch) == [Stored(range(1, 21), b"at " + str([*range(1, 21)]).encode())]
        stream = batch[0].drafts[0].stream
        log.commit([entry(noted("over"), stream=stream, after=20, claims=(release(*name),))])
        assert log.holder(*name) is None
        assert log.next_reference() == "INC0000001"
        assert log.add_checkpoint(21, "note", MADE) is True
        log.add_attestation(21, "file", "kept", b"", MADE)
        assert (log.tree()[0], len(log.checkpoints()), len(log.attestations())) == (21, 1, 1)


def test_the_role_cannot_change_what_is_recorded(address: str) -> None:
    """Nor take away the triggers that say so."""
    with psycopg.connect(address, autocommit=True) as connection:
        for table in TABLES:
            refused(connection, table)


def refused(connection: "psycopg.Connection[Any]", table: str) -> None:
    column = connection.execute(f"SELECT * FROM tocsin.{table}".encode()).description
    assert column is not None
    name = column[0].name
    for statement in (
        f"UPDATE tocsin.{table} SET {name} = {name}",
        f"DELETE FROM tocsin.{table}",
        f"TRUNCATE tocsin.{table}",
        f"ALTER TABLE tocsin.{table} DISABLE TRIGGER append_only",
        f"DROP TRIGGER append_only ON tocsin.{table}",
        f"DROP TABLE tocsin.{table}",
        f"ALTER TABLE tocsin.{table} RENAME TO other",
        REPLACED,
        "CREATE TABLE tocsin.mine (x int)",
        "DROP SCHEMA tocsin CASCADE",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())


def test_every_table_of_the_log_has_its_rights(address: str, postgres_url: str) -> None:
    """A table that somebody adds and forgets here would stop the service after an update."""
    with psycopg.connect(postgres_url) as connection:
        rows = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'tocsin'"
        ).fetchall()
    assert {name for (name,) in rows} == set(postgres_roles.RIGHTS)


def test_a_service_that_ran_as_the_owner_hands_over_what_is_its_own(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres_url: str, clerk: str
) -> None:
    monkeypatch.setenv("TOCSIN_HOME", str(tmp_path))
    for arguments in (["demo"], ["rebuild", "timeline"]):
        assert run("--database", postgres_url, *arguments).exit_code == 0
    address = prepared(run, postgres_url, clerk)
    for arguments in (["demo"], ["rebuild", "timeline"], ["verify"]):
        assert run("--database", address, *arguments).exit_code == 0


def test_the_role_is_told_who_brings_an_old_log_up_to_date(
    run: Run, tmp_path: Path, postgres_url: str, clerk: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_HOME", str(tmp_path))
    settings = Settings(home=tmp_path, database=postgres_url, ledger=False)
    with monkeypatch.context() as patch:
        patch.setattr(postgres_server, "SCHEMA", 1)
        Log.open(settings, writer=True, veiled=True).close()
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f'GRANT USAGE ON SCHEMA tocsin TO "{clerk}"'.encode())
        connection.execute(f'GRANT SELECT ON tocsin.schema_version TO "{clerk}"'.encode())
        connection.execute(
            f'GRANT CREATE ON DATABASE "{connection.info.dbname}" TO "{clerk}"'.encode()
        )
    theirs = Settings(home=tmp_path, database=as_role(postgres_url, clerk))
    with pytest.raises(StoreUnavailable, match="Let the owner of the log run `tocsin database mig"):
        Log.open(theirs, writer=True)
    address = prepared(run, postgres_url, clerk)
    assert run("--database", address, "demo").exit_code == 0


def test_the_doctor_says_what_the_role_may_do(
    address: str, postgres_url: str, tmp_path: Path
) -> None:
    for url, level, says in (
        (postgres_url, "warn", "postgres may UPDATE, DELETE, TRUNCATE events"),
        (address, "ok", "may add events, and neither change nor delete them"),
    ):
        found = {each.name: each for each in server.examine(Settings(home=tmp_path, database=url))}
        assert (found["role"].level, says in found["role"].says) == (level, True)


@pytest.mark.parametrize("arguments", [["migrate"], ["grants", "clerk"]])
def test_the_embedded_store_has_no_roles(run: Run, tmp_path: Path, arguments: list[str]) -> None:
    answer = run("--home", tmp_path, "--json", "database", *arguments)
    if arguments == ["migrate"]:
        assert answer.exit_code == 2
        assert "Say which PostgreSQL database" in answer.document["error"]["says"]
    else:
        assert answer.document["statements"][-1] == (
            'GRANT SELECT, INSERT ON tocsin.api_key_changes TO "clerk"'
        )
