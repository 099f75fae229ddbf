"""A person who stands everywhere, and a search for any trace of them."""

import json
import re
import threading
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from tests.faults.service import Service

RARE = "quixotria"
"""Stands in every name and text of the person, and nowhere else."""
NAME, ACCOUNT, MAIL = "Zelda Quixotria", "zelda.quixotria", "zelda@quixotria.example"
NAMES = (NAME, ACCOUNT, MAIL)
BYSTANDER = "Bruno Bystander"
PAUSE_SECONDS = 0.02
JSON = {"Content-Type": "application/json"}


class Asking:
    """Requests of somebody who may do everything."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._port, self._token = service.settings.port, service.token

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The answer, as JSON; a refusal raises with what it says."""
        raw = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}{path}",
            data=raw,
            method=method,
            headers={"Authorization": f"Bearer {self._token}", **JSON, **headers},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.read().decode()}") from error

    def command(self, incident: str, path: str, **body: Any) -> Any:
        return self("POST", f"/incidents/{incident}/{path}", body)


def stage(ask: Asking, number: int) -> str:
    """One incident in whose names, texts, review and evidence the person stands; its id."""
    report = {"title": f"{NAME} cannot log in ({number})", "source": "user-report"}
    more = {"description": f"Call {MAIL}, she waits.", "reporter": NAME, "users": [ACCOUNT]}
    incident: str = ask("POST", "/incidents", {**report, **more})["incident_id"]
    ask.command(incident, "log")
    ask.command(incident, "categorise", category="access", actor=ACCOUNT)
    ask.command(incident, "prioritise", impact="medium", urgency="medium")
    ask.command(incident, "assign", group="service-desk", assignee=ACCOUNT)
    ask.command(incident, "acknowledge", actor=ACCOUNT)
    ask.command(incident, "note", text=f"Spoke with {NAME.upper()}.", visibility="internal")
    ask.command(incident, "resolve", resolution_code="fixed", resolution=f"Reset by {ACCOUNT}.")
    if number % 5 == 0:
        review = {"incident": incident, "reason": f"{NAME} insists.", "facilitator": NAME}
        opened = ask("POST", "/reviews", review)["review_id"]
        finding = {"finding": f"{ACCOUNT} had two accounts.", "evidence": f"Mail of {MAIL}"}
        ask("POST", f"/reviews/{opened}/record-finding", finding)
        ask(
            "POST",
            f"/incidents/{incident}/evidence?name={ACCOUNT}.txt",
            f"what {NAME} wrote\n".encode() * 100,
            **{"Content-Type": "text/plain"},
        )
    return incident


def aside(ask: Asking, number: int) -> str:
    """An incident with which the person has nothing to do."""
    report = {"title": f"Printer {number} jams", "source": "user-report", "reporter": BYSTANDER}
    incident: str = ask("POST", "/incidents", report)["incident_id"]
    return incident


@contextmanager
def load(ask: Asking) -> Iterator[list[str]]:
    """Others go on reporting meanwhile; what they reported."""
    stop, reported, faults = threading.Event(), list[str](), list[BaseException]()

    def work() -> None:
        try:
            for number in count(10_000):
                reported.append(aside(ask, number))
                if stop.wait(PAUSE_SECONDS):
                    return
        except BaseException as fault:
            faults.append(fault)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        yield reported
    finally:
        stop.set()
        worker.join()
    assert not faults, faults


def traces() -> re.Pattern[bytes]:
    """The rare word as files may hold it: in UTF-8 and UTF-16, in any case, and in base64."""
    forms = {RARE, RARE.capitalize(), RARE.upper()}
    texts = {form.encode(code) for form in forms for code in ("utf-8", "utf-16-le", "utf-16-be")}
    coded = set()
    for text in texts:
        for shift in range(3):
            # What the letters before and behind it may be, nobody knows: those are left out.
            whole = b64encode(bytes(shift) + text)
            coded.add(whole[-(-shift * 4 // 3) : len(text) * 4 // 3])
    return re.compile(b"|".join(map(re.escape, sorted(texts | coded))))


def search(folder: Path) -> list[str]:
    """The files with a trace of the person."""
    pattern = traces()
    files = [each for each in sorted(folder.rglob("*")) if each.is_file()]
    return [str(each.relative_to(folder)) for each in files if pattern.search(each.read_bytes())]
