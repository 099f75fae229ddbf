"""Whatever people write, and whatever opens a door, is in no line of log: at any level."""

import json
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.http.test_server import said, started, until_ready
from tocsin.domain.kernel import COMMANDS
from tocsin.drivers import sqlite3
from tocsin.keys import Keys, Scope
from tocsin.settings import Settings

CANARY = "Canarywharf"
"""In every text, name and address that the service is given."""
PERSON = f"{CANARY} O'Hara"
TEXTS = {
    "title": f'{CANARY}\'s mail is "down"',
    "description": f"{CANARY} {'long ' * 50}",
    "reporter": PERSON,
    "actor": PERSON,
    "source": "user-report",
}


def commands(reference: str) -> Iterator[tuple[str, Any]]:
    """Good requests and bad ones, each with the canary wherever something can stand."""
    of = f"/incidents/{reference}"
    yield f"{of}/acknowledge", {"actor": PERSON}
    yield f"{of}/note", {"text": CANARY, "actor": PERSON}
    yield f"{of}/assign", {"group": CANARY, "assignee": PERSON}
    yield f"{of}/diagnose", {"findings": CANARY, "hypothesis": CANARY}
    yield f"{of}/resolve", {"resolution_code": "fixed", "resolution": CANARY}
    for (aggregate, path), command in COMMANDS.items():
        if aggregate == "incident":
            names = {each.name for each in fields(command)} - {*command.filled_by_desk}
            yield f"{of}/{path}", dict.fromkeys((*names, CANARY), CANARY)
            yield f"{of}/{path}", dict.fromkeys(names - {"occurred_at"}, CANARY)
    yield "/incidents", {"title": [CANARY]}
    yield "/commands", {"commands": [{"command": "report", "body": TEXTS}]}
    yield "/commands", {"commands": [{"command": CANARY, "body": TEXTS}]}
    yield f"/incidents/{CANARY}/acknowledge", {}
    yield f"/{CANARY}", {CANARY: CANARY}


def ask(client: httpx.Client) -> list[int]:
    """All of it; the statuses that were answered."""
    answers = [client.post("/incidents", json=TEXTS)]
    reference = answers[0].json()["reference"]
    answers += [client.post(path, json=body) for path, body in commands(reference)]
    broken, kind = f'{{"title": "{CANARY}'.encode(), {"Content-Type": "application/json"}
    answers.append(client.post("/incidents", content=broken, headers=kind))
    answers.append(client.get("/incidents", params={"group": CANARY, CANARY: CANARY}))
    for token in (f"tocsin_{CANARY}", f"tocsin_0123456789_{CANARY * 5}"):
        answers.append(client.get("/incidents", headers={"Authorization": f"Bearer {token}"}))
    strange = {"X-Request-ID": f"{CANARY} {PERSON}", "Idempotency-Key": CANARY}
    answers.append(client.post("/incidents", json=TEXTS, headers=strange))
    return [each.status_code for each in answers]


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], str]:
    """All that a service at debug level has said, through faults of its own; and its key."""
    home: Path = tmp_path_factory.mktemp("canary") / "home"
    settings = Settings(home=home)
    with closing(Keys.open(settings)) as keys:
        token, _ = keys.create(PERSON, [Scope.ADMIN], by=PERSON)
    environment = {"TOCSIN_LOGS": "json", "TOCSIN_LOG_LEVEL": "debug", "TOCSIN_VAULT": "false"}
    environment["TOCSIN_POLL_SECONDS"] = "0.02"
    with started(home, **environment) as (process, url), listening(process) as heard:
        until_ready(process, url)
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=url, headers=headers, timeout=20) as client:
            statuses = ask(client)
            assert {200, 201, 400, 401, 404, 422} <= set(statuses), statuses
            position = client.post("/incidents", json=TEXTS).json()["position"]
            built = {"at_least": position}
            until = time.monotonic() + 30
            while client.get("/incidents", params=built).status_code != 200:
                assert time.monotonic() < until, "the read models are not built"
            break_stores(home)
            ask(client)
            until = time.monotonic() + 20
            for fault in ("read models wait", "Reads cannot be recorded"):
                while not any(fault in each for each in heard):
                    assert time.monotonic() < until, f"it has not been said: {fault}"
                    time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        process.wait(20)
    return heard, token


@contextmanager
def listening(process: subprocess.Popen[str]) -> Iterator[list[str]]:
    """What a process says, line by line, as it says it: it may say more than a pipe holds."""
    heard: list[str] = []
    assert process.stderr is not None
    thread = threading.Thread(target=heard.extend, args=(process.stderr,))
    thread.start()
    try:
        yield heard
    finally:
        process.kill()
        thread.join()


def break_stores(home: Path) -> None:
    """Faults, too, speak of what they were raised over: here of rows that have no table any more,
    of incidents in the read models, and of who read what."""
    for name in ("readmodels.db", "access.db"):
        with closing(sqlite3.connect(home / name, timeout=30)) as file:
            tables = file.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            for (table,) in tables:
                if name == "access.db" or "_v1_g" in table:
                    file.execute(f"DROP TABLE IF EXISTS {table}")
            file.commit()


def test_there_are_lines_and_each_is_an_object(lines: tuple[list[str], str]) -> None:
    """Silence would prove nothing: there were faults, and they were told."""
    found = [json.loads(each) for each in lines[0]]
    assert {"time", "level", "logger", "message", "process"} <= set.intersection(
        *(set(each) for each in found)
    )
    assert {each["process"] for each in found} >= {"api", "projector"}
    assert any("exception" in each for each in found)


def test_no_line_holds_what_was_written(lines: tuple[list[str], str]) -> None:
    assert [each for each in lines[0] if CANARY.lower() in each.lower()] == []
    assert [each for each in lines[0] if "O'Hara" in each or "Hara" in each] == []


def test_no_line_holds_a_key(lines: tuple[list[str], str]) -> None:
    said, token = lines
    secret = token.rpartition("_")[2]
    assert len(secret) > 40
    assert [each for each in said if secret in each or secret[:20] in each] == []


@pytest.mark.slow
def test_the_first_key_is_not_among_the_lines(tmp_path: Path) -> None:
    """Lines are kept and copied; the key is in a file that only the service's user reads."""
    with started(tmp_path, TOCSIN_LOGS="json") as (process, url):
        until_ready(process, url)
        key = (tmp_path / "first.key").read_text("ascii").strip()
        assert (tmp_path / "first.key").stat().st_mode & 0o777 == 0o600
        headers = {"Authorization": f"Bearer {key}"}
        assert httpx.get(f"{url}/incidents", headers=headers).status_code != 401
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        lines = said(process)
    assert key not in lines
    assert "first.key" in lines
