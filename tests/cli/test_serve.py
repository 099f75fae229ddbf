"""`tocsin serve`: the real service as a process of its own, with everybody beside it."""

import json
import re
import signal
import socket
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import SECONDS, Run, ended, process, running


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def asked(port: int, path: str, key: str = "", body: Any = None) -> Any:
    """What the service answers."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, headers)
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        return json.load(answer)


def wait_until_ready(port: int) -> None:
    end = time.monotonic() + SECONDS
    while True:
        try:
            asked(port, "/health/ready")
            return
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.05)


def wait_until_built(run: Run, home: Path) -> None:
    """Until the projector, which starts with the service, has read models that it can follow."""
    end = time.monotonic() + SECONDS
    while True:
        known = run("--home", home, "projections", "--json").document
        roles = [each["role"] for each in known["projections"]]
        if not known["not_built"] and set(roles) == {"live"}:
            return
        assert time.monotonic() < end
        time.sleep(0.05)


def test_it_serves_beside_all_who_only_read(run: Run, tmp_path: Path) -> None:
    """The key is shown once; asking works beside it, writing says who writes; Ctrl-C ends it."""
    home, port = tmp_path / "home", free_port()
    with running("serve", "--home", home, "--port", str(port)) as service:
        wait_until_ready(port)
        assert service.stderr is not None
        (key,) = re.findall(r"tocsin_\w+", service.stderr.readline())
        report = {"title": "Nobody can print", "source": "user-report", "reporter": "ada"}
        reference = asked(port, "/incidents", key, report)["reference"]
        assert "Nobody can print" in run("--home", home, "incident", reference).out
        assert run("--home", home, "replay", reference).exit_code == 0
        assert run("--home", home, "verify").exit_code == 0
        wait_until_built(run, home)
        assert run("--home", home, "rebuild", "--all").exit_code == 0
        answer = run("--home", home, "demo")
        assert answer.exit_code == 3
        assert f"is being written by process {service.pid}" in answer.err
        doctor = run("--home", home, "doctor", "--json").document["checks"]
        writers = [check["says"] for check in doctor if check["name"] == "writer"]
        assert writers == [f"process {service.pid} writes the log"]
        service.send_signal(signal.SIGINT)
        answer = ended(service)
    assert answer.exit_code == 0, answer.err
    assert "Traceback" not in answer.err
    assert key not in answer.err


def test_a_second_service_on_one_home_says_who_is_there(run: Run, tmp_path: Path) -> None:
    home, port = tmp_path / "home", free_port()
    with running("serve", "--home", home, "--port", str(port)):
        wait_until_ready(port)
        answer = ended(process("serve", "--home", home, "--port", str(free_port())))
    assert answer.exit_code == 3
    assert "is being written by process" in answer.err
    assert "Traceback" not in answer.err


def test_a_port_that_is_taken_is_said_in_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        answer = ended(process("serve", "--home", tmp_path / "home", "--port", str(port)))
    assert answer.exit_code == 2
    assert f"port {port}" in answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize("arguments", [("--port", "x"), ("--port", "70000"), ("--speed", "9")])
def test_an_option_that_makes_no_sense_is_wrong_use(run: Run, arguments: tuple[str, ...]) -> None:
    assert run("serve", *arguments).exit_code == 2


def test_a_public_address_without_tls_is_refused(run: Run, tmp_path: Path) -> None:
    answer = run("serve", "--home", tmp_path / "home", "--host", "0.0.0.0")
    assert answer.exit_code == 2
    assert "TOCSIN_BEHIND_PROXY" in answer.err


def test_several_workers_on_sqlite_are_refused_with_the_way_out(run: Run, tmp_path: Path) -> None:
    """One process writes a file."""
    answer = run("serve", "--home", tmp_path / "home", "--workers", "2")
    assert answer.exit_code == 2
    assert "set TOCSIN_DATABASE to a PostgreSQL database" in answer.err
    assert run("serve", "--workers", "0").exit_code == 2
