"""`kill -9` at any moment of forgetting: the next start goes on to the end."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.erasure import canaries as c
from tests.erasure.test_canaries import purged, staged
from tests.faults.service import Service

pytestmark = pytest.mark.faults


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    service = Service(home)
    yield service
    service.stop()


def test_who_was_forgotten_stays_so_whenever_it_dies(service: Service) -> None:
    """Here just as keys are destroyed; at other moments with `python -m tests.erasure`."""
    dies(service, 2.2)


def dies(service: Service, seconds: float) -> None:
    """Forget somebody, die so many seconds after the answer, and start again."""
    service.start()
    ask = c.Asking(service)
    touched, bystander = staged(ask, 3)
    query = "&".join(f"name={name.replace(' ', '%20')}" for name in c.NAMES)
    subjects = [each["subject_id"] for each in ask("GET", f"/subjects?{query}")["subjects"]]
    why = {"basis": "objection", "request": "DSR-2026-7", "names": c.NAMES}
    for subject in subjects:
        ask("POST", f"/subjects/{subject}/forget", why)
    time.sleep(seconds)
    service.kill(with_projector=True)
    service.start()
    purged(ask, subjects)
    assert ask("GET", f"/incidents/{touched[0]}")["title"] == "[forgotten]"
    assert ask("GET", f"/incidents/{bystander}")["reporter"] == c.BYSTANDER
    home = service.settings.home
    service.stop()
    assert c.search(home) == []
    assert service.run("verify")["ok"]
