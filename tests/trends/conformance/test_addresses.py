"""Addresses of engines, what they need to be there, and where they see the lake."""

import importlib.util
from pathlib import Path

import pyarrow as pa
import pytest

from tocsin.lake.columns import schema
from tocsin.lake.engines import EngineRefused, UnknownEngine, connect
from tocsin.lake.engines.clickhouse import source, structure
from tocsin.lake.engines.places import seen
from tocsin.lake.engines.spark import ddl, java
from tocsin.lake.tables import INCIDENTS, TABLES
from tocsin.settings import Settings

HERE = Path("/srv/tocsin/lake")
FILE = HERE / "v1" / "incidents" / "month=2026-03" / "000000000001-000000065536.parquet"


def test_an_engine_that_nobody_knows_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(
        UnknownEngine, match=r"'abacus'.*chdb, clickhouse, .*duckdb, .*sail, .*spark"
    ):
        connect("abacus", Settings(), tmp_path)


@pytest.mark.parametrize(
    ("address", "library", "extra"),
    [
        ("local[2]", "pyspark", "spark"),
        ("sail", "pyspark", "sail"),
        ("sc://a:1", "pyspark", "sail"),
    ],
)
def test_an_engine_whose_library_is_missing_says_what_to_install(
    address: str, library: str, extra: str, tmp_path: Path
) -> None:
    assert importlib.util.find_spec(library) is None, "the suite's environment has no Spark"
    with pytest.raises(
        EngineRefused, match=rf"needs {library}.*pip install 'tocsin\[trends,{extra}\]'"
    ):
        connect(address, Settings(), tmp_path)


def test_spark_without_java_says_how_to_get_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineRefused, match="none is on the PATH: apt-get install openjdk-17"):
        java()
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(EngineRefused, match=r"JAVA_HOME is .* and none is there"):
        java()


@pytest.mark.parametrize(
    ("version", "enough"),
    [("1.8.0_292", False), ("11.0.2", False), ("17", True), ("21.0.1", True), ("?", False)],
)
def test_spark_wants_java_17_or_later(
    version: str, enough: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "bin" / "java"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2021-04-20' >&2\n")
    program.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    if enough:
        java()
    else:
        with pytest.raises(EngineRefused, match=r"Spark needs Java 17 or later; .*bin/java"):
            java()


def test_an_engine_sees_the_lake_where_it_is() -> None:
    assert seen([FILE], Settings(lake_folder=HERE)) == [str(FILE)]


@pytest.mark.parametrize("elsewhere", ["s3a://bucket/lake", "s3a://bucket/lake/", "/mnt/lake"])
def test_an_engine_sees_the_lake_where_the_settings_say(elsewhere: str) -> None:
    (there,) = seen([FILE], Settings(lake_folder=HERE, lake_seen_as=elsewhere))
    assert there == f"{elsewhere.rstrip('/')}/{FILE.relative_to(HERE)}"


def test_another_lake_than_that_of_the_settings_is_not_looked_for_elsewhere() -> None:
    """Its files would be taken from the wrong lake."""
    settings = Settings(lake_folder=HERE, lake_seen_as="s3a://bucket/lake")
    with pytest.raises(EngineRefused, match="TOCSIN_LAKE_SEEN_AS is about /srv/tocsin/lake"):
        seen([Path("/srv/other/v1/events.parquet")], settings)


def test_clickhouse_reads_all_files_at_once() -> None:
    files = ["/lake/a=1/x.parquet", "/lake/a=2/x.parquet", "/lake/a=2/y.parquet"]
    assert source(files, "`n` Int64") == (
        "file('/lake/{a=1/x.parquet,a=2/x.parquet,a=2/y.parquet}', 'Parquet', '`n` Int64')"
    )
    assert source(files[:1], "`n` Int64") == "file('/lake/a=1/x.parquet', 'Parquet', '`n` Int64')"
    assert source(["s3://b/x", "s3://b/y"], "").startswith("s3('s3://b/{x,y}', ")
    assert source(["/it's/x"], "") == r"file('/it\'s/x', 'Parquet', '')"


@pytest.mark.parametrize("name", ["lake*", "lake[2]", "{lake}", "lake?"])
def test_a_folder_whose_name_engines_take_for_a_pattern_is_refused(name: str) -> None:
    """Spark would not find it, ClickHouse might find others."""
    with pytest.raises(EngineRefused, match=r"for a pattern.*TOCSIN_LAKE_FOLDER"):
        seen([Path("/srv") / name / "events.parquet"], Settings())


def test_a_clickhouse_server_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """Without the password in the sentence."""
    with pytest.raises(
        EngineRefused, match=r"ClickHouse at 127\.0\.0\.1 cannot be used"
    ) as refused:
        connect("clickhouse://ada:secret@127.0.0.1:1/default", Settings(), tmp_path)
    assert "secret" not in str(refused.value)
    with pytest.raises(EngineRefused, match="clickhouse://user:password@host:port/database"):
        connect("clickhouse://", Settings(), tmp_path)


def test_every_column_has_its_word_in_every_language() -> None:
    for table in TABLES:
        assert len(ddl(schema(table)).split(", ")) == len(table.columns)
        assert len(structure(schema(table)).split(", ")) == len(table.columns)
    assert "`group` string" in ddl(schema(INCIDENTS))
    assert "`group` Nullable(String), " in structure(schema(INCIDENTS))
    assert structure(pa.schema([pa.field("n", pa.int64(), nullable=False)])) == "`n` Int64"
