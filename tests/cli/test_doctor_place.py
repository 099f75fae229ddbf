"""What `tocsin doctor` says of the place: the machine, the address, the home, the server."""

import os
import shutil
import threading
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.cli.running import Run, examined
from tocsin.cli.examination import home as house
from tocsin.cli.examination import machine, server

HEALTHY = {
    "server_version": "18.1",
    "server_version_num": "180001",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "data_checksums": "on",
    "server_encoding": "UTF8",
}


@pytest.mark.parametrize(("mode", "level"), [(0o700, "ok"), (0o750, "bad"), (0o755, "bad")])
def test_a_home_that_others_can_read_is_bad(played: Path, mode: int, level: str) -> None:
    played.chmod(mode)
    (played / "tocsin.db").chmod(0o644)
    check = examined(played)[1]["file modes"]
    assert check["level"] == level
    assert check["do"] == ("" if level == "ok" else f"chmod 700 {played}")


@pytest.mark.parametrize(
    ("version", "level"),
    [
        ((3, 40, 1), "bad"),
        ((3, 44, 5), "bad"),
        ((3, 44, 6), "ok"),
        ((3, 50, 6), "bad"),
        ((3, 50, 7), "ok"),
        ((3, 51, 2), "bad"),
        ((3, 51, 3), "ok"),
        ((3, 53, 4), "ok"),
        ((4, 0, 0), "ok"),
    ],
)
def test_an_sqlite_with_the_wal_reset_bug_is_bad(version: tuple[int, ...], level: str) -> None:
    assert machine.sqlite(version, "sqlite3").level == level


def test_the_kind_of_file_system_is_that_of_the_nearest_mount(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        f"3 2 8:2 / {tmp_path}/a\\040b rw shared:1 - xfs /dev/sdb1 rw\n"
        f"2 1 0:50 / {tmp_path} rw - nfs4 host:/share rw\n"
        "1 0 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n"
    )
    (tmp_path / "a b" / "home").mkdir(parents=True)
    assert house.file_system(tmp_path / "a b" / "home", mounts) == "xfs"
    assert house.file_system(tmp_path, mounts) == "nfs4"
    assert house.file_system(Path("/"), mounts) == "ext4"
    assert house.file_system(tmp_path, tmp_path / "none") is None


@pytest.mark.parametrize(
    ("kind", "level"),
    [("ext4", "ok"), ("nfs4", "bad"), ("cifs", "bad"), ("tmpfs", "warn"), (None, "warn")],
)
def test_a_network_file_system_is_bad(
    played: Path, monkeypatch: pytest.MonkeyPatch, kind: str | None, level: str
) -> None:
    monkeypatch.setattr(house, "file_system", lambda _: kind)
    exit_code, checks = examined(played)
    assert checks["file system"]["level"] == level
    assert exit_code == (1 if level == "bad" else 0)


@pytest.mark.parametrize(
    ("change", "level"),
    [
        ({"fsync": "off"}, "bad"),
        ({"full_page_writes": "off"}, "bad"),
        ({"server_encoding": "LATIN1"}, "bad"),
        ({"synchronous_commit": "off"}, "warn"),
        ({"data_checksums": "off"}, "warn"),
        ({"server_version_num": "130010"}, "warn"),
    ],
    ids=lambda change: next(iter(change)) if isinstance(change, dict) else change,
)
def test_a_server_that_puts_events_at_risk_is_named(change: dict[str, str], level: str) -> None:
    wrong = [check for check in server.judge({**HEALTHY, **change}, 0.0) if check.level != "ok"]
    assert [check.level for check in wrong] == [level]
    assert wrong[0].do


def test_a_server_whose_clock_is_another_is_named() -> None:
    wrong = [check.name for check in server.judge(HEALTHY, -7.5) if check.level != "ok"]
    assert wrong == ["server clock"]


@pytest.mark.parametrize(
    ("host", "level"), [("127.0.0.1", "ok"), ("localhost", "ok"), ("::1", "ok"), ("0.0.0.0", "bad")]
)
def test_a_public_address_without_tls_is_bad(
    played: Path, monkeypatch: pytest.MonkeyPatch, host: str, level: str
) -> None:
    monkeypatch.setenv("TOCSIN_HOST", host)
    monkeypatch.setenv("TOCSIN_PORT", "1")
    assert examined(played)[1]["address"]["level"] == level


def test_a_certificate_that_is_missing_is_bad(
    played: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_TLS_CERTIFICATE", str(played / "none.pem"))
    monkeypatch.setenv("TOCSIN_TLS_KEY", str(played / "key.pem"))
    _, checks = examined(played)
    assert checks["address"]["level"] == "bad"
    assert f"{played}/none.pem is missing" in checks["address"]["says"]


def test_a_proxy_makes_a_public_address_fine(played: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_HOST", "0.0.0.0")
    monkeypatch.setenv("TOCSIN_PORT", "1")
    monkeypatch.setenv("TOCSIN_BEHIND_PROXY", "true")
    assert examined(played)[1]["address"]["level"] == "ok"


def test_a_service_that_answers_there_is_noticed(
    played: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it is: here it is something that knows no such page."""
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    monkeypatch.setattr(BaseHTTPRequestHandler, "log_message", lambda *_: None)
    monkeypatch.setenv("TOCSIN_PORT", str(server.server_port))
    with server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        check = examined(played)[1]["service"]
    assert check["level"] == "warn"
    assert f"something answers 501 at 127.0.0.1:{server.server_port}" in check["says"]


def test_a_clock_behind_the_program_is_wrong(played: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Past(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> "Past":
            return cls(2001, 1, 1, tzinfo=tz)

    monkeypatch.setattr(machine, "datetime", Past)
    exit_code, checks = examined(played)
    assert (exit_code, checks["clock"]["level"]) == (1, "bad")


@pytest.mark.parametrize(("free", "level"), [(1 << 40, "ok"), (1 << 29, "warn"), (1 << 20, "bad")])
def test_a_disk_that_is_nearly_full_is_named(
    played: Path, monkeypatch: pytest.MonkeyPatch, free: int, level: str
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    assert examined(played)[1]["disk"]["level"] == level


def test_a_home_that_is_a_file_cannot_be_used(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home").write_text("")
    monkeypatch.setenv("TOCSIN_HOME", str(tmp_path / "home"))
    answer = run("--json", "doctor")
    assert answer.exit_code == 3
    bad = {check["name"]: check["says"] for check in answer.document["checks"] if check["do"]}
    assert bad == {"home": f"{tmp_path}/home is no folder"}


def test_another_users_home_is_named(played: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that the wrong user makes there stop the right one later."""
    monkeypatch.setattr(os, "geteuid", lambda: 12_345)
    check = examined(played)[1]["home"]
    assert (check["level"], "this is user 12345" in check["says"]) == ("warn", True)
