"""Reading CSV that may be torn, damaged or hostile: a little at a time, and no row is guessed."""

import gzip
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from tocsin.importers import rows as reading
from tocsin.importers.compressed import Bytes, Torn
from tocsin.importers.report import UnreadableFile
from tocsin.importers.rows import Damaged, Row, Table

MEGABYTE = 1 << 20
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}


def table(text: str | bytes, size: int = 7) -> Table:
    """A table of two columns and these lines, that arrives in small pieces."""
    data = b"a,b\n" + (text.encode() if isinstance(text, str) else text)
    return Table((data[i : i + size] for i in range(0, len(data), size)), ["a", "b"])


def read(text: str | bytes, size: int = 7) -> list[list[str] | int]:
    """The cells of each sound row, the line of each damaged one."""
    return [each.cells if isinstance(each, Row) else each.line for each in table(text, size)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,2\n\n3,4\n", [["1", "2"], ["3", "4"]]),
        ("1,2\r\n3,4\r\n", [["1", "2"], ["3", "4"]]),
        ('"1,1","2 ""two"""\n', [["1,1", '2 "two"']]),
        ('"1\n\n1",2\n3,4\n', [["1\n\n1", "2"], ["3", "4"]]),
        ('5" disk,2\n3,4\n', [['5" disk', "2"], ["3", "4"]]),
        ('"1,2\n3,4\n', [2, ["3", "4"]]),
        ('"1"1,2\n3,4\n', [2, ["3", "4"]]),
        ("1\n3,4\n", [2, ["3", "4"]]),
        ('"1\n1\n3,4\n', [2, 3, ["3", "4"]]),
        ("1,2\n3,4", [["1", "2"], 3]),
        ("1,Zo\u00eb\u00a0\u2713\n", [["1", "Zo\u00eb\u00a0\u2713"]]),
        ('"\u0007",2\n3,4\n', [2, ["3", "4"]]),
    ],
)
def test_rows_are_read_as_csv_and_damage_stays_where_it_is(
    text: str, expected: list[list[str] | int]
) -> None:
    assert read(text) == expected
    assert read(text, size=1) == expected
    assert read(text, size=1_000) == expected


def test_what_stands_inside_an_open_quote_is_no_row_when_the_file_is_torn() -> None:
    """It could be the text of a cell, written to be taken for rows."""
    assert read('1,"2\n3,4\n5,6\n7') == [2, 3, 4, 5]


def test_a_quote_that_closes_too_late_is_taken_for_a_stray_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "MAX_ROW_LINES", 3)
    assert read('"1,2\n3,4\n5,6\n7,8\n9,9"\n') == [
        2,
        ["3", "4"],
        ["5", "6"],
        ["7", "8"],
        ["9", '9"'],
    ]


def test_not_utf8_inside_quotes_is_damage() -> None:
    assert read(b'"1\xff",2\n3,4\n') == [2, ["3", "4"]]
    (damaged, _) = table(b'"1\xff",2\n3,4\n')
    assert isinstance(damaged, Damaged)
    assert damaged.column == "a"


@given(st.lists(st.sampled_from([b"1", b",", b'"', b"\n", b"\r", b"\xff", b"\0"]), max_size=60))
def test_whatever_the_bytes_no_line_is_read_twice(pieces: list[bytes]) -> None:
    """Also where lines are looked at again, because a quote above them turned out to be stray."""
    data = b"".join(pieces)
    found = list(table(data))
    lines = [each.line for each in found]
    assert lines == sorted(set(lines))
    assert all(2 <= line <= 2 + data.count(b"\n") for line in lines)
    assert all(len(each.cells) == 2 for each in found if isinstance(each, Row))


def unpacked(path: Path) -> Iterator[bytes]:
    with Bytes(path) as source:
        yield from source


@pytest.mark.parametrize("packing", sorted(PACKERS))
def test_several_compressed_parts_are_one_file(tmp_path: Path, packing: str) -> None:
    """As `cat` makes them, and as parallel compressors do."""
    path = tmp_path / "parts"
    pack = PACKERS[packing]
    path.write_bytes(pack(b"one ") + pack(b"") + pack(b"two " * 100_000))
    assert b"".join(unpacked(path)) == b"one " + b"two " * 100_000


@pytest.mark.parametrize("packing", sorted(PACKERS))
def test_a_compressed_file_that_ends_early_is_known_as_torn(tmp_path: Path, packing: str) -> None:
    """Also where it is torn between two rows, and nothing else would tell."""
    path = tmp_path / "torn"
    path.write_bytes(PACKERS[packing](b"1,2\n" * 10_000)[:-1])
    with pytest.raises(Torn, match="end early"):
        list(unpacked(path))


@pytest.mark.parametrize("packing", sorted(PACKERS))
def test_a_damaged_compressed_file_is_read_up_to_the_damage(tmp_path: Path, packing: str) -> None:
    path = tmp_path / "damaged"
    path.write_bytes(PACKERS[packing](b"a,b\n1,2\n") + b"\x01garbage\x02")
    with Bytes(path) as source:
        found = Table(source, ["a"])
        assert [each.line for each in found] == [2]
        assert found.fault is not None
        assert "damaged before byte" in found.fault


def test_padding_behind_a_gzip_file_is_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "tape"
    path.write_bytes(gzip.compress(b"1,2\n") + bytes(512))
    assert b"".join(unpacked(path)) == b"1,2\n"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="cannot be opened"):
        Bytes(tmp_path)


def test_how_much_was_read_is_told_in_bytes_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "packed"
    path.write_bytes(gzip.compress(b"1,2\n" * 1_000))
    with Bytes(path) as source:
        list(source)
        assert source.consumed == source.total == path.stat().st_size


@pytest.mark.parametrize("packing", sorted(PACKERS))
def test_a_bomb_does_not_fill_the_memory(
    tmp_path: Path, packing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few kilobytes that unpack to a line without end are given up, a little at a time."""
    monkeypatch.setattr(reading, "MAX_LINE_BYTES", 100 * MEGABYTE)
    path = tmp_path / "bomb"
    path.write_bytes(PACKERS[packing](b"a,b\n1,2\n" + bytes(200 * MEGABYTE)))
    assert path.stat().st_size < MEGABYTE
    tracemalloc.start()
    with Bytes(path) as source:
        found = Table(source, ["a"])
        damaged = list(found)[-1]
        _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(damaged, Damaged)
    assert found.fault is not None
    assert peak < 16 * MEGABYTE


def test_a_file_of_empty_lines_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """They pack so well that a small file could keep an import busy for days."""
    monkeypatch.setattr(reading, "MAX_EMPTY_LINES", 10)
    found = table("\n" * 10 + "1,2\n" + "\n" * 11 + "3,4\n")
    assert [each.line for each in found] == [12]
    assert found.fault == "Nothing but empty lines from line 13 on."
