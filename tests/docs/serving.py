"""A real service on a free port, in a process of its own, for whoever follows the documentation."""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

READY_SECONDS = 60.0
CLIENT: dict[str, Any] = {"timeout": 30, "verify": False}
"""Nothing here is asked over TLS: reading all certificates would be most of every request."""
KEY = re.compile(r"tocsin_[0-9A-Za-z]{10}_[0-9A-Za-z]{49}")


@dataclass
class Service:
    """Where it is, and the key that opens it."""

    url: str
    key: str

    def get(self, path: str) -> Any:
        """What a route answers, which must be fine."""
        answer = httpx.get(self.url + path, headers=self._headers, **CLIENT)
        assert answer.is_success, answer.text
        return answer.json()

    def post(self, path: str, body: Any) -> Any:
        """What a command comes to, which must be fine."""
        answer = httpx.post(self.url + path, json=body, headers=self._headers, **CLIENT)
        assert answer.is_success, answer.text
        return answer.json()

    def status(self, path: str) -> int:
        """The status of a GET."""
        return httpx.get(self.url + path, headers=self._headers, **CLIENT).status_code

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(
    home: Path, environment: Mapping[str, str], *, key: str = "", database: str = ""
) -> Iterator[Service]:
    """Run `tocsin serve` until it is ready, and end it. The first start says the first key."""
    port = free_port()
    settings = {"TOCSIN_HOME": str(home), "TOCSIN_PORT": str(port), "TOCSIN_DATABASE": database}
    home.mkdir(parents=True, exist_ok=True)
    said = home.parent / f"{home.name}.{port}.txt"
    with said.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tocsin", "serve"],
            cwd=home,  # where nothing lies that could be imported instead
            env={**environment, **settings},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(process, url, said)
        service = Service(url, key or _key(said))
        _wait_for_read_models(service)
        yield service
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], url: str, said: Path) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        assert process.poll() is None, f"ended with {process.returncode}: {said.read_text()}"
        try:
            if httpx.get(f"{url}/health/ready", **CLIENT).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"not ready: {said.read_text()}")


def _wait_for_read_models(service: Service) -> None:
    """They are begun by a process beside the one that is ready."""
    until = time.monotonic() + READY_SECONDS
    while not service.get("/projections")["items"]:
        assert time.monotonic() < until, "the read models do not begin"
        time.sleep(0.05)


def _key(said: Path) -> str:
    found = KEY.search(said.read_text())
    assert found, said.read_text()
    return found.group()
