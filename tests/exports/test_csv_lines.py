"""One row an event, readable by any CSV reader and harmless in a spreadsheet."""

import csv
from io import StringIO

import orjson
from hypothesis import given
from hypothesis import strategies as st

from tests.exports.kit import REFERENCE, STREAM, exported, told
from tocsin.domain.incident.events import IncidentAcknowledged
from tocsin.exports.csv_lines import COLUMNS, GUARDED, guarded
from tocsin.exports.selection import Selection
from tocsin.store.log import Log


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(content.decode(), newline="")))


def test_a_row_says_all_that_is_stored_of_an_event(log: Log) -> None:
    content, counts = exported(log, "csv")
    read = rows(content)
    assert counts == {"events": 12}
    assert [int(row["position"]) for row in read] == list(range(1, 13))
    assert read[3] == {
        **read[3],
        "occurred_at": "2026-03-02T08:01:00Z",
        "recorded_at": "2026-03-02T08:01:00Z",
        "event": "incident.assigned",
        "schema": "1",
        "incident_id": str(STREAM),
        "reference": REFERENCE,
        "stream": str(STREAM),
        "version": "4",
        "actor": "anna",
        "via": "",
        "causation": "",
        "data": '{"assignee":null,"group":"network","level":null}',
    }
    stored = [orjson.loads(body)["data"] for _, body in log.raw_page(0, 100)]
    assert [orjson.loads(row["data"]) for row in read] == stored


def test_lines_end_and_quote_as_rfc_4180_says(log: Log) -> None:
    content, _ = exported(log, "csv", Selection(events=frozenset({"incident.logged"})))
    lines = content.decode().split("\r\n")
    assert lines[0] == ",".join(COLUMNS)
    assert lines[1].endswith(',"{""reference"":""INC0000007""}"')
    assert lines[2:] == [""]


def test_an_act_of_time_names_its_incident_and_a_policy_none(log: Log) -> None:
    read = rows(exported(log, "csv")[0])
    assert [(row["event"], row["incident_id"], row["reference"]) for row in read[9:]] == [
        ("clock.breached", str(STREAM), REFERENCE),
        ("policy.default-recorded", "", ""),
        ("policy.published", "", ""),
    ]


def test_what_is_behind_a_position_goes_on_where_the_file_ended(log: Log) -> None:
    whole, _ = exported(log, "csv")
    first, _ = exported(log, "csv", Selection(at=5))
    rest, counts = exported(log, "csv", Selection(after=5), no_header="True")
    assert counts == {"events": 7}
    assert first + rest == whole


def test_nobody_s_name_is_run_as_a_formula(log: Log) -> None:
    told(log, IncidentAcknowledged(), actor="=1+cmd|'/c calc'!A1")
    row = rows(exported(log, "csv")[0])[-1]
    assert row["actor"] == "'=1+cmd|'/c calc'!A1"


@given(st.text(min_size=1))
def test_a_guarded_cell_is_no_formula_and_says_what_it_said(text: str) -> None:
    cell = guarded(text)
    assert cell is not None
    assert not cell.startswith(GUARDED[:-1])
    assert cell.removeprefix("'") == text
    line = StringIO()
    csv.writer(line).writerow([cell])
    assert next(csv.reader(StringIO(line.getvalue(), newline=""))) == [cell]
