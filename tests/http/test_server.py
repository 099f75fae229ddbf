"""The service as a process: where it dares to listen, how it starts, how it ends."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import psutil
import pytest

from tests.http.conftest import REPORT
from tocsin.http.app import create_app
from tocsin.http.companion import Companion, companions
from tocsin.http.server import CannotListen, check_exposure, first_key, serve
from tocsin.keys import Keys, Scope
from tocsin.lake import extra
from tocsin.settings import Settings
from tocsin.variables import BadSetting

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 60.0


@contextmanager
def started(home: Path, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`tocsin serve` as a process, and where it listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "tocsin", "serve"],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
            "TOCSIN_HOME": str(home),
            "TOCSIN_PORT": str(port),
            "TOCSIN_LAKE": "false",
            **environment,
        },
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()


def until_ready(process: subprocess.Popen[str], url: str) -> float:
    began = time.monotonic()
    while time.monotonic() - began < READY_SECONDS:
        assert process.poll() is None, process.stderr and process.stderr.read()
        try:
            if httpx.get(f"{url}/health/ready", verify=False).status_code == 200:
                return time.monotonic() - began
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError("it is not ready")


def said(process: subprocess.Popen[str]) -> str:
    """All that it said, after its end."""
    assert process.stderr is not None
    return process.stderr.read()


def first_key_of(line: str) -> str:
    assert "first API key" in line
    return line.rpartition(" ")[2].strip()


def children(process: subprocess.Popen[str]) -> list[psutil.Process]:
    found: list[psutil.Process] = psutil.Process(process.pid).children()
    return found


def test_a_first_start_shows_a_key_once_and_serves(tmp_path: Path) -> None:
    with started(tmp_path) as (process, url):
        until_ready(process, url)
        assert process.stderr is not None
        key = first_key_of(process.stderr.readline())
        headers = {"Authorization": f"Bearer {key}"}
        with httpx.Client(base_url=url, headers=headers) as client:
            position = client.post("/incidents", json=REPORT).json()["position"]
            listed = client.get("/incidents", params={"at_least": position}, timeout=20)
            assert [row["reference"] for row in listed.json()["items"]] == ["INC0000001"]
            assert "server" not in listed.headers
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert key not in said(process)
    with started(tmp_path) as (process, url):
        until_ready(process, url)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        assert "first API key" not in said(process)
    with closing(Keys.open(Settings(home=tmp_path))) as keys:
        (kept,) = keys.all()
    assert kept.scopes == {Scope.ADMIN}


@pytest.mark.parametrize(
    ("command", "name"), [("project", "projector"), ("lake", "writer of the lake")]
)
def test_what_runs_beside_it_is_started_again_and_ends_with_the_service(
    tmp_path: Path, command: str, name: str
) -> None:
    """The projector and the writer of the lake, each a process of its own."""

    def there(*others: psutil.Process) -> list[psutil.Process]:
        found = [child for child in children(process) if child not in others]
        return [child for child in found if child.is_running() and command in child.cmdline()]

    with started(tmp_path, TOCSIN_LAKE="true") as (process, url):
        until_ready(process, url)
        (companion,) = there()
        companion.kill()
        until = time.monotonic() + 10
        while not (successors := there(companion)):
            assert time.monotonic() < until, f"there is no {name} any more"
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert not any(each.is_running() for each in successors)
        assert f"The {name} ended with -9" in said(process)


def test_without_its_libraries_the_lake_is_not_written_and_that_is_said_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """The service does without; whoever does not want a lake hears nothing of it."""
    begun: list[str] = []

    async def begin(companion: Companion) -> Companion:
        begun.append(companion.name)
        return companion

    async def end(companion: Companion, *_: object) -> None:
        pass

    async def serve(wanted: bool) -> None:
        async with companions(replace(settings, lake=wanted)):
            pass

    monkeypatch.setattr(Companion, "__aenter__", begin)
    monkeypatch.setattr(Companion, "__aexit__", end)
    monkeypatch.setattr(extra, "LIBRARIES", {"trends": ("no_such_library",)})
    asyncio.run(serve(wanted=True))
    assert begun == ["projector"]
    assert [record.message for record in caplog.records] == [extra.NOT_WRITTEN]
    asyncio.run(serve(wanted=False))
    monkeypatch.undo()
    assert len(caplog.records) == 1
    assert "pip install 'tocsin[trends]'" in extra.NOT_WRITTEN


def test_one_for_which_there_is_no_room_now_is_started_as_soon_as_there_is(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The system may have no process or no memory to give: that passes, and nobody restarts us."""
    running, refused = asyncio.Event(), [BlockingIOError(11, "no process"), OSError(12, "no room")]

    async def start(_: Settings, *command: str, **more: object) -> asyncio.subprocess.Process:
        if refused:
            raise refused.pop()
        made = await asyncio.create_subprocess_exec(
            sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE
        )
        running.set()
        return made

    async def serve() -> None:
        async with Companion(settings, "projector", "project"):
            await asyncio.wait_for(running.wait(), 5)

    monkeypatch.setattr("tocsin.http.companion.started", start)
    monkeypatch.setattr("tocsin.http.companion.FIRST_PAUSE_SECONDS", 0.01)
    asyncio.run(serve())
    told = [each.message for each in caplog.records if "cannot be started" in each.message]
    assert ["no room" in each for each in told] == [True, False]


