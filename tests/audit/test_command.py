"""`tocsin audit export` and `verifier`: what somebody types, and what they are told."""

import json
import shutil
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.audit.paper import FIRST, STREAMS, Paper, events, examined, header
from tests.cli.running import Answer, answer
from tests.whatif.kit import APRIL, critical, record, writing
from tocsin.access import Journal
from tocsin.audit import verify
from tocsin.domain.incident.events import IncidentNoted
from tocsin.domain.incident.values import Visibility
from tocsin.settings import Settings
from tocsin.store.log import Log

NOTED = IncidentNoted(text="Later", visibility=Visibility.INTERNAL)


@pytest.fixture
def audited(paper: Paper, tmp_path: Path) -> Path:
    """A copy of the log; its incidents are named by their ids."""
    shutil.copytree(paper.settings.home, tmp_path / "home")
    return tmp_path / "home"


def exported(audited: Path, *arguments: str | Path) -> tuple[Answer, bytes]:
    """What was said, and the file."""
    file = audited.parent / "export.jsonl"
    said = answer("--home", audited, "audit", "export", "-o", file, *arguments)
    return said, file.read_bytes() if file.exists() else b""


@pytest.mark.parametrize(
    ("chosen", "count"),
    [(("--all",), 30), (("--since", "2026-03-02", "--until", "2026-03-09"), 24), (FIRST, 9)],
)
def test_each_way_of_choosing_writes_a_file_that_verifies(
    paper: Paper, audited: Path, chosen: Any, count: int
) -> None:
    asked = chosen if chosen != FIRST else ("--incident", str(STREAMS[FIRST]))
    said, raw = exported(audited, *asked)
    assert (said.exit_code, said.out) == (0, "")
    assert f"{len(events(raw))} events, proved by the checkpoint of 30." in said.err
    assert examined(raw, [paper.key], paper.held if asked == ("--all",) else [])["wrong"] == []
    assert len(events(raw)) == count


def test_what_is_not_signed_yet_is_signed_first(paper: Paper, audited: Path) -> None:
    with writing(Settings(home=audited)) as log:
        record(log, STREAMS[FIRST], [(APRIL, NOTED)])
    said, raw = exported(audited, "--all")
    assert "31 events, proved by the checkpoint of 31." in said.err
    assert header(raw)["size"] == paper.size + 1


def test_beside_a_writer_it_says_which_positions_are_not_signed_yet(audited: Path) -> None:
    with writing(Settings(home=audited)) as log:
        record(log, STREAMS[FIRST], [(APRIL, NOTED)])
        said, raw = exported(audited, "--all")
    assert said.exit_code == 0
    assert "Positions 31 to 31 are not signed yet, and not in it: a running server" in said.err
    assert header(raw)["size"] == 30


def test_its_json_says_where_the_file_is_and_what_is_in_it(audited: Path) -> None:
    file = audited.parent / "export.jsonl"
    document = answer("--home", audited, "--json", "audit", "export", "--all", "-o", file).document
    assert (document["ok"], document["file"], document["events"]) == (True, str(file), 30)
    assert (document["size"], document["uncovered"], document["wrong"]) == (30, 0, [])


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ((), 2, "Say one of --incident, --since and --until, or --all."),
        (("--all", "--since", "2026-03-01"), 2, "Say one of"),
        (("--since", "2026-03-02", "--until", "2026-03-01"), 2, "--until is not after --since"),
        (("--until", "2020-01-01"), 1, "Nothing was recorded in that period"),
        (("--incident", "INC9999999"), 1, "There is no incident INC9999999."),
        (("--all", "--held", "{home}/ledger.key"), 2, "is not a signed checkpoint"),
        (("--all", "--held", "{home}/tocsin.db"), 2, "--held"),
    ],
)
def test_wrong_use_names_the_way_out(
    audited: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    said, raw = exported(audited, *(each.format(home=audited) for each in arguments))
    assert (said.exit_code, raw) == (code, b"")
    assert says in said.err


def test_a_file_that_is_there_is_replaced_only_by_force(audited: Path) -> None:
    _, first = exported(audited, "--all")
    said, second = exported(audited, "--since", "2026-03-02")
    assert (said.exit_code, second) == (2, first)
    said, third = exported(audited, "--since", "2026-03-02", "--force")
    assert said.exit_code == 0
    assert header(third)["scope"]["kind"] == "period"


def test_who_takes_it_away_is_written_down_first(audited: Path) -> None:
    exported(audited, "--incident", str(STREAMS[FIRST]))
    settings = Settings(home=audited)
    with writing(settings) as log:
        journal = Journal.open(settings, log.seals)
        last = list(journal.entries())[-1]
        journal.close()
    assert (last.what, last.asked) == ("tocsin audit export", "incident")
    assert last.incidents == (STREAMS[FIRST],)


def test_an_interrupted_export_leaves_no_file(
    audited: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading.Event, "is_set", lambda _self: True)
    said, raw = exported(audited, "--all")
    assert (said.exit_code, raw) == (130, b"")
    assert "Interrupted. Nothing is kept" in said.err


def test_a_log_that_nobody_ever_signed_proves_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with writing(Settings(home=home)) as log:
        log.next_reference()
    said, raw = exported(home, "--all")
    assert (said.exit_code, raw) == (1, b"")
    assert "No checkpoint was ever signed, so nothing can be proved" in said.err


def test_a_log_that_is_not_what_was_signed_is_exported_with_a_warning(audited: Path) -> None:
    """The auditor shall have the file; whoever makes it shall know what is in it."""
    with sqlite3.connect(audited / "tocsin.db") as connection:
        connection.execute("DROP TRIGGER events_update")
        connection.execute(
            "UPDATE events SET body = CAST(replace(CAST(body AS TEXT), '\"schema\":1',"
            " '\"schema\":2') AS BLOB) WHERE position = 7"
        )
    connection.close()
    said, raw = exported(audited, "--all")
    assert said.exit_code == 1
    assert "WRONG: the checkpoint of 30 events has another root than the events here" in said.err
    assert "The file was written, and does not verify." in said.err
    assert len(events(raw)) == 30


def test_the_verifier_is_handed_out_as_it_stands(tmp_path: Path) -> None:
    file = tmp_path / "verify.py"
    assert answer("audit", "verifier", "-o", file).exit_code == 0
    assert Path(verify.__file__).read_bytes() == file.read_bytes()
    assert "is there already" in answer("audit", "verifier", "-o", file).err
    said = answer("--json", "audit", "verifier", "-o", file, "--force")
    assert json.loads(said.out) == {"file": str(file)}


def test_an_export_of_a_shared_store_verifies_as_well(postgres_url: str, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", database=postgres_url)
    with writing(settings) as log:
        record(log, STREAMS[FIRST], critical())
    file = tmp_path / "export.jsonl"
    common = ("--home", settings.home, "--database", postgres_url)
    said = answer(*common, "audit", "export", "--incident", str(STREAMS[FIRST]), "-o", file)
    assert said.exit_code == 0, said.err
    log = Log.open(settings)
    assert events(file.read_bytes()) == [bytes(body) for _, body in log.raw_page(0, 99)]
    log.close()
