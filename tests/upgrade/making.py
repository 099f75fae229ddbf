"""Making the fixture of a version: its own code serves, and is told of a dozen incidents.

Only the standard library is used, and of Tocsin only what the documentation promises for ever: its
command line and its routes. So the same script runs against any version that there ever was:

    python tests/upgrade/making.py LEVEL HOME [DATABASE]

`LEVEL` says what that version knows. In `HOME` are then its files, and `told.json`: every command
that was sent with a key, and the bytes that answered it.
"""

import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

LEVELS = ("incidents", "policy", "reviews", "audit")
"""What came after what: each knows what those before it knew."""
POLICY, REVIEWS, AUDIT = 1, 2, 3
KEY = re.compile(r"tocsin_[0-9A-Za-z]{10}_[0-9A-Za-z]{49}")
PORT = int(os.environ.get("MAKING_PORT", "14711"))
READY_SECONDS, SETTLE_SECONDS = 60.0, 4.0
SAMPLE = Path(__file__).resolve().parents[2] / "docs" / "samples" / "servicenow-audit.csv"
POLICY_CHANGE = ('goal = "15m"', 'goal = "20m"')
NOW = datetime.now(UTC).replace(microsecond=0)


def ago(**spans: float) -> str:
    """An instant before this one, as it is written."""
    return (NOW - timedelta(**spans)).isoformat().replace("+00:00", "Z")


