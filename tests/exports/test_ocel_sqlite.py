"""The same as tables."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.exports.kit import REFERENCE, exported, made, told
from tests.exports.ocel_rules import check_database
from tests.whatif.kit import record_all
from tocsin.domain.incident.events import IncidentLinked, IncidentNoted
from tocsin.domain.incident.values import LinkKind, Visibility
from tocsin.domain.kernel import EVENTS
from tocsin.exports.ocel import OBJECT_TYPES
from tocsin.exports.ocel_sqlite import type_map
from tocsin.exports.values import declared
from tocsin.store.log import Log

INCIDENT = f"incident:{REFERENCE}"


@contextmanager
def database(log: Log, file: Path) -> Iterator[sqlite3.Connection]:
    file.unlink(missing_ok=True)
    made(log, "ocel-sqlite", file)
    with closing(sqlite3.connect(file)) as opened:
        yield opened


def test_the_tables_are_those_of_the_standard(log: Log, tmp_path: Path) -> None:
    record_all(log)
    told(log, IncidentLinked(kind=LinkKind.RELATED_INCIDENT, target="INC7777777"))
    with database(log, tmp_path / "log.sqlite") as opened:
        check_database(opened)


def test_an_event_is_a_row_of_its_type(log: Log, tmp_path: Path) -> None:
    with database(log, tmp_path / "log.sqlite") as opened:
        opened.row_factory = sqlite3.Row
        rows = opened.execute("SELECT * FROM event_IncidentAssigned ORDER BY position").fetchall()
        assert dict(rows[1]) == {
            "ocel_id": "event:7",
            "ocel_time": "2026-03-02T08:04:00.000000Z",
            "position": 7,
            "version": 7,
            "recorded_at": "2026-03-02T08:04:00.000000Z",
            "actor": "anna",
            "via": None,
            "command_id": rows[0]["command_id"],
            "causation": None,
            "group": "mail",
            "assignee": "bo",
            "level": None,
        }


def test_an_incident_changes_row_by_row(log: Log, tmp_path: Path) -> None:
    with database(log, tmp_path / "log.sqlite") as opened:
        rows = opened.execute(
            'SELECT substr(ocel_time, 12, 5), ocel_changed_field, status, "group", major, title'
            " FROM object_Incident WHERE ocel_id = ?",
            (INCIDENT,),
        ).fetchall()
    assert rows[0][:5] == ("00:00", None, None, None, None)
    assert rows[0][5] is not None
    assert [row[:5] for row in rows[1:] if row[1] in ("status", "group", "major")] == [
        ("08:00", "status", "new", None, None),
        ("08:00", "major", None, None, 0),
        ("08:01", "group", None, "network", None),
        ("08:02", "status", "on-hold", None, None),
        ("08:04", "group", None, "mail", None),
        ("08:05", "status", "in-progress", None, None),
        ("08:09", "status", "resolved", None, None),
    ]


def test_both_forms_hold_the_same(log: Log, tmp_path: Path) -> None:
    record_all(log)
    document = orjson.loads(exported(log, "ocel-json")[0])
    with database(log, tmp_path / "log.sqlite") as opened:
        for kind in ("event", "object"):
            types = dict(opened.execute(f"SELECT ocel_id, ocel_type FROM {kind}").fetchall())
            assert types == {each["id"]: each["type"] for each in document[f"{kind}s"]}
            related = opened.execute(
                "SELECT ocel_event_id, ocel_object_id, ocel_qualifier FROM event_object"
                if kind == "event"
                else "SELECT ocel_source_id, ocel_target_id, ocel_qualifier FROM object_object"
            ).fetchall()
            assert Counter(related) == Counter(
                (each["id"], one["objectId"], one["qualifier"])
                for each in document[f"{kind}s"]
                for one in each["relationships"]
            )


def test_the_same_log_is_the_same_file(log: Log, shared: Log, tmp_path: Path) -> None:
    """On either store."""
    files = [tmp_path / name for name in ("a", "b", "c")]
    for each, file in zip((log, log, shared), files, strict=True):
        made(each, "ocel-sqlite", file)
    assert files[0].read_bytes() == files[1].read_bytes() == files[2].read_bytes()


def test_every_type_has_a_table_of_its_own() -> None:
    """SQLite does not tell capital letters from small ones, nor do some tools."""
    for names in (EVENTS, OBJECT_TYPES):
        tables = {type_map(name).lower() for name in names}
        assert len(tables) == len(names)
        assert all(table.isalnum() for table in tables)


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_no_two_columns_differ_only_in_their_letters_size(name: str) -> None:
    columns = [column.lower() for column in ("ocel_id", "ocel_time", *declared(name))]
    assert len(columns) == len(set(columns))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(min_size=1))
def test_any_text_comes_back(log: Log, tmp_path: Path, text: str) -> None:
    told(log, IncidentNoted(text=text, visibility=Visibility.PUBLIC))
    with database(log, tmp_path / "log.sqlite") as opened:
        (read,) = opened.execute(
            "SELECT CAST(text AS BLOB) FROM event_IncidentNoted WHERE position = ?", (log.head(),)
        ).fetchone()
    assert read.decode() == text
