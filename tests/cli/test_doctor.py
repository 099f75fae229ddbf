"""`tocsin doctor`: what is configured, what can be reached, what is wrong, and the way out."""

import os
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.running import Run, examined
from tests.cli.test_verify import tamper
from tests.postgres import Postgres
from tocsin.cli.commands.doctor import redacted
from tocsin.cli.examination import store
from tocsin.keys import Keys, Scope
from tocsin.settings import Settings
from tocsin.store.log import Log


def test_a_sound_home_has_nothing_bad(played: Path) -> None:
    exit_code, checks = examined(played)
    assert exit_code == 0
    assert [name for name, check in checks.items() if check["level"] == "bad"] == []
    assert {"python", "sqlite", "clock", "home", "file modes", "file system", "disk", "writer",
            "log", "keys", "address", "service", "read model timeline"} <= set(checks)  # fmt: skip
    assert checks["log"]["says"].startswith(f"19 events in {played}/tocsin.db, the last recorded")


def test_each_setting_is_listed_with_its_value_and_where_it_comes_from(
    run: Run, played: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_PORT", "18999")
    document = run("--home", played, "--json", "doctor").document
    settings = {each["name"]: each for each in document["settings"]}
    assert list(settings) == [field.name for field in fields(Settings)]
    assert (settings["home"]["value"], settings["home"]["from"]) == (str(played), "option")
    assert (settings["port"]["value"], settings["port"]["from"]) == (18999, "environment")
    assert (settings["host"]["value"], settings["host"]["from"]) == ("127.0.0.1", "default")
    assert all(each["doc"] for each in settings.values())


def test_it_is_for_people_too(run: Run, played: Path) -> None:
    out = run("--home", played, "doctor").out
    assert f"TOCSIN_HOME      {played}" in out
    assert "TOCSIN_BODY_BYTES" not in out
    assert "TOCSIN_BODY_BYTES" in run("--home", played, "doctor", "--all").out


def test_a_fresh_home_is_no_fault(tmp_path: Path) -> None:
    exit_code, checks = examined(tmp_path / "none")
    assert exit_code == 0
    assert checks["home"] == {
        "name": "home",
        "level": "warn",
        "says": f"{tmp_path}/none is not there yet",
        "do": "`tocsin serve` makes it.",
        "unreachable": False,
    }
    assert not (tmp_path / "none").exists()


def test_a_setting_that_is_none_is_named_and_all_are_listed(
    run: Run, played: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_HUT", "x")
    answer = run("--home", played, "doctor")
    assert answer.exit_code == 1
    assert "TOCSIN_HUT is not a setting" in answer.out
    assert "TOCSIN_BODY_BYTES" in answer.out


def test_a_log_that_is_none_is_bad(played: Path) -> None:
    (played / "tocsin.db").write_bytes(b"SQLite format 3, or not" * 100)
    exit_code, checks = examined(played)
    assert exit_code == 3
    assert checks["log"]["level"] == "bad"
    assert "not a database" in checks["log"]["says"]


def test_a_last_event_from_the_future_means_a_wrong_clock(played: Path) -> None:
    future = datetime.now(UTC) + timedelta(days=3)
    tamper(
        played / "tocsin.db",
        "UPDATE events SET body = CAST(json_set(CAST(body AS TEXT), '$.recorded_at',"
        f" '{future:%Y-%m-%dT%H:%M:%SZ}') AS BLOB) WHERE position = 19",
    )
    exit_code, checks = examined(played)
    assert exit_code == 1
    assert checks["log"]["level"] == "bad"
    assert "in the future" in checks["log"]["says"]
    assert "clock" in checks["log"]["do"]


def test_the_process_that_writes_the_log_is_named(played: Path) -> None:
    assert examined(played)[1]["writer"]["says"] == "nobody writes the log now"
    writer = Log.open(Settings(home=played), writer=True)
    try:
        said = examined(played)[1]["writer"]["says"]
    finally:
        writer.close()
    assert said == f"process {os.getpid()} writes the log"


def test_read_models_that_are_behind_are_named(run: Run, played: Path) -> None:
    settings = Settings(home=played, lag_seconds=0.0)
    log = Log.open(settings)
    try:
        assert run("--home", played, "demo").exit_code == 0
        found = {each.name: each for each in store.examine(settings)}
    finally:
        log.close()
    assert found["read model timeline"].level == "ok"
    assert found["read model workload"].says == "not built yet"
    assert "tocsin project" in found["read model workload"].do


def test_keys_that_end_soon_are_named_with_the_way_out(played: Path) -> None:
    keys = Keys.open(Settings(home=played))
    _, key = keys.create(
        "ada", [Scope.READ], by="a test", expires_at=datetime.now(UTC) + timedelta(days=2)
    )
    keys.close()
    check = examined(played)[1]["keys"]
    assert check["level"] == "warn"
    assert f"{key.key_id} of ada ends" in check["says"]
    assert check["do"] == f"`tocsin keys rotate {key.key_id}`"


def test_when_every_key_has_ended_somebody_should_know(played: Path) -> None:
    keys = Keys.open(Settings(home=played))
    keys.revoke(keys.create("ada", [Scope.READ], by="a test")[1].key_id, by="a test")
    keys.close()
    check = examined(played)[1]["keys"]
    assert (check["level"], check["says"]) == ("warn", "0 valid, 1 expired or revoked")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("", ""),
        ("postgresql://ada:s3cret@host:5432/db", "postgresql://ada:***@host:5432/db"),
        ("postgresql://ada:p@ss@host/db", "postgresql://ada:***@host/db"),
        ("postgresql://ada@host/db", "postgresql://ada@host/db"),
        ("postgresql:///db?host=/run&password=s3cret", "postgresql:///db?host=/run&password=***"),
        ("postgresql://[broken", "***"),
    ],
)
def test_a_password_is_never_shown(address: str, shown: str) -> None:
    assert redacted(address) == shown


def test_a_server_that_is_away_cannot_be_reached(run: Run, played: Path) -> None:
    answer = run("--database", "postgresql://ada:s3cret@127.0.0.1:1/x", "--json", "doctor")
    assert answer.exit_code == 3
    assert "s3cret" not in answer.out + answer.err
    assert any(check["unreachable"] for check in answer.document["checks"])


def test_a_real_server_is_examined(tmp_path: Path, postgres_url: str, postgres: Postgres) -> None:
    Log.open(Settings(home=tmp_path, database=postgres_url), writer=True).close()
    _, checks = examined(tmp_path, "--database", postgres_url)
    assert checks["postgresql"]["says"].startswith("PostgreSQL ")
    assert checks["encoding"]["level"] == "ok"
    assert checks["server clock"]["level"] == "ok"
    assert {"fsync", "full_page_writes", "synchronous_commit", "data_checksums"} <= set(checks)
    assert "sqlite" not in checks