def test_what_was_accepted_is_answered_before_the_end(tmp_path: Path) -> None:
    with started(tmp_path) as (process, url):
        until_ready(process, url)
        assert process.stderr is not None
        headers = {"Authorization": f"Bearer {first_key_of(process.stderr.readline())}"}
        with httpx.Client(base_url=url, headers=headers, timeout=20) as client:
            stream = client.build_request("GET", "/events", headers={"Accept": "text/event-stream"})
            listening = client.send(stream, stream=True)
            with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as raw:
                body = b'{"title": "a", "source": "monitoring"}'
                raw.sendall(
                    b"POST /incidents HTTP/1.1\r\nHost: localhost\r\nContent-Length: 38\r\n"
                    b"Content-Type: application/json\r\nAuthorization: "
                    + headers["Authorization"].encode()
                    + b"\r\n\r\n"
                )
                time.sleep(0.2)
                process.send_signal(signal.SIGTERM)
                time.sleep(0.3)
                raw.sendall(body)
                answered = raw.recv(65_536)
            assert b" 201 " in answered
            assert b"retry" in b"".join(listening.iter_raw())
        assert process.wait(20) == 0


async def test_what_fails_at_the_end_keeps_nothing_else_from_its_end(settings: Settings) -> None:
    ended = []

    async def fails() -> None:
        raise PermissionError(13, "Permission denied")

    async def goes() -> None:
        ended.append(app.service.desk.taking)

    app = create_app(settings)
    app.service.endings.insert(0, fails)
    app.service.lasts.append(goes)
    with pytest.raises(PermissionError):
        async with app.router.lifespan_context(app):
            assert app.service.desk.taking
    assert ended == [False]


def test_one_process_writes_a_log(tmp_path: Path) -> None:
    with started(tmp_path) as (process, url):
        until_ready(process, url)
        with started(tmp_path) as (second, _):
            assert second.wait(20) != 0
            assert "is being written by process" in said(second)
        assert httpx.get(f"{url}/health/live").status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "incidents.example"])
def test_it_is_not_public_by_accident(settings: Settings, host: str) -> None:
    """Keys would travel in the clear, or there would be none to ask for."""
    public = replace(settings, host=host)
    with pytest.raises(BadSetting, match="TOCSIN_BEHIND_PROXY=true"):
        check_exposure(public)
    behind = replace(public, behind_proxy=True)
    with pytest.raises(BadSetting, match="tocsin keys issue"):
        check_exposure(behind)
    assert first_key(settings)
    check_exposure(behind)
    certified = replace(public, tls_certificate=Path("c.pem"), tls_key=Path("k.pem"))
    check_exposure(certified)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "[::1]", "localhost"])
def test_this_machine_alone_needs_no_more(settings: Settings, host: str) -> None:
    check_exposure(replace(settings, host=host))
    assert not settings.keys_file.exists()


def test_an_address_that_is_taken_is_said_to_be(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotListen, match=f"port {port}"):
            serve(replace(settings, port=port))
    assert not settings.log_file.exists()


def test_settings_reach_the_projector(settings: Settings) -> None:
    """It is told all of them, whatever the environment of the service says."""
    changed = replace(
        settings, docs=False, allowed_hosts=("a.example", "b.example"), lag_seconds=1.5
    )
    assert Settings.from_environment(changed.environment()) == changed