def life() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Which incident is told what: a number and a path, in an order in which it is possible."""
    yield "1", "report", {
        "title": "Mail: nobody can send", "description": "Queues grow on mx1.\nSince the update.",
        "source": "user-report", "reporter": "zoë.müller", "services": ["mail"],
        "configuration_items": ["mx1"], "users": ["zoë.müller", "ivo"],
        "impact_began_at": ago(hours=7), "occurred_at": ago(hours=6),
    }  # fmt: skip
    yield "1", "acknowledge", {"actor": "ann", "occurred_at": ago(hours=5, minutes=50)}
    yield "1", "categorise", {"category": "mail", "subcategory": "transport"}
    yield "1", "prioritise", {"impact": "high", "urgency": "high"}
    yield "1", "assign", {"group": "mail-team", "assignee": "bob", "level": 2}
    yield "1", "verify", {"source": "monitoring", "evidence": "Graph of the queue"}
    yield "1", "diagnose", {"findings": "The disk is full.", "examined": ["mx1", "mx2"]}
    yield "1", "escalate", {"kind": "functional", "level": 3, "group": "storage"}
    yield "1", "escalate", {"kind": "hierarchical", "manager": "mia", "reason": "Too long."}
    yield "1", "declare-major", {"incident_manager": "mia", "meeting_place": "Bridge 7"}
    yield "1", "propose-workaround", {"description": "Use mx2.", "risk": "medium", "cost": 5}
    yield "1", "approve-workaround", {"workaround": "W1", "actor": "mia"}
    yield "1", "apply-workaround", {"workaround": "W1"}
    yield "1", "post-update", {"audience": "affected-users", "message": "We use another way."}
    yield "1", "identify-cause", {"cause": "Debug logging was left on."}
    yield "1", "record-test", {"tested": "Rotation", "stage": "staging", "outcome": "passed"}
    yield "1", "resolve", {"resolution_code": "fixed", "resolution": "Logs are rotated."}
    yield "1", "withdraw-workaround", {"workaround": "W1", "reason": "Not needed any more."}
    yield "1", "stand-down", {"reason": "Service is back."}
    yield "1", "confirm", {"confirmed_by": "zoë.müller", "satisfaction": 4, "comment": "Danke! 😀"}
    yield "1", "close", {"closure_code": "solved", "lessons": "Watch the log partition."}
    yield "1", "link", {"kind": "problem", "target": "PRB0000001"}
    yield "2", "report", {"title": "Old alarm", "source": "monitoring", "dedup_key": "mx1/disk"}
    yield "2", "dismiss", {"reason": "The probe was wrong."}
    yield "2", "reopen", {"reason": "It was not."}
    yield "2", "hold", {"reason": "awaiting-vendor", "detail": "Ticket 4711"}
    yield "2", "resume", {}
    yield "2", "request-information", {"question": "Which disk?", "of": "ivo"}
    yield "2", "provide-information", {"answer": "The second one."}
    yield "2", "note", {"text": 'Line one\nand\ttwo, with a "quote" and {"position":0,}'}
    yield "2", "correct", {"fact": "title", "now": "Disk of mx1", "reason": "Too vague."}
    yield "2", "resolve", {"resolution_code": "fixed", "resolution": "Replaced."}
    yield "2", "reject-resolution", {"reason": "Still red."}
    yield "3", "report", {"title": "Seen by nobody yet", "source": "automated-alert", "log": False}
    yield "3", "log", {}
    yield "3", "acknowledge", {}
    yield "3", "acknowledge", {}  # which changes nothing
    yield "4", "report", {"title": "A duplicate", "source": "help-desk-ticket"}
    yield "4", "link", {"kind": "related-incident", "target": "INC0000001"}
    yield "4", "unlink", {"kind": "related-incident", "target": "INC0000001"}
    yield "4", "cancel", {"reason": "A duplicate."}
    yield "5", "report", {"title": "A workaround nobody wants", "source": "user-report"}
    yield "5", "propose-workaround", {"description": "Restart hourly.", "risk": "high"}
    yield "5", "reject-workaround", {"workaround": "W1", "reason": "Too risky.", "actor": "mia"}
    for number in range(6, 11):
        title = f"Alarm {number}"
        yield str(number), "report", {"title": title, "source": "monitoring", "reporter": "ivo"}
        yield str(number), "prioritise", {"impact": "low", "urgency": "medium"}
        yield str(number), "assign", {"group": "service-desk"}


def review() -> Iterator[tuple[str, dict[str, Any]]]:
    """What is found out about the first of them."""
    due = (NOW + timedelta(days=9_000)).isoformat().replace("+00:00", "Z")
    yield "name-participants", {"participants": ["ann", "bob"]}
    yield "record-finding", {"finding": "The log partition was full.", "evidence": "A graph"}
    yield "record-finding", {"finding": "The network was slow."}
    yield "withdraw-finding", {"finding": "F2", "reason": "Of another site."}
    yield "record-factor", {"factor": "Debug logging was left on.", "kind": "processes"}
    yield "identify-root-cause", {"cause": "Nothing watches the partition."}
    yield "record-lesson", {"lesson": "Users noticed before we did."}
    action = {"what": "Watch it.", "kind": "detect", "owner": "ann", "due_at": due}
    yield "agree-action", action
    yield "agree-action", {**action, "what": "Rotate sooner.", "kind": "prevent"}
    yield "reassign-action", {"action": "A1", "owner": "bob", "reason": "Ann is away."}
    yield "complete-action", {"action": "A1", "evidence": "Alarm 7"}
    yield "drop-action", {"action": "A2", "reason": "It is done by A1."}
    yield "publish-review", {"summary": "A full disk that nobody watched."}
    yield "reopen-review", {"reason": "The vendor found another cause."}


class Teller:
    """Somebody who sends commands, each with a key of its own, and writes down what they hear."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.told: list[dict[str, Any]] = []

    def tell(self, path: str, body: bytes, kind: str = "application/json") -> dict[str, Any]:
        """Send a command once, and keep its answer."""
        key = f"fixture-{len(self.told) + 1}"
        headers = {"Idempotency-Key": key, "Content-Type": kind}
        status, answer = self.ask("POST", path, body, headers)
        assert status < 300, f"{path} {body!r}: {status} {answer!r}"
        sent = {"key": key, "path": path, "kind": kind, "body": body.decode()}
        self.told.append({**sent, "status": status, "answer": answer.decode()})
        found: dict[str, Any] = json.loads(answer)
        return found

    def say(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """The same for a command of JSON."""
        return self.tell(path, json.dumps(body, ensure_ascii=False).encode())

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Any = None
    ) -> tuple[int, bytes]:
        """One request."""
        request = urllib.request.Request(f"http://127.0.0.1:{PORT}{path}", body, method=method)
        for name, value in {"Authorization": f"Bearer {self.token}", **(headers or {})}.items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()


def tell_all(teller: Teller, level: int, policy: str) -> None:
    """All that a version of this level can be told."""
    ids: dict[str, str] = {}
    for number, path, body in life():
        where = "/incidents" if path == "report" else f"/incidents/{ids[number]}/{path}"
        answer = teller.say(where, body)
        ids.setdefault(number, answer["incident_id"])
    if level >= POLICY:
        changed = {"document": policy.replace(*POLICY_CHANGE), "note": "Five minutes more"}
        teller.say("/policy", changed)
        teller.say(f"/incidents/{ids['6']}/prioritise", {"impact": "high", "urgency": "high"})
    if level >= REVIEWS:
        teller.say("/reviews", {"incident": ids["1"], "reason": "Nobody could work."})
        for path, body in review():
            teller.say(f"/reviews/{ids['1']}/{path}", body)
    if level >= AUDIT:
        tell_auditors(teller, ids)


