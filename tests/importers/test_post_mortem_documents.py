"""What a document says, and what is said of one that says it badly."""

from datetime import UTC

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.importers.audit import NOW
from tests.importers.made_up import FILE, FIRST_ROW, LIFE, document, faults, of
from tocsin.importers.post_mortem.course import course
from tocsin.importers.post_mortem.differences import differences
from tocsin.importers.post_mortem.documents import Document, read
from tocsin.importers.post_mortem.events import happenings

EVENT = "Something"
PIECES = st.sampled_from(
    [
        "# ", "## ", "## Timeline\n", "## Stats\n", "- Time to recovery: ", "| ", " |\n",
        "|---|---|\n", "\n", "\\|", "```\n", "~~~", "2021-03-01", " 14:05", " 14:??", " --:--", "~",
        " - ", "All times in CET.", "UTC", "service restored", "alert", "&#x202e;", "&amp;", "\r\n",
        "\t", "\x00", "\u202e", "54 minutes", "1 h 5 min", "999999 d", "\ud7ff", "PM",
        "0", "9999-12-31 23:59",
    ]
)  # fmt: skip
ANY = st.lists(PIECES | st.text(max_size=8), max_size=60).map("".join)


def raw(data: bytes, file: str = FILE) -> Document:
    return read(file, data, told=UTC, now=NOW)


def test_everything_that_a_document_says_is_found() -> None:
    found = of(*LIFE)
    assert found.faults == []
    assert (found.number, found.title, found.summary) == (
        "PM7",
        "The lights went out",
        "It was dark.",
    )
    assert [(row.line, row.text) for row in found.rows] == [
        (FIRST_ROW + n, what) for n, (_, what) in enumerate(LIFE)
    ]
    assert found.others == {"Lessons Learned": "Buy fuses."}
    stats = found.stats
    assert (stats.category, stats.detection.minutes, stats.recovery.minutes) == ("Light", 7, 42)


@pytest.mark.parametrize(
    ("written", "minutes", "readable"),
    [
        ("54 minutes", 54, True),
        ("  5 minutes", 5, True),
        ("1 minutes", 1, True),
        ("1 hour", 60, True),
        ("1 h 5 min", 65, True),
        ("2 days, 1 hour and 3 minutes", 2943, True),
        ("?", None, True),
        ("N/A", None, True),
        ("", None, True),
        ("soon", None, False),
        ("5", None, False),
        ("about 5 minutes", None, False),
        ("999999 days", None, False),
    ],
)
def test_a_figure_has_a_unit_or_is_none(written: str, minutes: int | None, readable: bool) -> None:
    detection = of(*LIFE, detection=written).stats.detection
    assert (detection.minutes, detection.readable) == (minutes, readable)


def test_what_stands_in_code_is_no_heading_and_no_row() -> None:
    fenced = "## Notes\n\n```sh\n# Timeline\n| 2021-03-01 10:00 | x |\n```\n"
    found = of(*LIFE, more=fenced)
    assert (len(found.rows), [*found.others]) == (len(LIFE), ["Lessons Learned", "Notes"])


def test_a_bar_and_an_ampersand_in_a_row_are_what_they_stand_for() -> None:
    found = of(("2021-03-01 10:00", r"this \| that &amp; &lt;those&gt;"))
    assert found.rows[0].text == "this | that & <those>"


def test_a_summary_of_the_second_rank_and_stats_of_the_first_are_found() -> None:
    text = document(*LIFE).replace("## Stats", "# Stats")
    found = raw(text.encode())
    assert (found.title, found.stats.category) == ("The lights went out", "Light")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("| 2021-03-01 10:00 |", "has 1 cells, the head 2"),
        ("| 2021-03-01 10:00 | a | b |", "has 3 cells, the head 2"),
        ("| 2021-03-01 10:00 | |", "says no event"),
        ("| 2021-03-01 10:00 | turned &#x202e; round |", "none that control a terminal"),
        (f"| 2021-03-01 10:00 | {'x' * 20_001} |", "up to 20000 characters"),
    ],
)
def test_a_row_that_cannot_be_read_names_its_line(row: str, reason: str) -> None:
    text = document(*LIFE).replace("|\n\n## Lessons", f"|\n{row}\n\n## Lessons")
    (fault,) = raw(text.encode()).faults
    assert fault.line == FIRST_ROW + len(LIFE)
    assert reason in fault.advice


def test_an_empty_row_is_none() -> None:
    assert len(of(*LIFE, ("", "")).rows) == len(LIFE)


