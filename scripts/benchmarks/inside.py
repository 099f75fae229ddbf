"""What is measured without a network: import, rebuild, replay and batches."""

import json
import sys
import tempfile
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from probe import fsyncs_per_second
from rich.console import Console
from servers import Server, tocsin
from spreads import spread

from tocsin.domain.incident.commands.investigation import Note
from tocsin.domain.incident.commands.reporting import Report
from tocsin.domain.incident.state import INCIDENT
from tocsin.domain.incident.values import Source, Visibility
from tocsin.domain.kernel import Recorded
from tocsin.domain.policy import DEFAULT_POLICY
from tocsin.importers.servicenow_audit import import_file
from tocsin.readmodels import found
from tocsin.readmodels.bulk.hands import Hands
from tocsin.readmodels.database import Database
from tocsin.readmodels.rebuild import rebuild
from tocsin.settings import Settings
from tocsin.store.entries import Entry
from tocsin.store.log import Log

HISTORY = 50
REPLAYS = 400
BATCH = 500


def show(console: Console, runs: int, file: Path) -> None:
    """Replay, and import and rebuild of an audit log, if there is one."""
    replays = []
    for number in range(1, runs + 1):
        print(f"run {number} of {runs}: replay", file=sys.stderr)
        with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
            replays.append(replay_ms(Path(folder)))
    console.print(f"Replay of an incident of {HISTORY} events: {spread(replays, 2)} ms")
    if not file.exists():
        console.print(f"No audit log at {file.name}: its import and rebuild are not measured.")
        return
    rows, rebuilds, fsyncs = [], [], []
    for number in range(1, runs + 1):
        print(f"run {number} of {runs}: import and rebuild", file=sys.stderr)
        with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
            home = Path(folder)
            fsyncs.append(fsyncs_per_second(home))
            result = imported(home, file)
            rows.append(result["rows_per_second"])
            rebuilds.append(rebuilt_per_second(home))
    console.print(
        f"Import of {result['rows']:,.0f} rows into {result['events']:,.0f} events:"
        f" {spread(rows)} rows/s (fsync/s {spread(fsyncs)})"
    )
    console.print(f"Rebuild of every read model from these: {spread(rebuilds)} events/s")


def replay_ms(home: Path) -> float:
    """Milliseconds to read and fold an incident of 50 events: the median of 400."""
    log = Log.open(Settings(home=home), writer=True)
    stream, now = uuid4(), datetime.now(UTC)
    state, drafts = INCIDENT.initial(stream), list[Recorded[object]]()
    report = Report(title="Mail", source=Source.MONITORING, reference="INC0000001")
    commands = [report, *(Note(text=f"{n}", visibility=Visibility.INTERNAL) for n in range(48))]
    for command in commands:
        for event in command.decide(state, DEFAULT_POLICY):
            draft = Recorded(
                stream=stream, version=state.version + 1, position=0, actor="bench",
                occurred_at=now, recorded_at=now, command_id=uuid4(), event=event,
            )  # fmt: skip
            state = INCIDENT.evolve(state, draft)
            drafts.append(draft)
    assert len(drafts) == HISTORY
    log.commit(
        [Entry(command_id=uuid4(), fingerprint=b"", drafts=tuple(drafts), answer=lambda _: b"")]
    )
    times = []
    for _ in range(REPLAYS):
        started = time.perf_counter()
        INCIDENT.fold(stream, log.history(stream))
        times.append(time.perf_counter() - started)
    log.close()
    return sorted(times)[REPLAYS // 2] * 1e3


def batched_per_second(seconds: float) -> float:
    """Durable commands per second through POST /commands, 500 reports at a time, one client."""
    body = json.dumps(
        {
            "commands": [
                {"command": "report", "body": {"title": f"Alert {n}", "source": "monitoring"}}
                for n in range(BATCH)
            ]
        }
    ).encode()
    with (
        tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder,
        tocsin(Path(folder)) as server,
    ):
        _post(server, body)
        done, started = 0, time.perf_counter()
        while time.perf_counter() - started < seconds:
            done += _post(server, body)
        return done / (time.perf_counter() - started)


def _post(server: Server, body: bytes) -> int:
    request = urllib.request.Request(
        f"{server.url}/commands",
        data=body,
        headers={"Authorization": f"Bearer {server.key}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        results = json.loads(answer.read())["results"]
    assert all(result["status"] == 201 for result in results)
    return len(results)


def imported(home: Path, file: Path) -> dict[str, float]:
    """Rows per second of an import into an empty log, and what it made of them."""
    log = Log.open(Settings(home=home), writer=True)
    started = time.perf_counter()
    report = import_file(file, log)
    took = time.perf_counter() - started
    log.close()
    return {"rows_per_second": report.rows / took, "rows": report.rows, "events": report.events}


def rebuilt_per_second(home: Path) -> float:
    """Events per second of a rebuild of every read model together, as `tocsin rebuild` does."""
    settings = Settings(home=home)
    log, database = Log.open(settings), Database.open(settings.home, settings.database)
    head, started = log.head(), time.perf_counter()
    assert rebuild(log, database, found(), fresh=True, hands=Hands.all_of(settings))
    took = time.perf_counter() - started
    database.close()
    log.close()
    return head / took
