"""A person is forgotten under load: nothing on the disk tells of them any more, and the log can
still be proved."""

import json
import re
import sqlite3
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.erasure import canaries as c
from tests.faults.service import Service
from tocsin.audit import verify as auditor

PATIENCE_SECONDS = 90.0

pytestmark = pytest.mark.faults


class WithLake(Service):
    """The service with everything that writes names or texts anywhere."""

    def __init__(self, home: Path, database: str = "") -> None:
        home.mkdir(mode=0o700)
        super().__init__(home, database)
        self.settings = replace(self.settings, lake=not database)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[WithLake]:
    service = WithLake(tmp_path / "home")
    yield service
    service.stop()


@pytest.fixture
def shared(tmp_path: Path, postgres_url: str) -> Iterator[WithLake]:
    service = WithLake(tmp_path / "home", postgres_url)
    yield service
    service.stop()


def test_the_search_finds_what_there_is(tmp_path: Path) -> None:
    """Or else its silence would say nothing."""
    (tmp_path / "plain").write_text(f"of {c.NAME}.")
    (tmp_path / "wide").write_text(f"of {c.ACCOUNT}.", "utf-16")
    for shift in range(3):
        coded = b64encode(b"x" * shift + f"{c.MAIL} wrote".encode())
        (tmp_path / f"coded{shift}").write_bytes(coded)
    (tmp_path / "clean").write_text("of Quixote.")
    assert c.search(tmp_path) == ["coded0", "coded1", "coded2", "plain", "wide"]


def forgotten(ask: c.Asking) -> list[str]:
    """Forget all names of the person, and wait until each is gone from everywhere."""
    query = "&".join(f"name={name.replace(' ', '%20')}" for name in c.NAMES)
    found = ask("GET", f"/subjects?{query}")
    subjects = [each["subject_id"] for each in found["subjects"]]
    assert len(subjects) == 2, "a name and an account; the address stands in texts alone"
    why = {"basis": "objection", "request": "DSR-2026-7", "names": c.NAMES}
    for subject in subjects:
        receipt = ask("POST", f"/subjects/{subject}/forget", why)
        assert receipt["events"] == ["subject.forgotten"]
    purged(ask, subjects)
    return subjects


def purged(ask: c.Asking, subjects: list[str]) -> None:
    ends = time.monotonic() + PATIENCE_SECONDS
    while not all((last := ask("GET", f"/subjects/{each}"))["purged_at"] for each in subjects):
        assert time.monotonic() < ends, (last, ask.service.stderr())
        time.sleep(0.1)


def caught_up(ask: c.Asking, position: int) -> None:
    """Wait until the lists have seen a position."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            ask("GET", f"/incidents?limit=1&at_least={position}")
            return
        except AssertionError:
            assert time.monotonic() < ends
            time.sleep(0.2)


def staged(ask: c.Asking, incidents: int) -> tuple[list[str], str]:
    touched = [c.stage(ask, number) for number in range(incidents)]
    bystander = c.aside(ask, 0)
    last = ask("GET", f"/incidents/{bystander}")
    caught_up(ask, ask.command(bystander, "log")["position"])
    assert last["reporter"] == c.BYSTANDER
    return touched, bystander


def indexed(service: Service) -> None:
    """Ask what is similar, once the lake has come so far: an index is kept."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while "error" in (answer := service.run("similar", "INC0000001")):
        assert time.monotonic() < ends, answer
        time.sleep(0.2)
    assert answer["items"]


def proved(service: Service, file: Path) -> list[dict[str, Any]]:
    """Make an audit export, check it without Tocsin, and return what it says was forgotten."""
    made = service.run("audit", "export", "--all", "-o", str(file))
    assert made["ok"], made
    (key,) = service.run("ledger", "key")["items"]
    checked = subprocess.run(
        [sys.executable, auditor.__file__, str(file), "--key", key["vkey"], "--json"],
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert checked.returncode == 0, checked.stdout.decode()[-2_000:]
    told: list[dict[str, Any]] = json.loads(checked.stdout)["forgotten"]
    return told


def test_nothing_in_the_home_tells_of_who_was_forgotten(service: WithLake, tmp_path: Path) -> None:
    """Files, write-ahead logs, lake, indexes, exports, and the copy of the log that was made while
    everything could still be read. The copy of the vault is what is left: it has to expire."""
    nothing_is_left(service, tmp_path, incidents=10)


def nothing_is_left(service: WithLake, outside: Path, incidents: int) -> None:
    """Forget somebody under load, and look for any trace of them."""
    home = service.settings.home
    service.start()
    ask = c.Asking(service)
    touched, bystander = staged(ask, incidents)
    indexed(service)
    assert "readmodels.db-wal" in c.search(home), "what is made of the log holds it in the clear"
    assert contents(home)
    copies = {"tocsin.db": home / "copy-of-the-log.db", "vault.db": outside / "vault.db"}
    for name, copy in copies.items():
        with closing(sqlite3.connect(home / name)) as here, closing(sqlite3.connect(copy)) as to:
            here.backup(to)
    with c.load(ask) as others:
        forgotten(ask)
    assert len(others) > 0
    assert contents(home) == []
    state = ask("GET", f"/incidents/{touched[0]}")
    assert state["title"] == "[forgotten]"
    assert state["reporter"].startswith("person:")
    assert ask("GET", f"/incidents/{others[-1]}")["reporter"] == c.BYSTANDER
    exports = home / "exports"
    exports.mkdir()
    service.run("export", "csv", "-o", str(exports / "all.csv"))
    service.stop()
    assert c.search(home) == []
    assert service.run("verify")["ok"]
    told = proved(service, exports / "audit.jsonl")
    assert len(told) == 2 + incidents
    assert {each["data"]["request"] for each in told} == {"DSR-2026-7"}
    assert service.run("incident", bystander)["incidents"][0]["state"]["reporter"] == c.BYSTANDER
    assert c.search(home) == []


def contents(home: Path) -> list[Path]:
    """The files that hold the content of evidence."""
    return [each for each in (home / "evidence").rglob("*") if each.is_file()]


def dumped(url: str) -> Iterator[tuple[str, bytes]]:
    """Every row of every table of a database, as text."""
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        assert len(tables) > 10
        for schema, table in tables:
            rows = sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(schema, table))
            found = connection.execute(rows).fetchall()
            # What is stored as bytes is shown in hexadecimal.
            cells = "\n".join(row[0] for row in found)
            raw = b"".join(map(bytes.fromhex, re.findall(r"\\x((?:[0-9a-f]{2})+)", cells)))
            yield f"{schema}.{table}", cells.encode() + b"\n" + raw


def test_nothing_in_the_database_tells_of_who_was_forgotten(shared: WithLake) -> None:
    """On PostgreSQL: every table of the log, of the read models, of the vault and of the rest."""
    url = shared.settings.database
    shared.start()
    ask = c.Asking(shared)
    touched, bystander = staged(ask, 6)
    pattern = c.traces()
    before = {name for name, rows in dumped(url) if pattern.search(rows)}
    assert any(name.startswith("readmodels.incidents") for name in before)
    assert not any(name.startswith("tocsin.") for name in before), "the log holds it sealed"
    with c.load(ask):
        forgotten(ask)
    assert ask("GET", f"/incidents/{touched[0]}")["title"] == "[forgotten]"
    assert ask("GET", f"/incidents/{bystander}")["reporter"] == c.BYSTANDER
    shared.stop()
    assert {name for name, rows in dumped(url) if pattern.search(rows)} == set()
    assert c.search(shared.settings.home) == []
    assert shared.run("verify")["ok"]