def tell_auditors(teller: Teller, ids: dict[str, str]) -> None:
    """Evidence that is handed on and discarded, a person who is forgotten, a hold."""
    pieces = []
    for name in ("kept", "gone"):
        path = f"/incidents/{ids['1']}/evidence?description=Log+of+mx1&name={name}.log"
        answer = teller.tell(path, f"{name}: no space left on device\n".encode(), "text/plain")
        pieces.append(f"/evidence/{answer['evidence_id']}")
        teller.say(f"{pieces[-1]}/transfer", {"to": "mia", "reason": "Legal"})
    kept, gone = pieces
    teller.say(f"{gone}/discard", {"reason": "Not needed."})
    status, found = teller.ask("GET", f"{kept}/content", None, {"X-Purpose": "To look at it"})
    assert status == 200, found
    status, found = teller.ask("GET", "/subjects?name=" + urllib.parse.quote("zoë.müller"))
    assert status == 200, found
    (subject,) = (each["subject_id"] for each in json.loads(found)["subjects"])
    teller.say(f"/subjects/{subject}/place-hold", {"hold": "A 12", "reason": "A lawsuit"})
    teller.say(f"/subjects/{subject}/lift-hold", {"hold": "A 12", "reason": "It is over."})
    wish = {"basis": "objection", "request": "DSR-1", "texts": "none"}
    teller.say(f"/subjects/{subject}/forget", wish)


def environment(level: int, home: Path, database: str) -> dict[str, str]:
    """The settings that a version of this level knows."""
    ours = {k: v for k, v in os.environ.items() if not k.startswith("TOCSIN_")}
    ours |= {"TOCSIN_HOME": str(home), "TOCSIN_DATABASE": database, "TOCSIN_PORT": str(PORT)}
    if level >= REVIEWS:
        ours["TOCSIN_LAKE"] = "false"
    if level >= AUDIT:
        ours["TOCSIN_CHECKPOINT_FILE"] = str(home / "held.txt")
        ours["TOCSIN_CHECKPOINT_SECONDS"] = "0.5"
    return ours


def ready(teller: Teller, server: "subprocess.Popen[bytes]", said: Path) -> None:
    """Wait until the service says that it is."""
    until = time.monotonic() + READY_SECONDS
    while True:
        with suppress(OSError):
            if teller.ask("GET", "/health/ready")[0] == 200:
                return
        assert server.poll() is None, said.read_text()
        assert time.monotonic() < until, said.read_text()
        time.sleep(0.1)


def main() -> int:
    """Make the files of one fixture."""
    level, home = LEVELS.index(sys.argv[1]), Path(sys.argv[2]).absolute()
    settings = environment(level, home, sys.argv[3] if len(sys.argv) > 3 else "")
    program = [sys.executable, "-m", "tocsin"]
    home.mkdir(mode=0o700, parents=True)

    def run(*command: str) -> str:
        done = subprocess.run([*program, *command], env=settings, capture_output=True, check=False)
        assert done.returncode == 0, f"{command}: {done.stdout!r} {done.stderr!r}"
        return done.stdout.decode()

    run("demo")
    run("import", "servicenow-audit", str(SAMPLE))
    policy = run("policy", "show") if level >= POLICY else ""
    (token,) = set(KEY.findall(run("keys", "issue", "fixture", "--scope", "admin")))
    teller, said = Teller(token), home / "said.txt"
    with said.open("w") as output:
        server = subprocess.Popen([*program, "serve"], env=settings, stdout=output, stderr=output)
    try:
        ready(teller, server, said)
        tell_all(teller, level, policy)
        time.sleep(SETTLE_SECONDS)  # what falls due by itself is recorded, and checkpoints signed
    finally:
        server.terminate()
        server.wait(READY_SECONDS)
    report = json.loads(run("--json", "verify"))
    assert report["ok"], report
    counted = {name: report[name] for name in ("head", "streams")}
    document = {"level": sys.argv[1], "token": token, **counted, "told": teller.told}
    (home / "told.json").write_text(json.dumps(document, ensure_ascii=False, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