def test_all_faults_of_a_document_are_named_at_once() -> None:
    found = of(("2021-13-01 10:00", EVENT), ("2021-03-01 10:00", EVENT), ("2021-03-01", ""))
    assert [line for line, _ in faults(found)] == [FIRST_ROW, FIRST_ROW + 2]
    assert (len(found.rows), found.row_faults) == (1, 2)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", 1, "no heading Timeline"),
        ("# A\n\nSome words.\n", 1, "no heading Timeline"),
        ("# A\n\n## Timeline\n\nWe forgot.\n", 3, "no table with rows"),
        ("# A\n## Timeline\n| Time | Event |\n|---|---|\n", 2, "no table with rows"),
        ("# A\n## Timeline\n| Time | Event |\n| 10:00 | x |\n", 3, "line of dashes"),
        ("# A\n## Timeline\n| Time |\n|---|\n| 2021-03-01 |\n", 5, "the head 1"),
        ("# A\nfine\nnot \x1b[2J fine\n", 3, "control characters"),
        (f"# {'A' * 600}\n", 1, "title is longer"),
        (f"# A\n## Summary\n{'so ' * 9_000}\n", 1, "summary is longer"),
        ("# A\n## Timeline\nAll times in XYZ.\n| a | b |\n|-|-|\n| c | d |\n", 2, "Name one of"),
        ("x" * 300_000, 1, "larger than"),
    ],
)
def test_a_document_that_is_none_says_why_and_where(text: str, line: int, reason: str) -> None:
    fault = raw(text.encode()).faults[0]
    assert fault.line == line
    assert reason in fault.advice


def test_bytes_that_are_no_text_name_their_line() -> None:
    assert faults(raw(b"# A\n\n\xff\xfe\n")) == [
        (3, "It is not UTF-8: save it so, or convert it with iconv.")
    ]


@pytest.mark.parametrize("file", [" - title.md", f"{'P' * 101}.md", "P\x1b - title.md"])
def test_a_document_without_a_number_says_how_to_name_it(file: str) -> None:
    (fault,) = raw(document(*LIFE).encode(), file).faults
    assert fault.advice.startswith("Name it NUMBER - TITLE.md")


def test_a_timeline_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.importers.post_mortem.documents.MAX_ROWS", 3)
    assert faults(of(*LIFE)) == [(FIRST_ROW + 3, "More than 3 rows: split it.")]


@given(ANY)
@example("## Timeline\n| \\|\n|---|---|\n")
@example("# " + " " * 50_000 + "x")
@example("## Timeline\n" + "times " * 20_000 + "\n")
def test_whatever_is_written_is_read_or_its_faults_are_named(text: str) -> None:
    """Nothing raises: a document has faults, each with a line of its own, or rows."""
    data = text.encode(errors="replace")
    found = raw(data)
    lines = text.count("\n") + 1
    assert found.faults or found.rows
    assert all(1 <= fault.line <= lines and fault.advice for fault in found.faults)
    assert all(row.moment.earliest <= row.moment.latest and row.text for row in found.rows)
    _told(found)


@given(st.binary(max_size=400))
def test_whatever_the_bytes_are_is_read_or_its_faults_are_named(data: bytes) -> None:
    assert raw(data).faults


TIMES = st.sampled_from(
    ["2021-03-01 10:00", "2021-03-01 12:??", "2021-03-01", "2021-03-02 --:--", "2021-03-01 10:00~"]
)
WORDS = st.sampled_from(
    ["Lamps crash", "An alert", "Started investigation", "Issue mitigated", "Service restored",
     "All is fine", "Issue permanently fixed", "Something", "Root cause found",
     "Status page updated"]
)  # fmt: skip


@given(st.lists(st.tuples(TIMES, WORDS), min_size=1, max_size=12), st.integers(0, 3_000))
def test_of_any_timeline_every_row_is_kept_and_every_figure_is_explained(
    rows: list[tuple[str, str]], minutes: int
) -> None:
    found = of(*rows, detection=f"{minutes} minutes", recovery="?")
    assert found.faults == []
    told = happenings(found)
    kept = [
        text
        for each in told
        for field in ("text", "resolution", "cause", "message", "findings")
        if (text := getattr(each.event, field, None))
    ]
    assert len(kept) == len(rows)
    _told(found)


def _told(found: Document) -> None:
    """Whatever the rows are: the parts of the whole add up, and every figure has its reason."""
    measured = course(found.course)
    for each in differences(measured, found.stats.detection, found.stats.recovery):
        assert each.why
        assert each.computed is None or 0 <= each.computed.low <= each.computed.high
    if measured.before and measured.after and measured.began and measured.relieved:
        between = (measured.relieved.at - measured.began.at).total_seconds() // 60
        assert measured.before.minutes + between + measured.after.minutes == measured.minutes
